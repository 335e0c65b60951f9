//! Zones of the tz database, as far as the data of a PHP version reached.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::{Local, old};
use crate::php::{Php, Version};
use crate::value::Str;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Seconds in 400 years, after which the calendar repeats.
const CYCLE: i64 = 146_097 * 86_400;

/// A zone of the tz database.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    name: Str,
    zone: TimeZone,
    /// From when on PHP's copy of the database has another rule, which has changed since.
    later: Option<(i64, TimeZone)>,
    /// The data of that PHP covers these moments; what holds at its ends holds beyond.
    reach: (i64, i64),
    /// The abbreviations are those of 5.6.
    is_5: bool,
}

/// An offset from UTC, whether it is summer time's, and since when it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub offset: i64,
    pub dst: bool,
    pub since: Option<i64>,
}

impl Named {
    pub(super) fn utc() -> Self {
        let reach = (i64::MIN, i64::MAX);
        Self { name: Str::from("UTC"), zone: TimeZone::UTC, later: None, reach, is_5: false }
    }

    pub(super) fn find(php: &Php, name: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(name).ok().filter(|name| old::knows(php, name))?;
        let zone = match text.eq_ignore_ascii_case("utc") {
            true => TimeZone::UTC,
            false => DATABASE.get(text).ok()?,
        };
        let later = old::later(php, text);
        Some(Self { name: Str::new(name), zone, later, reach: reach(php), is_5: php.is_5() })
    }

    /// The name as it was written.
    pub fn name(&self) -> &Str {
        &self.name
    }

    pub(super) fn at(&self, timestamp: i64) -> Local {
        let info = self.rule(timestamp).to_offset_info(self.near(timestamp).0);
        let abbreviation = info.abbreviation();
        let letters = if self.is_5 { old::letters(&self.name, abbreviation) } else { None };
        Local {
            offset: info.offset().seconds().into(),
            dst: info.dst().is_dst(),
            abbreviation: Str::from(letters.unwrap_or(abbreviation)),
        }
    }

    fn rule(&self, timestamp: i64) -> &TimeZone {
        match &self.later {
            Some((from, zone)) if timestamp >= *from => zone,
            _ => &self.zone,
        }
    }

    /// The same without the abbreviation, and since when it holds.
    pub(super) fn span(&self, timestamp: i64) -> Span {
        let (near, shift) = self.near(timestamp);
        let zone = self.rule(timestamp);
        let info = zone.to_offset_info(near);
        let after = near.as_second().checked_add(1).and_then(|next| Timestamp::from_second(next).ok());
        let since = after.and_then(|after| zone.preceding(after).next());
        Span {
            offset: info.offset().seconds().into(),
            dst: info.dst().is_dst(),
            since: since.map(|transition| transition.timestamp().as_second().saturating_sub(shift)),
        }
    }

    /// A moment that the database covers, of the same place in the calendar's cycle of 400 years; and how much later it is.
    fn near(&self, timestamp: i64) -> (Timestamp, i64) {
        const FROM: i64 = -377_700_000_000;
        const TO: i64 = 253_400_000_000;
        let timestamp = timestamp.clamp(self.reach.0, self.reach.1);
        let shifted = match timestamp {
            ..FROM => timestamp.rem_euclid(CYCLE) - CYCLE * 20,
            TO.. => timestamp.rem_euclid(CYCLE) + CYCLE * 10,
            _ => timestamp,
        };
        (Timestamp::from_second(shifted).unwrap_or(Timestamp::UNIX_EPOCH), shifted.saturating_sub(timestamp))
    }
}

/// From 8.1 a zone's rule goes on for ever, before until 2037; up to 7.2 the data were of 32 bits and began in 1901.
fn reach(php: &Php) -> (i64, i64) {
    let from = if php.since(Version::V7_3) { i64::MIN } else { i32::MIN.into() };
    let to = if php.since(Version::V8_1) { i64::MAX } else { i32::MAX.into() };
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_ends_with_the_data_of_an_old_php() {
        let summer_of_3000 = 32_519_000_000;
        for (version, dst) in [(Version::V8_0, false), (Version::V8_2, true)] {
            let zone = Named::find(&Php::new(version), b"Europe/Berlin").unwrap();
            assert_eq!(zone.at(summer_of_3000).dst, dst, "{version}");
        }
    }

    #[test]
    fn a_span_begins_at_the_last_change() {
        let zone = Named::find(&Php::new(Version::V8_2), b"europe/berlin").unwrap();
        let span = Span { offset: 7200, dst: true, since: Some(1_711_846_800) };
        assert_eq!(zone.span(1_711_846_800), span);
        assert_eq!(zone.span(1_711_846_799).offset, 3600);
    }
}
