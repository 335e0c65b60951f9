//! Reading a date text by a format: `DateTime::createFromFormat`, `date_parse_from_format`.

mod fields;

use super::moment::Moment;
use super::time::{Fault, Time};
use super::token::Token;
use super::zone::Zone;
use crate::php::{Php, Version};

/// What a text gave by a format.
#[derive(Clone, Debug, PartialEq)]
pub struct FromFormat {
    /// The moment; none where there are errors.
    pub moment: Option<Moment>,
    /// What is odd but was taken: `DateTime::getLastErrors()['warnings']`.
    pub warnings: Vec<Fault>,
    /// Why there is no moment: `DateTime::getLastErrors()['errors']`.
    pub errors: Vec<Fault>,
}

/// `DateTime::createFromFormat($format, $text, $zone)`; what neither says is that of now ([`Php::now`]).
///
/// ```
/// use legacy_compat::{Php, Version, date::{self, Zone}};
/// let php = Php::new(Version::V8_2);
/// let read = date::from_format(&php, b"!d/m/Y", b"31/01/2024", &Zone::utc());
/// assert_eq!(read.moment.unwrap().format(&php, b"c"), b"2024-01-31T00:00:00+00:00");
/// ```
#[doc(alias = "DateTime::createFromFormat")]
#[doc(alias = "date_create_from_format")]
pub fn from_format(php: &Php, format: &[u8], text: &[u8], zone: &Zone) -> FromFormat {
    let mut time = read_by(php, format, text);
    let (warnings, errors) = (std::mem::take(&mut time.warnings), std::mem::take(&mut time.errors));
    let moment = errors.is_empty().then(|| {
        time.fill(&Moment::at(php.now, zone.clone()), true);
        time.resolve(php)
    });
    FromFormat { moment, warnings, errors }
}

/// The end of a text is at its first NUL, as in C.
fn until_nul(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(0, text).unwrap_or(text.len())]
}

/// Reads a text by a format; faults are noted, not raised.
pub(super) fn read_by(php: &Php, format: &[u8], text: &[u8]) -> Time {
    let (format, text) = (until_nul(format), until_nul(text));
    let mut reader = Reader {
        php,
        format,
        place: 0,
        token: Token { text, at: 0 },
        begin: 0,
        extra: false,
        time: Time::default(),
    };
    while reader.place < format.len() && reader.token.peek().is_some() {
        reader.begin = reader.token.at;
        reader.letter(format[reader.place]);
        reader.place += 1;
    }
    reader.rest();
    reader.check();
    reader.time
}

struct Reader<'a> {
    php: &'a Php,
    format: &'a [u8],
    /// Where the format is read.
    place: usize,
    token: Token<'a>,
    /// Where the letter's part of the text begins.
    begin: usize,
    /// More text than the format covers is taken.
    extra: bool,
    time: Time,
}

impl Reader<'_> {
    fn error(&mut self, message: &'static str) {
        self.time.errors.push(Fault { at: self.begin, message });
    }

    fn letter(&mut self, letter: u8) {
        match letter {
            b'D' | b'l' => self.weekday(),
            b'd' | b'j' => self.time.day = self.date_number(2, "A two digit day could not be found"),
            b'm' | b'n' => self.time.month = self.date_number(2, "A two digit month could not be found"),
            b'Y' => self.time.year = self.date_number(4, "A four digit year could not be found"),
            b'y' => self.short_year(),
            b'x' | b'X' if self.php.since(Version::V8_2) => self.expanded_year(),
            b'M' | b'F' => self.month(),
            b'z' => self.day_of_year(),
            b'S' => self.token.skip_suffix(),
            b'G' | b'H' | b'g' | b'h' => self.hour(matches!(letter, b'g' | b'h')),
            b'a' | b'A' => self.meridian(),
            b'i' => {
                if let Some(minute) = self.two_digits("A two digit minute could not be found") {
                    self.time.minute = Some(minute);
                }
            }
            b's' => {
                if let Some(second) = self.two_digits("A two digit second could not be found") {
                    self.time.second = Some(second);
                }
            }
            b'u' if !self.php.since(Version::V7_1) => {
                self.fraction(6, "A six digit millisecond could not be found");
            }
            b'u' => self.fraction(6, "A six digit microsecond could not be found"),
            b'v' if self.php.since(Version::V7_3) => {
                self.fraction(3, "A three digit millisecond could not be found");
            }
            b'U' => self.timestamp(),
            b'e' | b'P' | b'T' | b'O' => self.zone(),
            b'p' if self.php.is_8() => self.zone(),
            other => self.sign(other),
        }
    }

    /// Letters that say nothing about a time.
    fn sign(&mut self, letter: u8) {
        let next = self.token.peek();
        match letter {
            b' ' => self.token.skip_spaces(self.php),
            b'#' if matches!(next, Some(b';' | b':' | b'/' | b'.' | b',' | b'-' | b'(' | b')')) => {
                self.token.at += 1;
            }
            b'#' => self.error("The separation symbol ([;:/.,-]) could not be found"),
            b';' | b':' | b'/' | b'.' | b',' | b'-' | b'(' | b')' if next == Some(letter) => {
                self.token.at += 1
            }
            b';' | b':' | b'/' | b'.' | b',' | b'-' | b'(' | b')' => {
                self.error("The separation symbol could not be found");
            }
            b'!' | b'|' => self.reset(letter == b'!'),
            b'?' => self.token.at += 1,
            b'\\' => self.escaped(),
            b'*' => self.token.skip_to_separator(),
            b'+' => self.extra = true,
            letter => {
                if next != Some(letter) {
                    self.error("The format separator does not match");
                }
                self.token.at += 1;
            }
        }
    }

    fn escaped(&mut self) {
        let Some(letter) = self.format.get(self.place + 1) else {
            return self.error("Escaped character expected");
        };
        self.place += 1;
        match self.token.peek() == Some(*letter) {
            true => self.token.at += 1,
            false => self.error("The escaped character could not be found"),
        }
    }

    /// All fields, or those not said yet, become the epoch's.
    fn reset(&mut self, all: bool) {
        let time = &mut self.time;
        if all {
            time.set_date(1970, 1, 1);
            time.set_time(0, 0, 0);
            time.set_fraction((0, 0.0));
            if matches!(time.zone, Some(Zone::Named(_))) {
                time.zone = None;
            }
            return;
        }
        for (field, epoch) in [
            (&mut time.year, 1970),
            (&mut time.month, 1),
            (&mut time.day, 1),
            (&mut time.hour, 0),
            (&mut time.minute, 0),
            (&mut time.second, 0),
            (&mut time.micros, 0),
        ] {
            field.get_or_insert(epoch);
        }
    }

    /// What is left of the text or of the format.
    fn rest(&mut self) {
        self.begin = self.token.at.min(self.token.text.len());
        if self.token.peek().is_some() {
            match self.extra {
                true => self.time.warnings.push(Fault { at: self.begin, message: "Trailing data" }),
                false => self.error("Trailing data"),
            }
        }
        for letter in &self.format[self.place.min(self.format.len())..] {
            match letter {
                b'!' | b'|' => self.reset(*letter == b'!'),
                b'+' => {}
                _ => {
                    return self.error(match self.php.since(Version::V8_1) {
                        true => "Not enough data available to satisfy format",
                        false => "Data missing",
                    });
                }
            }
        }
    }

    fn check(&mut self) {
        let time = &mut self.time;
        let with_micros = self.php.since(Version::V7_3);
        let said = time.hour.is_some() || time.minute.is_some() || time.second.is_some();
        if said || with_micros && time.micros.is_some() {
            for field in [&mut time.hour, &mut time.minute, &mut time.second] {
                field.get_or_insert(0);
            }
            if with_micros {
                time.micros.get_or_insert(0);
            }
        }
        time.warn_of_range(self.begin);
    }
}
