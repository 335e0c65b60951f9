//! A moment with its zone: what a `DateTime` is.

use super::civil;
use super::interval::Interval;
use super::text::read_to_fault;
use super::time::{Relative, Time};
use super::zone::{Clock, Local, Zone};
use crate::error::{ErrorClass, Thrown};
use crate::php::{Php, Version};

/// A moment with its zone.
#[derive(Clone, Debug, PartialEq)]
#[doc(alias = "DateTime")]
#[doc(alias = "DateTimeImmutable")]
pub struct Moment {
    /// Seconds since 1970.
    pub timestamp: i64,
    /// Microseconds.
    pub micros: i64,
    /// The zone it is shown in.
    pub zone: Zone,
    /// What 5.6 adds to the timestamp that it shows after `setTimezone` with an offset.
    pub(super) skew: i64,
}

/// The fields of a moment in its zone.
pub(super) struct Fields {
    pub days: i64,
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub local: Local,
}

impl Fields {
    /// Of seconds since 1970 where this holds.
    pub(super) fn of(timestamp: i64, local: Local) -> Self {
        let seconds = timestamp.saturating_add(local.offset);
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil::date(days);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        Self { days, year, month, day, hour, minute, second, local }
    }
}

impl Moment {
    /// A whole second in a zone.
    pub fn at(timestamp: i64, zone: Zone) -> Self {
        Self { timestamp, micros: 0, zone, skew: 0 }
    }

    /// `new DateTime($text, $zone)`; `now` is what [`Php::now`] says.
    ///
    /// ```
    /// use legacy_compat::{Php, Version, date::{Moment, Zone}};
    /// let php = Php::new(Version::V8_2);
    /// let berlin = Zone::new(&php, b"Europe/Berlin")?;
    /// let moment = Moment::new(&php, b"2024-03-31 01:30", &berlin)?.modify(&php, b"+1 hour")?.unwrap();
    /// assert_eq!(moment.format(&php, b"c"), b"2024-03-31T03:30:00+02:00");
    /// # Ok::<(), legacy_compat::Thrown>(())
    /// ```
    ///
    /// # Errors
    /// What PHP throws where the text is none that it knows.
    #[doc(alias = "date_create")]
    pub fn new(php: &Php, text: &[u8], zone: &Zone) -> Result<Self, Thrown> {
        let now = Self::at(php.now, zone.clone());
        if matches!(text, b"" | b"now") {
            return Ok(now);
        }
        let mut time = read_to_fault(php, text);
        if let Some(thrown) = malformed(php, "DateTime::__construct(): ", text, &time) {
            return Err(thrown);
        }
        time.fill(&now, false);
        Ok(time.resolve(php))
    }

    pub(super) fn fields(&self) -> Fields {
        Fields::of(self.timestamp, self.zone.at(self.timestamp))
    }

    /// What a text says is put over this moment: `$date->modify($text)`. None is PHP's false.
    ///
    /// # Errors
    /// `DateMalformedStringException` from 8.3, where it was false before.
    #[doc(alias = "DateTime::modify")]
    #[doc(alias = "date_modify")]
    pub fn modify(&self, php: &Php, text: &[u8]) -> Result<Option<Self>, Thrown> {
        let said = read_to_fault(php, text);
        match malformed(php, "DateTime::modify(): ", text, &said) {
            Some(thrown) if php.since(Version::V8_3) => return Err(thrown),
            Some(_) => return Ok(None),
            None => {}
        }
        let mut time = self.as_time();
        let to_utc = php.since(Version::V8_1) && is_timestamp(&said);
        for (field, said) in
            [(&mut time.year, said.year), (&mut time.month, said.month), (&mut time.day, said.day)]
        {
            *field = said.or(*field);
        }
        if said.hour.is_some() {
            (time.hour, time.minute) = (said.hour, Some(said.minute.unwrap_or(0)));
            time.second = Some(said.minute.and(said.second).unwrap_or(0));
        }
        if php.since(Version::V7_1) {
            time.micros = said.micros.or(time.micros);
        }
        if to_utc {
            time.zone = Some(Zone::Offset(0));
        }
        (time.relative, time.have_relative) = (said.relative, said.have_relative);
        Ok(Some(time.resolve(php)))
    }

    /// `$date->setTimezone($zone)`: the same moment in another zone.
    #[doc(alias = "DateTime::setTimezone")]
    #[doc(alias = "date_timezone_set")]
    pub fn in_zone(&self, php: &Php, zone: &Zone) -> Self {
        let skewed = php.is_5() && zone.kind() != 3;
        let skew = if skewed { zone.at(self.timestamp).offset } else { 0 };
        Self { zone: zone.clone(), skew, ..self.clone() }
    }

    /// `$date->add($interval)`. From 8.1 hours pass, before they are counted on the clock.
    #[doc(alias = "DateTime::add")]
    #[doc(alias = "date_add")]
    pub fn add(&self, php: &Php, interval: &Interval) -> Self {
        self.shift(php, interval, if interval.invert { -1 } else { 1 })
    }

    /// `$date->sub($interval)`
    #[doc(alias = "DateTime::sub")]
    #[doc(alias = "date_sub")]
    pub fn sub(&self, php: &Php, interval: &Interval) -> Self {
        self.shift(php, interval, if interval.invert { 1 } else { -1 })
    }

    fn shift(&self, php: &Php, interval: &Interval, sign: i64) -> Self {
        if php.since(Version::V8_1) {
            return self.shift_elapsed(php, interval, sign);
        }
        let mut moved = self.moved(php, interval, sign);
        let of_day_only = interval.year == 0 && interval.month == 0 && interval.day == 0;
        let (before, after) = (self.zone.at(self.timestamp), moved.zone.at(moved.timestamp));
        let back = before.dst && !after.dst;
        let forth = sign < 0 && !before.dst && after.dst;
        if of_day_only && (back || forth) {
            moved.timestamp = moved.timestamp.saturating_add(after.offset - before.offset);
        }
        moved
    }

    /// Days on the calendar, then hours as they pass.
    fn shift_elapsed(&self, php: &Php, interval: &Interval, sign: i64) -> Self {
        let date = Interval { hour: 0, minute: 0, second: 0, micros: 0, ..interval.clone() };
        let mut moved = match interval.has_date() {
            true => self.moved(php, &date, sign),
            false => self.clone(),
        };
        let micros = moved.micros.saturating_add(interval.micros.saturating_mul(sign));
        let seconds = interval.of_day().saturating_mul(sign).saturating_add(micros.div_euclid(1_000_000));
        moved.timestamp = moved.timestamp.saturating_add(seconds);
        moved.micros = micros.rem_euclid(1_000_000);
        moved
    }

    /// All of an interval on calendar and clock, as a text would say it.
    pub(super) fn moved(&self, php: &Php, interval: &Interval, sign: i64) -> Self {
        let mut time = self.as_time();
        time.have_relative = true;
        time.relative = Relative {
            year: interval.year.saturating_mul(sign),
            month: interval.month.saturating_mul(sign),
            day: interval.day.saturating_mul(sign),
            hour: interval.hour.saturating_mul(sign),
            minute: interval.minute.saturating_mul(sign),
            second: interval.second.saturating_mul(sign),
            micros: interval.micros.saturating_mul(sign),
            ..Relative::default()
        };
        time.resolve(php)
    }

    /// What the clock of its zone shows.
    pub(super) fn as_time(&self) -> Time {
        let fields = self.fields();
        let mut time = Time { zone: Some(self.zone.clone()), micros: Some(self.micros), ..Time::default() };
        time.set_date(fields.year, fields.month, fields.day);
        time.set_time(fields.hour, fields.minute, fields.second);
        time.clock = Clock::of(fields.local.dst);
        time
    }
}

/// `@86400`, which is in UTC wherever it stands.
fn is_timestamp(time: &Time) -> bool {
    let date = (time.year, time.month, time.day) == (Some(1970), Some(1), Some(1));
    let clock = (time.hour, time.minute, time.second, time.micros) == (Some(0), Some(0), Some(0), Some(0));
    date && clock && time.zones > 0 && time.zone == Some(Zone::Offset(0))
}

/// What is thrown of a text with faults: the first is named.
fn malformed(php: &Php, function: &str, text: &[u8], time: &Time) -> Option<Thrown> {
    let fault = time.errors.first()?;
    let function = if php.since(Version::V8_1) && !function.contains("modify") { "" } else { function };
    let class = match php.since(Version::V8_3) {
        true => ErrorClass::DateMalformedStringException,
        false => ErrorClass::Exception,
    };
    let byte = text.get(fault.at).map_or('\0', |byte| char::from(*byte));
    let text = String::from_utf8_lossy(text);
    let message = fault.message;
    let at = fault.at;
    Some(Thrown::new(
        class,
        format!("{function}Failed to parse time string ({text}) at position {at} ({byte}): {message}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_off_at_the_ends_of_64_bits() {
        for version in
            [Version::V5_6, Version::V7_0, Version::V7_4, Version::V8_0, Version::V8_2, Version::V8_4]
        {
            let php = Php::new(version);
            let zone = Zone::named(&php, b"Europe/Berlin").unwrap();
            let ends = [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX];
            let far = Interval::new(&php, b"P999999999999Y999999999999DT999999999999H").unwrap();
            for one in ends.map(|end| Moment::at(end, zone.clone())) {
                for two in ends.map(|end| Moment::at(end, Zone::utc())) {
                    assert!(!one.diff(&php, &two, false).format(&php, b"%a %y").is_empty());
                    assert!(!one.diff(&php, &two.in_zone(&php, &zone), true).format(&php, b"%a").is_empty());
                }
                for moved in [one.add(&php, &far), one.sub(&php, &far)] {
                    assert!(!moved.format(&php, b"c U B W o N z L T e").is_empty());
                }
                for text in [
                    "+9223372036854775807 days",
                    "-9223372036854775807 weekdays",
                    "monday +9223372036854775807 years",
                ] {
                    let _ = one
                        .modify(&php, text.as_bytes())
                        .map(|moved| moved.map(|moved| moved.format(&php, b"c B")));
                }
            }
        }
    }
}
