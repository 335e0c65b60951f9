//! `DatePeriod`: a moment and those that follow at an interval.

use super::interval::Interval;
use super::moment::Moment;
use crate::error::{ErrorClass, Thrown};
use crate::php::{Php, Version};

/// A moment and so many that follow at an interval, counted on calendar and clock.
///
/// ```
/// use legacy_compat::{Php, Version, date::{Interval, Moment, Period, Zone}};
/// let php = Php::new(Version::V7_4);
/// let start = Moment::new(&php, b"2024-01-31", &Zone::utc())?;
/// let period = Period::new(&php, start, Interval::new(&php, b"P1M")?, 2)?;
/// let days: Vec<_> = period.iter(&php).map(|moment| moment.format(&php, b"m-d")).collect();
/// assert_eq!(days, [b"01-31", b"03-02", b"04-02"]);
/// # Ok::<(), legacy_compat::Thrown>(())
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "DatePeriod")]
pub struct Period {
    start: Moment,
    interval: Interval,
    recurrences: i64,
}

impl Period {
    /// `new DatePeriod($start, $interval, $recurrences)`
    ///
    /// # Errors
    /// What PHP throws where nothing is to recur.
    pub fn new(php: &Php, start: Moment, interval: Interval, recurrences: i64) -> Result<Self, Thrown> {
        // Up to 7.1 none at all was the start alone.
        if recurrences < 1 && php.since(Version::V7_2) {
            let class = match php.since(Version::V8_3) {
                true => ErrorClass::DateMalformedPeriodStringException,
                false => ErrorClass::Exception,
            };
            return Err(Thrown::new(
                class,
                "DatePeriod::__construct(): Recurrence count must be greater than 0",
            ));
        }
        Ok(Self { start, interval, recurrences })
    }

    /// The moments: the start, then one for each recurrence.
    pub fn iter<'a>(&'a self, php: &'a Php) -> impl Iterator<Item = Moment> + 'a {
        let next = |moment: &Moment| Some(moment.moved(php, &self.interval, 1));
        let count = usize::try_from(self.recurrences.saturating_add(1)).unwrap_or(0);
        std::iter::successors(Some(self.start.clone()), next).take(count)
    }
}
