//! The forms that add: `+1 week`, `next monday`, `last day of`, `ago`.

use super::grammar::Form;
use super::text::Reader;
use super::time::{DayOf, Relative, Special};
use super::token::{Token, UnitKind, unit_of, word_until};

impl Reader<'_> {
    pub(super) fn relative_form(&mut self, form: Form, token: &mut Token<'_>) {
        self.time.have_relative |= form != Form::Ago;
        match form {
            Form::DayOf => {
                let first = token.text[0].eq_ignore_ascii_case(&b'f');
                self.time.relative.day_of = Some(if first { DayOf::First } else { DayOf::Last });
            }
            Form::WeekdayOf => self.weekday_of_month(token),
            Form::Ago => self.ago(),
            Form::DayText => self.day_text(token),
            Form::RelativeTextWeek => {
                self.worded(token);
                self.time.relative.weekday_behavior = 2;
                self.time.relative.weekday.get_or_insert(1);
            }
            Form::RelativeText => self.worded(token),
            _ => self.numbered(token),
        }
    }

    fn weekday_of_month(&mut self, token: &mut Token<'_>) {
        let (amount, behavior) = token.amount();
        let forth = amount > 0;
        self.time.relative.special = Some(if forth { Special::InMonth } else { Special::LastInMonth });
        token.skip_spaces(self.php);
        self.add(token, amount, if forth { 1 } else { behavior }, false);
    }

    fn day_text(&mut self, token: &mut Token<'_>) {
        self.unhave_time();
        let relative = &mut self.time.relative;
        relative.weekday = unit_of(&word_until(token), self.php).map(|unit| unit.multiplier);
        if relative.weekday_behavior != 2 {
            relative.weekday_behavior = 1;
        }
    }

    /// `next monday`
    fn worded(&mut self, token: &mut Token<'_>) {
        let (amount, behavior) = token.amount();
        token.skip_spaces(self.php);
        self.add(token, amount, behavior, false);
    }

    /// `+2 mondays`. From 8.0 a number of days of the week leaves the time of day as it is.
    fn numbered(&mut self, token: &mut Token<'_>) {
        let amount = token.signed(self.php, 24).unwrap_or_else(|message| {
            self.error(message);
            0
        });
        token.skip_spaces(self.php);
        self.add(token, amount, 1, self.php.is_8());
    }

    /// Adds so many of the unit that follows.
    fn add(&mut self, token: &mut Token<'_>, amount: i64, behavior: i64, keep_time: bool) {
        let Some(unit) = unit_of(&word_until(token), self.php) else { return };
        let on_days = matches!(unit.kind, UnitKind::Weekday | UnitKind::Weekdays);
        if on_days && !keep_time {
            self.unhave_time();
        }
        let relative = &mut self.time.relative;
        let field = match unit.kind {
            UnitKind::Micro => &mut relative.micros,
            UnitKind::Second => &mut relative.second,
            UnitKind::Minute => &mut relative.minute,
            UnitKind::Hour => &mut relative.hour,
            UnitKind::Day => &mut relative.day,
            UnitKind::Month => &mut relative.month,
            UnitKind::Year => &mut relative.year,
            UnitKind::Weekday => {
                let weeks = if amount > 0 { amount - 1 } else { amount };
                relative.day = relative.day.saturating_add(weeks.saturating_mul(7));
                (relative.weekday, relative.weekday_behavior) = (Some(unit.multiplier), behavior);
                return;
            }
            UnitKind::Weekdays => {
                relative.special = Some(Special::Weekdays(amount));
                return;
            }
        };
        *field = field.saturating_add(amount.saturating_mul(unit.multiplier));
    }

    fn ago(&mut self) {
        let relative = &mut self.time.relative;
        let Relative { year, month, day, hour, minute, second, weekday, special, .. } = relative;
        for field in [year, month, day, hour, minute, second] {
            *field = field.saturating_neg();
        }
        if let Some(day) = weekday {
            *day = if *day == 0 { -7 } else { -*day };
        }
        if let Some(Special::Weekdays(count)) = special {
            *count = count.saturating_neg();
        }
    }
}
