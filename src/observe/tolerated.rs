//! What old clients do that is passed on although it is unusual: counted by reason, and each client named once.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// The most clients that are named for one reason; those beyond are only counted.
const NAMED_MAX: usize = 1024;

/// The counters. Such requests are rare, so a lock is cheap enough.
#[derive(Default)]
pub(crate) struct Tolerated(Mutex<BTreeMap<&'static str, Seen>>);

#[derive(Default)]
struct Seen {
    count: u64,
    named: HashSet<IpAddr>,
}

impl Tolerated {
    /// Counts one, and names its client where that is new.
    pub(crate) fn count(&self, reason: &'static str, client: IpAddr, path: &[u8]) {
        if self.is_new(reason, client) {
            let path = path.escape_ascii();
            tracing::warn!(reason, %client, %path, "an unusual request is passed on; see [limits] report");
        }
    }

    fn is_new(&self, reason: &'static str, client: IpAddr) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.entry(reason).or_default();
        seen.count += 1;
        seen.named.len() < NAMED_MAX && seen.named.insert(client)
    }

    /// How many there were, by reason.
    pub(crate) fn all(&self) -> Vec<(&'static str, u64)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(reason, seen)| (*reason, seen.count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_is_named_once_a_reason_and_so_many_at_most() {
        let tolerated = Tolerated::default();
        let client = |at: u32| IpAddr::from(at.to_be_bytes());
        assert!(tolerated.is_new("a", client(1)));
        assert!(!tolerated.is_new("a", client(1)));
        assert!(tolerated.is_new("b", client(1)));
        for at in 0..2000 {
            tolerated.is_new("a", client(at));
        }
        assert!(!tolerated.is_new("a", client(1999)));
        assert_eq!(tolerated.all(), [("a", 2003), ("b", 1)]);
    }
}
