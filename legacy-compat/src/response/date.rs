//! Dates as header fields have them.

use crate::date::civil;
use crate::php::{Php, Version};

/// Seconds of a day.
const DAY: i64 = 86_400;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `gmdate('D, d M Y H:i:s') . ' GMT'` of seconds since 1970.
pub fn http_date(at: i64) -> String {
    written(at, ' ')
}

/// The date of a cookie's `expires`: up to 8.1 with dashes.
pub fn cookie_date(php: &Php, at: i64) -> String {
    written(at, if php.since(Version::V8_2) { ' ' } else { '-' })
}

/// The year of seconds since 1970.
pub(super) fn year(at: i64) -> i64 {
    civil::date(at.div_euclid(DAY)).0
}

fn written(at: i64, dash: char) -> String {
    let (days, second) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (year, month, day) = civil::date(days);
    let weekday = DAYS[(days + 4).rem_euclid(7) as usize];
    let month = MONTHS[(month - 1).rem_euclid(12) as usize];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02}{dash}{month}{dash}{year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_gmdate_writes_them() {
        assert_eq!(http_date(1), "Thu, 01 Jan 1970 00:00:01 GMT");
        assert_eq!(http_date(1_709_210_096), "Thu, 29 Feb 2024 12:34:56 GMT");
        assert_eq!(http_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
        assert_eq!(cookie_date(&Php::new(Version::V8_1), 1), "Thu, 01-Jan-1970 00:00:01 GMT");
    }
}
