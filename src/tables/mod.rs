//! Hot tables: read from a file or S3, kept in memory, refreshed beside the clients' path.
//!
//! A table goes this way: its source is asked whether it has a new version ([`source`]); what comes is decompressed
//! and read ([`read`]) into an immutable [`Snapshot`](snapshot::Snapshot), compared with the version before
//! ([`refresh`]), swapped in whole ([`slot`]) and kept on disk for the next start ([`last_good`]). Whatever fails on the
//! way leaves the version before where it is.

#[cfg(test)]
mod against_s3;
mod last_good;
mod read;
mod refresh;
mod slot;
mod snapshot;
mod source;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use handover_api::{PortError, Table};
use handover_s3::{InvalidLocation, Location, Settings, SettingsError, Store};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use self::last_good::LastGood;
pub(crate) use self::read::Part;
use self::refresh::Refresher;
use self::slot::Slot;
pub(crate) use self::slot::TableStats;
use self::source::Source;
use crate::config::valid;
use crate::native::ports::TableSource;
use crate::renewal::blocking;

type Running = HashMap<String, Arc<Entry>, RandomState>;

/// All hot tables of the process. They outlive a configuration: what a new one leaves as it was goes on unread.
pub(crate) struct Tables {
    folder: PathBuf,
    runtime: Handle,
    reading: Arc<Semaphore>,
    running: ArcSwap<Running>,
    /// The client of S3 and the settings that it was made from. Also keeps two configurations from being applied at
    /// once.
    s3: Mutex<Option<(valid::S3, Store)>>,
}

/// The tables' settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// S3's cannot.
    #[error("the hot tables' S3 cannot be set up")]
    S3(#[from] SettingsError),
    /// An object's address cannot.
    #[error("a hot table's object cannot be addressed")]
    Location(#[from] InvalidLocation),
}

/// One table that is kept fresh.
struct Entry {
    spec: valid::Table,
    s3: valid::S3,
    source: String,
    slot: Arc<Slot>,
    wake: Arc<Notify>,
    stop: CancellationToken,
    asked: watch::Receiver<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Tables {
    /// No tables yet. Last good versions are kept in a folder of their own under `state`; all work is done on
    /// `runtime`, none on the threads that serve clients.
    pub(crate) fn new(state: &Path, runtime: Handle) -> Self {
        Self {
            folder: state.join("tables"),
            runtime,
            reading: Arc::new(Semaphore::new(1)),
            running: ArcSwap::default(),
            s3: Mutex::default(),
        }
    }

    /// Has exactly these tables from now on. When it returns, those that have a last good version on disk can be looked
    /// up; their sources are asked beside that.
    ///
    /// # Errors
    /// When a table's settings cannot be used. Then nothing has changed.
    pub(crate) async fn apply(
        self: &Arc<Self>,
        specs: &[Arc<valid::Table>],
        s3: &valid::S3,
    ) -> Result<(), ApplyError> {
        let (this, specs, s3) = (Arc::clone(self), specs.to_vec(), s3.clone());
        let applied = self.runtime.spawn(async move { this.apply_here(&specs, &s3).await }).await;
        applied.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// Waits until each table's source was asked once, for that long at most. Whatever came of it is in the
    /// [`stats`](Self::stats).
    pub(crate) async fn asked_once(&self, within: Duration) -> bool {
        let running = self.running.load_full();
        let all = async {
            for entry in running.values() {
                // An error is a table that was taken away meanwhile.
                let _ = entry.asked.clone().wait_for(|asked| *asked).await;
            }
        };
        tokio::time::timeout(within, all).await.is_ok()
    }

    /// Asks a table's source now; `false` when there is no such table.
    pub(crate) fn refresh(&self, name: &str) -> bool {
        self.running.load().get(name).inspect(|entry| entry.wake.notify_one()).is_some()
    }

    /// The table for want of which the process is not ready, if there is one.
    pub(crate) fn keeps_unready(&self) -> Option<String> {
        let running = self.running.load();
        running.iter().find(|(_, entry)| entry.slot.keeps_unready()).map(|(name, _)| name.clone())
    }

    /// How each table stands, by name in order.
    pub(crate) fn stats(&self) -> Vec<TableStats> {
        let running = self.running.load_full();
        let mut all: Vec<_> = running.values().map(|entry| entry.slot.stats(entry.source.clone())).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Ends all refreshing. The tables can still be looked up by who holds them.
    pub(crate) async fn stop(&self) {
        let _applying = self.s3.lock().await;
        for entry in self.running.swap(Arc::default()).values() {
            entry.stop().await;
        }
    }

    async fn apply_here(&self, specs: &[Arc<valid::Table>], s3: &valid::S3) -> Result<(), ApplyError> {
        let mut client = self.s3.lock().await;
        let before = self.running.load_full();
        let (mut after, mut new) = (Running::default(), Vec::new());
        for spec in specs {
            match before.get(&spec.name).filter(|entry| entry.is_for(spec, s3)) {
                Some(entry) => drop(after.insert(spec.name.clone(), Arc::clone(entry))),
                None => new.push((spec, source_of(spec, s3, &mut client).await?)),
            }
        }
        // Nothing can fail from here on.
        for (_, gone) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
            gone.stop().await;
        }
        for (spec, source) in new {
            after.insert(spec.name.clone(), self.start(spec, s3, source).await);
        }
        self.running.store(Arc::new(after));
        Ok(())
    }

    async fn start(&self, spec: &valid::Table, s3: &valid::S3, source: Source) -> Arc<Entry> {
        let (asked, was_asked) = watch::channel(false);
        let refresher = Arc::new(Refresher {
            slot: Arc::new(Slot::new(spec.name.clone(), spec.max_age.map(|age| (age, spec.too_old)))),
            last_good: Arc::new(LastGood::new(&self.folder, (&[&spec.name], "table"), source.to_string())),
            source,
            spec: spec.clone(),
            wake: Arc::default(),
            stop: CancellationToken::new(),
            reading: Arc::clone(&self.reading),
            asked,
        });
        blocking({
            let refresher = Arc::clone(&refresher);
            move || refresher.load_last_good()
        })
        .await;
        Arc::new(Entry {
            spec: spec.clone(),
            s3: s3.clone(),
            source: refresher.source.to_string(),
            slot: Arc::clone(&refresher.slot),
            wake: Arc::clone(&refresher.wake),
            stop: refresher.stop.clone(),
            asked: was_asked,
            task: Mutex::new(Some(self.runtime.spawn(refresher.run()))),
        })
    }
}

impl TableSource for Tables {
    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        match self.running.load().get(name) {
            Some(entry) => Ok(entry.slot.get()?),
            None => Err(PortError::NoTable(name.to_owned())),
        }
    }
}

impl Entry {
    fn is_for(&self, spec: &valid::Table, s3: &valid::S3) -> bool {
        self.spec == *spec && (self.s3 == *s3 || !matches!(spec.source, valid::TableSource::S3 { .. }))
    }

    async fn stop(&self) {
        self.stop.cancel();
        if let Some(task) = self.task.lock().await.take() {
            // A panic has been reported where it happened.
            let _ = task.await;
        }
    }
}

/// A table's source; `client` is made anew when S3's settings are not those that it was made from.
async fn source_of(
    spec: &valid::Table,
    s3: &valid::S3,
    client: &mut Option<(valid::S3, Store)>,
) -> Result<Source, ApplyError> {
    let (bucket, key) = match &spec.source {
        valid::TableSource::File(path) => return Ok(Source::File(path.clone())),
        valid::TableSource::Folder(path) => return Ok(Source::Folder(path.clone())),
        valid::TableSource::S3 { bucket, key } => (bucket, key),
    };
    let location = Location::new(bucket, key)?;
    let store = match client {
        Some((settings, store)) if settings == s3 => store.clone(),
        _ => client.insert((s3.clone(), Store::new(&settings(s3)).await?)).1.clone(),
    };
    Ok(Source::S3 { store, location })
}

fn settings(s3: &valid::S3) -> Settings {
    Settings {
        endpoint: s3.endpoint.clone(),
        region: s3.region.clone(),
        path_style: s3.path_style,
        ca: s3.ca_file.clone(),
        ..Settings::default()
    }
}
