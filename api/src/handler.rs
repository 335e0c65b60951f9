//! The trait that a native route's author implements, and its erased form.

use std::sync::Arc;

use crate::{BoxFuture, Context, Outcome, Request};

/// Answers the requests of a route natively.
///
/// It decides and returns; it performs nothing. All that it reads besides the request comes from the context.
pub trait Handler: Send + Sync + 'static {
    /// Whether it may hold its thread for long: by a computation, by a library that waits. Such a handler runs on a
    /// bounded pool of threads (`blocking_threads` in the file), so that no other request stands still for it. All others
    /// run on the core that serves their client, and must give it back within microseconds.
    const BLOCKING: bool = false;

    /// Decides one request. Dropped when the client has gone or the route's time is up.
    fn handle(&self, request: &Request, cx: &Context) -> impl Future<Output = Outcome> + Send;
}

/// A [`Handler`] with its type erased: its future is boxed, once a request.
pub trait ErasedHandler: Send + Sync + 'static {
    /// As [`Handler::handle`].
    fn handle_boxed<'a>(&'a self, request: &'a Request, cx: &'a Context) -> BoxFuture<'a, Outcome>;

    /// [`Handler::BLOCKING`].
    fn is_blocking(&self) -> bool;
}

impl<H: Handler> ErasedHandler for H {
    fn handle_boxed<'a>(&'a self, request: &'a Request, cx: &'a Context) -> BoxFuture<'a, Outcome> {
        Box::pin(self.handle(request, cx))
    }

    fn is_blocking(&self) -> bool {
        H::BLOCKING
    }
}

/// A handler as the proxy keeps it.
pub type BoxedHandler = Arc<dyn ErasedHandler>;
