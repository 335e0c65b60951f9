//! The durable side of the commit: frames on this machine's disk, and their way to Kafka from there.

pub(crate) mod body;
mod held;
pub(super) mod replay;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handover_spool::{AppendError, Disk, OpenError, Opened, RealDisk, Refused, Room, Spool, Stats};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};

use self::body::Spooled;
use self::held::Held;
use self::replay::Replay;
use super::Clusters;
use super::calls::{CallStats, Caller};
use crate::config::valid;

/// How long what is under way may take at the end. What is not delivered then comes again.
const STOPPING: Duration = Duration::from_secs(5);

/// The spool of this process, with what it took over from dead ones.
pub(crate) struct Spooler {
    own: Arc<Spool>,
    held: Arc<Held>,
    caller: Arc<Caller>,
    stop: watch::Sender<bool>,
    replays: Mutex<Vec<JoinHandle<()>>>,
}

/// Room for a frame that counts as held already.
pub(crate) struct Reserved<'a> {
    of: &'a Spooler,
    room: Option<Room>,
    frame: Spooled,
    body: bytes::Bytes,
}

impl Spooler {
    /// Opens the spool and begins to replay, on `side`, what is in it.
    pub(super) fn open(spec: &valid::Spool, clusters: Clusters, side: &Handle) -> Result<Self, OpenError> {
        let (held, news) = (Arc::<Held>::default(), Arc::<Notify>::default());
        let caller = Arc::new(Caller::new(spec, side)?);
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let told = Arc::clone(&news);
        let mut found = 0;
        let opened = handover_spool::open(
            &disk,
            &spec.folder,
            spec.limits,
            Arc::new(move || told.notify_one()),
            &mut |frame| {
                found += 1;
                if let Ok(frame) = Spooled::decode(frame.body.clone()) {
                    held.hold(&frame);
                }
            },
        )?;
        if found > 0 {
            tracing::info!(
                frames = found,
                "the spool holds what an earlier run did not deliver; it is sent now"
            );
        }
        let Opened { own, adopted } = opened;
        let (own, stop) = (Arc::new(own), watch::Sender::new(false));
        let replay = |spool: &Arc<Spool>, to_the_end| Replay {
            spool: Arc::clone(spool),
            held: Arc::clone(&held),
            clusters: clusters.clone(),
            caller: Arc::clone(&caller),
            news: Arc::clone(&news),
            stop: stop.subscribe(),
            to_the_end,
        };
        let mut replays = vec![side.spawn(replay(&own, false).run())];
        for spool in adopted.into_iter().map(Arc::new) {
            replays.push(side.spawn(drain(replay(&spool, true), spool)));
        }
        Ok(Self { own, held, caller, stop, replays: Mutex::new(replays) })
    }

    /// Whether one of these records would overtake another of its topic, were it not spooled.
    pub(crate) fn holds(&self, cluster: &str, records: &[handover_api::Record]) -> bool {
        self.held.any(cluster, records)
    }

    /// How many frames of a route wait.
    pub(crate) fn of_route(&self, route: &str) -> usize {
        self.held.of_route(route)
    }

    /// Room for a frame.
    pub(crate) fn reserve(&self, frame: Spooled) -> Result<Reserved<'_>, Refused> {
        let body = frame.encode();
        let room = self.own.reserve(body.len())?;
        self.held.hold(&frame);
        Ok(Reserved { of: self, room: Some(room), frame, body })
    }

    /// How it stands.
    pub(crate) fn stats(&self) -> Stats {
        self.own.stats()
    }

    /// How the calls stand.
    pub(crate) fn calls(&self) -> CallStats {
        self.caller.stats()
    }

    /// Whether nothing waits.
    #[cfg(test)]
    pub(crate) fn is_drained(&self) -> bool {
        self.own.is_drained()
    }

    /// Ends the replay in order. Frames that come later stay on disk for the next start.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let replays = std::mem::take(&mut *self.replays.lock().unwrap_or_else(PoisonError::into_inner));
        let aborts: Vec<_> = replays.iter().map(JoinHandle::abort_handle).collect();
        let ended = async {
            for replay in replays {
                // An error is a replay that panicked; its frames come again.
                let _ = replay.await;
            }
        };
        if tokio::time::timeout(STOPPING, ended).await.is_err() {
            aborts.iter().for_each(AbortHandle::abort);
            tracing::warn!("the spool was not emptied; what is left is delivered after the next start");
        }
        self.caller.stop().await;
    }
}

impl Reserved<'_> {
    /// Appends the frame: the point of no return. Returns once it is durable; what becomes of the future changes nothing.
    pub(crate) async fn append(mut self) -> Result<(), AppendError> {
        let (tell, told) = oneshot::channel();
        let Some(room) = self.room.take() else { return Err(Refused::Closed.into()) };
        let (held, frame) = (Arc::clone(&self.of.held), std::mem::take(&mut self.frame));
        self.of.own.append(room, std::mem::take(&mut self.body), move |done| {
            // Of one that nobody knows no order was promised, and it can't come before a restart.
            if done.is_err() {
                held.release(&frame);
            }
            // Whoever asked may be gone.
            let _ = tell.send(done);
        });
        let gone = |_| Err(AppendError::Unknown("the spool's thread has ended".to_owned()));
        told.await.unwrap_or_else(gone).map(|_| ())
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if self.room.is_some() {
            self.of.held.release(&self.frame);
        }
    }
}

/// Replays what a dead process left, to the end, and takes its folder away.
async fn drain(replay: Replay, spool: Arc<Spool>) {
    replay.run().await;
    if let Some(spool) = Arc::into_inner(spool).filter(Spool::is_drained) {
        let folder = spool.folder().to_owned();
        let removed = tokio::task::spawn_blocking(move || spool.remove()).await;
        match removed {
            Ok(Ok(())) => tracing::info!(folder = %folder.display(), "what a dead process left is delivered"),
            Ok(Err(error)) => tracing::warn!(folder = %folder.display(), %error, "an emptied spool stays"),
            Err(error) => tracing::warn!(folder = %folder.display(), %error, "an emptied spool stays"),
        }
    }
}
