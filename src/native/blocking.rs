//! Threads for handlers that block: bounded, so that no core stands still for one of them, and nothing piles up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use handover_api::{BoxedHandler, Context, Outcome, Request};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::{NativeFailure, message};

/// How many requests may wait for each thread.
const WAITING: usize = 4;

/// The threads.
///
/// A thread can't be taken away from a handler: one that goes on when its request's time is over keeps its thread until it
/// ends.
pub(crate) struct Pool {
    threads: usize,
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    refused: AtomicU64,
}

/// How the threads stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolStats {
    /// Threads that run a handler.
    pub running: usize,
    /// Requests that wait for a thread.
    pub waiting: usize,
    /// Requests for which there was no room to wait.
    pub refused: u64,
}

impl Pool {
    /// So many threads, each of which is started when it is first needed.
    pub(crate) fn new(threads: usize) -> Self {
        let (waiting, refused) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self { threads, free: Arc::new(Semaphore::new(threads)), waiting, refused }
    }

    /// Runs a handler on one of the threads.
    pub(super) async fn run(
        &self,
        handler: &BoxedHandler,
        request: &Request,
        cx: &Context,
    ) -> Result<Outcome, NativeFailure> {
        let waits = Waits::begin(self)?;
        let Ok(thread) = Arc::clone(&self.free).acquire_owned().await else { return Err(waits.too_many()) };
        drop(waits);
        let (handler, request, cx) = (Arc::clone(handler), request.clone(), cx.clone());
        let ran = tokio::task::spawn_blocking(move || {
            let _until_it_ends = thread;
            Handle::current().block_on(handler.handle_boxed(&request, &cx))
        });
        ran.await.map_err(|failed| match failed.try_into_panic() {
            Ok(panic) => NativeFailure::Panic(message(&*panic)),
            Err(cancelled) => NativeFailure::Panic(cancelled.to_string()),
        })
    }

    /// How they stand.
    pub(crate) fn stats(&self) -> PoolStats {
        PoolStats {
            running: self.threads.saturating_sub(self.free.available_permits()),
            waiting: self.waiting.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }
}

/// A request that waits for a thread, until it is dropped.
struct Waits<'p>(&'p Pool);

impl<'p> Waits<'p> {
    fn begin(pool: &'p Pool) -> Result<Self, NativeFailure> {
        let waits = Self(pool);
        let before = pool.waiting.fetch_add(1, Relaxed);
        if before >= pool.threads * WAITING && pool.free.available_permits() == 0 {
            pool.refused.fetch_add(1, Relaxed);
            return Err(waits.too_many());
        }
        Ok(waits)
    }

    fn too_many(&self) -> NativeFailure {
        NativeFailure::Busy { threads: self.0.threads, waiting: self.0.threads * WAITING }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;
    use std::time::{Duration, Instant};

    use handover_api::testing::Frozen;
    use handover_api::{Answer, Handler, Response};
    use http::Method;

    use super::*;
    use crate::native::{Decided, Ran, run};

    const LIMIT: Duration = Duration::from_secs(20);

    /// Holds its thread until somebody comes to the barrier, and answers that thread's name.
    struct Holds(Arc<Barrier>);

    impl Handler for Holds {
        const BLOCKING: bool = true;

        async fn handle(&self, _: &Request, _: &Context) -> Outcome {
            self.0.wait();
            Answer::new(Response::text(200, format!("{:?}", thread::current().id()))).into()
        }
    }

    struct Panics;

    impl Handler for Panics {
        const BLOCKING: bool = true;

        async fn handle(&self, _: &Request, _: &Context) -> Outcome {
            panic!("row {} is odd", 7)
        }
    }

    async fn on(pool: &Pool, handler: impl Handler, limit: Duration) -> Ran {
        let request = Request::builder(Method::GET, "/").build().unwrap();
        let handler: BoxedHandler = Arc::new(handler);
        run(&handler, &request, &Frozen::default().context(), limit, pool).await
    }

    #[tokio::test]
    async fn a_handler_that_blocks_does_not_hold_the_core() {
        let (pool, barrier) = (Pool::new(1), Arc::new(Barrier::new(2)));
        let moves = async {
            // This runs on the core while the handler waits for it.
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_eq!(pool.stats(), PoolStats { running: 1, waiting: 0, refused: 0 });
            barrier.wait();
        };
        let (ran, ()) = tokio::join!(on(&pool, Holds(Arc::clone(&barrier)), LIMIT), moves);
        let Ok(Decided::Answer(answer)) = ran else { panic!("{ran:?}") };
        assert_ne!(answer.response.body, format!("{:?}", thread::current().id()));
    }

    #[tokio::test]
    async fn what_finds_no_room_to_wait_is_refused_at_once() {
        let (pool, barrier) = (Pool::new(1), Arc::new(Barrier::new(2)));
        let held = || on(&pool, Holds(Arc::clone(&barrier)), LIMIT);
        let waiting = async { tokio::join!(held(), held(), held(), held(), held()) };
        let one_more = async {
            while pool.stats().waiting < WAITING {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let began = Instant::now();
            let refused = held().await.unwrap_err();
            assert!(matches!(refused, NativeFailure::Busy { threads: 1, waiting: 4 }), "{refused}");
            assert!(refused.is_shared() && began.elapsed() < LIMIT / 4);
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || (0..5).for_each(|_| _ = barrier.wait()));
        };
        let (ran, ()) = tokio::join!(waiting, one_more);
        assert!([ran.0, ran.1, ran.2, ran.3, ran.4].iter().all(Result::is_ok), "all that waited ran");
        assert_eq!(pool.stats(), PoolStats { running: 0, waiting: 0, refused: 1 });
    }

    #[tokio::test]
    async fn a_panic_ends_one_request_and_gives_the_thread_back() {
        let pool = Pool::new(1);
        for _ in 0..3 {
            let failure = on(&pool, Panics, LIMIT).await.unwrap_err();
            assert_eq!(failure.to_string(), "the native handler panicked: row 7 is odd");
        }
        assert_eq!(pool.stats().running, 0);
    }

    #[tokio::test]
    async fn whoever_goes_on_beyond_its_time_keeps_its_thread_until_it_ends() {
        let (pool, barrier) = (Pool::new(1), Arc::new(Barrier::new(2)));
        let ran = on(&pool, Holds(Arc::clone(&barrier)), Duration::from_millis(20)).await;
        assert!(matches!(ran, Err(NativeFailure::TimedOut(_))));
        assert_eq!(pool.stats().running, 1);
        barrier.wait();
        let since = Instant::now();
        while pool.stats().running > 0 {
            assert!(since.elapsed() < LIMIT);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
