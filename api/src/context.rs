//! What a handler's run is given: its ports, and a log of what it read.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::{PortError, PortRead, Ports, Table};

/// Gives a handler the clock, ids, randomness and hot tables. It offers no way to perform an effect.
pub struct Context {
    ports: Arc<dyn Ports>,
    reads: Option<Mutex<Vec<PortRead>>>,
}

impl Context {
    /// A context for a live run: reads are not kept.
    pub fn new(ports: Arc<dyn Ports>) -> Self {
        Self { ports, reads: None }
    }

    /// A context that keeps what is read, for shadowing and replay.
    pub fn recording(ports: Arc<dyn Ports>) -> Self {
        Self { ports, reads: Some(Mutex::default()) }
    }

    /// The time. `name` says which time of the answer this is, so that a dry run can be given legacy's.
    pub async fn now(&self, name: &str) -> Result<Timestamp, PortError> {
        let now = self.ports.now(name).await?;
        self.keep(|| PortRead::Now(name.to_owned(), now));
        Ok(now)
    }

    /// An id that is new in each run. `name` says which one, so that a dry run can be given legacy's; `make` turns
    /// random bytes into an id of the application's form.
    pub async fn id<const N: usize>(
        &self,
        name: &str,
        make: impl FnOnce([u8; N]) -> String,
    ) -> Result<String, PortError> {
        let id = match self.ports.chosen(name).await? {
            Some(chosen) => chosen,
            None => {
                let mut bytes = [0; N];
                self.ports.random(&mut bytes)?;
                make(bytes)
            }
        };
        self.keep(|| PortRead::Id(name.to_owned(), id.clone()));
        Ok(id)
    }

    /// The current snapshot of a hot table: it does not change under the handler's hands.
    pub fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        self.ports.table(name)
    }

    /// What was read so far; empty unless this context records.
    pub fn reads(&self) -> Vec<PortRead> {
        self.reads
            .as_ref()
            .map_or_else(Vec::new, |reads| reads.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn keep(&self, read: impl FnOnce() -> PortRead) {
        if let Some(reads) = &self.reads {
            reads.lock().unwrap_or_else(PoisonError::into_inner).push(read());
        }
    }
}
