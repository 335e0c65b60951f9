//! Measuring whether work grows with the length of what it is given, and the tables of what is measured.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod arrays;
pub mod encodings;
mod hostile;
pub mod requests;
pub mod texts;

use std::time::Duration;

use legacy_compat::Version;
use nix::time::{ClockId, clock_gettime};

/// The versions whose code differs most.
pub const VERSIONS: [Version; 3] = [Version::V5_6, Version::V7_4, Version::V8_4];

/// The shorter length, in bytes or elements; the longer is so many times as long. Rows name places within the shorter.
pub const SHORT: usize = 400;
pub const TIMES: usize = 16;

/// How many times as much the longer may take. Linear work takes 16 times as much, quadratic work 256 times.
const MOST: f64 = 64.0;

/// What is too fast to be measured is fast enough.
const NOISE: Duration = Duration::from_micros(150);

/// How often work is measured before it counts as slow: what else the machine does can make it slower, never faster.
const TRIES: usize = 8;

/// The same where the longer takes this many times as much, far beyond what a busy machine makes of linear work.
const FAR: f64 = 3.0 * MOST;
const TRIES_FAR: usize = 2;

/// So many rows that are not linear tell enough: what one fault makes slow, many rows may show.
pub const ENOUGH: usize = 10;

/// The time that the thread itself has run.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).expect("the thread's clock")
}

fn time<T>(work: &dyn Fn() -> T) -> Duration {
    let start = cpu_time();
    drop(work());
    cpu_time().saturating_sub(start)
}

/// Why work is not linear in its input: its times with the short and the long one. None where it is.
pub fn fault<T>(short: &dyn Fn() -> T, long: &dyn Fn() -> T) -> Option<String> {
    let (mut least_short, mut least_long) = (Duration::MAX, Duration::MAX);
    for attempt in 0..TRIES {
        least_long = least_long.min(time(long));
        if least_long < NOISE {
            return None;
        }
        for _ in 0..=usize::from(attempt == 0) {
            least_short = least_short.min(time(short));
        }
        let times = least_long.as_secs_f64() / least_short.as_secs_f64();
        if times <= MOST {
            return None;
        }
        if times > FAR && attempt + 1 >= TRIES_FAR {
            break;
        }
    }
    Some(format!("{least_short:?} for the short one, {least_long:?} for the one {TIMES} times as long"))
}

/// A text of any length: bytes again and again, between others.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    before: &'static [u8],
    unit: &'static [u8],
    behind: &'static [u8],
}

/// These bytes again and again.
pub const fn many(unit: &'static str) -> Text {
    within("", unit, "")
}

/// These bytes again and again, which are no UTF-8.
pub const fn raw(unit: &'static [u8]) -> Text {
    Text { before: b"", unit, behind: b"" }
}

/// The middle ones again and again.
pub const fn within(before: &'static str, unit: &'static str, behind: &'static str) -> Text {
    Text { before: before.as_bytes(), unit: unit.as_bytes(), behind: behind.as_bytes() }
}

impl Text {
    pub fn make(&self, len: usize) -> Vec<u8> {
        [self.before, &self.unit.repeat(len.div_ceil(self.unit.len())), self.behind].concat()
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [before, unit, behind] = [self.before, self.unit, self.behind].map(<[u8]>::escape_ascii);
        write!(f, "{before}({unit})*{behind}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadratic_work_is_told_from_linear_work() {
        let list = |len: usize| (0..len as u64).collect::<Vec<u64>>();
        let (short, long) = (list(SHORT), list(SHORT * TIMES));
        let linear = |list: &[u64]| list.iter().fold(0, |sum: u64, item| std::hint::black_box(sum + item));
        let quadratic =
            |list: &[u64]| list.iter().filter(|item| list[..**item as usize].contains(item)).count();
        assert_eq!(fault(&|| linear(&short), &|| linear(&long)), None);
        assert!(fault(&|| quadratic(&short), &|| quadratic(&long)).is_some());
    }
}
