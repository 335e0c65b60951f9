//! The right to a connection: counted once for the process, handed out in the order of asking.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Cause, Failed, Leg};
use super::spec::Spec;

/// So many permits, and those who wait for one.
#[derive(Debug)]
pub(crate) struct Permits {
    free: Arc<Semaphore>,
    size: Mutex<Size>,
    waiting: AtomicUsize,
}

/// How many permits there are, and how many more must be taken back because there are fewer than were handed out.
#[derive(Debug)]
struct Size {
    max: usize,
    excess: usize,
}

/// The right to one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: Arc<Permits>,
    held: Option<OwnedSemaphorePermit>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut size = self.permits.size();
        if size.excess > 0 {
            size.excess -= 1;
            if let Some(held) = self.held.take() {
                held.forget();
            }
        }
    }
}

/// Counts one waiting request.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Permits {
    pub(crate) fn new(max: usize) -> Self {
        let size = Mutex::new(Size { max, excess: 0 });
        Self { free: Arc::new(Semaphore::new(max)), size, waiting: AtomicUsize::new(0) }
    }

    /// Waits for a permit: as long as legacy may be silent, in a queue of so many.
    pub(crate) async fn acquire(self: &Arc<Self>, spec: &Spec) -> Result<Permit, Failed> {
        let held = Some(self.wait(spec).await?);
        Ok(Permit { permits: Arc::clone(self), held })
    }

    async fn wait(&self, spec: &Spec) -> Result<OwnedSemaphorePermit, Failed> {
        // Never past those who wait: a permit that comes back is handed to the first of them.
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(permit);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= spec.queue_max {
            return Err(Failed::before(Leg::Wait, Cause::QueueFull(before)));
        }
        let permit = Arc::clone(&self.free).acquire_owned();
        match tokio::time::timeout(spec.read_timeout, permit).await {
            Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
            Err(_) => Err(Failed::before(Leg::Wait, Cause::TimedOut(spec.read_timeout))),
        }
    }

    /// Sets how many there are. Where more are out, the rest is taken back as they come.
    pub(crate) fn resize(&self, max: usize) {
        let mut size = self.size();
        if max > size.max {
            let more = max - size.max;
            let kept = more.min(size.excess);
            size.excess -= kept;
            self.free.add_permits(more - kept);
        } else {
            let fewer = size.max - max;
            size.excess += fewer - self.free.forget_permits(fewer);
        }
        size.max = max;
    }

    /// Whether more are out than there are.
    pub(crate) fn is_in_excess(&self) -> bool {
        self.size().excess > 0
    }

    /// How many there are, how many are out, and how many requests wait for one.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let size = self.size();
        let busy = (size.max + size.excess).saturating_sub(self.free.available_permits());
        (size.max, busy, self.waiting.load(Ordering::Relaxed))
    }

    /// Nothing that could panic runs under this lock.
    fn size(&self) -> MutexGuard<'_, Size> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::spec::{Http, Kind};
    use crate::legacy::testing::spec;

    #[tokio::test]
    async fn fewer_or_more_permits_apply_to_those_that_are_out_too() {
        let legacy = spec(Kind::Http(Http { address: crate::legacy::spec::Address::Tcp("a:1".into()) }));
        let permits = Arc::new(Permits::new(3));
        let mut out = Vec::new();
        for _ in 0..3 {
            out.push(permits.acquire(&legacy).await.unwrap());
        }
        permits.resize(1);
        assert_eq!(permits.counts(), (1, 3, 0));
        out.truncate(1);
        assert!(!permits.is_in_excess());
        assert_eq!(permits.counts(), (1, 1, 0));
        permits.resize(2);
        out.push(permits.acquire(&legacy).await.unwrap());
        assert_eq!(permits.counts(), (2, 2, 0));
        permits.resize(1);
        permits.resize(4);
        assert_eq!(permits.counts(), (4, 2, 0));
        out.clear();
        assert_eq!(permits.counts(), (4, 0, 0));
    }
}
