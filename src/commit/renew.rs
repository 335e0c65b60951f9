//! Takes up secrets that were replaced: a password in place, a certificate by a second producer, which takes records once
//! the first one has settled what it holds.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Producers;
use super::access::Found;
use super::clusters::{ByName, Running, Settled};
use crate::observe::chain;

/// How long a producer that is not needed any more may take to settle what it holds.
const RETIRING: Duration = Duration::from_secs(60);

impl Producers {
    /// Looks at the files of all clusters' secrets. It reads files: not for a core.
    pub(crate) fn renew_secrets(&self, side: &Handle) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        for (cluster, running) in self.clusters.all().iter() {
            match running.access.look() {
                Found::Same => {}
                Found::Password => tracing::info!(cluster, "the password of the Kafka cluster was replaced"),
                Found::Certificate => self.renew_certificate(cluster, running, side),
            }
        }
    }

    fn renew_certificate(&self, cluster: &str, before: &Arc<Running>, side: &Handle) {
        match Running::start(&before.spec, Some(Arc::clone(&before.access))) {
            Ok(after) => {
                let retiring = after.comes_after(before);
                let mut all = ByName::clone(&self.clusters.all());
                all.insert(cluster.to_owned(), Arc::new(after));
                self.clusters.replace(all);
                retiring.begin(side);
                tracing::info!(cluster, "the client certificate of the Kafka cluster was replaced");
            }
            // Half of the pair may be replaced so far; the other half is another change.
            Err(error) => tracing::error!(
                cluster,
                error = chain(&error),
                "the changed client certificate cannot be used; the producer stays as it is"
            ),
        }
    }
}

/// Producers of a cluster in whose place others stand, or none.
pub(super) struct Retiring {
    running: Arc<Running>,
    settled: watch::Sender<bool>,
}

impl Retiring {
    /// Those.
    pub(super) fn of(running: &Arc<Running>) -> Self {
        Self { running: Arc::clone(running), settled: watch::Sender::new(false) }
    }

    /// Says when the one for answers has settled what it holds.
    pub(super) fn settled(&self) -> Settled {
        self.settled.subscribe()
    }

    /// Lets them settle what they hold, on `side`, and end. Nobody may find them any more.
    pub(super) fn begin(self, side: &Handle) {
        side.spawn(async move {
            // Behind this one comes who waits for it alone, and must not overtake what the one before it still holds.
            self.running.in_turn().await;
            for producer in self.running.producers() {
                let left = producer.close(RETIRING).await;
                self.settled.send_replace(true);
                tracing::info!(
                    cluster = self.running.spec.name,
                    not_persisted = left.not_persisted,
                    possibly_persisted = left.possibly_persisted,
                    "a producer that is not needed any more has settled what it held"
                );
            }
        });
    }
}
