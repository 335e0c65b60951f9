//! The moment that a date text means: relative parts added, on the calendar first, on the clock next.

use super::civil;
use super::format::weekday as day_of_week;
use super::moment::Moment;
use super::time::{DayOf, Relative, Special, Time};
use super::zone::Zone;
use crate::php::{Php, Version};

/// A day and what is left of seconds and microseconds, the day's fields free to lie outside their ranges.
#[derive(Clone, Copy)]
struct Wall {
    year: i64,
    month: i64,
    day: i64,
    seconds: i64,
    micros: i64,
}

impl Wall {
    /// Brings all fields into their ranges; the smaller carry into the larger. Gives the day's number.
    fn normalize(&mut self) -> i64 {
        self.seconds = self.seconds.saturating_add(self.micros.div_euclid(1_000_000));
        self.micros = self.micros.rem_euclid(1_000_000);
        self.day = self.day.saturating_add(self.seconds.div_euclid(86_400));
        self.seconds = self.seconds.rem_euclid(86_400);
        let days = civil::days(self.year, self.month, self.day);
        (self.year, self.month, self.day) = civil::date(days);
        days
    }

    fn go_to_day_of(&mut self, day_of: Option<DayOf>) {
        match day_of {
            Some(DayOf::First) => self.day = 1,
            Some(DayOf::Last) => (self.day, self.month) = (0, self.month.saturating_add(1)),
            None => {}
        }
    }
}

impl Time {
    /// The moment.
    pub(super) fn resolve(&self, php: &Php) -> Moment {
        let mut relative = self.relative.clone();
        let mut wall = self.wall();
        start_of_month(&mut wall, &mut relative);
        wall.go_to_day_of(relative.day_of);
        let days = wall.normalize();
        if let Some(weekday) = relative.weekday {
            let current = day_of_week(php, days);
            wall.day = wall.day.saturating_add(to_weekday(php, current, weekday, &relative));
        }
        wall.normalize();
        if self.have_relative {
            add(&mut wall, &relative);
        }
        wall.go_to_day_of(relative.day_of);
        let mut days = wall.normalize();
        if let Some(Special::Weekdays(count)) = relative.special {
            days = days.saturating_add(weekdays(day_of_week(php, days), count));
        }
        let zone = self.zone.clone().unwrap_or_else(Zone::utc);
        let local = seconds(php, days).wrapping_add(wall.seconds);
        let timestamp = zone.to_utc(php, local, self.clock);
        Moment { timestamp, micros: wall.micros, zone, skew: 0 }
    }

    fn wall(&self) -> Wall {
        let seconds = self
            .hour
            .unwrap_or(0)
            .saturating_mul(3600)
            .saturating_add(self.minute.unwrap_or(0).saturating_mul(60))
            .saturating_add(self.second.unwrap_or(0));
        Wall {
            year: self.year.unwrap_or(1970),
            month: self.month.unwrap_or(1),
            day: self.day.unwrap_or(1),
            seconds,
            micros: self.micros.unwrap_or(0),
        }
    }
}

/// The seconds of so many days; those that no 64 bits hold wrap. From 7.3 to 8.0 years so far away count as one, the last.
fn seconds(php: &Php, days: i64) -> i64 {
    const LAST: i64 = i64::MAX / 10;
    const FAR: i64 = 40_000_000_000;
    let (year, month, _) = civil::date(days);
    if php.is_5() && month > 2 && is_leap_to_5_6(year) {
        return days.saturating_add(1).wrapping_mul(86_400);
    }
    if year.abs() > FAR && php.since(Version::V7_3) && !php.since(Version::V8_1) {
        let of_year = civil::day_of_year(days).wrapping_mul(86_400);
        return (LAST * year.signum()).wrapping_add(of_year);
    }
    days.wrapping_mul(86_400)
}

/// To 5.6 every full century before 0 had a 29 February, but only on the way from a date to its seconds.
fn is_leap_to_5_6(year: i64) -> bool {
    year < 0 && year % 100 == 0 && !civil::is_leap(year)
}

/// `first monday of next month` counts from that month's first day, `last monday of` from the one after.
fn start_of_month(wall: &mut Wall, relative: &mut Relative) {
    let further = match relative.special {
        Some(Special::InMonth) => 0,
        Some(Special::LastInMonth) => 1,
        _ => return,
    };
    wall.day = 1;
    wall.month = wall.month.saturating_add(relative.month).saturating_add(further);
    relative.month = 0;
}

fn add(wall: &mut Wall, relative: &Relative) {
    let seconds = relative
        .hour
        .saturating_mul(3600)
        .saturating_add(relative.minute.saturating_mul(60))
        .saturating_add(relative.second);
    wall.micros = wall.micros.saturating_add(relative.micros);
    wall.seconds = wall.seconds.saturating_add(seconds);
    wall.day = wall.day.saturating_add(relative.day);
    wall.month = wall.month.saturating_add(relative.month);
    wall.year = wall.year.saturating_add(relative.year);
}

/// How many days it is to the day of the week that a text means, seen from one (0 is Sunday).
///
/// Behavior 0 is after this day (`next monday`), 1 includes it (`monday`), 2 is within this week (`monday next week`).
fn to_weekday(php: &Php, current: i64, weekday: i64, relative: &Relative) -> i64 {
    if relative.weekday_behavior == 2 {
        let wanted = match weekday {
            0 if current != 0 => 7,
            // 5.6 takes every day of a Sunday's week for its Monday.
            _ if current == 0 && weekday != 0 && php.is_5() => -6,
            other if current == 0 && other != 0 => other - 7,
            other => other,
        };
        return wanted - current;
    }
    if weekday < 0 {
        return -(7 - (weekday.abs() - current));
    }
    let difference = weekday - current;
    let back = relative.day < 0 && difference < 0;
    let on = back || relative.day >= 0 && difference <= -relative.weekday_behavior;
    if on { difference + 7 } else { difference }
}

/// How many days so many working days are, seen from a day of the week.
fn weekdays(current: i64, count: i64) -> i64 {
    let rest = count % 5;
    let over_weekend = match (count > 0, rest, current) {
        (true, 0, 0) => -2,
        (true, 0, 6) => -1,
        (true, 0, _) => 0,
        (true, _, 6) => 1,
        (true, ..) if current + rest > 5 => 2,
        (false, 0, 6) => 2,
        (false, 0, 0) => 1,
        (false, 0, _) => 0,
        (false, _, 0) => -1,
        (false, ..) if current + rest < 1 => -2,
        _ => 0,
    };
    (count / 5).saturating_mul(7).saturating_add(over_weekend + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_days_leave_weekends_out() {
        for (current, count, days) in [(5, 1, 3), (1, -1, -3), (6, 1, 2), (3, 5, 7), (0, 5, 5), (0, 0, 1)] {
            assert_eq!(weekdays(current, count), days, "{count} from {current}");
        }
    }
}
