//! The moment of an answer, as its `Date` says it (RFC 9110 §6.6.1).

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// A date such as `Sun, 06 Nov 1994 08:49:37 GMT`: all have this length (RFC 9110 §5.6.7).
pub type Date = [u8; 29];

/// That moment as a field's value; one that has no such form becomes the nearest that has.
pub fn date(moment: SystemTime) -> Date {
    let moment = Timestamp::try_from(moment).unwrap_or(Timestamp::MAX).max(Timestamp::UNIX_EPOCH);
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).expect("a year of four digits");
    text.as_bytes().try_into().expect("29 bytes, RFC 9110 §5.6.7")
}

/// Now. It is formatted once a second and thread.
pub fn date_now() -> Date {
    thread_local! {
        static FORMATTED: Cell<Option<(u64, Date)>> = const { Cell::new(None) };
    }
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match FORMATTED.get() {
        Some((formatted, text)) if formatted == second => text,
        _ => {
            let text = date(now);
            FORMATTED.set(Some((second, text)));
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_is_written_as_the_rfc_has_it() {
        let date = |moment| String::from_utf8(date(moment).to_vec()).unwrap();
        let behind = |seconds| date(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(behind(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(behind(1_000_000_000_000), "Thu, 30 Dec 9999 22:00:00 GMT", "the last that there is");
        assert_eq!(date(UNIX_EPOCH - Duration::from_secs(1)), behind(0));
    }

    #[test]
    fn now_is_the_moment_that_it_is_asked_in() {
        let (before, now, after) = (date(SystemTime::now()), date_now(), date(SystemTime::now()));
        assert!(now == before || now == after);
        std::thread::sleep(Duration::from_millis(1_010));
        assert_ne!(date_now(), now);
    }
}
