//! What legacies are asked beside the client's path: a candidate that is to take legacy's place, and legacy itself once more.

use std::time::{Duration, Instant};

use bytes::Bytes;
use handover_shadow::{
    ClusterKey, Effects, ExperimentId, Outcome, OwnEffects, SessionState, Side, Who, differs_from_itself,
};
use tokio::sync::oneshot;

use super::Asking;
use super::asker::Manner;
use super::capture::{Answered, CapturedAnswer, NotAsked};
use super::experiment::{Abandoned, Conductor, control_answer, given, legacy};
use crate::route::Route;

impl Conductor {
    /// Both sides: what legacy answers the client, and what the candidate answers to the same. Legacy may be asked once more.
    pub(super) async fn legacies(
        &self,
        id: ExperimentId,
        route: &Route,
        began: Instant,
        body: &Bytes,
        asking: &Asking,
        answer: oneshot::Receiver<Answered>,
    ) -> Result<(Side, Side, Again), Abandoned> {
        let candidate = route.spec.candidate.as_ref().ok_or(Abandoned::NoHandler)?;
        let asked = Instant::now();
        let other = asking.put(candidate, Manner::Dry, body).ok_or(Abandoned::NotAsked)?;
        // Only now: of a request that the candidate is not asked noise says nothing.
        let again = Again::ask(Some(asking).filter(|_| route.spec.shadow.asks_again(id)), route, body);
        let (answer, other) = tokio::join!(given(answer), other);
        let answer = answer?;
        let version = self.phps.version(&route.spec.legacy, &answer.fields);
        let control = side(answer, began, version)?;
        let other = match other {
            Ok(Ok(other)) => other,
            // What we have no room for is no fault of the candidate's.
            Ok(Err(NotAsked)) => return Err(Abandoned::NotAsked),
            Err(_) => {
                let candidate = failed(self.phps.candidate(candidate, None), asked.elapsed());
                return Ok((control, candidate, again));
            }
        };
        let who = self.phps.candidate(candidate, Some(&other.fields));
        Ok((control, Side { who, ..side(other, asked, None)? }, again))
    }
}

/// Legacy was asked once more, or not.
pub(super) struct Again(Option<oneshot::Receiver<Answered>>);

impl Again {
    /// Asks, where there is room for that: what is not asked says nothing of noise, and no more. It is asked just what the
    /// client asked: what a dry run changes is no noise.
    pub(super) fn ask(asking: Option<&Asking>, route: &Route, body: &Bytes) -> Self {
        Self(asking.and_then(|asking| asking.put(&route.spec.legacy, Manner::AsAsked, body)))
    }

    /// In which ways the answer differs from the one that the client got.
    pub(super) async fn differs(
        self,
        conductor: &Conductor,
        route: &Route,
        first: &Side,
    ) -> Option<Vec<ClusterKey>> {
        let second = given(self.0?).await.ok()?;
        let version = conductor.phps.version(&route.spec.legacy, &second.fields);
        let second = control_answer(second).ok()?;
        match &first.outcome {
            // Another version may well answer otherwise.
            Outcome::Answered(answer) if first.who == (Who::Legacy { version }) => {
                differs_from_itself(route.name(), answer, &second, &route.spec.shadow)
            }
            _ => None,
        }
    }
}

fn side(answer: CapturedAnswer, began: Instant, version: Option<String>) -> Result<Side, Abandoned> {
    let took = answer.at.saturating_duration_since(began);
    Ok(legacy(control_answer(answer)?, took, version, Effects::Unobserved))
}

fn failed(who: Who, latency: Duration) -> Side {
    Side {
        who,
        outcome: Outcome::Failed("the candidate gave no answer".to_owned()),
        effects: Effects::Unobserved,
        own: OwnEffects::new(),
        session: SessionState::Unobserved,
        latency,
        reads: Vec::new(),
        rules: None,
    }
}
