//! Reading a date text, form after form.

use super::civil;
use super::grammar::{Form, longest};
use super::time::{Fault, Time};
use super::token::Token;
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

pub(super) struct Reader<'a> {
    pub php: &'a Php,
    pub time: Time,
    /// Where the form being read starts.
    at: usize,
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

    pub(super) fn unhave_time(&mut self) {
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
