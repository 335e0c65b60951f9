//! What was read of a date text.

use super::civil;
use super::moment::Moment;
use super::zone::{Clock, Zone};

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
    pub special: Option<Special>,
    pub day_of: Option<DayOf>,
}

/// `first monday of`, `last monday of`, `+3 weekdays`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    InMonth,
    LastInMonth,
    /// So many working days.
    Weekdays(i64),
}

/// `first day of`, `last day of`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayOf {
    First,
    Last,
}

/// What a text says; none where it says nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Time {
    pub year: Option<i64>,
    pub month: Option<i64>,
    pub day: Option<i64>,
    pub hour: Option<i64>,
    pub minute: Option<i64>,
    pub second: Option<i64>,
    pub micros: Option<i64>,
    /// The fraction of a second, finer than microseconds.
    pub fraction: f64,
    pub zone: Option<Zone>,
    pub relative: Relative,
    /// How many times of day were read.
    pub times: usize,
    pub have_date: bool,
    pub have_relative: bool,
    /// How many zones were read.
    pub zones: usize,
    /// There was something that should be a zone.
    pub zone_unknown: bool,
    /// What is known of summer time.
    pub clock: Clock,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            year: None,
            month: None,
            day: None,
            hour: None,
            minute: None,
            second: None,
            micros: None,
            fraction: 0.0,
            zone: None,
            relative: Relative::default(),
            times: 0,
            have_date: false,
            have_relative: false,
            zones: 0,
            zone_unknown: false,
            clock: Clock::Unknown,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Time {
    pub(super) fn set_time(&mut self, hour: i64, minute: i64, second: i64) {
        (self.hour, self.minute, self.second) = (Some(hour), Some(minute), Some(second));
    }

    pub(super) fn set_fraction(&mut self, (micros, fraction): (i64, f64)) {
        (self.micros, self.fraction) = (Some(micros), fraction);
    }

    pub(super) fn set_date(&mut self, year: i64, month: i64, day: i64) {
        (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
    }

    /// Warns of a time of day or a date that is none, where all of it was said.
    pub(super) fn warn_of_range(&mut self, at: usize) {
        if let (Some(hour), Some(minute), Some(second)) = (self.hour, self.minute, self.second) {
            self.warn_of_clock(at, hour, minute, second);
        }
        if let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) {
            self.warn_of_date(at, year, month, day);
        }
    }

    pub(super) fn warn_of_clock(&mut self, at: usize, hour: i64, minute: i64, second: i64) {
        if !((0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second)) {
            self.warnings.push(Fault { at, message: "The parsed time was invalid" });
        }
    }

    pub(super) fn warn_of_date(&mut self, at: usize, year: i64, month: i64, day: i64) {
        if !((1..=12).contains(&month) && (1..=civil::days_in_month(year, month)).contains(&day)) {
            self.warnings.push(Fault { at, message: "The parsed date was invalid" });
        }
    }

    /// Fills what the text left open from a moment; a date without a time is at midnight, unless `keep_time`.
    pub(super) fn fill(&mut self, now: &Moment, keep_time: bool) {
        let fields = now.fields();
        if !keep_time && self.have_date && self.times == 0 {
            self.set_time(0, 0, 0);
            self.micros = Some(0);
        }
        let said = [self.year, self.month, self.day, self.hour, self.minute, self.second];
        let nothing_said = said.iter().all(Option::is_none);
        self.micros.get_or_insert(if nothing_said { now.micros } else { 0 });
        self.year.get_or_insert(fields.year);
        self.month.get_or_insert(fields.month);
        self.day.get_or_insert(fields.day);
        self.hour.get_or_insert(fields.hour);
        self.minute.get_or_insert(fields.minute);
        self.second.get_or_insert(fields.second);
        self.zone.get_or_insert_with(|| now.zone.clone());
    }
}
