//! The judge: from an experiment and a policy to a verdict. Pure: the same pair under the same policy gets the same
//! verdict whenever it is judged.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::compare;
use crate::difference::{Difference, Differences, Form, Found, Kind};
use crate::experiment::{Answer, Body, Effects, Experiment, OnTrial, Outcome, SessionState, Side, Who};
use crate::path::{Part, Path, Pattern};
use crate::policy::Policy;

/// What an experiment came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No difference.
    Matched,
    /// Only differences that rules set aside; by the rules' names, each once.
    Ignored(Vec<String>),
    /// At least one difference stands; these, the worst first.
    Mismatched(Vec<Difference>),
    /// Nothing can be said; with the reason.
    NotComparable(String),
    /// Native left the request to legacy; with its reason. No sample, and counted apart.
    Declined(String),
    /// Effects are still awaited.
    Pending,
}

/// A verdict without its particulars: what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// See [`Verdict::Matched`].
    Matched,
    /// See [`Verdict::Ignored`].
    Ignored,
    /// See [`Verdict::Mismatched`].
    Mismatched,
    /// See [`Verdict::NotComparable`].
    NotComparable,
    /// See [`Verdict::Declined`].
    Declined,
    /// See [`Verdict::Pending`].
    Pending,
}

impl Verdict {
    /// What is counted of it.
    pub fn class(&self) -> Class {
        match self {
            Self::Matched => Class::Matched,
            Self::Ignored(_) => Class::Ignored,
            Self::Mismatched(_) => Class::Mismatched,
            Self::NotComparable(_) => Class::NotComparable,
            Self::Declined(_) => Class::Declined,
            Self::Pending => Class::Pending,
        }
    }
}

/// What keeps a pair from matching although nothing that is known of it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// See [`Verdict::Pending`].
    Pending,
    /// See [`Verdict::NotComparable`].
    NotComparable(String),
}

impl From<Unknown> for Verdict {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Pending => Self::Pending,
            Unknown::NotComparable(reason) => Self::NotComparable(reason),
        }
    }
}

/// A verdict, and what was set aside on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Differences that a rule set aside, with the rule's name.
    pub set_aside: Vec<(Difference, String)>,
    /// What of an answered pair could not be compared. A difference that stands outweighs it, but when people set that
    /// aside, this is what the pair comes to: nobody has seen the rest match.
    pub unknown: Option<Unknown>,
    /// Whether there were more differences than are kept.
    pub cut: bool,
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, set_aside: Vec::new(), unknown: None, cut: false }
    }
}

/// Judges one experiment.
///
/// 1. A decline is a decline, whatever the other side did.
/// 2. A side on trial without an answer is a mismatch; the other one without an answer is not comparable.
/// 3. What differs in the answers, or in effects that are known on both sides, stands unless the policy sets it aside.
/// 4. Only if nothing stands can effects that are awaited or unknown keep the pair from matching. They are told beside
///    the verdict all the same: people may set aside what stands.
pub fn judge(experiment: &Experiment, policy: &Policy) -> Judgement {
    judge_again(experiment, policy, &[])
}

/// Judges an experiment of which some places were redacted before it was kept: there nothing can be said any more, so
/// what differs there is no difference.
pub fn judge_again(experiment: &Experiment, policy: &Policy, unseen: &[Pattern]) -> Judgement {
    let (control, candidate) = (&experiment.control, &experiment.candidate);
    if let Some(reason) = declined(control).or_else(|| declined(candidate)) {
        return Verdict::Declined(reason.to_owned()).into();
    }
    let unknown = unknown_version(control).or_else(|| unknown_version(candidate));
    if let Some(reason) = unknown.or_else(|| unknown_candidate(control, candidate)) {
        return Verdict::NotComparable(reason.to_owned()).into();
    }
    let (Outcome::Answered(a), Outcome::Answered(b)) = (&control.outcome, &candidate.outcome) else {
        return unanswered(experiment);
    };
    if let Some(reason) = not_whole(a).or_else(|| not_whole(b)) {
        return Verdict::NotComparable(reason.to_owned()).into();
    }
    let mut found = compare::answers(a, b);
    let session = compare_sessions(control, candidate, &mut found);
    let own = compare_own(control, candidate, policy, &mut found);
    let unknown = compare_effects(&control.effects, &candidate.effects, &mut found).or(own).or(session);
    weigh(found, unknown, (experiment, policy), unseen)
}

fn declined(side: &Side) -> Option<&str> {
    match &side.outcome {
        Outcome::Declined(reason) => Some(reason),
        _ => None,
    }
}

fn unknown_version(side: &Side) -> Option<&'static str> {
    (side.who == Who::Legacy { version: None })
        .then_some("legacy's version is mixed, or unknown: `version` in [legacy.NAME] says it")
}

/// Only beside another legacy a side has its name before its version.
fn unknown_candidate(control: &Side, candidate: &Side) -> Option<&'static str> {
    (matches!(control.who, Who::Legacy { .. }) && candidate.who.is_unknown_candidate())
        .then_some("the candidate has not said its version yet: `version` in [legacy.NAME] says it")
}

fn not_whole(answer: &Answer) -> Option<&'static str> {
    matches!(answer.body, Body::Cut(_)).then_some("a body is larger than the capture's bound")
}

/// Step 2: at least one side gave no answer.
fn unanswered(experiment: &Experiment) -> Judgement {
    let (on_trial, other) = match experiment.on_trial() {
        OnTrial::Control => (&experiment.control, &experiment.candidate),
        OnTrial::Candidate => (&experiment.candidate, &experiment.control),
    };
    if !matches!(other.outcome, Outcome::Answered(_)) {
        return Verdict::NotComparable("the other side gave no answer".to_owned()).into();
    }
    let (kind, reason) = match &on_trial.outcome {
        Outcome::TimedOut => (Kind::TimedOut, "no answer in time"),
        Outcome::Failed(reason) => (Kind::Failed, reason.as_str()),
        Outcome::Answered(_) | Outcome::Declined(_) => (Kind::Failed, ""),
    };
    let (path, reason) = (Path::new(Part::Outcome), Some(Found::new(Form::Text, reason)));
    let difference = match experiment.on_trial() {
        OnTrial::Control => Difference { path, kind, control: reason, candidate: None },
        OnTrial::Candidate => Difference { path, kind, control: None, candidate: reason },
    };
    Verdict::Mismatched(vec![difference]).into()
}

/// Compares effects where both sides' are known; else says what keeps the pair from matching.
fn compare_effects(control: &Effects, candidate: &Effects, found: &mut Differences) -> Option<Unknown> {
    match (control, candidate) {
        (Effects::Known(a), Effects::Known(b)) => {
            found.append(compare::effects(a, b));
            None
        }
        (Effects::NotComparable(reason), _) | (_, Effects::NotComparable(reason)) => {
            Some(Unknown::NotComparable(reason.clone()))
        }
        (Effects::Pending, _) | (_, Effects::Pending) => Some(Unknown::Pending),
        (Effects::Unobserved, Effects::Unobserved) => None,
        (Effects::Unobserved, Effects::Known(records)) | (Effects::Known(records), Effects::Unobserved) => {
            let reason = || "one side has effects, the other's are not observed".to_owned();
            (!records.is_empty()).then(|| Unknown::NotComparable(reason()))
        }
    }
}

/// The same for each kind of the application's own that nobody has waived.
fn compare_own(
    control: &Side,
    candidate: &Side,
    policy: &Policy,
    found: &mut Differences,
) -> Option<Unknown> {
    let kinds: BTreeSet<&String> = control.own.keys().chain(candidate.own.keys()).collect();
    let mut unknown = None;
    for kind in kinds.into_iter().filter(|kind| !policy.waives(kind)) {
        let [a, b] = [control, candidate].map(|side| side.own.get(kind));
        let of_kind = match (a, b) {
            (Some(a), Some(b)) => compare_effects(a, b, found),
            (Some(Effects::Known(effects)), None) | (None, Some(Effects::Known(effects)))
                if effects.is_empty() =>
            {
                None
            }
            _ => Some(Unknown::NotComparable(format!(
                "one side has effects of the kind `{kind}`, and nobody sees the other's (`observe` of the route's \
                 `shadow`, or a reason in `unseen_effects`)"
            ))),
        };
        unknown = unknown.or(of_kind);
    }
    unknown
}

/// The same for what the client's session holds afterwards.
fn compare_sessions(control: &Side, candidate: &Side, found: &mut Differences) -> Option<Unknown> {
    match (&control.session, &candidate.session) {
        (SessionState::Known(a), SessionState::Known(b)) => {
            compare::documents(&Path::new(Part::Session), a, b, found);
            None
        }
        (SessionState::NotComparable(reason), _) | (_, SessionState::NotComparable(reason)) => {
            Some(Unknown::NotComparable(reason.clone()))
        }
        (SessionState::Unobserved, SessionState::Unobserved) => None,
        (SessionState::Unobserved, SessionState::Known(_))
        | (SessionState::Known(_), SessionState::Unobserved) => {
            let reason = "one side's session is known, the other's is not observed".to_owned();
            Some(Unknown::NotComparable(reason))
        }
    }
}

/// Steps 3 and 4.
fn weigh(
    found: Differences,
    unknown: Option<Unknown>,
    (experiment, policy): (&Experiment, &Policy),
    unseen: &[Pattern],
) -> Judgement {
    let cut = found.is_cut();
    let (mut standing, mut set_aside) = (Vec::new(), Vec::new());
    for difference in found.into_sorted() {
        if unseen.iter().any(|place| place.covers(&difference.path)) || policy.accepts(&difference) {
            continue;
        }
        match policy.ignoring(&difference, experiment.at) {
            Some(rule) => set_aside.push((difference, rule.name.clone())),
            None => standing.push(difference),
        }
    }
    // Differences beyond the bound were never weighed: they might stand.
    let more = || Unknown::NotComparable("more differences than are kept".to_owned());
    let unknown = if cut { Some(more()) } else { unknown };
    let verdict = match &unknown {
        _ if !standing.is_empty() => Verdict::Mismatched(standing),
        Some(unknown) => unknown.clone().into(),
        None if set_aside.is_empty() => Verdict::Matched,
        None => Verdict::Ignored(rules(&set_aside)),
    };
    Judgement { verdict, set_aside, unknown, cut }
}

fn rules(set_aside: &[(Difference, String)]) -> Vec<String> {
    let mut rules: Vec<String> = set_aside.iter().map(|(_, rule)| rule.clone()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}
