//! Reading a zone in a text.

use super::{Zone, by_abbreviation};
use crate::php::{Php, Version};
use crate::value::Str;

/// What was read.
#[derive(Debug, PartialEq)]
pub(in crate::date) struct Reading {
    /// The zone, none for a word that names none.
    pub zone: Option<Zone>,
    /// Whether PHP is content; digits of an offset that it does not understand count as none.
    pub found: bool,
    /// How many bytes were read.
    pub len: usize,
}

/// The longest abbreviation that is looked up, in bytes, from 8.1.
const LONGEST_ABBREVIATION: usize = 5;

/// The zone at the start of a text.
pub(in crate::date) fn read(php: &Php, text: &[u8]) -> Reading {
    let mut at = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'(')).count();
    if text[at..].starts_with(b"GMT+") || text[at..].starts_with(b"GMT-") {
        at += 3;
    }
    let mut reading = match text.get(at) {
        Some(sign @ (b'+' | b'-')) => correction(php, &text[at + 1..], *sign == b'-'),
        _ => word(php, &text[at..]),
    };
    reading.len += at;
    reading.len += text[reading.len..].iter().take_while(|byte| **byte == b')').count();
    reading
}

fn word(php: &Php, text: &[u8]) -> Reading {
    let belongs = |byte: &u8| match php.since(Version::V8_2) {
        true => byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+'),
        false => !matches!(byte, 0 | b')' | b' '),
    };
    let len = text.iter().take_while(|byte| belongs(byte)).count();
    let word = &text[..len];
    let short = len <= LONGEST_ABBREVIATION || !php.since(Version::V8_1);
    let abbreviation = if short { by_abbreviation(php, word) } else { None };
    let named = || Zone::named(php, word);
    let zone = match abbreviation {
        Some(_) if word == b"UTC" => named(),
        Some(found) => {
            Some(Zone::Abbreviation(Str::from(word.to_ascii_uppercase()), found.offset, found.dst))
        }
        None => named(),
    };
    Reading { found: zone.is_some(), zone, len }
}

/// What follows a sign: `2`, `02`, `0200`, `02:00`, `200`, from 8.1 `020000` and `02:00:00`.
fn correction(php: &Php, text: &[u8], west: bool) -> Reading {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b':').count();
    let seconds = seconds_of(php, &text[..len]);
    // Up to 7.4 digits that make no sense are no error.
    let found = seconds.is_some() || !php.is_8();
    let seconds = seconds.unwrap_or(0);
    Reading { zone: Some(Zone::Offset(if west { -seconds } else { seconds })), found, len: 1 + len }
}

fn seconds_of(php: &Php, text: &[u8]) -> Option<i64> {
    let time = |hours: &[u8], minutes: &[u8]| Some(number(hours) * 3600 + number(minutes) * 60);
    match text.len() {
        1 | 2 => time(text, b""),
        3 | 4 if text[1] == b':' => time(&text[..1], &text[2..]),
        3 | 4 if text[2] == b':' => time(&text[..2], &text[3..]),
        3 | 4 => {
            let number = number(text);
            Some(number / 100 * 3600 + number % 100 * 60)
        }
        5 if text[2] == b':' || !php.is_8() => time(text, &text[3..]),
        6 if php.since(Version::V8_1) => {
            let number = number(text);
            Some(number / 10_000 * 3600 + number / 100 % 100 * 60 + number % 100)
        }
        8 if php.since(Version::V8_1) && text[2] == b':' && text[5] == b':' => {
            Some(time(&text[..2], &text[3..5])? + number(&text[6..]))
        }
        _ => None,
    }
}

/// The number at the start; what follows its digits is ignored.
fn number(text: &[u8]) -> i64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(version: Version, text: &str) -> (Option<Zone>, bool) {
        let reading = read(&Php::new(version), text.as_bytes());
        (reading.zone, reading.found)
    }

    #[test]
    fn offsets_in_all_their_lengths() {
        for (text, seconds) in [
            ("+2", 7200),
            ("+02", 7200),
            ("-0330", -12_600),
            ("+02:00", 7200),
            ("+2:30", 9000),
            ("GMT+1", 3600),
            ("+02:00:10", 7210),
        ] {
            assert_eq!(offset(Version::V8_2, text), (Some(Zone::Offset(seconds)), true), "{text}");
        }
        assert_eq!(offset(Version::V8_2, "+1:2:3:4"), (Some(Zone::Offset(0)), false));
        assert_eq!(offset(Version::V7_4, "+1:2:3:4"), (Some(Zone::Offset(0)), true));
    }

    #[test]
    fn utc_is_a_name_in_capitals_only() {
        assert_eq!(offset(Version::V8_2, "UTC"), (Some(Zone::utc()), true));
        assert_eq!(offset(Version::V8_2, "utc").0.unwrap().kind(), 2);
    }
}
