//! Durations and sizes as people write them.

use std::time::Duration;

use jiff::SignedDuration;

/// `250ms`, `5s`, `1h 30m`; above zero and at most a year.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let no_duration = || format!("`{text}` is no duration");
    let duration: SignedDuration = text.trim().parse().map_err(|_| no_duration())?;
    let duration = Duration::try_from(duration).map_err(|_| no_duration())?;
    match duration.as_secs() {
        _ if duration.is_zero() => Err("a duration of zero".to_owned()),
        0..=31_536_000 => Ok(duration),
        _ => Err(format!("`{text}` is more than a year")),
    }
}

/// `100B`, `64KiB`, `8 MiB`, `1GiB`, `1TiB`; KB, MB and GB are powers of ten.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let no_size = || format!("`{text}` is no size");
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(no_size()),
    };
    let number: u64 = number.parse().map_err(|_| no_size())?;
    number.checked_mul(factor).filter(|size| *size > 0).ok_or_else(no_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in
            [("250ms", 250), ("5s", 5_000), ("1h 30m", 5_400_000), ("1h", 3_600_000), ("1.5s", 1_500)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "0s", "-5s", "5 parsecs", "400000h", "1h ago"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("1", 1),
            ("100B", 100),
            ("64KiB", 65_536),
            ("8 MiB", 8 << 20),
            ("1GiB", 1 << 30),
            ("5MB", 5_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "MiB", "-1", "1.5MiB", "8 mib", "99999999999999TiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
