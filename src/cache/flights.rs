//! Who is asking legacy for what right now: of many requests for one thing that is not kept, one asks and the others wait
//! for what comes of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::key::Key;

/// How long one waits for another. Then it asks itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The questions under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<Key, watch::Receiver<()>>>>);

/// One question. When it is dropped, those who wait for it go on.
#[derive(Debug)]
pub(super) struct Flight {
    flights: Flights,
    key: Key,
    _landed: watch::Sender<()>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.key);
    }
}

impl Flights {
    /// The right to ask; `None` where another has it.
    pub(super) fn begin(&self, key: &Key) -> Result<Flight, Waiting> {
        match self.lock().entry(key.clone()) {
            Entry::Occupied(other) => Err(Waiting(other.get().clone())),
            Entry::Vacant(place) => {
                let (landed, landing) = watch::channel(());
                place.insert(landing);
                Ok(Flight { flights: self.clone(), key: key.clone(), _landed: landed })
            }
        }
    }

    /// Nothing that could panic runs under this lock.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another asks already.
#[derive(Debug)]
pub(super) struct Waiting(watch::Receiver<()>);

impl Waiting {
    /// Waits until something has come of it.
    pub(super) async fn wait(mut self) {
        // Nothing is ever sent: the end of the sender is the news.
        let _ = tokio::time::timeout(PATIENCE, self.0.changed()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        let head = crate::legacy::testing::get("/a");
        Key::of("app", &crate::legacy::testing::outbound(&head)).unwrap()
    }

    #[tokio::test]
    async fn one_asks_and_the_others_wait_until_it_is_through() {
        let flights = Flights::default();
        let flight = flights.begin(&key()).unwrap();
        let waiting = flights.begin(&key()).unwrap_err();
        let landing = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(flight);
        });
        let began = std::time::Instant::now();
        waiting.wait().await;
        assert!(began.elapsed() >= Duration::from_millis(40));
        landing.await.unwrap();
        drop(flights.begin(&key()).unwrap());
    }
}
