//! The bytes of one form read from left to right, and the words in them.

use crate::php::{Php, Version};

/// The longest number that is read, in digits: it fits 128 bits.
const MOST_DIGITS: usize = 24;

/// The bytes of one form, read from left to right.
pub(super) struct Token<'a> {
    pub text: &'a [u8],
    pub at: usize,
}

impl<'a> Token<'a> {
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Reads over all bytes that are like this.
    fn skip(&mut self, like: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().take_while(|byte| like(**byte)).count();
        self.at += len;
        &rest[..len]
    }

    /// The next number of at most so many digits; what stands before it is skipped.
    pub(super) fn number(&mut self, most: usize) -> Option<i64> {
        self.digits(most).map(|(number, _)| number)
    }

    /// The same with how many digits it has.
    pub(super) fn digits(&mut self, most: usize) -> Option<(i64, usize)> {
        self.skip(|byte| !byte.is_ascii_digit());
        let digits = self.run(most);
        let add = |sum: i64, digit: &u8| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
        (!digits.is_empty()).then(|| (digits.iter().fold(0, add), digits.len()))
    }

    /// Digits, at most so many.
    fn run(&mut self, most: usize) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        self.at += len;
        &rest[..len]
    }

    /// A year of one or two digits is one of 1970 to 2069.
    pub(super) fn year(&mut self) -> Option<i64> {
        let (year, len) = self.digits(4)?;
        Some(full_year(year, len))
    }

    /// A number with any signs before it, of at most so many digits. One beyond 64 bits is a fault from 8.1, the last one before.
    pub(super) fn signed(&mut self, php: &Php, most: usize) -> Result<i64, &'static str> {
        self.skip(|byte| !byte.is_ascii_digit() && !matches!(byte, b'+' | b'-'));
        let minus =
            self.skip(|byte| matches!(byte, b'+' | b'-')).iter().filter(|byte| **byte == b'-').count();
        self.skip(|byte| !byte.is_ascii_digit());
        let digits = self.run(most.min(MOST_DIGITS));
        if digits.is_empty() {
            return Err("Found unexpected data");
        }
        let number = digits.iter().fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        let sign = if minus % 2 == 1 { -1 } else { 1 };
        match i64::try_from(number * sign) {
            Ok(number) if php.since(Version::V8_1) => Ok(number),
            Err(_) if php.since(Version::V8_1) => Err("Number out of range"),
            _ => Ok(i64::try_from(number).unwrap_or(i64::MAX) * sign as i64),
        }
    }

    /// Microseconds of a fraction, and the fraction of seven digits, as PHP up to 7.0 kept it; its first byte is the point.
    pub(super) fn fraction(&mut self) -> (i64, f64) {
        let digits = self.rest().iter().skip(1).take_while(|byte| byte.is_ascii_digit());
        let padded = digits.clone().chain(std::iter::repeat(&b'0')).take(7);
        let tenths = padded.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        self.at += 1 + digits.count();
        (tenths / 10, tenths as f64 / 1e7)
    }

    /// Letters in lower case.
    pub(super) fn letters(&mut self) -> Vec<u8> {
        self.skip(|byte| byte.is_ascii_alphabetic()).to_ascii_lowercase()
    }

    /// The month's name that follows separators.
    pub(super) fn month(&mut self) -> Option<i64> {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'.' | b'/'));
        month_of(&self.letters())
    }

    /// The word of an amount, `first`, `next`: see [`amount_of`].
    pub(super) fn amount(&mut self) -> (i64, i64) {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'/'));
        amount_of(&self.letters()).unwrap_or((0, 0))
    }

    /// Blanks, from 8.2 no-break spaces as well.
    pub(super) fn skip_spaces(&mut self, php: &Php) {
        loop {
            self.skip(|byte| matches!(byte, b' ' | b'\t'));
            match wide_blank(self.rest()) {
                wide @ 1.. if php.since(Version::V8_2) => self.at += wide,
                _ => return,
            }
        }
    }

    /// `st`, `nd`, `rd`, `th`
    pub(super) fn skip_suffix(&mut self) {
        let suffix = self.rest().get(..2).map(<[u8]>::to_ascii_lowercase);
        if matches!(suffix.as_deref(), Some(b"st" | b"nd" | b"rd" | b"th")) {
            self.at += 2;
        }
    }

    /// One byte, and on to a separator or digit.
    pub(super) fn skip_to_separator(&mut self) {
        self.at += 1;
        self.skip(|byte| !byte.is_ascii_digit() && !b" \t.,:;/-".contains(&byte));
    }

    /// Twelve-hour clock to twenty-four.
    pub(super) fn meridian(&mut self, hour: i64) -> i64 {
        let letter = self.rest().iter().find(|byte| b"aApP".contains(byte)).copied().unwrap_or(b'a');
        self.at = self.text.len();
        hour + meridian_change(letter, Some(hour))
    }

    /// What `am`, `pm`, `a.m.`, `p.m.` adds to an hour; none where it is not written as it should be.
    pub(super) fn checked_meridian(&mut self, hour: Option<i64>) -> Option<i64> {
        self.skip(|byte| !b"aApP".contains(&byte));
        let letter = self.peek()?;
        let dotted = matches!(self.rest(), [_, b'.', ..]);
        let word = self.rest().get(..if dotted { 4 } else { 2 }).unwrap_or(self.rest());
        let word = word.to_ascii_lowercase();
        let expected: &[u8] = if dotted { b".m." } else { b"m" };
        let matching = word[1..].iter().zip(expected).take_while(|(byte, expected)| byte == expected).count();
        self.at += 1 + matching;
        (matching == expected.len()).then(|| meridian_change(letter, hour))
    }

    /// `10`, `10:20` or `10:20:30`.
    pub(super) fn clock(&mut self) -> (i64, i64, i64) {
        let hour = self.number(2).unwrap_or(0);
        let mut next = || {
            let more = matches!(self.peek(), Some(b':' | b'.'));
            if more { self.number(2).unwrap_or(0) } else { 0 }
        };
        (hour, next(), next())
    }
}

fn meridian_change(letter: u8, hour: Option<i64>) -> i64 {
    match letter {
        b'a' | b'A' if hour == Some(12) => -12,
        b'p' | b'P' if hour != Some(12) => 12,
        _ => 0,
    }
}

/// The length of a no-break space at the start of a text, wide or narrow.
pub(super) fn wide_blank(text: &[u8]) -> usize {
    match text {
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0xaf, ..] => 3,
        _ => 0,
    }
}

/// The year that one of `len` digits means.
pub(super) fn full_year(year: i64, len: usize) -> i64 {
    match year {
        _ if len >= 4 => year,
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    }
}

/// A month by its name, abbreviation or Roman number, in lower case.
pub(super) fn month_of(word: &[u8]) -> Option<i64> {
    const ROMAN: [&[u8]; 12] =
        [b"i", b"ii", b"iii", b"iv", b"v", b"vi", b"vii", b"viii", b"ix", b"x", b"xi", b"xii"];
    let named = super::format::MONTHS.iter().position(|name| {
        let name = name.to_ascii_lowercase();
        word == name.as_bytes() || word == &name.as_bytes()[..3] || word == b"sept" && name == "september"
    });
    named.or_else(|| ROMAN.iter().position(|roman| *roman == word)).map(|month| month as i64 + 1)
}

/// `first` … `twelfth`, `next`, `last`, `this`: the amount, and whether the current day counts.
fn amount_of(word: &[u8]) -> Option<(i64, i64)> {
    Some(match word {
        b"first" | b"next" => (1, 0),
        b"second" => (2, 0),
        b"third" => (3, 0),
        b"fourth" => (4, 0),
        b"fifth" => (5, 0),
        b"sixth" => (6, 0),
        b"seventh" => (7, 0),
        b"eighth" | b"eight" => (8, 0),
        b"ninth" => (9, 0),
        b"tenth" => (10, 0),
        b"eleventh" => (11, 0),
        b"twelfth" => (12, 0),
        b"last" | b"previous" => (-1, 0),
        b"this" => (0, 1),
        _ => return None,
    })
}

/// What an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitKind {
    Micro,
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
    /// A day of the week: its number is the multiplier.
    Weekday,
    /// Working days.
    Weekdays,
}

/// A unit: so many of a kind, or a day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub kind: UnitKind,
    pub multiplier: i64,
}

/// A unit by its name in lower case.
pub(super) fn unit_of(word: &[u8], php: &Php) -> Option<Unit> {
    use UnitKind::*;
    let unit = |kind, multiplier| Some(Unit { kind, multiplier });
    let small = php.since(Version::V7_1);
    match word {
        b"ms" | b"msec" | b"msecs" | b"millisecond" | b"milliseconds" if small => unit(Micro, 1000),
        b"usec" | b"usecs" | b"microsecond" | b"microseconds" if small => unit(Micro, 1),
        [0xc2, 0xb5, b's'] | [0xc2, 0xb5, b's', b'e', b'c'] | [0xc2, 0xb5, b's', b'e', b'c', b's']
            if small =>
        {
            unit(Micro, 1)
        }
        b"sec" | b"secs" | b"second" | b"seconds" => unit(Second, 1),
        b"min" | b"mins" | b"minute" | b"minutes" => unit(Minute, 1),
        b"hour" | b"hours" => unit(Hour, 1),
        b"day" | b"days" => unit(Day, 1),
        b"week" | b"weeks" => unit(Day, 7),
        b"fortnight" | b"fortnights" | b"forthnight" | b"forthnights" => unit(Day, 14),
        b"month" | b"months" => unit(Month, 1),
        b"year" | b"years" => unit(Year, 1),
        b"weekday" | b"weekdays" => unit(Weekdays, 1),
        word => unit(Weekday, weekday_of(word, php.since(Version::V8_1))?),
    }
}

/// A day of the week by its name, 0 for Sunday; `mondays` from 8.1.
fn weekday_of(word: &[u8], plural: bool) -> Option<i64> {
    let found = super::format::DAYS.iter().position(|name| {
        let name = name.to_ascii_lowercase();
        let name = name.as_bytes();
        word == name || word == &name[..3] || plural && word.strip_suffix(b"s") == Some(name)
    });
    found.map(|day| day as i64)
}

/// The word up to a separator, in lower case.
pub(super) fn word_until(token: &mut Token<'_>) -> Vec<u8> {
    token.skip(|byte| !b"\0 ,\t;:/.-()".contains(&byte)).to_ascii_lowercase()
}
