//! The keys of one route that this process has answered, within bounds.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Place;
use foldhash::fast::RandomState;
use handover_api::Response;
use tokio::sync::watch;

use super::Id;
use crate::config::valid::Idempotency;

/// What a key takes beside its response, in bytes.
const OVERHEAD: usize = 256;

/// How it stands with the keys of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OnceStats {
    /// Keys that are answered alike.
    pub keys: usize,
    /// What they take, in bytes.
    pub bytes: usize,
    /// Requests that were answered by an earlier one's answer.
    pub repeated: u64,
    /// Keys that were forgotten before their time, for want of room.
    pub forgotten: u64,
}

/// The keys.
#[derive(Default)]
pub(super) struct Memory {
    entries: DashMap<Id, Entry, RandomState>,
    order: Mutex<Order>,
    repeated: AtomicU64,
    forgotten: AtomicU64,
}

enum Entry {
    /// Until the sender is dropped.
    UnderWay(watch::Receiver<()>),
    Answered {
        response: Response,
        until: Instant,
    },
}

/// The answered keys, the oldest first. A window that a reload has changed leaves some out of order: they are forgotten
/// later than they could be.
#[derive(Default)]
struct Order {
    keys: VecDeque<(Id, Instant, usize)>,
    bytes: usize,
}

/// What is known of a key.
pub(super) enum Look {
    /// Nothing: from now on it is under way.
    First(Reserved),
    /// It is answered so.
    Answered(Response),
    /// It is under way, until there is an end of this.
    UnderWay(watch::Receiver<()>),
}

impl Memory {
    /// Looks at a key, and takes it when it is free.
    pub(super) fn look(self: &Arc<Self>, id: Id) -> Look {
        let mut place = match self.entries.entry(id) {
            Place::Vacant(place) => {
                let (reserved, entry) = self.reserve(id);
                place.insert(entry);
                return Look::First(reserved);
            }
            Place::Occupied(place) => place,
        };
        match place.get() {
            Entry::UnderWay(other) => Look::UnderWay(other.clone()),
            Entry::Answered { response, until } if *until > Instant::now() => {
                self.count_repeated();
                Look::Answered(response.clone())
            }
            Entry::Answered { .. } => {
                let (reserved, entry) = self.reserve(id);
                place.insert(entry);
                Look::First(reserved)
            }
        }
    }

    /// Counts a request that was answered by an earlier one's answer.
    pub(super) fn count_repeated(&self) {
        self.repeated.fetch_add(1, Relaxed);
    }

    /// How it stands.
    pub(super) fn stats(&self) -> OnceStats {
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        OnceStats {
            keys: order.keys.len(),
            bytes: order.bytes,
            repeated: self.repeated.load(Relaxed),
            forgotten: self.forgotten.load(Relaxed),
        }
    }

    fn reserve(self: &Arc<Self>, id: Id) -> (Reserved, Entry) {
        let (ends, under_way) = watch::channel(());
        (Reserved { of: Some(Arc::clone(self)), id, _ends: ends }, Entry::UnderWay(under_way))
    }

    fn answer(&self, id: Id, response: Response, spec: &Idempotency) {
        let (now, bytes) = (Instant::now(), size(&response));
        let until = now + spec.window;
        if bytes > spec.size_max {
            // It alone would have all others forgotten.
            self.entries.remove(&id);
            self.forgotten.fetch_add(1, Relaxed);
            return;
        }
        self.entries.insert(id, Entry::Answered { response, until });
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        order.keys.push_back((id, until, bytes));
        order.bytes += bytes;
        while let Some((oldest, until, bytes)) = order.keys.front().copied() {
            let over = until <= now;
            if !over && order.keys.len() <= spec.keys_max && order.bytes <= spec.size_max {
                break;
            }
            order.keys.pop_front();
            order.bytes -= bytes;
            self.forgotten.fetch_add(u64::from(!over), Relaxed);
            // It may stand for a later request of the key by now.
            self.entries.remove_if(
                &oldest,
                |_, entry| matches!(entry, Entry::Answered { until: its, .. } if *its == until),
            );
        }
    }
}

fn size(response: &Response) -> usize {
    let fields: usize = response.fields.iter().map(|field| field.name().len() + field.value().len()).sum();
    OVERHEAD + fields + response.body.len()
}

/// A key that is under way. Dropped, it is free.
pub(super) struct Reserved {
    /// Gone once it is answered.
    of: Option<Arc<Memory>>,
    id: Id,
    /// Tells those who wait, by its end: when what they look at then is there.
    _ends: watch::Sender<()>,
}

impl Reserved {
    /// Has it answered so.
    pub(super) fn done(mut self, response: Response, spec: &Idempotency) {
        if let Some(memory) = self.of.take() {
            memory.answer(self.id, response, spec);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(memory) = self.of.take() {
            memory.entries.remove_if(&self.id, |_, entry| matches!(entry, Entry::UnderWay(_)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn spec() -> Idempotency {
        let window = Duration::from_secs(60);
        Idempotency { header: None, window, keys_max: 3, size_max: 1 << 20, redis: None }
    }

    fn first(memory: &Arc<Memory>, key: u8) -> Reserved {
        match memory.look([key; 32]) {
            Look::First(reserved) => reserved,
            _ => panic!("{key} is known"),
        }
    }

    fn answered(memory: &Arc<Memory>, key: u8) -> Option<Response> {
        match memory.look([key; 32]) {
            Look::Answered(response) => Some(response),
            _ => None,
        }
    }

    fn response(text: &'static str) -> Response {
        Response::text(201, text)
    }

    #[tokio::test]
    async fn whoever_comes_second_waits_and_is_answered_alike() {
        let memory = Arc::<Memory>::default();
        let reserved = first(&memory, 1);
        let Look::UnderWay(mut other) = memory.look([1; 32]) else { panic!() };
        tokio::join!(async { drop(other.changed().await) }, async {
            tokio::task::yield_now().await;
            reserved.done(response("kept"), &spec());
        });
        assert_eq!(answered(&memory, 1), Some(response("kept")));
        assert_eq!(memory.stats().repeated, 1);
    }

    #[test]
    fn what_came_to_nothing_leaves_the_key_free() {
        let memory = Arc::<Memory>::default();
        drop(first(&memory, 1));
        first(&memory, 1).done(response("kept"), &spec());
        assert!(answered(&memory, 1).is_some());
    }

    #[test]
    fn beyond_its_window_a_key_is_new() {
        let memory = Arc::<Memory>::default();
        let short = Idempotency { window: Duration::from_millis(20), ..spec() };
        first(&memory, 1).done(response("old"), &short);
        std::thread::sleep(Duration::from_millis(30));
        first(&memory, 1).done(response("new"), &spec());
        // The old one goes, and does not take the new one with it.
        first(&memory, 2).done(response("other"), &spec());
        assert_eq!(answered(&memory, 1), Some(response("new")));
        assert_eq!((memory.stats().keys, memory.stats().forgotten), (2, 0));
    }

    #[test]
    fn beyond_its_bounds_the_oldest_is_forgotten_and_counted() {
        let memory = Arc::<Memory>::default();
        (1..=5).for_each(|key| first(&memory, key).done(response("kept"), &spec()));
        let known: Vec<_> = (1..=5).filter(|key| answered(&memory, *key).is_some()).collect();
        assert_eq!(known, [3, 4, 5]);
        assert_eq!((memory.stats().keys, memory.stats().forgotten), (3, 2));
        assert_eq!(memory.entries.len(), 3);
        let little = Idempotency { size_max: 2 * size(&response("kept")), ..spec() };
        let memory = Arc::<Memory>::default();
        (1..=5).for_each(|key| first(&memory, key).done(response("kept"), &little));
        assert_eq!((memory.stats().keys, memory.stats().bytes), (2, little.size_max));
        let large = Response::text(201, "x".repeat(little.size_max));
        first(&memory, 6).done(large, &little);
        let known = [5, 6].map(|key| answered(&memory, key).is_some());
        assert_eq!(known, [true, false], "it has pushed no other out");
    }
}
