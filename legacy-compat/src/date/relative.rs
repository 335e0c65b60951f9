//! The forms that add: `+1 week`, `next monday`, `last day of`, `ago`.

use super::grammar::Form;
use super::text::Reader;
use super::time::{DayOf, Relative, Special};
use super::token::{Token, amount_of, weekday_of};

impl Reader<'_> {
    pub(super) fn relative_form(&mut self, form: Form, token: &mut Token<'_>) {
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
