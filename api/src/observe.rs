//! How the application sees what legacy did of an effect of its own.

use std::borrow::Cow;
use std::sync::Arc;

use crate::{BoxFuture, Own, Request, Response};

/// Tells which effects of one kind legacy had, once it has answered: it reads the row that legacy wrote, say. The application
/// registers it by `Proxy::builder().observes("KIND", …)`, and the route names the kind in its `shadow` table (`observe`).
/// Without one nobody knows legacy's side, and an answer of native's with such an effect is not comparable.
///
/// It only reads, off the client's path; it must not block its thread, and has 5 seconds.
pub trait Observe: Send + Sync + 'static {
    /// What legacy did of this kind when it answered that request so, as native would have asked for it; nothing where it did
    /// nothing, which is what counts against a native that does.
    fn observe(
        &self,
        request: &Request,
        response: &Response,
    ) -> impl Future<Output = Result<Vec<Own>, NotObserved>> + Send;
}

/// What legacy did cannot be told, so that the pair is not comparable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotObserved(Cow<'static, str>);

impl NotObserved {
    /// With its reason: short and of few kinds, since it is counted by reason.
    pub fn because(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

/// An [`Observe`] with its type erased.
pub trait ErasedObserve: Send + Sync + 'static {
    /// As [`Observe::observe`].
    fn observe_boxed<'a>(
        &'a self,
        request: &'a Request,
        response: &'a Response,
    ) -> BoxFuture<'a, Result<Vec<Own>, NotObserved>>;
}

impl<O: Observe> ErasedObserve for O {
    fn observe_boxed<'a>(
        &'a self,
        request: &'a Request,
        response: &'a Response,
    ) -> BoxFuture<'a, Result<Vec<Own>, NotObserved>> {
        Box::pin(self.observe(request, response))
    }
}

/// An [`Observe`] as the proxy keeps it.
pub type BoxedObserve = Arc<dyn ErasedObserve>;
