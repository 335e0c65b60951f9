//! From what a clock shows to the moment.

use super::Zone;
use super::database::{Named, Span};
use crate::php::{Php, Version};

/// What is known of summer time where a clock is read; it matters where the same time comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::date) enum Clock {
    /// Nothing.
    Unknown,
    /// The time is one of summer time.
    Summer,
    /// The time is one of standard time.
    Standard,
}

impl Clock {
    pub(in crate::date) fn of(dst: bool) -> Self {
        if dst { Self::Summer } else { Self::Standard }
    }
}

impl Zone {
    /// The moment of a local time (its seconds as if it were UTC).
    pub(in crate::date) fn to_utc(&self, php: &Php, local: i64, clock: Clock) -> i64 {
        match self {
            Self::Named(zone) => local.saturating_sub(offset_of(php, zone, local, clock)),
            other => local.saturating_sub(other.at(0).offset),
        }
    }

    /// When what holds at a moment began to hold; none for what always did.
    pub(in crate::date) fn changed(&self, timestamp: i64) -> Option<i64> {
        match self {
            Self::Named(zone) => zone.span(timestamp).since,
            _ => None,
        }
    }
}

/// Which offset a local time has: what a change of the clock skips goes on with the old one.
fn offset_of(php: &Php, zone: &Named, local: i64, clock: Clock) -> i64 {
    let current = zone.span(local);
    let after = zone.span(local.saturating_sub(current.offset));
    let mut actual = after;
    if current.offset == after.offset && php.since(Version::V8_1) {
        actual = look_around(zone, local, clock, current, after).unwrap_or(after);
    }
    let utc = local.saturating_sub(actual.offset);
    let skipped = actual
        .since
        .is_some_and(|since| utc >= since.saturating_add(current.offset - actual.offset) && utc < since);
    if current.offset != actual.offset && !skipped { actual.offset } else { current.offset }
}

/// A change of the clock two hours before or behind, on the side that summer time's end lies.
fn look_around(zone: &Named, local: i64, clock: Clock, current: Span, after: Span) -> Option<Span> {
    let utc = local.saturating_sub(current.offset);
    if current.offset >= 0 && clock == Clock::Summer && !current.dst {
        let earlier = zone.span(utc.saturating_sub(7200));
        let before_change = after.since.is_some_and(|since| local.saturating_sub(earlier.offset) < since);
        return (earlier.offset != after.offset && before_change).then_some(earlier);
    }
    if current.offset <= 0 && clock == Clock::Standard && current.dst {
        let later = zone.span(utc.saturating_add(7200));
        let behind_change = later.since.is_none_or(|since| local.saturating_sub(later.offset) >= since);
        return (later.offset != after.offset && behind_change).then_some(later);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_comes_twice_is_the_one_that_is_known() {
        let php = Php::new(Version::V8_2);
        let berlin = Zone::named(&php, b"Europe/Berlin").unwrap();
        let local = 1_729_996_200; // 2024-10-27 02:30
        assert_eq!(berlin.to_utc(&php, local, Clock::Summer), local - 7200);
        assert_eq!(berlin.to_utc(&php, local, Clock::Standard), local - 3600);
        assert_eq!(berlin.to_utc(&php, local, Clock::Unknown), local - 3600);
    }

    #[test]
    fn a_time_that_is_skipped_goes_on_from_before() {
        let php = Php::new(Version::V7_4);
        let berlin = Zone::named(&php, b"Europe/Berlin").unwrap();
        let local = 1_711_852_200; // 2024-03-31 02:30
        assert_eq!(berlin.to_utc(&php, local, Clock::Unknown), local - 3600);
    }
}
