//! What was read of a date text, and the moment it means.

use super::civil;
use super::format::Moment;
use super::zone::Zone;
use crate::php::{Php, Version};

/// A fault at a byte of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte.
    pub at: usize,
    /// PHP's words.
    pub message: &'static str,
}

/// What is added: `+1 week`, `next monday`, `last day of`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Relative {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub micros: i64,
    /// A day of the week, and how the current one counts (see `to_weekday`).
    pub weekday: Option<i64>,
    pub weekday_behavior: i64,
    /// So many working days.
    pub weekdays: Option<i64>,
    pub special: Option<Special>,
    pub day_of: Option<DayOf>,
}

/// `first monday of`, `last monday of`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    InMonth,
    LastInMonth,
}

/// `first day of`, `last day of`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayOf {
    First,
    Last,
}

/// What a text says; none where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Time {
    pub year: Option<i64>,
    pub month: Option<i64>,
    pub day: Option<i64>,
    pub hour: Option<i64>,
    pub minute: Option<i64>,
    pub second: Option<i64>,
    pub micros: Option<i64>,
    pub zone: Option<Zone>,
    pub relative: Relative,
    pub have_time: bool,
    pub have_date: bool,
    pub have_relative: bool,
    pub zones: usize,
    /// There was something that should be a zone.
    pub zone_unknown: bool,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

impl Time {
    pub(super) fn set_time(&mut self, hour: i64, minute: i64, second: i64) {
        (self.hour, self.minute, self.second) = (Some(hour), Some(minute), Some(second));
    }

    pub(super) fn set_date(&mut self, year: i64, month: i64, day: i64) {
        (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
    }

    /// Fills what the text left open from a moment; a date without a time is at midnight.
    pub(super) fn fill(&mut self, now: &Moment) {
        let fields = now.fields();
        if self.have_date && !self.have_time {
            self.set_time(0, 0, 0);
            self.micros = Some(0);
        }
        let said = self.year.is_some() || self.month.is_some() || self.day.is_some() || self.hour.is_some();
        if self.micros.is_none() {
            self.micros = Some(if said { 0 } else { now.micros });
        }
        self.year.get_or_insert(fields.year);
        self.month.get_or_insert(fields.month);
        self.day.get_or_insert(fields.day);
        self.hour.get_or_insert(fields.hour);
        self.minute.get_or_insert(fields.minute);
        self.second.get_or_insert(fields.second);
        if self.zone.is_none() {
            self.zone = Some(now.zone.clone());
        }
    }

    /// The moment. From 8.1 hours that are added are hours that pass; before, hours on the clock.
    pub(super) fn resolve(&self, php: &Php) -> Moment {
        let relative = &self.relative;
        let (mut year, mut month, mut day) =
            (self.year.unwrap_or(1970), self.month.unwrap_or(1), self.day.unwrap_or(1));
        let mut months = relative.month;
        match relative.special {
            Some(Special::InMonth) => (day, month, months) = (1, month.saturating_add(months), 0),
            Some(Special::LastInMonth) => {
                (day, month, months) = (1, month.saturating_add(months).saturating_add(1), 0)
            }
            None => {}
        }
        let mut days = civil::days(year, month, day);
        if let Some(weekday) = relative.weekday {
            days = to_weekday(days, weekday, relative);
        }
        (year, month, day) = civil::date(days);
        day = day.saturating_add(relative.day);
        month = month.saturating_add(months);
        year = year.saturating_add(relative.year);
        match relative.day_of {
            Some(DayOf::First) => day = 1,
            Some(DayOf::Last) => (day, month) = (0, month.saturating_add(1)),
            None => {}
        }
        days = civil::days(year, month, day);
        if let Some(count) = relative.weekdays {
            days = add_weekdays(days, count);
        }
        self.moment(php, days)
    }

    fn moment(&self, php: &Php, days: i64) -> Moment {
        let relative = &self.relative;
        let clock = seconds(self.hour, self.minute, self.second);
        let added = relative
            .hour
            .saturating_mul(3600)
            .saturating_add(relative.minute.saturating_mul(60))
            .saturating_add(relative.second);
        let zone = self.zone.clone().unwrap_or_else(Zone::utc);
        let micros = self.micros.unwrap_or(0).saturating_add(relative.micros);
        let carried = micros.div_euclid(1_000_000);
        let local = days.saturating_mul(86_400).saturating_add(clock);
        let elapsed = php.since(Version::V8_1);
        let on_clock = if elapsed { 0 } else { added };
        let passing = if elapsed { added } else { 0 };
        let timestamp =
            zone.to_utc(local.saturating_add(on_clock)).saturating_add(passing).saturating_add(carried);
        Moment { timestamp, micros: micros.rem_euclid(1_000_000), zone }
    }
}

fn seconds(hour: Option<i64>, minute: Option<i64>, second: Option<i64>) -> i64 {
    hour.unwrap_or(0) * 3600 + minute.unwrap_or(0) * 60 + second.unwrap_or(0)
}

/// The day of the week that a text means, seen from a day.
///
/// Behavior 0 is after this day (`next monday`), 1 includes it (`monday`), 2 is within this week (`monday next week`).
fn to_weekday(days: i64, weekday: i64, relative: &Relative) -> i64 {
    let current = civil::weekday(days);
    if relative.weekday_behavior == 2 {
        let wanted = match weekday {
            0 if current != 0 => 7,
            other if current == 0 && other != 0 => other - 7,
            other => other,
        };
        return days - current + wanted;
    }
    let mut difference = weekday - current;
    let back = relative.day < 0 && difference < 0;
    if back || relative.day >= 0 && difference <= -relative.weekday_behavior {
        difference += 7;
    }
    if weekday >= 0 { days + difference } else { days - (7 - (weekday.abs() - current)) }
}

/// So many working days on or back.
fn add_weekdays(days: i64, count: i64) -> i64 {
    let step = count.signum();
    let mut days = days.saturating_add(count / 5 * 7);
    let mut left = (count % 5).abs();
    if left == 0 && count != 0 && matches!(civil::weekday(days), 0 | 6) {
        // Whole weeks from a weekend end on the working day before it, or behind it.
        days = days.saturating_sub(7 * step);
        left = 5;
    }
    while left > 0 {
        days = days.saturating_add(step);
        if !matches!(civil::weekday(days), 0 | 6) {
            left -= 1;
        }
    }
    days
}
