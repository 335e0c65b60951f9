//! The durable side of the commit: frames on this machine's disk, and their way to Kafka from there.

pub(crate) mod body;
mod held;
pub(super) mod replay;
mod replays;

use std::sync::Arc;

use handover_spool::{AppendError, Disk, OpenError, Opened, RealDisk, Refused, Room, Spool, Stats};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use self::body::Spooled;
use self::replays::Replays;
use super::Clusters;
use super::calls::{CallStats, Caller};
use crate::config::valid;

/// The spool of this process, with what it took over from others that have ended.
pub(crate) struct Spooler {
    own: Arc<Spool>,
    caller: Arc<Caller>,
    replays: Arc<Replays>,
}

/// Room for a frame that counts as held already.
pub(crate) struct Reserved<'a> {
    of: &'a Spooler,
    room: Option<Room>,
    frame: Spooled,
    body: bytes::Bytes,
}

impl Spooler {
    /// Opens the spool and begins to replay, on `side`, what is in it; and from then on what others leave behind.
    pub(super) fn open(spec: &valid::Spool, clusters: Clusters, side: &Handle) -> Result<Self, OpenError> {
        let caller = Arc::new(Caller::new(spec, side)?);
        let replays = Arc::new(Replays::new(clusters, Arc::clone(&caller), side.clone()));
        let mut found = 0;
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let opened = handover_spool::open(&disk, &spec.folder, spec.limits, replays.news(), &mut |frame| {
            found += 1;
            replays.hold(frame);
        })?;
        if found > 0 {
            tracing::info!(
                frames = found,
                "the spool holds what an earlier run did not deliver; it is sent now"
            );
        }
        let Opened { own, adopted } = opened;
        let own = Arc::new(own);
        replays.follow(&own);
        adopted.into_iter().for_each(|spool| replays.empty(spool));
        side.spawn(Arc::clone(&replays).adopt_left_overs(disk, spec.clone()));
        Ok(Self { own, caller, replays })
    }

    /// Looks at once for folders of processes that have ended, since one probably has.
    pub(crate) fn look_for_left_overs(&self) {
        self.replays.look();
    }

    /// How many folders of others were taken over while running.
    pub(crate) fn adopted(&self) -> u64 {
        self.replays.adopted()
    }

    /// Whether one of these records would overtake another of its topic, were it not spooled.
    pub(crate) fn holds(&self, cluster: &str, records: &[handover_api::Record]) -> bool {
        self.replays.held.any(cluster, records)
    }

    /// How many frames of a route wait.
    pub(crate) fn of_route(&self, route: &str) -> usize {
        self.replays.held.of_route(route)
    }

    /// Room for a frame, and as far as is known for its calls behind it.
    pub(crate) fn reserve(&self, frame: Spooled) -> Result<Reserved<'_>, Refused> {
        if !frame.calls.is_empty() {
            self.caller.has_room(&frame.calls)?;
        }
        let body = frame.encode();
        let room = self.own.reserve(body.len())?;
        self.replays.held.hold(&frame);
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
        self.replays.stop().await;
        self.caller.stop().await;
    }
}

impl Reserved<'_> {
    /// Appends the frame: the point of no return. Returns once it is durable; what becomes of the future changes nothing.
    pub(crate) async fn append(mut self) -> Result<(), AppendError> {
        let (tell, told) = oneshot::channel();
        let Some(room) = self.room.take() else { return Err(Refused::Closed.into()) };
        let (held, frame) = (Arc::clone(&self.of.replays.held), std::mem::take(&mut self.frame));
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
            self.of.replays.held.release(&self.frame);
        }
    }
}
