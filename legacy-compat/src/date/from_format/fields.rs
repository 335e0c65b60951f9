//! The letters of a format that set a field: days, months, years, times of day, zones.

use super::Reader;
use crate::date::civil;
use crate::date::moment::Moment;
use crate::date::time::Fault;
use crate::date::token::{full_year, month_of, unit_of, word_until};
use crate::date::zone::{self, Zone};
use crate::php::Version;

const NO_DIGIT: &str = "Unexpected data found.";

impl Reader<'_> {
    /// A number with any signs before it; PHP notes a fault in it at the start of the text.
    fn signed(&mut self, most: usize) -> i64 {
        self.want_signed_digit();
        self.token.signed(self.php, most).unwrap_or_else(|message| {
            self.time.errors.push(Fault { at: 0, message });
            0
        })
    }

    fn want_digit(&mut self) {
        if !self.token.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.error(NO_DIGIT);
        }
    }

    fn want_signed_digit(&mut self) {
        let signs: &[u8] = if self.php.since(Version::V8_1) { b"+-" } else { b"-" };
        if !self.token.peek().is_some_and(|byte| byte.is_ascii_digit() || signs.contains(&byte)) {
            self.error(NO_DIGIT);
        }
    }

    /// A number of the date; none where there is none.
    pub(super) fn date_number(&mut self, most: usize, message: &'static str) -> Option<i64> {
        self.want_digit();
        let number = self.token.number(most);
        match number {
            Some(_) => self.time.have_date = true,
            None => self.error(message),
        }
        number
    }

    pub(super) fn short_year(&mut self) {
        self.want_digit();
        let read = self.token.digits(2);
        self.time.year = read.map(|(year, len)| full_year(year, len));
        match read {
            Some(_) => self.time.have_date = true,
            None => self.error("A two digit year could not be found"),
        }
    }

    pub(super) fn expanded_year(&mut self) {
        self.time.year = Some(self.signed(19));
        self.time.have_date = true;
    }

    pub(super) fn weekday(&mut self) {
        let word = word_until(&mut self.token);
        match unit_of(&word, self.php) {
            Some(unit) => {
                self.time.have_relative = true;
                self.time.relative.weekday = Some(unit.multiplier);
                self.time.relative.weekday_behavior = 1;
            }
            None => self.error("A textual day could not be found"),
        }
    }

    pub(super) fn month(&mut self) {
        match month_of(&self.token.letters()) {
            Some(month) => (self.time.month, self.time.have_date) = (Some(month), true),
            None => self.error("A textual month could not be found"),
        }
    }

    pub(super) fn day_of_year(&mut self) {
        self.want_digit();
        if self.time.year.is_none() && self.php.is_8() {
            self.error("A 'day of year' can only come after a year has been found");
        }
        let Some(day) = self.token.number(3) else {
            return self.error("A three digit day-of-year could not be found");
        };
        match self.time.year {
            Some(year) => {
                let (year, month, day) = civil::date(civil::days(year, 1, day + 1));
                self.time.set_date(year, month, day);
                self.time.have_date = true;
            }
            None if self.php.is_8() => {}
            // Any year without a 29 February.
            None => {
                let (_, month, day) = civil::date(civil::days(1970, 1, day + 1));
                (self.time.month, self.time.day) = (Some(month), Some(day));
            }
        }
    }

    pub(super) fn hour(&mut self, of_twelve: bool) {
        self.want_digit();
        self.time.hour = self.token.number(2);
        match self.time.hour {
            None => self.error("A two digit hour could not be found"),
            Some(hour) if of_twelve && hour > 12 => self.error(match self.php.since(Version::V8_1) {
                true => "Hour cannot be higher than 12",
                false => "Hour can not be higher than 12",
            }),
            Some(_) => self.time.times = 1,
        }
    }

    pub(super) fn meridian(&mut self) {
        if self.time.hour.is_none() {
            self.error("Meridian can only come after an hour has been found");
            if !self.php.is_8() {
                return;
            }
        }
        match self.token.checked_meridian(self.time.hour) {
            Some(change) => {
                self.time.times = 1;
                self.time.hour = self.time.hour.map(|hour| hour + change);
            }
            None => self.error("A meridian could not be found"),
        }
    }

    pub(super) fn two_digits(&mut self, message: &'static str) -> Option<i64> {
        self.want_digit();
        match self.token.digits(2) {
            Some((number, 2)) => {
                self.time.times = 1;
                Some(number)
            }
            _ => {
                self.error(message);
                None
            }
        }
    }

    pub(super) fn fraction(&mut self, most: usize, message: &'static str) {
        self.want_digit();
        let start = self.token.at;
        let Some(number) = self.token.number(most) else { return self.error(message) };
        let read = (self.token.at - start) as i32;
        let scale = 10f64.powi(most as i32 - read) * if most == 3 { 1000.0 } else { 1.0 };
        let micros = number as f64 * scale;
        self.time.set_fraction((micros as i64, micros / 1e6));
    }

    pub(super) fn timestamp(&mut self) {
        let seconds = match self.php.is_8() {
            true => self.signed(24),
            false => self.old_timestamp(),
        };
        self.time.zone = Some(Zone::Offset(0));
        if self.php.is_8() {
            let fields = Moment::at(seconds, Zone::Offset(0)).fields();
            self.time.set_date(fields.year, fields.month, fields.day);
            self.time.set_time(fields.hour, fields.minute, fields.second);
            return;
        }
        self.time.set_date(1970, 1, 1);
        self.time.set_time(0, 0, 0);
        if !self.php.since(Version::V7_1) {
            self.time.set_fraction((0, 0.0));
        }
        self.time.have_relative = true;
        self.time.relative.second = self.time.relative.second.saturating_add(seconds);
    }

    /// Up to 7.4 no number at all is one that no date has.
    fn old_timestamp(&mut self) -> i64 {
        const UNSAID: i64 = -99_999;
        self.want_signed_digit();
        self.token.signed(self.php, 24).unwrap_or(UNSAID)
    }

    pub(super) fn zone(&mut self) {
        let reading = zone::read(self.php, self.token.rest());
        self.token.at += reading.len;
        self.time.zone_unknown |= reading.zone.is_none();
        self.time.zone = match (reading.zone, self.time.zone.take()) {
            // What is no zone takes the hours of an earlier one away.
            (None, Some(Zone::Offset(_))) => Some(Zone::Offset(0)),
            (None, Some(Zone::Abbreviation(name, _, dst))) => Some(Zone::Abbreviation(name, 0, dst)),
            (read, earlier) => read.or(earlier),
        };
        match reading.found {
            true => self.time.zones += 1,
            false => self.error("The timezone could not be found in the database"),
        }
    }
}
