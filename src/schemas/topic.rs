//! The schema of one topic as the process has it, and what became of each look for a newer one.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use handover_schemas::{Schema, Source};

use super::Purpose;
use crate::config::valid::TopicSchema;
use crate::observe::chain;
use crate::renewal::blocking;
use crate::tables::{LastGood, Part};

/// How the schema of a topic stands.
#[derive(Clone, Debug)]
pub(crate) struct TopicStats {
    /// The topic.
    pub topic: String,
    /// The schema's id; `None` when there is none yet.
    pub id: Option<u32>,
    /// How long ago the registry last confirmed it; `None` when it never has.
    pub age: Option<Duration>,
    /// Values that did not fit.
    pub unfit: u64,
    /// The last failure, cleared by the next success.
    pub failure: Option<String>,
}

/// The registry has not confirmed a schema.
const NEVER: u64 = 0;

/// The schema of a topic.
pub(super) struct Topic {
    pub spec: TopicSchema,
    current: ArcSwapOption<Current>,
    /// Unix seconds, or [`NEVER`].
    confirmed: AtomicU64,
    unfit: AtomicU64,
    failure: Mutex<Option<String>>,
    purpose: Purpose,
    last_good: Arc<LastGood>,
}

pub(super) struct Current {
    pub schema: Arc<Schema>,
    pub source: Source,
}

impl Current {
    /// Keeps it on disk.
    fn keep(&self, subject: String, last_good: &LastGood) -> io::Result<()> {
        let part = Part { name: subject, bytes: serde_json::to_vec(&self.source)?.into() };
        last_good.store(Some(&self.schema.id().to_string()), &[part])
    }
}

impl Topic {
    pub(super) fn new(spec: TopicSchema, last_good: LastGood, purpose: Purpose) -> Self {
        Self {
            spec,
            current: ArcSwapOption::empty(),
            confirmed: AtomicU64::new(NEVER),
            unfit: AtomicU64::new(0),
            failure: Mutex::default(),
            purpose,
            last_good: Arc::new(last_good),
        }
    }

    /// Takes the schema that another one has by the same settings; whether there is one.
    pub(super) fn continue_from(&self, other: &Self) -> bool {
        let same = other.current.load_full().filter(|_| other.spec == self.spec);
        let has_one = same.is_some();
        if has_one {
            self.current.store(same);
            self.confirmed.store(other.confirmed.load(Relaxed), Relaxed);
            self.unfit.store(other.unfit.load(Relaxed), Relaxed);
        }
        has_one
    }

    /// Takes what lies on disk.
    pub(super) fn load(&self, name: &str) {
        let ignored = |why: String| {
            let path = self.last_good.path().display();
            tracing::warn!(topic = name, %path, "the last good schema on disk is not used: {why}");
        };
        let kept = match self.last_good.load() {
            Ok(Some(kept)) => kept,
            Ok(None) => return,
            Err(why) => return ignored(chain(&why)),
        };
        let id = kept.version.as_deref().and_then(|id| id.parse().ok());
        let source = kept.parts.first().and_then(|part| serde_json::from_slice::<Source>(&part.bytes).ok());
        let (Some(id), Some(source)) = (id, source) else { return ignored("it is none".to_owned()) };
        match Schema::new(id, &source, self.spec.message.as_deref()) {
            Ok(schema) => {
                let schema = Arc::new(schema);
                self.current.store(Some(Arc::new(Current { schema, source })));
                self.confirmed.store(seconds(kept.confirmed), Relaxed);
            }
            Err(why) => ignored(why.to_string()),
        }
    }

    /// Has a schema take the place of the one before. One that is not registered is only looked by, and nothing of it is kept.
    pub(super) async fn take(&self, current: Current, is_registered: bool) {
        let current = Arc::new(current);
        self.current.store(Some(Arc::clone(&current)));
        self.answered(is_registered);
        if is_registered {
            let subject = self.spec.subject.clone();
            self.on_disk(move |last_good| current.keep(subject, last_good)).await;
        }
    }

    /// Notes that the registry was asked, and the schema is the same.
    pub(super) async fn stays(&self, is_registered: bool) {
        self.answered(is_registered);
        if let Some(current) = self.current().filter(|_| is_registered) {
            let subject = self.spec.subject.clone();
            let confirm = move |last_good: &LastGood| match last_good.confirm(SystemTime::now()) {
                // It could not be kept when it came.
                Err(error) if error.kind() == io::ErrorKind::NotFound => current.keep(subject, last_good),
                confirmed => confirmed,
            };
            self.on_disk(confirm).await;
        }
    }

    fn answered(&self, is_registered: bool) {
        self.confirmed.store(if is_registered { seconds(SystemTime::now()) } else { NEVER }, Relaxed);
        self.failed_by(None);
    }

    /// Changes what is on disk, where records are sent. Without the disk the schema is as good, until the next start.
    async fn on_disk(&self, change: impl FnOnce(&LastGood) -> io::Result<()> + Send + 'static) {
        if self.purpose == Purpose::Look {
            return;
        }
        let last_good = Arc::clone(&self.last_good);
        if let Err(error) = blocking(move || change(&last_good)).await {
            let path = self.last_good.path().display();
            tracing::warn!(%path, "a schema cannot be kept on disk: {error}");
        }
    }

    /// Notes a failure; whether it is another one than before.
    pub(super) fn failed(&self, why: &str) -> bool {
        self.failed_by(Some(why.to_owned())).as_deref() != Some(why)
    }

    fn failed_by(&self, why: Option<String>) -> Option<String> {
        std::mem::replace(&mut self.failure.lock().unwrap_or_else(PoisonError::into_inner), why)
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn age(&self) -> Option<Duration> {
        let confirmed = self.confirmed.load(Relaxed);
        let age = || (UNIX_EPOCH + Duration::from_secs(confirmed)).elapsed().unwrap_or_default();
        (confirmed != NEVER).then(age)
    }

    /// The schema as it is now.
    pub(super) fn current(&self) -> Option<Arc<Current>> {
        self.current.load_full()
    }

    /// Counts a value that does not fit.
    pub(super) fn count_unfit(&self) {
        self.unfit.fetch_add(1, Relaxed);
    }

    pub(super) fn stats(&self, name: &str) -> TopicStats {
        let current = self.current();
        TopicStats {
            topic: name.to_owned(),
            id: current.as_ref().map(|current| current.schema.id()),
            age: current.and_then(|_| self.age()),
            unfit: self.unfit.load(Relaxed),
            failure: self.failure(),
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
