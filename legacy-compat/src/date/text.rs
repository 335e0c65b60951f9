//! Reading a date text, form after form.

use super::civil;
use super::grammar::{Form, longest};
use super::time::{Fault, Time};
use super::token::{Token, wide_blank};
use super::zone::{self, Clock, Zone};
use crate::php::{Php, Version};

/// Reads a text as `strtotime` does; faults are noted, not raised.
pub(super) fn read(php: &Php, text: &[u8]) -> Time {
    read_while(php, text, |_| true)
}

/// The same up to the first fault, for those who refuse a text with any: the rest of it could take long.
pub(super) fn read_to_fault(php: &Php, text: &[u8]) -> Time {
    read_while(php, text, |time| time.errors.is_empty())
}

fn read_while(php: &Php, text: &[u8], goes_on: fn(&Time) -> bool) -> Time {
    let mut reader = Reader { php, time: Time::default(), at: 0, plain_until: 0 };
    let blank = |byte: &u8| crate::numeric::is_blank(*byte);
    let start = text.iter().take_while(|byte| blank(byte)).count();
    let end = text.len() - text[start..].iter().rev().take_while(|byte| blank(byte)).count();
    if text.is_empty() {
        reader.error("Empty string");
        return reader.time;
    }
    if start < end {
        reader.all(&text[start..end], goes_on);
    }
    reader.time
}

pub(super) struct Reader<'a> {
    pub php: &'a Php,
    pub time: Time,
    /// Where the form being read starts.
    at: usize,
    /// Digits up to here are followed by no unit: up to 7.2 an amount had any number of them, and a form at each would look through
    /// them all.
    plain_until: usize,
}

/// More digits than any form but an amount begins with.
const MOST_DIGITS: usize = 32;

/// Stands where a text says nothing, as a number that no date has.
const UNSAID: i64 = -9_999_999;

impl Reader<'_> {
    pub(super) fn error(&mut self, message: &'static str) {
        self.time.errors.push(Fault { at: self.at, message });
    }

    fn all(&mut self, text: &[u8], goes_on: fn(&Time) -> bool) {
        // Some forms want to see the end of the text, which is NUL in PHP.
        let padded = [text, b"\0"].concat();
        let is_sign = |at: usize| matches!(text.get(at), Some(b'+' | b'-'));
        while self.at < text.len() && goes_on(&self.time) {
            match longest(self.php, self.ahead(&padded)) {
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
                        self.error("Unexpected character");
                    }
                    self.at += 1;
                    // A form that begins with two signs begins with any number: none did, and each would look through them all.
                    while is_sign(self.at - 1) && is_sign(self.at) && is_sign(self.at + 1) {
                        self.error("Unexpected character");
                        self.at += 1;
                    }
                }
            }
        }
        self.check();
    }

    /// What a form may begin with here.
    fn ahead<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let rest = &text[self.at..];
        if self.at + MOST_DIGITS < self.plain_until {
            return &rest[..MOST_DIGITS];
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > MOST_DIGITS && longest(self.php, rest).is_none_or(|(_, len)| len <= digits) {
            self.plain_until = self.at + digits;
        }
        rest
    }

    /// What was read may not be a time of day, or a day of the calendar.
    fn check(&mut self) {
        let at = self.at + 1;
        let said = |field: Option<i64>| field.unwrap_or(UNSAID);
        let time = &mut self.time;
        if time.times > 0 {
            time.warn_of_clock(at, said(time.hour), said(time.minute), said(time.second));
        }
        if time.have_date {
            time.warn_of_date(at, said(time.year), said(time.month), said(time.day));
        }
    }

    pub(super) fn have_time(&mut self) -> bool {
        if self.time.times > 0 {
            self.error("Double time specification");
            return false;
        }
        self.unhave_time();
        self.time.times = 1;
        true
    }

    pub(super) fn unhave_time(&mut self) {
        self.time.times = 0;
        self.time.set_time(0, 0, 0);
        self.time.set_fraction((0, 0.0));
    }

    fn have_date(&mut self) -> bool {
        if self.time.have_date {
            self.error("Double date specification");
            return false;
        }
        self.time.have_date = true;
        true
    }

    /// The first zone counts, a second is odd, a third is too much.
    fn have_zone(&mut self) -> bool {
        self.time.zones += 1;
        let fault = Fault { at: self.at, message: "Double timezone specification" };
        match self.time.zones {
            1 => {}
            2 => self.time.warnings.push(fault),
            _ => self.time.errors.push(fault),
        }
        self.time.zones == 1
    }

    fn zone(&mut self, text: &[u8]) {
        let reading = zone::read(self.php, text);
        if !reading.found {
            self.error("The timezone could not be found in the database");
        }
        self.time.zone_unknown |= reading.zone.is_none();
        self.time.zone = reading.zone.or(self.time.zone.take());
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
                self.have_time();
                self.time.hour = Some(12);
            }
            Form::Midnight => self.unhave_time(),
            Form::Timestamp | Form::TimestampFraction => self.timestamp(&mut token),
            Form::Zone => {
                if self.have_zone() {
                    token.skip_spaces(self.php);
                    self.zone(token.rest());
                    // PHP keeps "unknown" for a name, which counts as summer time.
                    let named = matches!(self.time.zone, Some(Zone::Named(_)));
                    self.time.clock = if named { Clock::Summer } else { Clock::Unknown };
                }
            }
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
        self.time.set_date(0, 0, 0);
        self.unhave_time();
        if !self.have_zone() {
            return;
        }
        let negative = token.text.get(1) == Some(&b'-');
        let seconds = token.signed(self.php, 24).unwrap_or_else(|message| {
            self.error(message);
            0
        });
        self.time.set_date(1970, 1, 1);
        self.time.relative.second = self.time.relative.second.saturating_add(seconds);
        if token.peek() == Some(b'.') {
            let (micros, _) = token.fraction();
            let negative = negative && self.php.since(Version::V8_1);
            self.time.relative.micros = if negative { -micros } else { micros };
        }
        self.time.zone = Some(Zone::Offset(0));
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
            Form::IsoDate | Form::IsoDateX => {
                let year = token.signed(self.php, if form == Form::IsoDate { 4 } else { 19 });
                (time.year, time.month, time.day) = (Some(year.unwrap_or(0)), two(token), two(token));
                if let Err(message) = year {
                    self.error(message);
                }
            }
            Form::IsoDate2 | Form::GnuDateShort => {
                (time.year, time.month, time.day) = (token.year(), two(token), two(token));
            }
            Form::GnuDateShorter => (time.year, time.month, time.day) = (token.year(), two(token), Some(1)),
            Form::DateFull => {
                time.day = two(token);
                token.skip_suffix();
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
                (time.month, time.day, time.year) = (token.month(), two(token), token.year())
            }
            Form::DateNoYearReverse => {
                time.day = two(token);
                token.skip_suffix();
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
        let short = matches!(form, Form::DateShortTime | Form::DateShortTime12);
        if !short && !self.have_time() || !self.have_date() {
            return;
        }
        let two = |token: &mut Token<'_>| token.number(2);
        let time = &mut self.time;
        match form {
            Form::Clf => (time.day, time.month, time.year) = (two(token), token.month(), token.number(4)),
            Form::DateTime => (time.year, time.month, time.day) = (token.number(4), two(token), two(token)),
            _ => (time.month, time.day) = (token.month(), two(token)),
        }
        if short && !self.have_time() {
            return;
        }
        let (hour, minute, second) = (two(token), two(token), seconds(form, token));
        self.time.set_time(hour.unwrap_or(0), minute.unwrap_or(0), second.unwrap_or(0));
        if token.peek() == Some(b'.') {
            self.time.set_fraction(token.fraction());
        }
        if form == Form::DateShortTime12 {
            self.time.hour = hour.map(|hour| token.meridian(hour));
            return;
        }
        token.skip_spaces(self.php);
        if !token.rest().is_empty() {
            self.zone(token.rest());
        }
    }
}

fn seconds(form: Form, token: &mut Token<'_>) -> Option<i64> {
    let follow = match form {
        Form::DateTime | Form::Clf => true,
        Form::DateShortTime12 => matches!(token.peek(), Some(b':' | b'.')),
        _ => token.peek() == Some(b':'),
    };
    follow.then(|| token.number(2)).flatten()
}

/// Days from 1 January to a day of an ISO week.
pub(super) fn day_of_week(year: i64, week: i64, day: i64) -> i64 {
    let first = civil::weekday(civil::days(year, 1, 1));
    let offset = 0 - if first > 4 { first - 7 } else { first };
    offset + (week - 1) * 7 + day
}
