//! `DateInterval`: years, months, days and a time of day that lie between two moments or are added to one.

use super::civil;
use super::moment::Moment;
use super::zone::Zone;
use crate::error::{ErrorClass, Thrown};
use crate::php::{Php, Version};

/// An interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "DateInterval")]
pub struct Interval {
    /// Years.
    pub year: i64,
    /// Months.
    pub month: i64,
    /// Days besides years and months.
    pub day: i64,
    /// Hours.
    pub hour: i64,
    /// Minutes.
    pub minute: i64,
    /// Seconds.
    pub second: i64,
    /// Microseconds.
    pub micros: i64,
    /// It goes back.
    pub invert: bool,
    /// All days between two moments; none for an interval that was written down.
    pub days: Option<i64>,
}

impl Interval {
    /// `new DateInterval($text)`: ISO 8601's `P1Y2M3DT4H5M6S`, `P2W`, `P0001-02-03T04:05:06`.
    ///
    /// ```
    /// use legacy_compat::{Php, Version, date::Interval};
    /// let php = Php::new(Version::V7_4);
    /// assert_eq!(Interval::new(&php, b"P1W2D").unwrap().day, 2); // 9 from 8.0
    /// assert!(Interval::new(&php, b"1D").is_err());
    /// ```
    ///
    /// # Errors
    /// What PHP throws where the text is none of these.
    pub fn new(php: &Php, text: &[u8]) -> Result<Self, Thrown> {
        let mut parts = Parts::default();
        if parts.read(php, text.trim_ascii()).is_none() {
            return Err(refused(php, "Unknown or bad format", text));
        }
        match (parts.period, parts.begin, parts.end) {
            (Some(period), ..) => Ok(period),
            (None, Some(begin), Some(end)) => Ok(begin.diff(php, &end, false)),
            _ => Err(refused(php, "Failed to parse interval", text)),
        }
    }

    pub(super) fn has_date(&self) -> bool {
        self.year != 0 || self.month != 0 || self.day != 0
    }

    /// Hours, minutes and seconds, in seconds.
    pub(super) fn of_day(&self) -> i64 {
        self.hour
            .saturating_mul(3600)
            .saturating_add(self.minute.saturating_mul(60))
            .saturating_add(self.second)
    }

    /// `$interval->format($format)`
    #[doc(alias = "DateInterval::format")]
    #[doc(alias = "date_interval_format")]
    pub fn format(&self, php: &Php, format: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(format.len() * 2);
        let mut letters = format.iter();
        while let Some(byte) = letters.next() {
            match byte {
                b'%' => match letters.next() {
                    Some(letter) => match self.letter(php, *letter) {
                        Some(text) => out.extend_from_slice(text.as_bytes()),
                        None => out.extend([b'%', *letter]),
                    },
                    None => break,
                },
                byte => out.push(*byte),
            }
        }
        out
    }

    fn letter(&self, php: &Php, letter: u8) -> Option<String> {
        let number = |number: i64, width: usize| Some(padded(number, width));
        match letter {
            b'Y' => number(self.year, 2),
            b'y' => number(self.year, 0),
            b'M' => number(self.month, 2),
            b'm' => number(self.month, 0),
            b'D' => number(self.day, 2),
            b'd' => number(self.day, 0),
            b'H' => number(self.hour, 2),
            b'h' => number(self.hour, 0),
            b'I' => number(self.minute, 2),
            b'i' => number(self.minute, 0),
            b'S' => number(self.second, 2),
            b's' => number(self.second, 0),
            b'F' if php.since(Version::V7_1) => number(self.micros, 6),
            b'f' if php.since(Version::V7_1) => number(self.micros, 0),
            b'a' => Some(self.days.map_or("(unknown)".to_owned(), |days| days.to_string())),
            b'r' => Some((if self.invert { "-" } else { "" }).to_owned()),
            b'R' => Some((if self.invert { "-" } else { "+" }).to_owned()),
            b'%' => Some("%".to_owned()),
            _ => None,
        }
    }
}

/// C's `%0Nd`: the sign counts as a digit.
pub(super) fn padded(number: i64, width: usize) -> String {
    format!("{number:0width$}")
}

fn refused(php: &Php, why: &str, text: &[u8]) -> Thrown {
    let class = match php.since(Version::V8_3) {
        true => ErrorClass::DateMalformedIntervalStringException,
        false => ErrorClass::Exception,
    };
    let function = if php.since(Version::V8_1) { "" } else { "DateInterval::__construct(): " };
    Thrown::new(class, format!("{function}{why} ({})", String::from_utf8_lossy(text)))
}

/// What stands in a text: a period, or two moments.
#[derive(Default)]
struct Parts {
    period: Option<Interval>,
    begin: Option<Moment>,
    end: Option<Moment>,
}

impl Parts {
    /// None where something is not understood.
    fn read(&mut self, php: &Php, text: &[u8]) -> Option<()> {
        let mut at = 0;
        if text.is_empty() {
            return None;
        }
        while at < text.len() {
            let rest = &text[at..];
            at += match rest[0] {
                b' ' | b'.' | b',' | b'\t' | b'/' | b'\0' | b'\n' => 1,
                b'R' => 1 + digits(&rest[1..]).filter(|len| *len > 0)?,
                b'P' => self.period(php, rest)?,
                _ => self.moment(php, rest)?,
            };
        }
        Some(())
    }

    fn period(&mut self, php: &Php, text: &[u8]) -> Option<usize> {
        let said = self.period.take().unwrap_or_default();
        let (period, len) = combined(text, &said).or_else(|| designated(php, text, &said))?;
        self.period = Some(period);
        Some(len)
    }

    /// `20080301T130000Z`, `2008-03-01T13:00:00Z`
    fn moment(&mut self, php: &Php, text: &[u8]) -> Option<usize> {
        let (fields, len) = match pattern(text, b"dddddddd T dddddd Z") {
            Some(found) => found,
            None => pattern(text, b"dddd-dd-dd T dd:dd:dd Z")?,
        };
        let (year, month, day) =
            (fields / 10_000_000_000, fields / 100_000_000 % 100, fields / 1_000_000 % 100);
        let (hour, minute, second) = (fields / 10_000 % 100, fields / 100 % 100, fields % 100);
        let local = civil::days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        let utc = Zone::Offset(0);
        let moment = Moment::at(utc.to_utc(php, local, super::zone::Clock::Unknown), utc);
        match self.begin.is_some() || self.period.is_some() {
            true => self.end = Some(moment),
            false => self.begin = Some(moment),
        }
        Some(len)
    }
}

fn digits(text: &[u8]) -> Option<usize> {
    Some(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// The digits of a text that looks like this (`d` is a digit, blanks are for the eye), as one number, and its length.
fn pattern(text: &[u8], pattern: &[u8]) -> Option<(i64, usize)> {
    let mut number = 0;
    let mut bytes = text.iter();
    for wanted in pattern.iter().filter(|byte| **byte != b' ') {
        match (wanted, bytes.next()?) {
            (b'd', digit @ b'0'..=b'9') => number = number * 10 + i64::from(digit - b'0'),
            (wanted, byte) if wanted == byte => {}
            _ => return None,
        }
    }
    Some((number, text.len() - bytes.len()))
}

/// `P0001-02-03T04:05:06`
fn combined(text: &[u8], said: &Interval) -> Option<(Interval, usize)> {
    let (number, len) = pattern(text, b"Pdddd-dd-dd T dd:dd:dd")?;
    let part = |power: u32, modulus: i64| number / 10i64.pow(power) % modulus;
    let (month, day, hour) = (part(8, 100), part(6, 100), part(4, 100));
    if month > 12 || day > 31 || hour > 24 || part(2, 100) > 59 || part(0, 100) > 59 {
        return None;
    }
    let interval = Interval {
        year: part(10, 10_000),
        month,
        day,
        hour,
        minute: part(2, 100),
        second: part(0, 100),
        ..said.clone()
    };
    Some((interval, len))
}

/// `P1Y2M3W4DT5H6M7S`: numbers with letters in this order, each at most once, at least one, and one after a `T`; they take the place
/// of what an earlier period said.
fn designated(php: &Php, text: &[u8], said: &Interval) -> Option<(Interval, usize)> {
    let mut interval = said.clone();
    let mut at = 1;
    for (letter, field) in [(b'Y', 0), (b'M', 1), (b'W', 2), (b'D', 3)] {
        let Some((number, len)) = number_before(&text[at..], letter) else { continue };
        at += len;
        match field {
            0 => interval.year = number?,
            1 => interval.month = number?,
            // From 8.0 weeks and days add up.
            field => {
                let days = number?.saturating_mul(if field == 2 { 7 } else { 1 });
                let before = if php.is_8() { interval.day } else { 0 };
                interval.day = before.saturating_add(days);
            }
        }
    }
    let date = at > 1;
    if text.get(at) != Some(&b'T') {
        return date.then_some((interval, at));
    }
    at += 1;
    let start = at;
    for (letter, field) in
        [(b'H', &mut interval.hour), (b'M', &mut interval.minute), (b'S', &mut interval.second)]
    {
        let Some((number, len)) = number_before(&text[at..], letter) else { continue };
        at += len;
        *field = number?;
    }
    (at > start).then_some((interval, at))
}

/// The number before a letter and the length of both; a number of more than 12 digits is refused.
fn number_before(text: &[u8], letter: u8) -> Option<(Option<i64>, usize)> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len == 0 || text.get(len) != Some(&letter) {
        return None;
    }
    let number = || text[..len].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(((len <= 12).then(number), len + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_iso_8601_writes() {
        let php = Php::new(Version::V8_2);
        let read = |text: &str| Interval::new(&php, text.as_bytes());
        let full = read("P1Y2M3DT4H5M6S").unwrap();
        assert_eq!(full, read("P0001-02-03T04:05:06").unwrap());
        assert_eq!(
            full.format(&php, b"%y-%M-%D %h:%I:%S %a %R%r %% %q%"),
            b"1-02-03 4:05:06 (unknown) + % %q"
        );
        assert_eq!(read("P1W2D").unwrap().day, 9);
        let between = read("2008-03-01T13:00:00Z/2008-05-11T15:30:00Z").unwrap();
        assert_eq!((between.month, between.day, between.hour, between.minute), (2, 10, 2, 30));
        for text in ["", "P", "PT", "1D", "p1d", "P1.5D", "P-1D", "P1DT", "PT1D", "P1H", "PT1H30", "R5"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
