//! The moment of an answer, as its `Date` says it (RFC 9110 §6.6.1).

use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use httpdate::HttpDate;

/// A date such as `Sun, 06 Nov 1994 08:49:37 GMT`: all have this length (RFC 9110 §5.6.7).
pub type Date = [u8; 29];

/// The last second that four digits can name the year of.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// That moment as a field's value; one that has no such form becomes the nearest that has.
pub fn date(moment: SystemTime) -> Date {
    let moment = UNIX_EPOCH + moment.duration_since(UNIX_EPOCH).unwrap_or_default().min(LAST);
    let mut text = [0; 29];
    write!(&mut text[..], "{}", HttpDate::from(moment)).expect("29 bytes, RFC 9110 §5.6.7");
    text
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
    use super::*;

    #[test]
    fn a_moment_is_written_as_the_rfc_has_it() {
        let date =
            |seconds| String::from_utf8(date(UNIX_EPOCH + Duration::from_secs(seconds)).to_vec()).unwrap();
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(253_402_300_800), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(super::date(UNIX_EPOCH - Duration::from_secs(1)), super::date(UNIX_EPOCH));
    }

    #[test]
    fn now_is_the_moment_that_it_is_asked_in() {
        let (before, now, after) = (date(SystemTime::now()), date_now(), date(SystemTime::now()));
        assert!(now == before || now == after);
        std::thread::sleep(Duration::from_millis(1_010));
        assert_ne!(date_now(), now);
    }
}
