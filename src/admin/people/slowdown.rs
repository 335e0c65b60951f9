//! Makes guessing passwords slow: after a few wrong ones an address, and a name, has to wait longer each time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong passwords of one address that cost nothing: people mistype.
const FREE_OF_ADDRESS: u32 = 3;

/// The same for a name, from wherever: more, since others can keep somebody out by it.
const FREE_OF_NAME: u32 = 10;

/// The longest wait for an address.
const LONGEST_OF_ADDRESS: Duration = Duration::from_secs(60);

/// The longest wait for a name, short enough that its owner gets in.
const LONGEST_OF_NAME: Duration = Duration::from_secs(5);

/// How long after the last one wrong passwords are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

/// The most addresses and names that are remembered; beyond it the one that was quiet longest is forgotten.
const MAX: usize = 2048;

/// Who tried and failed.
#[derive(Default)]
pub(super) struct Slowdown(Mutex<HashMap<Who, Failures>>);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Name(String),
}

struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    /// How much longer the next try has to wait.
    fn wait(&self, who: &Who) -> Option<Duration> {
        let (free, longest) = match who {
            Who::Address(_) => (FREE_OF_ADDRESS, LONGEST_OF_ADDRESS),
            Who::Name(_) => (FREE_OF_NAME, LONGEST_OF_NAME),
        };
        let doubled = self.count.checked_sub(free)?.min(16);
        let wait = Duration::from_secs(1 << doubled).min(longest);
        wait.checked_sub(self.last.elapsed()).filter(|left| !left.is_zero())
    }
}

impl Slowdown {
    /// How long this one has to wait before a password is looked at.
    pub(super) fn wait(&self, address: IpAddr, name: &str) -> Option<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        both(address, name).iter().filter_map(|who| all.get(who)?.wait(who)).max()
    }

    /// The password was wrong.
    pub(super) fn failed(&self, address: IpAddr, name: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, failures| failures.last.elapsed() < FORGOTTEN);
        for who in both(address, name) {
            if all.len() >= MAX
                && !all.contains_key(&who)
                && let Some(quiet) =
                    all.iter().min_by_key(|(_, failures)| failures.last).map(|(who, _)| who.clone())
            {
                all.remove(&quiet);
            }
            let failures = all.entry(who).or_insert(Failures { count: 0, last: Instant::now() });
            (failures.count, failures.last) = (failures.count.saturating_add(1), Instant::now());
        }
    }

    /// It was right.
    pub(super) fn succeeded(&self, address: IpAddr, name: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for who in both(address, name) {
            all.remove(&who);
        }
    }
}

fn both(address: IpAddr, name: &str) -> [Who; 2] {
    // A name of any length would be a way to fill memory.
    [Who::Address(address), Who::Name(name.chars().take(64).collect())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn an_address_waits_longer_with_each_wrong_password() {
        let slowdown = Slowdown::default();
        for _ in 0..FREE_OF_ADDRESS - 1 {
            slowdown.failed(address(1), "ann");
            assert_eq!(slowdown.wait(address(1), "ann"), None, "people mistype");
        }
        let mut before = Duration::ZERO;
        for _ in 0..5 {
            slowdown.failed(address(1), "ann");
            let wait = slowdown.wait(address(1), "bob").expect("whatever the name");
            assert!(wait > before, "{wait:?}");
            before = wait;
        }
        assert_eq!(slowdown.wait(address(2), "bob"), None, "others do not");
        slowdown.succeeded(address(1), "ann");
        assert_eq!(slowdown.wait(address(1), "ann"), None);
    }

    #[test]
    fn a_name_that_many_addresses_try_is_slow_but_not_locked() {
        let slowdown = Slowdown::default();
        for last in 0..100 {
            slowdown.failed(address(last), "ann");
        }
        let wait = slowdown.wait(address(200), "ann").expect("it waits");
        assert!(wait <= LONGEST_OF_NAME, "{wait:?}");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let slowdown = Slowdown::default();
        for at in 0..MAX as u32 {
            slowdown.failed(IpAddr::from(at.to_be_bytes()), &at.to_string());
        }
        assert!(slowdown.0.lock().unwrap().len() <= MAX);
    }
}
