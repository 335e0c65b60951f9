//! One upstream as one core sees it, and all upstreams of a legacy.

use std::rc::Rc;
use std::sync::Arc;

use handover_http1::client::Config;
use handover_http1::{ClientTimeouts, LeastRate, Limits};

use super::balance::Turn;
use super::budget::Budget;
use super::counts::{Cells, Shared};
use super::health::Rules;
use super::http2::Sessions;
use super::pool::Pool;
use crate::legacy::names::Place;
use crate::legacy::permits::Permits;
use crate::legacy::spec::{self, Http, Spec};

/// All upstreams of a legacy as one core sees them.
#[derive(Debug)]
pub(crate) struct Upstreams {
    pub(super) permits: Arc<Permits>,
    pub(super) all: Box<[Rc<Upstream>]>,
    pub(super) rules: Option<Rules>,
    pub(super) budget: Budget,
}

/// One upstream: its idle connections, its HTTP/2 sessions, its counts.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(super) place: Place,
    pub(super) weight: u32,
    pub(super) config: Arc<Config>,
    pub(super) idle: Pool,
    pub(super) sessions: Sessions,
    pub(super) shared: Arc<Shared>,
    pub(super) cells: Arc<Cells>,
    pub(super) turn: Turn,
}

impl Upstreams {
    /// `upstreams` are those of `http`, in its order.
    pub(crate) fn new(http: &Http, permits: Arc<Permits>, upstreams: Vec<Upstream>) -> Self {
        let all = upstreams.into_iter().map(Rc::new).collect();
        Self { permits, all, rules: Rules::of(http), budget: Budget::default() }
    }

    /// Whether shadow work has to wait; see [`Permits::is_strained`].
    pub(crate) fn is_strained(&self, spec: &Spec) -> bool {
        self.permits.is_strained(spec)
    }
}

impl Upstream {
    /// An upstream at `place`. To be made on the core that it is for.
    pub(crate) fn new(place: Place, upstream: &spec::Upstream, shared: Arc<Shared>, spec: &Spec) -> Self {
        let silence = spec.read_timeout;
        let timeouts =
            ClientTimeouts { answer: silence, body: LeastRate { bytes: 1, window: silence }, write: silence };
        Self {
            place,
            weight: upstream.weight,
            config: Arc::new(Config { limits: Limits::default(), timeouts }),
            idle: Pool::new(spec.connections_max),
            sessions: Sessions::default(),
            cells: shared.on_this_core(),
            shared,
            turn: Turn::default(),
        }
    }
}
