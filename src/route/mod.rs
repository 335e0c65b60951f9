//! Which route a request belongs to, and who answers it.
//!
//! A [`Generation`](generation::Generation) is the whole of it at one moment: the file, the overrides, the compiled
//! matcher. [`decide`](decide::decide) is asked once a request.

pub(crate) mod canary;
pub(crate) mod decide;
pub(crate) mod explain;
pub(crate) mod generation;
pub(crate) mod legacy_only;
pub(crate) mod limits;
pub(crate) mod matcher;
pub(crate) mod override_store;
pub(crate) mod overrides;
pub(crate) mod path;
pub(crate) mod pattern;
mod stage;

use std::net::IpAddr;
use std::sync::Arc;

use handover_api::BoxedHandler;

use crate::config::valid::RouteSpec;
use canary::Share;
use explain::Forced;
use limits::Limiter;
use overrides::Overridden;
pub use stage::Stage;

/// A request, as far as routing looks at it.
pub(crate) trait Asked {
    /// The method, as sent.
    fn method(&self) -> &[u8];

    /// The path as sent, without the query.
    fn path(&self) -> &[u8];

    /// The host that the request is for, as sent.
    fn host(&self) -> Option<&[u8]>;

    /// The values of a header field; `name` is in lower case.
    fn field(&self, name: &str) -> Values<'_>;

    /// The client's address.
    fn peer(&self) -> Option<IpAddr>;

    /// A number from 0 to 1, the latter excluded, drawn anew for each request: which requests a `verify` share takes.
    fn draw(&self) -> f64;

    /// The stage that somebody who may has asked for.
    fn forced(&self) -> Option<Forced> {
        None
    }
}

/// The values of one header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values<'a> {
    /// It is not there.
    Absent,
    /// It is there once.
    One(&'a [u8]),
    /// It is there more than once; this is the first.
    Several(&'a [u8]),
}

impl<'a> Values<'a> {
    /// The first value.
    pub(crate) const fn first(self) -> Option<&'a [u8]> {
        match self {
            Self::Absent => None,
            Self::One(value) | Self::Several(value) => Some(value),
        }
    }
}

/// A route of a generation: what the file says of it, and what the overrides make of that.
pub(crate) struct Route {
    /// Where it stands among the routes of its generation.
    pub place: usize,
    /// What the file says. `spec.stage` is the file's stage.
    pub spec: Arc<RouteSpec>,
    /// The stage in effect.
    pub stage: Stage,
    /// Why the stage in effect is not the file's.
    pub overridden: Option<Overridden>,
    /// The share that goes on being compared at the stage native.
    pub verify: Share,
    /// The share of what native answers that legacy has back already, on the way to legacy-only.
    pub given_back: Share,
    /// What answers natively. There whenever `stage` is beyond legacy, unless another legacy is the candidate.
    pub native: Option<BoxedHandler>,
    /// What it may take, where the file says so.
    pub limiter: Option<Limiter>,
}

impl Route {
    /// The route's name.
    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    /// Whether the file can give it that stage; if not, what it lacks.
    pub(crate) fn may_go_to(&self, stage: Stage) -> Result<(), String> {
        let name = self.name();
        if stage > Stage::Legacy && !self.spec.has_successor() {
            return Err(format!("{name} has no native handler: name one by `native = \"…\"`"));
        }
        if stage == Stage::Retired && self.spec.candidate.is_some() {
            return Err(format!(
                "{name} has a candidate: once that answers all, write it as the route's `legacy`"
            ));
        }
        if stage == Stage::Canary && self.spec.canary.share.get() == 0.0 {
            let how = "`canary = { share = 0.05, sticky = \"cookie:PHPSESSID\" }`";
            return Err(format!("{name} has no canary share: {how}"));
        }
        Ok(())
    }

    /// Whether an override takes it back there: below the file's stage, and not past a gate that is shut.
    pub(crate) fn may_go_back_to(&self, stage: Stage) -> Result<(), String> {
        let (name, asked) = (self.name(), self.spec.stage);
        if stage >= asked {
            return Err(format!(
                "{name} is at {asked} in the file: a rollback goes below that; to raise it, edit the file"
            ));
        }
        match &self.overridden {
            Some(Overridden::Held(held)) if stage > held.stage.max(Stage::Shadow) => {
                Err(format!("the gate holds {name} at {}: {stage} is no way back from there", held.stage))
            }
            _ => Ok(()),
        }
    }

    /// The stage that it goes back to when nobody says which: below the file's, or below the one that its gate holds it at.
    pub(crate) fn one_back(&self) -> Stage {
        let is_held = matches!(self.overridden, Some(Overridden::Held(_)));
        self.spec.before(if is_held { self.stage } else { self.spec.stage })
    }
}
