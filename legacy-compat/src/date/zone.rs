//! Time zones: names of the tz database, abbreviations, offsets.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::value::Str;

/// A time zone, of one of PHP's three kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum Zone {
    /// What `gmdate` shows: `UTC` by name, `GMT` as abbreviation.
    Greenwich,
    /// `+02:00`, seconds east.
    Offset(i64),
    /// `EST`: seconds east of its standard time, and whether it is summer time, an hour more.
    Abbreviation(Str, i64, bool),
    /// `Europe/Paris`
    Named(Str, TimeZone),
}

/// What holds in a zone at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Seconds east of UTC.
    pub offset: i64,
    /// Summer time.
    pub dst: bool,
    /// `CEST`, or `+02:00`.
    pub abbreviation: Str,
}

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Seconds in 400 years, after which the calendar repeats.
const CYCLE: i64 = 146_097 * 86_400;

impl Zone {
    /// UTC, by its name.
    pub fn utc() -> Self {
        Self::Named(Str::from("UTC"), TimeZone::UTC)
    }

    /// A zone of the tz database, whatever the case of its name.
    pub fn named(name: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?;
        if name.eq_ignore_ascii_case("utc") {
            return Some(Self::utc());
        }
        let zone = DATABASE.get(name).ok()?;
        let canonical = zone.iana_name().unwrap_or(name).to_owned();
        Some(Self::Named(Str::from(canonical), zone))
    }

    /// As `new DateTimeZone` reads it: a name, an abbreviation or an offset.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (zone, len) = Self::prefix(text)?;
        (len == text.len()).then_some(zone)
    }

    /// The zone at the start of a text, and its length.
    pub fn prefix(text: &[u8]) -> Option<(Self, usize)> {
        let skipped = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'(')).count();
        let mut at = skipped;
        if text[at..].starts_with(b"GMT+") || text[at..].starts_with(b"GMT-") {
            at += 3;
        }
        if let Some(sign @ (b'+' | b'-')) = text.get(at) {
            let (seconds, len) = correction(&text[at + 1..])?;
            return Some((Self::Offset(if *sign == b'-' { -seconds } else { seconds }), at + 1 + len));
        }
        let word = &text[at..];
        let end = word
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+')))
            .unwrap_or(word.len());
        let (word, mut at) = (&word[..end], at + end);
        if text.get(at) == Some(&b')') {
            at += 1;
        }
        if word.is_empty() {
            return None;
        }
        if word.eq_ignore_ascii_case(b"utc") {
            return Some((Self::utc(), at));
        }
        if let Some((offset, dst)) = abbreviation(word) {
            return Some((Self::Abbreviation(Str::from(word.to_ascii_uppercase()), offset, dst), at));
        }
        Some((Self::named(word)?, at))
    }

    /// What holds at a moment (seconds since 1970).
    pub fn at(&self, timestamp: i64) -> Local {
        match self {
            Self::Greenwich => Local { offset: 0, dst: false, abbreviation: Str::from("GMT") },
            Self::Offset(offset) => {
                Local { offset: *offset, dst: false, abbreviation: Str::from(offset_text(*offset, true)) }
            }
            Self::Abbreviation(name, offset, dst) => {
                Local { offset: offset + i64::from(*dst) * 3600, dst: *dst, abbreviation: name.clone() }
            }
            Self::Named(_, zone) => {
                let info = zone.to_offset_info(near(timestamp));
                Local {
                    offset: info.offset().seconds().into(),
                    dst: info.dst().is_dst(),
                    abbreviation: Str::from(info.abbreviation()),
                }
            }
        }
    }

    /// The moment of a local time (its seconds as if it were UTC). What a summer-time gap skips goes on from before it; what occurs
    /// twice is the first.
    pub fn to_utc(&self, local: i64) -> i64 {
        let Self::Named(..) = self else { return local.saturating_sub(self.at(0).offset) };
        let (before, after) =
            (self.at(local.saturating_sub(86_400)).offset, self.at(local.saturating_add(86_400)).offset);
        let early = local.saturating_sub(before);
        if before == after || self.at(early).offset == before {
            return early;
        }
        let late = local.saturating_sub(after);
        if self.at(late).offset == after { late } else { early }
    }

    /// `timezone_type`: 1 for an offset, 2 for an abbreviation, 3 for a name.
    pub fn kind(&self) -> i64 {
        match self {
            Self::Offset(_) => 1,
            Self::Greenwich => 3,
            Self::Abbreviation(..) => 2,
            Self::Named(..) => 3,
        }
    }

    /// What `date('e')` shows.
    pub fn name(&self) -> Str {
        match self {
            Self::Greenwich => Str::from("UTC"),
            Self::Offset(offset) => Str::from(offset_text(*offset, true)),
            Self::Abbreviation(name, ..) | Self::Named(name, _) => name.clone(),
        }
    }
}

/// A moment that the database covers, of the same place in the calendar's cycle of 400 years.
fn near(timestamp: i64) -> Timestamp {
    const FROM: i64 = -377_700_000_000;
    const TO: i64 = 253_400_000_000;
    let shifted = match timestamp {
        ..FROM => timestamp.rem_euclid(CYCLE) - CYCLE * 20,
        TO.. => timestamp.rem_euclid(CYCLE) + CYCLE * 10,
        _ => timestamp,
    };
    Timestamp::from_second(shifted).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `+02:00` or `+0200`; seconds follow where there are any.
pub fn offset_text(offset: i64, colon: bool) -> String {
    let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.abs());
    let separator = if colon { ":" } else { "" };
    let text = format!("{sign}{:02}{separator}{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 == 0 || !colon { text } else { format!("{text}:{:02}", seconds % 60) }
}

/// `2`, `02`, `0200`, `02:00`, `200` as seconds, and the length.
fn correction(text: &[u8]) -> Option<(i64, usize)> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = |text: &[u8]| text.iter().fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let first = digits(text);
    if (1..=2).contains(&first) && text.get(first) == Some(&b':') {
        let minutes = digits(&text[first + 1..]).min(2);
        let mut seconds = number(&text[..first]) * 3600 + number(&text[first + 1..][..minutes]) * 60;
        let mut len = first + 1 + minutes;
        if text.get(len) == Some(&b':') && digits(&text[len + 1..]) >= 2 {
            seconds += number(&text[len + 1..len + 3]);
            len += 3;
        }
        return Some((seconds, len));
    }
    let (hours, minutes, seconds) = match first {
        1 | 2 => (number(&text[..first]), 0, 0),
        3 => (number(&text[..1]), number(&text[1..3]), 0),
        4 => (number(&text[..2]), number(&text[2..4]), 0),
        6 => (number(&text[..2]), number(&text[2..4]), number(&text[4..6])),
        _ => return None,
    };
    Some((hours * 3600 + minutes * 60 + seconds, first))
}

/// The usual abbreviations: name, hours east of standard time, summer time.
const ABBREVIATIONS: [(&str, f64, bool); 50] = [
    ("gmt", 0.0, false),
    ("z", 0.0, false),
    ("wet", 0.0, false),
    ("west", 0.0, true),
    ("bst", 0.0, true),
    ("cet", 1.0, false),
    ("cest", 1.0, true),
    ("met", 1.0, false),
    ("mest", 1.0, true),
    ("wat", 1.0, false),
    ("eet", 2.0, false),
    ("eest", 2.0, true),
    ("cat", 2.0, false),
    ("sast", 2.0, false),
    ("ist", 2.0, false),
    ("idt", 2.0, true),
    ("msk", 3.0, false),
    ("msd", 3.0, true),
    ("eat", 3.0, false),
    ("pkt", 5.0, false),
    ("wib", 7.0, false),
    ("hkt", 8.0, false),
    ("awst", 8.0, false),
    ("wita", 8.0, false),
    ("jst", 9.0, false),
    ("kst", 9.0, false),
    ("wit", 9.0, false),
    ("acst", 9.5, false),
    ("acdt", 9.5, true),
    ("aest", 10.0, false),
    ("aedt", 10.0, true),
    ("chst", 10.0, false),
    ("nzst", 12.0, false),
    ("nzdt", 12.0, true),
    ("nst", -3.5, false),
    ("ndt", -3.5, true),
    ("ast", -4.0, false),
    ("adt", -4.0, true),
    ("est", -5.0, false),
    ("edt", -5.0, true),
    ("cst", -6.0, false),
    ("cdt", -6.0, true),
    ("mst", -7.0, false),
    ("mdt", -7.0, true),
    ("pst", -8.0, false),
    ("pdt", -8.0, true),
    ("akst", -9.0, false),
    ("akdt", -9.0, true),
    ("hst", -10.0, false),
    ("sst", -11.0, false),
];

fn abbreviation(word: &[u8]) -> Option<(i64, bool)> {
    if let [letter] = word {
        return military(letter.to_ascii_lowercase()).map(|hours| (hours * 3600, false));
    }
    let found = ABBREVIATIONS.iter().find(|(name, ..)| word.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(_, hours, dst)| ((hours * 3600.0) as i64, *dst))
}

/// The zones of one letter: a to m are east, n to y west.
fn military(letter: u8) -> Option<i64> {
    Some(match letter {
        b'a'..=b'i' => i64::from(letter - b'a') + 1,
        b'k'..=b'm' => i64::from(letter - b'k') + 10,
        b'n'..=b'y' => -(i64::from(letter - b'n') + 1),
        b'z' => 0,
        _ => return None,
    })
}
