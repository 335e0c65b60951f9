//! Who else is at a session meanwhile. Two requests of one session change it for each other, and what both sides then find is no
//! evidence of either: such a pair is not comparable.
//!
//! Only what passes through this process is seen.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use foldhash::fast::FixedState;
use handover_http1::{Name, RequestHead};

/// Sessions that share a slot look like one, which errs on the safe side.
const SLOTS: usize = 1 << 12;

/// One request more that has begun, and one that is under way.
const BEGUN: u64 = 1 << 32;

/// The requests of each session that pass.
pub(crate) struct Meanwhile {
    /// Above how many have begun, below how many are under way.
    slots: Box<[AtomicU64]>,
}

impl Default for Meanwhile {
    fn default() -> Self {
        Self { slots: std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect() }
    }
}

/// One request that passes. Dropped, it has passed.
pub(crate) struct Passing<'m> {
    slot: &'m AtomicU64,
    seen: Seen,
}

/// What was seen of a session at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    slot: usize,
    begun: u64,
    /// Whether nobody else was at it.
    alone: bool,
}

impl Meanwhile {
    /// Counts a request, where it has a session's cookie of that name.
    pub(crate) fn passes(&self, head: &RequestHead, cookie: &str) -> Option<Passing<'_>> {
        let index = slot(id(head, cookie)?);
        let slot = &self.slots[index];
        let before = slot.fetch_add(BEGUN + 1, Relaxed);
        let (begun, alone) = (((before >> 32) + 1) & 0xffff_ffff, before & 0xffff_ffff == 0);
        Some(Passing { slot, seen: Seen { slot: index, begun, alone } })
    }

    /// Looks at the session of an id that no request has had yet.
    pub(crate) fn look(&self, id: &str) -> Seen {
        let slot = slot(id.as_bytes());
        let now = self.slots[slot].load(Relaxed);
        Seen { slot, begun: now >> 32, alone: now & 0xffff_ffff == 0 }
    }

    /// Whether nobody else was at the session, then and ever since.
    pub(crate) fn still(&self, seen: Seen) -> bool {
        seen.alone && self.slots[seen.slot].load(Relaxed) >> 32 == seen.begun
    }
}

impl Passing<'_> {
    /// What was seen when the request began.
    pub(crate) const fn seen(&self) -> Seen {
        self.seen
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        self.slot.fetch_sub(1, Relaxed);
    }
}

fn slot(id: &[u8]) -> usize {
    FixedState::default().hash_one(id) as usize % SLOTS
}

/// The cookie's value as it was sent; the first of two counts, as with PHP.
fn id<'h>(head: &'h RequestHead, name: &str) -> Option<&'h [u8]> {
    let fields = head.fields().iter().filter(|field| field.kind == Name::Cookie);
    let cookies = fields.flat_map(|field| field.value.split(|byte| *byte == b';'));
    cookies
        .map(<[u8]>::trim_ascii_start)
        .find_map(|cookie| cookie.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

#[cfg(test)]
mod tests {
    use handover_http1::{Leniency, Limits};

    use super::*;

    fn request(head: &str) -> RequestHead {
        RequestHead::parse(head.as_bytes(), &Limits::default(), &Leniency::default()).unwrap()
    }

    fn with(id: &str) -> RequestHead {
        request(&format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1; SID={id}\r\n\r\n"))
    }

    #[test]
    fn who_else_is_at_a_session_is_seen_before_and_behind() {
        let meanwhile = Meanwhile::default();
        let passes = |id: &str| meanwhile.passes(&with(id), "SID").unwrap();
        let first = passes("x");
        assert!(meanwhile.still(first.seen()));
        let other = passes("y");
        assert!(meanwhile.still(first.seen()) && meanwhile.still(other.seen()), "another session");
        let second = passes("x");
        assert!(!meanwhile.still(first.seen()) && !meanwhile.still(second.seen()));
        drop((first, second));
        let third = passes("x");
        assert!(meanwhile.still(third.seen()), "nobody is left");
        assert!(meanwhile.passes(&request("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "SID").is_none());
    }

    #[test]
    fn a_new_id_is_looked_at_from_the_moment_that_it_is_sent() {
        let meanwhile = Meanwhile::default();
        let seen = meanwhile.look("fresh");
        assert!(meanwhile.still(seen));
        let next = meanwhile.passes(&with("fresh"), "SID");
        assert!(!meanwhile.still(seen) && !meanwhile.look("fresh").alone);
        drop(next);
        assert!(!meanwhile.still(seen), "it has been there");
    }
}
