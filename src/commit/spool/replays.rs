//! All spools that are replayed: our own for as long as we run, and what other processes left, each to its end.
//!
//! A process that ends leaves its folder, and a successor of it, or any other on the same volume, takes it over: at its
//! start, or as it finds it while it runs. Order is promised by accepting process, so that its folders need not wait for
//! each other; but records of a topic go through the spool as long as any of its folders holds some.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handover_spool::{Disk, Frame, Spool, adopt};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::body::Spooled;
use super::held::Held;
use super::replay::Replay;
use crate::commit::Clusters;
use crate::commit::calls::Caller;
use crate::config::valid;
use crate::observe::chain;

/// How long what is under way may take at the end. What is not delivered then comes again.
const STOPPING: Duration = Duration::from_secs(5);

/// How often it is looked for folders of processes that have ended.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// All that are replayed, on a runtime off the clients' way.
pub(super) struct Replays {
    /// What lies in any of them.
    pub held: Arc<Held>,
    clusters: Clusters,
    caller: Arc<Caller>,
    news: Arc<Notify>,
    look: Notify,
    stop: watch::Sender<bool>,
    side: Handle,
    running: Mutex<Vec<JoinHandle<()>>>,
    adopted: AtomicU64,
}

impl Replays {
    /// None yet.
    pub(super) fn new(clusters: Clusters, caller: Arc<Caller>, side: Handle) -> Self {
        Self {
            held: Arc::default(),
            clusters,
            caller,
            news: Arc::default(),
            look: Notify::new(),
            stop: watch::Sender::new(false),
            side,
            running: Mutex::default(),
            adopted: AtomicU64::new(0),
        }
    }

    /// Tells the replays that there is something new.
    pub(super) fn news(&self) -> Arc<dyn Fn() + Send + Sync> {
        let news = Arc::clone(&self.news);
        Arc::new(move || news.notify_one())
    }

    /// Counts a frame that was found in.
    pub(super) fn hold(&self, frame: &Frame) {
        if let Ok(frame) = Spooled::decode(frame.body.clone()) {
            self.held.hold(&frame);
        }
    }

    /// Replays our own spool for as long as we run.
    pub(super) fn follow(&self, own: &Arc<Spool>) {
        let replay = self.replay(own, false);
        self.running().push(self.side.spawn(replay.run()));
    }

    /// Replays what another process has left, to the end, and takes its folder away.
    pub(super) fn empty(&self, spool: Spool) {
        let spool = Arc::new(spool);
        let replay = self.replay(&spool, true);
        let mut running = self.running();
        running.retain(|replay| !replay.is_finished());
        running.push(self.side.spawn(empty(replay, spool)));
    }

    /// Takes over what others leave while we run, until the replays are stopped.
    pub(super) async fn adopt_left_overs(self: Arc<Self>, disk: Arc<dyn Disk>, spec: valid::Spool) {
        let mut stop = self.stop.subscribe();
        loop {
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = self.look.notified() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let (replays, disk, spec) = (Arc::clone(&self), Arc::clone(&disk), spec.clone());
            let looked = spawn_blocking(move || {
                replays.adopt(&disk, &spec);
                replays.caller.adopt();
            });
            let looked = looked.await;
            if let Err(error) = looked {
                tracing::error!(%error, "looking for spools that are left over has failed");
            }
        }
    }

    fn adopt(&self, disk: &Arc<dyn Disk>, spec: &valid::Spool) {
        let mut frames = 0;
        let found = adopt(disk, &spec.folder, spec.limits, self.news(), &mut |frame| {
            frames += 1;
            self.hold(frame);
        });
        match found {
            Ok(spools) if spools.is_empty() => {}
            Ok(spools) => {
                tracing::info!(
                    folders = spools.len(),
                    frames,
                    "taking over what processes that have ended left"
                );
                self.adopted.fetch_add(spools.len() as u64, Relaxed);
                spools.into_iter().for_each(|spool| self.empty(spool));
            }
            Err(error) => tracing::warn!(error = chain(&error), "what others have left cannot be taken over"),
        }
    }

    /// Looks at once.
    pub(super) fn look(&self) {
        self.look.notify_one();
    }

    /// How many folders were taken over while running.
    pub(super) fn adopted(&self) -> u64 {
        self.adopted.load(Relaxed)
    }

    /// Ends all in order.
    pub(super) async fn stop(&self) {
        self.stop.send_replace(true);
        let replays = std::mem::take(&mut *self.running());
        let aborts: Vec<_> = replays.iter().map(JoinHandle::abort_handle).collect();
        let ended = async {
            for replay in replays {
                // An error is a replay that panicked; its frames come again.
                let _ = replay.await;
            }
        };
        if timeout(STOPPING, ended).await.is_err() {
            aborts.iter().for_each(AbortHandle::abort);
            tracing::warn!("the spool was not emptied; what is left is delivered after the next start");
        }
    }

    fn replay(&self, spool: &Arc<Spool>, to_the_end: bool) -> Replay {
        Replay {
            spool: Arc::clone(spool),
            held: Arc::clone(&self.held),
            clusters: self.clusters.clone(),
            caller: Arc::clone(&self.caller),
            news: Arc::clone(&self.news),
            stop: self.stop.subscribe(),
            to_the_end,
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn empty(replay: Replay, spool: Arc<Spool>) {
    replay.run().await;
    if let Some(spool) = Arc::into_inner(spool).filter(Spool::is_drained) {
        let folder = spool.folder().to_owned();
        let removed = spawn_blocking(move || spool.remove()).await;
        match removed {
            Ok(Ok(())) => {
                tracing::info!(folder = %folder.display(), "what another process left is delivered")
            }
            Ok(Err(error)) => tracing::warn!(folder = %folder.display(), %error, "an emptied spool stays"),
            Err(error) => tracing::warn!(folder = %folder.display(), %error, "an emptied spool stays"),
        }
    }
}
