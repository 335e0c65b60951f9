//! The Gregorian calendar on days since 1970, for any year that fits.

/// Days since 1970-01-01 of a date; months and days may lie outside their range and carry over. What no 64 bits hold wraps, as in PHP.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let months = month.saturating_sub(1);
    let year = year.saturating_add(months.div_euclid(12));
    let month = months.rem_euclid(12) + 1;
    let shifted = if month <= 2 { year.saturating_sub(1) } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    era.wrapping_mul(146_097).wrapping_add(of_era).wrapping_add(day.saturating_sub(1))
}

/// The date of a day: year, month, day.
pub fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Whether the year has a 29 February.
pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days the month has.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of the week, 0 for Sunday.
pub fn weekday(days: i64) -> i64 {
    (days.rem_euclid(7) + 4) % 7
}

/// The day of the year, 0 for 1 January.
pub fn day_of_year(days_since_1970: i64) -> i64 {
    let (year, _, _) = date(days_since_1970);
    days_since_1970.wrapping_sub(days(year, 1, 1))
}

/// The day of the week as PHP up to 7.4 counts it: off in the years before 0, but for full centuries.
pub fn old_weekday(days: i64) -> i64 {
    let (year, _, _) = date(days);
    let off = match (year < 0 && year % 100 != 0, year.div_euclid(100).rem_euclid(4)) {
        (false, _) => 0,
        (true, 3) => 6,
        (true, _) => 5,
    };
    (weekday(days) + off) % 7
}

/// ISO 8601's year and week.
pub fn iso_week(days_since_1970: i64) -> (i64, i64) {
    iso_week_at(days_since_1970, weekday(days_since_1970))
}

/// The same of a day that is taken for this day of the week.
pub fn iso_week_at(days_since_1970: i64, weekday: i64) -> (i64, i64) {
    let thursday = days_since_1970.saturating_add(3 - (weekday + 6) % 7);
    let (year, _, _) = date(thursday);
    (year, day_of_year(thursday) / 7 + 1)
}

/// `checkdate`
pub fn checkdate(month: i64, day: i64, year: i64) -> bool {
    (1..=32_767).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for day in (-1_000_000..1_000_000).step_by(97) {
            let (y, m, d) = date(day);
            assert_eq!(days(y, m, d), day, "{y}-{m}-{d}");
        }
        assert_eq!(days(2024, 2, 30), days(2024, 3, 1));
        assert_eq!(iso_week(days(2021, 1, 3)), (2020, 53));
    }
}
