//! `date()`'s format letters.

use std::fmt::Write;

use super::civil;
use super::interval::padded;
use super::moment::{Fields, Moment};
use super::zone::{Zone, offset_text};
use crate::php::{Php, Version};

pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Moment {
    /// Formats as `date()` and `DateTime::format()` do.
    #[doc(alias = "DateTime::format")]
    #[doc(alias = "date_format")]
    pub fn format(&self, php: &Php, format: &[u8]) -> Vec<u8> {
        let fields = self.fields();
        let format = match php.is_5() {
            true => &format[..memchr::memchr(0, format).unwrap_or(format.len())],
            false => format,
        };
        let mut out = Vec::with_capacity(format.len() * 3);
        let mut letters = format.iter();
        while let Some(letter) = letters.next() {
            match letter {
                b'\\' => match letters.next() {
                    Some(letter) => out.push(*letter),
                    None if php.is_5() => {}
                    None => out.push(0), // PHP reads on into the closing NUL of the text
                },
                letter => match self.letter(php, &fields, *letter) {
                    Some(text) => out.extend_from_slice(text.as_bytes()),
                    None => out.push(*letter),
                },
            }
        }
        out
    }

    fn letter(&self, php: &Php, f: &Fields, letter: u8) -> Option<String> {
        let weekday = weekday(php, f.days);
        let hour12 = if f.hour % 12 == 0 { 12 } else { f.hour % 12 };
        let (iso_year, iso_week) = civil::iso_week_at(f.days, weekday);
        Some(match letter {
            b'd' => format!("{:02}", f.day),
            b'D' => DAYS[weekday as usize][..3].to_owned(),
            b'j' => f.day.to_string(),
            b'l' => DAYS[weekday as usize].to_owned(),
            b'S' => suffix(f.day).to_owned(),
            b'w' => weekday.to_string(),
            b'N' => (if weekday == 0 { 7 } else { weekday }).to_string(),
            b'z' => civil::day_of_year(f.days).to_string(),
            b'W' => format!("{iso_week:02}"),
            b'o' => iso_year.to_string(),
            b'F' => MONTHS[f.month as usize - 1].to_owned(),
            b'm' => format!("{:02}", f.month),
            b'M' => MONTHS[f.month as usize - 1][..3].to_owned(),
            b'n' => f.month.to_string(),
            b't' => civil::days_in_month(f.year, f.month).to_string(),
            b'L' => i64::from(civil::is_leap(f.year)).to_string(),
            b'y' => padded(f.year % 100, 2),
            b'Y' => year(f.year, 4),
            b'x' if php.since(Version::V8_2) => expanded(f.year, f.year > 9999),
            b'X' if php.since(Version::V8_2) => expanded(f.year, true),
            b'a' => (if f.hour >= 12 { "pm" } else { "am" }).to_owned(),
            b'A' => (if f.hour >= 12 { "PM" } else { "AM" }).to_owned(),
            b'B' => swatch(php, self.shown()),
            b'g' => hour12.to_string(),
            b'G' => f.hour.to_string(),
            b'h' => format!("{hour12:02}"),
            b'H' => format!("{:02}", f.hour),
            b'i' => format!("{:02}", f.minute),
            b's' => format!("{:02}", f.second),
            b'u' => format!("{:06}", self.micros),
            b'v' if php.since(Version::V7_0) => format!("{:03}", self.micros / 1000),
            b'I' => i64::from(f.local.dst).to_string(),
            b'O' => offset_text(f.local.offset, ""),
            b'P' => offset_text(f.local.offset, ":"),
            b'p' if php.is_8() => match self.is_zulu(php, f) {
                true => "Z".to_owned(),
                false => offset_text(f.local.offset, ":"),
            },
            b'T' => f.local.abbreviation.to_string_lossy(),
            b'e' => self.identifier(php),
            b'Z' => f.local.offset.to_string(),
            b'c' => {
                let (date, time) = (format!("{}-{:02}-{:02}", padded(f.year, 4), f.month, f.day), clock(f));
                format!("{date}T{time}{}", offset_text(f.local.offset, ":"))
            }
            b'r' => {
                let (day, month) = (&DAYS[weekday as usize][..3], &MONTHS[f.month as usize - 1][..3]);
                let offset = offset_text(f.local.offset, "");
                format!("{day}, {:02} {month} {} {} {offset}", f.day, padded(f.year, 4), clock(f))
            }
            b'U' => self.shown().to_string(),
            _ => return None,
        })
    }

    /// The zone's name: up to 7.0 no more than 31 bytes of it, from 8.4 with the seconds of an offset that has some.
    fn identifier(&self, php: &Php) -> String {
        let mut name = self.zone.name().to_string_lossy();
        match self.zone {
            Zone::Offset(offset) if offset % 60 != 0 && php.since(Version::V8_4) => {
                let _ = write!(name, ":{:02}", offset.abs() % 60);
            }
            Zone::Named(_) if !php.since(Version::V7_1) => name.truncate(31),
            _ => {}
        }
        name
    }

    /// The timestamp that PHP shows.
    fn shown(&self) -> i64 {
        self.timestamp.saturating_add(self.skew)
    }

    /// Whether `p` shows `Z`.
    fn is_zulu(&self, php: &Php, f: &Fields) -> bool {
        let known: &[&str] = match php.since(Version::V8_1) {
            true => &["UTC", "Z", "GMT+0000"],
            false => &["UTC", "Z"],
        };
        self.zone == Zone::Greenwich || known.iter().any(|name| f.local.abbreviation == *name)
    }
}

/// The day of the week as this PHP counts it, 0 for Sunday.
pub(super) fn weekday(php: &Php, days: i64) -> i64 {
    if php.is_8() { civil::weekday(days) } else { civil::old_weekday(days) }
}

fn clock(f: &Fields) -> String {
    format!("{:02}:{:02}:{:02}", f.hour, f.minute, f.second)
}

fn year(year: i64, digits: usize) -> String {
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:0digits$}", year.abs())
}

fn expanded(number: i64, signed: bool) -> String {
    let sign = if signed && number >= 0 { "+" } else { "" };
    format!("{sign}{}", year(number, 4))
}

fn suffix(day: i64) -> &'static str {
    match (day / 10, day % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

/// Internet time: thousandths of a day in UTC+1. 5.6 rounds up before 1970.
fn swatch(php: &Php, timestamp: i64) -> String {
    if php.is_5() {
        let beats = (timestamp % 86_400 + 3600) * 10 / 864;
        return format!("{:03}", beats.rem_euclid(1000));
    }
    let of_day = timestamp.saturating_add(3600).rem_euclid(86_400);
    format!("{:03}", of_day * 10 / 864)
}
