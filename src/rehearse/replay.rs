//! Runs native on recorded experiments, with what its ports gave then, and judges it against what legacy answered then.

use std::sync::Arc;

use handover_api::Ports;
use handover_shadow::recording::{Recorded, RecordedPorts, Unusable};
use handover_shadow::{Experiment, Judgement, Policy, Verdict, judge_again};
use jiff::Timestamp;

use super::asked::{Recalled, request};
use crate::mirror::experiment::{Abandoned, Conductor};
use crate::route::Route;
use crate::route::decide::decide;
use crate::route::generation::Generation;

/// An experiment that was run again.
pub(crate) struct Replayed {
    /// With native as it is now.
    pub experiment: Experiment,
    /// How it was judged.
    pub judgement: Judgement,
    /// By which policy.
    pub policy: Arc<Policy>,
}

/// An experiment cannot be run again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReplayed {
    /// The configuration has no route of its name.
    #[error("there is no route {0}")]
    NoRoute(String),
    /// Its request goes elsewhere now.
    #[error("the request does not match the route {0} any more")]
    Elsewhere(String),
    /// Something in it is broken.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// There is no native, or its request is none.
    #[error(transparent)]
    Abandoned(#[from] Abandoned),
    /// Native looked for what nobody recorded.
    #[error("native looks up what was not recorded: give it the tables by --tables")]
    Missed,
}

/// Runs experiments again.
pub(crate) struct Replay {
    /// The routes, with their handlers and policies.
    pub generation: Arc<Generation>,
    /// Who runs native.
    pub conductor: Conductor,
    /// Where natives read what was not recorded.
    pub live: Option<Arc<dyn Ports>>,
}

impl Replay {
    /// Runs one.
    pub(crate) async fn run(&self, recorded: &Recorded) -> Result<Replayed, NotReplayed> {
        let no_route = || NotReplayed::NoRoute(recorded.route.clone());
        let route = self.generation.route(&recorded.route).ok_or_else(no_route)?;
        let asked = recorded.request()?;
        if !decide(&self.generation, &Recalled(&asked)).route.is_some_and(|found| Arc::ptr_eq(found, route)) {
            return Err(NotReplayed::Elsewhere(recorded.route.clone()));
        }
        let request = request(&asked).ok_or(Abandoned::NoRequest)?;
        let at = recorded.at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let ports = Arc::new(RecordedPorts::new(at, recorded.reads()?, self.live.clone()));
        let native = self.conductor.alone(route, &request, Arc::clone(&ports) as Arc<_>).await?;
        let experiment = recorded.against(native)?;
        match ports.missed().is_empty() {
            true => Ok(judged(experiment, recorded, route)),
            false if recorded.has_redacted_request() => {
                let why = "native looks up something by a placeholder".to_owned();
                let (judgement, policy) =
                    (Verdict::NotComparable(why).into(), Arc::clone(&route.spec.shadow));
                Ok(Replayed { experiment, judgement, policy })
            }
            false => Err(NotReplayed::Missed),
        }
    }
}

fn judged(experiment: Experiment, recorded: &Recorded, route: &Route) -> Replayed {
    let policy = Arc::clone(&route.spec.shadow);
    let judgement = judge_again(&experiment, &policy, &recorded.unseen());
    Replayed { experiment, judgement, policy }
}
