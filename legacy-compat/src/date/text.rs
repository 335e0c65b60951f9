//! Reading a date text, form after form.

use super::civil;
use super::grammar::{Form, longest};
use super::time::{DayOf, Fault, Relative, Special, Time};
use super::zone::Zone;
use crate::php::{Php, Version};

/// Reads a text as `strtotime` does; faults are noted, not raised.
pub(super) fn read(php: &Php, text: &[u8]) -> Time {
    let mut reader = Reader { php, time: Time::default(), at: 0 };
    let blank = |byte: &u8| crate::numeric::is_blank(*byte);
    let start = text.iter().take_while(|byte| blank(byte)).count();
    let end = text.len() - text[start..].iter().rev().take_while(|byte| blank(byte)).count();
    if text.is_empty() {
        reader.error(0, "Empty string");
        return reader.time;
    }
    if start < end {
        reader.all(&text[start..end]);
    }
    reader.time
}

struct Reader<'a> {
    php: &'a Php,
    time: Time,
    /// Where the form being read starts.
    at: usize,
}

/// The bytes of one form, read from left to right.
struct Token<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Token<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next number of at most so many digits; what stands before it is skipped.
    fn number(&mut self, most: usize) -> Option<i64> {
        self.digits(most).map(|(number, _)| number)
    }

    fn digits(&mut self, most: usize) -> Option<(i64, usize)> {
        let skip = self.rest().iter().position(u8::is_ascii_digit)?;
        self.at += skip;
        let len = self.rest().iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let number = self.rest()[..len]
            .iter()
            .fold(0i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
        self.at += len;
        Some((number, len))
    }

    /// A year of one or two digits is one of 1970 to 2069.
    fn year(&mut self) -> Option<i64> {
        let (year, len) = self.digits(4)?;
        Some(full_year(year, len))
    }

    /// A number with any signs before it.
    fn signed(&mut self, most: usize) -> i64 {
        let digits = self.rest().iter().position(u8::is_ascii_digit).unwrap_or(0);
        let minus = self.rest()[..digits].iter().filter(|byte| **byte == b'-').count();
        let number = self.number(most).unwrap_or(0);
        if minus % 2 == 1 { -number } else { number }
    }

    fn fraction(&mut self) -> i64 {
        let digits = self.rest().iter().skip(1).take_while(|byte| byte.is_ascii_digit());
        let micros = digits
            .clone()
            .chain(std::iter::repeat(&b'0'))
            .take(6)
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        self.at += 1 + digits.count();
        micros
    }

    fn word(&mut self) -> String {
        let skip =
            self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'.' | b'/')).count();
        self.at += skip;
        let len = self.rest().iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
        let word = String::from_utf8_lossy(&self.rest()[..len]).to_lowercase();
        self.at += len;
        word
    }

    fn month(&mut self) -> Option<i64> {
        month_of(&self.word())
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    }

    /// Twelve-hour clock to twenty-four.
    fn meridian(&mut self, hour: i64) -> i64 {
        let letter = self.rest().iter().find(|byte| b"aApP".contains(byte)).copied().unwrap_or(b'a');
        self.at = self.text.len();
        match letter {
            b'a' | b'A' if hour == 12 => 0,
            b'p' | b'P' if hour != 12 => hour + 12,
            _ => hour,
        }
    }

    /// `10`, `10:20` or `10:20:30`.
    fn clock(&mut self) -> (i64, i64, i64) {
        let hour = self.number(2).unwrap_or(0);
        let mut next = || {
            let more = matches!(self.peek(), Some(b':' | b'.'));
            if more { self.number(2).unwrap_or(0) } else { 0 }
        };
        (hour, next(), next())
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

/// A month by its name, abbreviation or Roman number.
pub(super) fn month_of(word: &str) -> Option<i64> {
    const ROMAN: [&str; 12] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"];
    let named = super::format::MONTHS.iter().position(|name| {
        let name = name.to_lowercase();
        word == name || word == &name[..3] || word == "sept" && name == "september"
    });
    named.or_else(|| ROMAN.iter().position(|roman| *roman == word)).map(|month| month as i64 + 1)
}

/// A day of the week by its name, 0 for Sunday.
pub(super) fn weekday_of(word: &str) -> Option<i64> {
    let found = super::format::DAYS.iter().position(|name| {
        let name = name.to_lowercase();
        word == name || word == &name[..3] || word.strip_suffix('s') == Some(&name)
    });
    found.map(|day| day as i64)
}

/// `first` … `twelfth`, `next`, `last`, `this`: the amount, and whether the current day counts.
fn amount_of(word: &str) -> Option<(i64, i64)> {
    Some(match word {
        "first" | "next" => (1, 0),
        "second" => (2, 0),
        "third" => (3, 0),
        "fourth" => (4, 0),
        "fifth" => (5, 0),
        "sixth" => (6, 0),
        "seventh" => (7, 0),
        "eighth" | "eight" => (8, 0),
        "ninth" => (9, 0),
        "tenth" => (10, 0),
        "eleventh" => (11, 0),
        "twelfth" => (12, 0),
        "last" | "previous" => (-1, 0),
        "this" => (0, 1),
        _ => return None,
    })
}

impl Reader<'_> {
    fn error(&mut self, at: usize, message: &'static str) {
        self.time.errors.push(Fault { at, message });
    }

    fn all(&mut self, text: &[u8]) {
        let new = self.php.since(Version::V8_1);
        // Some forms want to see the end of the text, which is NUL in PHP.
        let padded = [text, b"\0"].concat();
        while self.at < text.len() {
            match longest(&padded[self.at..], new) {
                Some((form, len)) => {
                    let len = len.min(text.len() - self.at).max(1);
                    self.form(form, &text[self.at..self.at + len]);
                    self.at += len;
                }
                None if self.php.since(Version::V8_2) && wide_blank(&text[self.at..]) > 0 => {
                    self.at += wide_blank(&text[self.at..]);
                }
                None => {
                    if text[self.at] != b'\n' && text[self.at] != 0 {
                        self.error(self.at, "Unexpected character");
                    }
                    self.at += 1;
                }
            }
        }
        self.check();
    }

    /// What was read may not be a time of day, or a day of the calendar.
    fn check(&mut self) {
        let time = &self.time;
        let at = self.at + 1;
        let clock = (time.hour.unwrap_or(0), time.minute.unwrap_or(0), time.second.unwrap_or(0));
        let bad_time = time.have_time && !(clock.0 < 24 && clock.1 < 60 && clock.2 < 60);
        let bad_date = time.have_date
            && matches!((time.year, time.month, time.day), (Some(y), Some(m), Some(d))
                if !(1..=12).contains(&m) || d < 1 || d > civil::days_in_month(y, m));
        if bad_time {
            self.time.warnings.push(Fault { at, message: "The parsed time was invalid" });
        }
        if bad_date {
            self.time.warnings.push(Fault { at, message: "The parsed date was invalid" });
        }
    }

    fn have_time(&mut self) -> bool {
        if self.time.have_time {
            self.error(self.at, "Double time specification");
            return false;
        }
        self.time.have_time = true;
        self.time.set_time(0, 0, 0);
        self.time.micros = Some(0);
        true
    }

    fn unhave_time(&mut self) {
        self.time.have_time = false;
        self.time.set_time(0, 0, 0);
        self.time.micros = Some(0);
    }

    fn have_date(&mut self) -> bool {
        if self.time.have_date {
            self.error(self.at, "Double date specification");
            return false;
        }
        self.time.have_date = true;
        true
    }

    fn zone(&mut self, text: &[u8]) {
        self.time.zones += 1;
        if self.time.zones > 1 {
            let fault = Fault { at: self.at, message: "Double timezone specification" };
            match self.time.zones {
                2 => self.time.warnings.push(fault),
                _ => self.time.errors.push(fault),
            }
            return;
        }
        match Zone::prefix(text) {
            Some((zone, _)) => self.time.zone = Some(zone),
            None => {
                self.time.zone_unknown = true;
                self.error(self.at, "The timezone could not be found in the database");
            }
        }
    }

    fn form(&mut self, form: Form, text: &[u8]) {
        let mut token = Token { text, at: 0 };
        match form {
            Form::Blank | Form::Now => {}
            Form::Yesterday | Form::Tomorrow => {
                self.time.have_relative = true;
                self.unhave_time();
                self.time.relative.day = if form == Form::Tomorrow { 1 } else { -1 };
            }
            Form::Noon => {
                self.unhave_time();
                self.time.have_time = true;
                self.time.hour = Some(12);
            }
            Form::Midnight => self.unhave_time(),
            Form::Timestamp | Form::TimestampFraction => self.timestamp(&mut token),
            Form::Zone => self.zone(text),
            Form::Time12
            | Form::MsSqlTime
            | Form::Time24
            | Form::GnuNoColon
            | Form::IsoNoColon
            | Form::BackOf => {
                self.clock_form(form, &mut token);
            }
            Form::DateShortTime12 | Form::DateShortTime | Form::DateTime | Form::Clf => {
                self.date_and_time(form, &mut token);
            }
            Form::DayOf
            | Form::WeekdayOf
            | Form::Ago
            | Form::DayText
            | Form::RelativeTextWeek
            | Form::RelativeText
            | Form::Relative => self.relative_form(form, &mut token),
            Form::Year4 => self.time.year = token.number(4),
            _ => self.date_form(form, &mut token),
        }
    }

    fn timestamp(&mut self, token: &mut Token<'_>) {
        self.time.have_relative = true;
        self.time.have_date = false;
        self.unhave_time();
        self.time.zones += 1;
        let negative = token.text.get(1) == Some(&b'-');
        let seconds = token.signed(24);
        self.time.set_date(1970, 1, 1);
        self.time.relative.second = self.time.relative.second.saturating_add(seconds);
        if token.peek() == Some(b'.') {
            let micros = token.fraction();
            self.time.relative.micros = if negative { -micros } else { micros };
        }
        self.time.zone = Some(Zone::Offset(0));
    }

    fn clock_form(&mut self, form: Form, token: &mut Token<'_>) {
        if form == Form::GnuNoColon && self.time.have_time {
            self.time.year = token.number(4);
            return;
        }
        if form == Form::BackOf {
            return self.back_of(token);
        }
        if form == Form::GnuNoColon {
            self.time.have_time = true;
            self.time.set_time(token.number(2).unwrap_or(0), token.number(2).unwrap_or(0), 0);
            return;
        }
        if !self.have_time() {
            return;
        }
        match form {
            Form::Time12 | Form::MsSqlTime => {
                let (hour, minute, second) = token.clock();
                if form == Form::MsSqlTime {
                    self.time.micros = Some(token.fraction());
                }
                self.time.set_time(token.meridian(hour), minute, second);
            }
            Form::IsoNoColon => {
                let (hour, minute, second) = (token.number(2), token.number(2), token.number(2));
                self.time.set_time(hour.unwrap_or(0), minute.unwrap_or(0), second.unwrap_or(0));
            }
            _ => {
                let (hour, minute, second) = token.clock();
                self.time.set_time(hour, minute, second);
                if matches!(token.peek(), Some(b'.' | b',' | b':')) {
                    self.time.micros = Some(token.fraction());
                }
            }
        }
    }

    fn back_of(&mut self, token: &mut Token<'_>) {
        self.time.have_time = false;
        self.have_time();
        let front = token.text[0].eq_ignore_ascii_case(&b'f');
        let mut hour = token.number(2).unwrap_or(0);
        if !token.rest().is_empty() {
            hour = token.meridian(hour);
        }
        let (hour, minute) = if front { (hour - 1, 45) } else { (hour, 15) };
        self.time.set_time(hour, minute, 0);
    }

    fn date_form(&mut self, form: Form, token: &mut Token<'_>) {
        if !self.have_date() {
            return;
        }
        let time = &mut self.time;
        let two = |token: &mut Token<'_>| token.number(2);
        match form {
            Form::American => {
                (time.month, time.day) = (two(token), two(token));
                if token.peek() == Some(b'/') {
                    time.year = token.year();
                }
            }
            Form::IsoDate => {
                let negative = token.text[0] == b'-';
                let year = token.number(4).map(|year| if negative { -year } else { year });
                (time.year, time.month, time.day) = (year, two(token), two(token));
            }
            Form::IsoDateX => {
                let negative = token.text[0] == b'-';
                let year = token.number(19).map(|year| if negative { -year } else { year });
                (time.year, time.month, time.day) = (year, two(token), two(token));
            }
            Form::IsoDate2 | Form::GnuDateShort => {
                (time.year, time.month, time.day) = (token.year(), two(token), two(token));
            }
            Form::GnuDateShorter => (time.year, time.month, time.day) = (token.year(), two(token), Some(1)),
            Form::DateFull => {
                time.day = two(token);
                skip_suffix(token);
                (time.month, time.year) = (token.month(), token.year());
            }
            Form::PointedDate4 | Form::PointedDate2 => {
                (time.day, time.month, time.year) = (two(token), two(token), token.year());
            }
            Form::DateNoDay => (time.month, time.year, time.day) = (token.month(), token.year(), Some(1)),
            Form::DateNoDayReverse => {
                (time.year, time.month, time.day) = (token.year(), token.month(), Some(1))
            }
            Form::DateTextual => {
                (time.month, time.day) = (token.month(), two(token));
                if let Some(year) = token.year() {
                    time.year = Some(year);
                }
            }
            Form::DateNoYearReverse => {
                time.day = two(token);
                skip_suffix(token);
                time.month = token.month();
            }
            Form::DateNoColon => {
                (time.year, time.month, time.day) = (token.number(4), two(token), two(token))
            }
            Form::PgDotted => (time.year, time.day, time.month) = (token.year(), token.number(3), Some(1)),
            Form::IsoWeekDay | Form::IsoWeek => {
                let (year, week) = (token.number(4).unwrap_or(0), token.number(2).unwrap_or(1));
                let day = if form == Form::IsoWeekDay { token.number(1).unwrap_or(1) } else { 1 };
                time.have_relative = true;
                time.set_date(year, 1, 1);
                time.relative.day = day_of_week(year, week, day);
            }
            Form::PgTextShort => {
                (time.month, time.day, time.year) = (token.month(), two(token), token.year())
            }
            Form::PgTextReverse => {
                (time.year, time.month, time.day) = (token.year(), token.month(), two(token))
            }
            _ => time.month = token.month(),
        }
    }

    fn date_and_time(&mut self, form: Form, token: &mut Token<'_>) {
        if form == Form::Clf || form == Form::DateTime {
            if !self.have_time() || !self.have_date() {
                return;
            }
        } else if !self.have_date() {
            return;
        }
        let two = |token: &mut Token<'_>| token.number(2);
        match form {
            Form::Clf => {
                let (day, month, year) = (two(token), token.month(), token.number(4));
                (self.time.day, self.time.month, self.time.year) = (day, month, year);
            }
            Form::DateTime => {
                let (year, month, day) = (token.number(4), two(token), two(token));
                (self.time.year, self.time.month, self.time.day) = (year, month, day);
            }
            _ => {
                (self.time.month, self.time.day) = (token.month(), two(token));
                if !self.have_time() {
                    return;
                }
            }
        }
        let (hour, minute, second) = (two(token), two(token), self.seconds(form, token));
        self.time.set_time(hour.unwrap_or(0), minute.unwrap_or(0), second.unwrap_or(0));
        if form == Form::DateShortTime12 {
            self.time.hour = hour.map(|hour| token.meridian(hour));
            return;
        }
        if token.peek() == Some(b'.') {
            self.time.micros = Some(token.fraction());
        }
        token.skip_blanks();
        if !token.rest().is_empty() {
            self.zone(token.rest());
        }
    }

    fn seconds(&self, form: Form, token: &mut Token<'_>) -> Option<i64> {
        let compact = matches!(form, Form::DateTime | Form::Clf);
        (compact || matches!(token.peek(), Some(b':' | b'.'))).then(|| token.number(2)).flatten()
    }

    fn relative_form(&mut self, form: Form, token: &mut Token<'_>) {
        self.time.have_relative = true;
        match form {
            Form::DayOf => {
                let first = token.text[0].eq_ignore_ascii_case(&b'f');
                self.time.relative.day_of = Some(if first { DayOf::First } else { DayOf::Last });
            }
            Form::WeekdayOf => {
                let (amount, _) = amount_of(&token.word()).unwrap_or((0, 0));
                self.time.relative.special =
                    Some(if amount > 0 { Special::InMonth } else { Special::LastInMonth });
                self.add(amount, 1, &token.word());
            }
            Form::Ago => self.ago(),
            Form::DayText => {
                let word = token.word();
                self.unhave_time();
                match weekday_of(&word) {
                    Some(day) => {
                        self.time.relative.weekday = Some(day);
                        if self.time.relative.weekday_behavior != 2 {
                            self.time.relative.weekday_behavior = 1;
                        }
                    }
                    None => (self.time.relative.weekday, self.time.relative.weekday_behavior) = (Some(1), 1),
                }
            }
            Form::RelativeTextWeek => {
                let (amount, _) = amount_of(&token.word()).unwrap_or((0, 0));
                self.time.relative.day += amount * 7;
                self.time.relative.weekday_behavior = 2;
                self.time.relative.weekday.get_or_insert(1);
            }
            Form::RelativeText => {
                while !token.rest().is_empty() {
                    let (amount, behavior) = amount_of(&token.word()).unwrap_or((0, 0));
                    let unit = token.word();
                    self.add(amount, behavior, &unit);
                    if unit.is_empty() {
                        break;
                    }
                }
            }
            _ => {
                let amount = token.signed(13);
                let unit = token.word();
                // From 8.0 a number of days of the week leaves the time of day as it is; `next monday` is at midnight.
                let (have, clock) = (
                    self.time.have_time,
                    (self.time.hour, self.time.minute, self.time.second, self.time.micros),
                );
                self.add(amount, 1, &unit);
                if self.php.is_8() {
                    self.time.have_time = have;
                    (self.time.hour, self.time.minute, self.time.second, self.time.micros) = clock;
                }
            }
        }
    }

    /// Adds so many of a unit.
    fn add(&mut self, amount: i64, behavior: i64, unit: &str) {
        let relative = &mut self.time.relative;
        let singular = unit.strip_suffix('s').unwrap_or(unit);
        match singular {
            "m" if unit == "ms" => relative.micros += amount.saturating_mul(1000),
            "msec" | "millisecond" => relative.micros += amount.saturating_mul(1000),
            "microsecond" | "usec" | "µ" | "µsec" => relative.micros += amount,
            "sec" | "second" => relative.second = relative.second.saturating_add(amount),
            "min" | "minute" => relative.minute += amount,
            "hour" => relative.hour += amount,
            "day" => relative.day += amount,
            "week" => relative.day += amount * 7,
            "fortnight" | "forthnight" => relative.day += amount * 14,
            "month" => relative.month += amount,
            "year" => relative.year += amount,
            "weekday" => {
                relative.weekdays = Some(amount);
                self.unhave_time();
            }
            _ => {
                if let Some(day) = weekday_of(unit) {
                    relative.day += if amount > 0 { amount - 1 } else { amount } * 7;
                    (relative.weekday, relative.weekday_behavior) = (Some(day), behavior);
                    self.unhave_time();
                }
            }
        }
    }

    fn ago(&mut self) {
        let relative = &mut self.time.relative;
        let Relative { year, month, day, hour, minute, second, micros, weekday, weekdays, .. } = relative;
        for field in [year, month, day, hour, minute, second, micros] {
            *field = field.saturating_neg();
        }
        if let Some(day) = weekday {
            *day = if *day == 0 { -7 } else { -*day };
        }
        if let Some(count) = weekdays {
            *count = -*count;
        }
    }
}

/// No-break spaces count as blanks, from 8.2.
fn wide_blank(text: &[u8]) -> usize {
    match text {
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0xaf, ..] => 3,
        _ => 0,
    }
}

fn skip_suffix(token: &mut Token<'_>) {
    token.skip_blanks();
    let suffix = token.rest().get(..2).map(<[u8]>::to_ascii_lowercase);
    if matches!(suffix.as_deref(), Some(b"st" | b"nd" | b"rd" | b"th")) {
        token.at += 2;
    }
}

/// Days from 1 January to a day of an ISO week.
pub(super) fn day_of_week(year: i64, week: i64, day: i64) -> i64 {
    let first = civil::weekday(civil::days(year, 1, 1));
    let offset = 0 - if first > 4 { first - 7 } else { first };
    offset + (week - 1) * 7 + day
}
