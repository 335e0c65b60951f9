//! What a handler's run is given: its ports, and a log of what it read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use legacy_compat::Php;

use crate::{Awaited, PortError, PortRead, Ports, RuleRun, Session, Table};

/// Gives a handler the clock, ids, randomness, hot tables and the session. It offers no way to perform an effect. Clones are
/// of the same run.
#[derive(Clone)]
pub struct Context {
    ports: Arc<dyn Ports>,
    recorded: Option<Arc<Mutex<Recorded>>>,
}

/// What a recording context keeps.
#[derive(Default)]
struct Recorded {
    reads: Vec<PortRead>,
    rules: Option<RuleRun>,
}

impl Context {
    /// A context for a live run: reads are not kept.
    pub fn new(ports: Arc<dyn Ports>) -> Self {
        Self { ports, recorded: None }
    }

    /// A context that keeps what is read, for shadowing and replay.
    pub fn recording(ports: Arc<dyn Ports>) -> Self {
        Self { ports, recorded: Some(Arc::default()) }
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

    /// The receipt of an effect that is not committed: legacy's, or what stands for it. It is kept as an id is.
    pub(crate) async fn receipt(&self, awaited: &Awaited) -> Result<String, PortError> {
        let chosen = self.ports.chosen(&awaited.name).await?;
        let receipt = chosen.unwrap_or_else(|| awaited.stand_in.clone());
        self.keep(|| PortRead::Id(awaited.name.clone(), receipt.clone()));
        Ok(receipt)
    }

    /// The current snapshot of a hot table: it does not change under the handler's hands.
    pub fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        self.ports.table(name)
    }

    /// The PHP that the route's legacy runs, as its probe or the configuration tells: what the functions of `legacy-compat` take.
    /// Its clock stands at the epoch: give it the time by [`Php::at`].
    pub fn php(&self) -> Result<Arc<Php>, PortError> {
        self.ports.php()
    }

    /// `session_start()`: the request's session, under PHP's own lock until the answer is out. In a dry run it is read
    /// without the lock.
    ///
    /// What is changed in it is stored when it is among the answer's effects, and only then. The cookie of a new session and
    /// the fields of the cache limiter come before the response's own; a field that the response sets itself takes their place.
    pub async fn session(&self) -> Result<Session, PortError> {
        self.ports.session().await
    }

    /// Tells which rules this run applied. Only a recording context asks for it: a live run costs nothing.
    pub fn tell_rules(&self, run: impl FnOnce() -> RuleRun) {
        if let Some(mut recorded) = self.recorded() {
            recorded.rules = Some(run());
        }
    }

    /// What was read so far; empty unless this context records.
    pub fn reads(&self) -> Vec<PortRead> {
        self.recorded().map_or_else(Vec::new, |recorded| recorded.reads.clone())
    }

    /// The rules that the handler told of; `None` where it has none, or this context does not record.
    pub fn rules(&self) -> Option<RuleRun> {
        self.recorded()?.rules.clone()
    }

    fn keep(&self, read: impl FnOnce() -> PortRead) {
        if let Some(mut recorded) = self.recorded() {
            recorded.reads.push(read());
        }
    }

    fn recorded(&self) -> Option<MutexGuard<'_, Recorded>> {
        self.recorded.as_ref().map(|recorded| recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
