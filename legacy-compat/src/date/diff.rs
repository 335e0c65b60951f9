//! The interval between two moments. Its rules changed in 8.1.

use super::civil;
use super::interval::Interval;
use super::moment::{Fields, Moment};
use super::zone::{Local, Zone};
use crate::php::{Php, Version};
use crate::value::Str;

const DAY: i64 = 86_400;

/// A moment with the fields that are compared.
struct Side<'a> {
    moment: &'a Moment,
    fields: Fields,
}

impl Moment {
    /// `$one->diff($two, $absolute)`
    ///
    /// ```
    /// use legacy_compat::{Php, Version, date::{Moment, Zone}};
    /// let php = Php::new(Version::V8_2);
    /// let one = Moment::new(&php, b"2024-01-15", &Zone::utc())?;
    /// let two = Moment::new(&php, b"2024-03-16", &Zone::utc())?;
    /// assert_eq!(one.diff(&php, &two, false).format(&php, b"%m %d, %a"), b"2 1, 61");
    /// # Ok::<(), legacy_compat::Thrown>(())
    /// ```
    #[doc(alias = "DateTime::diff")]
    #[doc(alias = "date_diff")]
    pub fn diff(&self, php: &Php, other: &Self, absolute: bool) -> Interval {
        let mut interval = match (php.since(Version::V8_1), self.same_name(other)) {
            (true, true) => within_zone(self, other),
            (true, false) => across_zones(self, other),
            (false, _) => before_8_1(php, self, other),
        };
        interval.invert &= !absolute;
        interval
    }

    /// Whether both are in the same zone of the tz database.
    fn same_name(&self, other: &Self) -> bool {
        self.kind_and_name() == other.kind_and_name() && self.zone.kind() == 3
    }

    fn kind_and_name(&self) -> (i64, Str) {
        (self.zone.kind(), self.zone.name())
    }

    fn side(&self) -> Side<'_> {
        Side { moment: self, fields: self.fields() }
    }
}

impl Fields {
    /// The fields from the largest to the smallest.
    fn clock(&self) -> [i64; 6] {
        [self.year, self.month, self.day, self.hour, self.minute, self.second]
    }

    fn seconds_of_day(&self) -> i64 {
        self.hour * 3600 + self.minute * 60 + self.second
    }
}

impl Side<'_> {
    fn is_after(&self, other: &Self) -> bool {
        let order = |side: &Self| (side.moment.timestamp, side.moment.micros);
        order(self) > order(other)
    }

    fn shows_after(&self, other: &Self) -> bool {
        (self.fields.clock(), self.moment.micros) > (other.fields.clock(), other.moment.micros)
    }
}

/// The difference of each field, not yet in range.
fn subtract(one: &Side<'_>, two: &Side<'_>) -> Interval {
    let (a, b) = (&one.fields, &two.fields);
    Interval {
        year: b.year - a.year,
        month: b.month - a.month,
        day: b.day - a.day,
        hour: b.hour - a.hour,
        minute: b.minute - a.minute,
        second: b.second - a.second,
        micros: two.moment.micros - one.moment.micros,
        ..Interval::default()
    }
}

impl Interval {
    /// Brings the fields into their ranges; days borrow from the months next to a base.
    fn normalize(&mut self, base: &Fields) {
        carry(&mut self.micros, &mut self.second, 1_000_000);
        carry(&mut self.second, &mut self.minute, 60);
        carry(&mut self.minute, &mut self.hour, 60);
        carry(&mut self.hour, &mut self.day, 24);
        carry(&mut self.month, &mut self.year, 12);
        let (mut year, mut month) = (base.year, base.month);
        while self.day < 0 {
            if !self.invert {
                (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
            }
            self.day += civil::days_in_month(year, month);
            self.month -= 1;
            if self.invert {
                (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            }
        }
        carry(&mut self.month, &mut self.year, 12);
    }
}

fn carry(small: &mut i64, large: &mut i64, size: i64) {
    *large += small.div_euclid(size);
    *small = small.rem_euclid(size);
}

/// From 8.1, both in the same zone of the database: what the calendar and the clock show.
fn within_zone(one: &Moment, two: &Moment) -> Interval {
    let (mut one, mut two) = (one.side(), two.side());
    let swapped = one.shows_after(&two);
    if swapped {
        std::mem::swap(&mut one, &mut two);
    }
    let correction = two.fields.local.offset - one.fields.local.offset;
    let mut interval = subtract(&one, &two);
    interval.invert = swapped;
    interval.days = Some(days_between(&one, &two));
    let passed = two.moment.timestamp.saturating_sub(one.moment.timestamp);
    if passed < 0 {
        let flipped = (interval.minute * 60 + interval.second - correction).abs();
        (interval.hour, interval.minute, interval.second) =
            (flipped / 3600, flipped % 3600 / 60, flipped % 60);
        interval.invert = !interval.invert;
    }
    let base = if interval.invert { &one.fields } else { &two.fields };
    interval.normalize(base);
    correct(&mut interval, &one, &two, correction, passed);
    interval
}

/// Takes a change of the clock between both into account.
fn correct(interval: &mut Interval, one: &Side<'_>, two: &Side<'_>, correction: i64, passed: i64) {
    let (hours, minutes) = (correction / 3600, correction % 3600 / 60);
    let taken = match (one.fields.local.dst, two.fields.local.dst) {
        (true, false) => passed.saturating_add(correction) < DAY,
        (false, true) => spring(one, two, correction, passed),
        _ => {
            if passed >= DAY && before_change(one, two) {
                (interval.day, interval.hour) = (interval.day - 1, 24);
            }
            false
        }
    };
    if taken {
        interval.hour -= hours;
        interval.minute -= minutes;
    }
}

/// Whether the hour that summer time takes lies in the part of a day that is counted.
fn spring(one: &Side<'_>, two: &Side<'_>, correction: i64, passed: i64) -> bool {
    let Some(change) = two.moment.zone.changed(two.moment.timestamp) else { return false };
    let a_day_on = one.moment.timestamp.saturating_add(DAY);
    let into_gap = a_day_on > change && a_day_on <= change.saturating_add(correction);
    !into_gap
        && two.moment.timestamp >= change
        && passed.saturating_add(correction) % DAY > two.moment.timestamp.saturating_sub(change)
}

/// Whether the second lies in the hours before a change that its clock, read as UTC, has not seen.
fn before_change(one: &Side<'_>, two: &Side<'_>) -> bool {
    let (timestamp, zone) = (two.moment.timestamp, &two.moment.zone);
    let seen = timestamp.saturating_sub(two.fields.local.offset);
    let Some(change) = zone.changed(seen) else { return false };
    let correction = one.fields.local.offset - zone.at(seen).offset;
    timestamp >= change.saturating_sub(correction) && timestamp < change
}

/// From 8.1, in different zones.
fn across_zones(one: &Moment, two: &Moment) -> Interval {
    let (mut one, mut two) = (one.side(), two.side());
    let swapped = one.is_after(&two);
    if swapped {
        std::mem::swap(&mut one, &mut two);
    }
    let mut interval = subtract(&one, &two);
    interval.second += one.fields.local.offset - two.fields.local.offset;
    interval.invert = swapped;
    interval.days = Some(days_between(&one, &two));
    let base = if swapped { &one.fields } else { &two.fields };
    interval.normalize(base);
    interval
}

/// All days between two moments, from 8.1.
fn days_between(one: &Side<'_>, two: &Side<'_>) -> i64 {
    if !same_zone(&one.moment.zone, &two.moment.zone) {
        return (one.moment.timestamp.saturating_sub(two.moment.timestamp) / DAY).abs();
    }
    let (earliest, latest) = if two.is_after(one) { (one, two) } else { (two, one) };
    let days = (one.fields.days - two.fields.days).abs();
    let of_day = |side: &Side<'_>| (side.fields.seconds_of_day(), side.moment.micros);
    let short = of_day(latest) < of_day(earliest) && days > 0;
    days - i64::from(short)
}

/// Of one name, or of one offset where none of both has a name.
fn same_zone(one: &Zone, two: &Zone) -> bool {
    match (one.kind(), two.kind()) {
        (3, 3) => one.name() == two.name(),
        (3, _) | (_, 3) => false,
        _ => one.at(0).offset == two.at(0).offset,
    }
}

/// Up to 8.0: what UTC's calendar and clock show, with a correction for summer time.
fn before_8_1(php: &Php, one: &Moment, two: &Moment) -> Interval {
    let (mut one, mut two) = (one, two);
    let micros = |moment: &Moment| if php.since(Version::V7_3) { moment.micros } else { 0 };
    let swapped = (one.timestamp, micros(one)) > (two.timestamp, micros(two));
    if swapped {
        std::mem::swap(&mut one, &mut two);
    }
    let (local, later) = (one.zone.at(one.timestamp), two.zone.at(two.timestamp));
    let correction = if one.same_name(two) { later.offset - local.offset } else { 0 };
    let (hours, minutes) = (correction / 3600, correction % 3600 / 60);
    let (sides, passed) = ((in_utc(one), in_utc(two)), two.timestamp.saturating_sub(one.timestamp));
    let mut interval = subtract(&sides.0, &sides.1);
    if !php.since(Version::V7_1) {
        interval.micros = 0;
    }
    interval.invert = swapped;
    if !local.dst && later.dst && passed >= DAY - correction {
        interval.hour += hours;
        interval.minute += minutes;
    }
    interval.days = Some((passed.saturating_add(hours * 3600 + minutes * 60) / DAY).abs());
    let base = if swapped { &sides.0.fields } else { &sides.1.fields };
    interval.normalize(base);
    if local.dst && !later.dst && passed >= DAY {
        if passed < DAY - correction {
            (interval.day, interval.hour) = (interval.day - 1, 24);
        } else {
            interval.hour += hours;
            interval.minute += minutes;
        }
    }
    interval
}

fn in_utc(moment: &Moment) -> Side<'_> {
    let utc = Local { offset: 0, dst: false, abbreviation: Str::EMPTY };
    Side { moment, fields: Fields::of(moment.timestamp, utc) }
}
