//! Runs a handler: within its time, and so that a panic ends one request and nothing else.

pub(crate) mod application;
pub(crate) mod blocking;
pub(crate) mod identity;
pub(crate) mod ports;
pub(crate) mod session;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use handover_api::{Answer, BoxedHandler, Context, Decline, HandlerError, PortError, Reply, Request};

use self::blocking::Pool;

/// Native did not answer, and nothing has happened: legacy can.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NativeFailure {
    /// The handler returned an error.
    #[error("the native handler returned an error")]
    Error(#[source] HandlerError),
    /// The handler panicked.
    #[error("the native handler panicked: {0}")]
    Panic(String),
    /// The handler took longer than its route allows.
    #[error("the native handler took longer than {0:?}")]
    TimedOut(Duration),
    /// The handler blocks, and the threads for such are taken.
    #[error(
        "all {threads} threads for handlers that block are taken and {waiting} requests wait for one; `blocking_threads` says \
         how many there are"
    )]
    Busy {
        /// How many there are.
        threads: usize,
        /// How many requests may wait.
        waiting: usize,
    },
}

impl NativeFailure {
    /// Whether the handler could not have what other routes may not have either: a table that is too old or not
    /// there, sessions whose store is down.
    pub(crate) fn is_shared(&self) -> bool {
        if matches!(self, Self::Busy { .. }) {
            return true;
        }
        let causes = std::iter::successors(Some(self as &dyn std::error::Error), |error| error.source());
        causes.into_iter().any(|cause| {
            matches!(
                cause.downcast_ref::<PortError>(),
                Some(
                    PortError::NoTable(_)
                        | PortError::TableTooOld(_)
                        | PortError::NoPhp
                        | PortError::SessionStore(_)
                        | PortError::NoRandomness
                )
            )
        })
    }
}

/// What a run came to.
pub(crate) type Ran = Result<Decided, NativeFailure>;

/// A handler's decision.
#[derive(Debug)]
pub(crate) enum Decided {
    /// An answer, whose effects are not committed yet.
    Answer(Answer),
    /// Not this handler's: legacy answers.
    Decline(Decline),
}

/// Runs a handler for at most `limit`, on `pool` when it blocks.
pub(crate) async fn run(
    handler: &BoxedHandler,
    request: &Request,
    cx: &Context,
    limit: Duration,
    pool: &Pool,
) -> Ran {
    let ran = async {
        if handler.is_blocking() {
            return Box::pin(pool.run(handler, request, cx)).await;
        }
        let ran = unwinding(handler.handle_boxed(request, cx)).await;
        ran.map_err(|panic| NativeFailure::Panic(message(&*panic)))
    };
    let outcome = tokio::time::timeout(limit, ran).await.map_err(|_| NativeFailure::TimedOut(limit))??;
    match outcome {
        Ok(Reply::Answer(answer)) => Ok(Decided::Answer(answer)),
        Ok(Reply::Decline(decline)) => Ok(Decided::Decline(decline)),
        Err(error) => Err(NativeFailure::Error(error)),
    }
}

/// Turns a panic of the future into a value. The future is not polled again after it, so that no state broken by
/// the panic is seen by anyone.
pub(crate) async fn unwinding<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// What a panic says.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use handover_api::testing::Frozen;
    use handover_api::{Handler, Outcome, Response};
    use http::Method;

    use super::*;

    struct By(fn() -> Outcome);

    impl Handler for By {
        async fn handle(&self, _: &Request, _: &Context) -> Outcome {
            tokio::task::yield_now().await;
            (self.0)()
        }
    }

    struct Never;

    impl Handler for Never {
        async fn handle(&self, _: &Request, _: &Context) -> Outcome {
            std::future::pending().await
        }
    }

    async fn ran(handler: impl Handler) -> Ran {
        let request = Request::builder(Method::GET, "/").build().unwrap();
        let handler: BoxedHandler = Arc::new(handler);
        run(&handler, &request, &Frozen::default().context(), Duration::from_millis(50), &Pool::new(1)).await
    }

    #[tokio::test]
    async fn an_answer_comes_through() {
        let ran = ran(By(|| Answer::new(Response::text(200, "hello")).into())).await;
        assert!(matches!(ran, Ok(Decided::Answer(answer)) if answer.response.body == "hello"));
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_with_its_message() {
        let failure = ran(By(|| panic!("row {} is odd", 7))).await.unwrap_err();
        assert_eq!(failure.to_string(), "the native handler panicked: row 7 is odd");
    }

    #[tokio::test]
    async fn an_error_and_a_decline_are_told_apart() {
        assert!(matches!(ran(By(|| Err(HandlerError::new("no")))).await, Err(NativeFailure::Error(_))));
        assert!(matches!(ran(By(|| Decline::because("old form").into())).await, Ok(Decided::Decline(_))));
    }

    #[tokio::test]
    async fn a_table_that_is_not_there_is_no_routes_own_fault() {
        let without_table = By(|| Err(PortError::NoTable("airports".into()).into()));
        assert!(ran(without_table).await.unwrap_err().is_shared());
        assert!(!ran(By(|| Err(HandlerError::new("no")))).await.unwrap_err().is_shared());
    }

    #[tokio::test]
    async fn a_handler_that_never_ends_is_cut_off() {
        assert!(matches!(ran(Never).await, Err(NativeFailure::TimedOut(_))));
    }
}
