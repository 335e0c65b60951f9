//! What is known of the ids that records were by: their schemas, or why there is none. As many as there is room for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use handover_schemas::Schema;
use quick_cache::sync::Cache;
use quick_cache::{OptionsBuilder, Weighter};

/// How long the texts of all schemas may be together, in bytes, with what each takes beside: see [`ByText`].
const ROOM: u64 = 32 << 20;
/// What an id takes beside a text: schemas are larger in memory than their texts are. With it there are 2,048 at most.
const EACH: u64 = 16 << 10;
/// For how long it holds that an id's schema cannot be had.
const AGAIN: Duration = Duration::from_secs(30);
/// For how long a registry that cannot be reached is not asked what records were by: their readers would only wait.
const DOWN: Duration = Duration::from_secs(5);

/// What is known of ids.
pub(super) struct KnownIds {
    known: Cache<u32, Known, ByText>,
    /// Why the registry could not be reached, and when.
    down: Mutex<Option<NotHad>>,
}

/// Why a schema cannot be had, and since when that is known.
type NotHad = (Arc<str>, Instant);

#[derive(Clone)]
enum Known {
    Schema(Arc<Schema>),
    Not(NotHad),
}

#[derive(Clone)]
struct ByText;

impl Weighter<u32, Known> for ByText {
    fn weight(&self, _: &u32, known: &Known) -> u64 {
        let text = match known {
            Known::Schema(schema) => schema.size(),
            Known::Not((why, _)) => why.len(),
        };
        EACH + text as u64
    }
}

impl KnownIds {
    pub(super) fn new() -> Self {
        // One part, since the largest schema has to fit into a part.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(1000)
            .weight_capacity(ROOM)
            .build()
            .expect("both capacities are set");
        let known = Cache::with_options(options, ByText, Default::default(), Default::default());
        Self { known, down: Mutex::default() }
    }

    /// The schema of that id, or why it cannot be had; `None` where the registry is to be asked.
    pub(super) fn get(&self, id: u32) -> Option<Result<Arc<Schema>, Arc<str>>> {
        match self.known.get(&id) {
            Some(Known::Schema(schema)) => return Some(Ok(schema)),
            Some(Known::Not((why, since))) if since.elapsed() < AGAIN => return Some(Err(why)),
            _ => {}
        }
        match &*self.down.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((why, since)) if since.elapsed() < DOWN => Some(Err(Arc::clone(why))),
            _ => None,
        }
    }

    /// Notes an id's schema.
    pub(super) fn is(&self, id: u32, schema: &Arc<Schema>) {
        self.known.insert(id, Known::Schema(Arc::clone(schema)));
    }

    /// Notes why an id's schema cannot be had.
    pub(super) fn is_not(&self, id: u32, why: &Arc<str>) {
        self.known.insert(id, Known::Not((Arc::clone(why), Instant::now())));
    }

    /// Notes why the registry could not be reached, whatever it was asked for.
    pub(super) fn is_down(&self, why: &Arc<str>) {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(why), Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use handover_schemas::{Kind, Source};

    use super::*;

    fn schema(id: u32, size: usize) -> Arc<Schema> {
        let text = format!("{}\"string\"", " ".repeat(size));
        Arc::new(Schema::new(id, &Source::new(Kind::Avro, text), None).unwrap())
    }

    #[test]
    fn as_many_are_known_as_there_is_room_for_their_texts() {
        let known = KnownIds::new();
        let large = schema(0, 3 << 20);
        (0..20).for_each(|id| known.is(id, &large));
        let kept = (0..20).filter(|id| known.get(*id).is_some()).count();
        assert!((5..=10).contains(&kept), "{kept} of 3 MiB each");
        let (known, small) = (KnownIds::new(), schema(0, 0));
        (0..5000).for_each(|id| known.is(id, &small));
        let kept = (0..5000).filter(|id| known.get(*id).is_some()).count();
        assert!((500..=2048).contains(&kept), "{kept} small ones");
    }

    #[test]
    fn why_there_is_none_is_known_for_a_while() {
        let known = KnownIds::new();
        assert!(known.get(1).is_none());
        known.is_not(1, &"absent".into());
        assert_eq!(known.get(1).unwrap().unwrap_err().as_ref(), "absent");
        assert!(known.get(2).is_none(), "it holds for that id");
        known.is_down(&"away".into());
        known.is(3, &schema(3, 0));
        assert_eq!(known.get(2).unwrap().unwrap_err().as_ref(), "away");
        assert!(known.get(3).unwrap().is_ok(), "what is there is there");
    }
}
