//! The judge: experiments, comparison, verdicts, evidence and their store.
//!
//! ```text
//! Experiment ─► Join ─► judge(experiment, policy) ─► Recorder ─► Store ─► Reader
//!               legacy's records                     a queue     redacted  parity, pairs
//! ```
//!
//! | step | what | where |
//! | --- | --- | --- |
//! | 1 | both sides of one request, as they were seen | [`Experiment`] |
//! | 2 | what legacy did to the world, found by the tap | [`Join`] |
//! | 3 | by content: status, header fields, JSON, text, records | [`answers`], [`effects`] → [`Difference`] |
//! | 4 | what a route's rules and matchers set aside, what a dry run is given | [`Policy`], [`injected`] |
//! | 5 | pure: the same pair under the same policy gets the same verdict | [`judge`] → [`Verdict`] |
//! | 6 | differences with one cause are one cluster | [`ClusterKey`] |
//! | 7 | judged first, redacted next, stored last | [`Redactor`] → [`StoredPair`] |
//! | 8 | counted by what was compared, bounded, beside the client's path | [`Store`], [`Recorder`] |
//! | 9 | read while it is written | [`Reader`] → [`Parity`] |
//! | 10 | people decide each cluster once; what samples come to is derived from that, and from the rules | [`Decider`] → [`State`] |
//! | 11 | where legacy differs from itself as often as from the other side | [`Noise`] |
//! | 12 | is that enough to move a route up? | [`Gate`] → [`Assessment`] |
//! | 13 | kept so that native can be run on it again, without legacy | [`recording`] → [`judge_again`] |
//!
//! It fails closed: what was cut, awaited, lost or not seen is never a match.

mod cluster;
mod compare;
mod decision;
mod difference;
mod evidence;
mod experiment;
mod form;
mod gate;
mod held;
mod join;
mod json;
mod noise;
pub mod path;
mod policy;
pub mod recording;
mod redact;
mod sent;
mod shape;
mod store;
mod verdict;

pub use cluster::ClusterKey;
pub use compare::{answers, effects};
pub use decision::{Decision, NotDecided, State, Verb};
pub use difference::{Difference, Differences, Form, Found, Kind, MAX_DIFFERENCES, MAX_FOUND, Severity};
pub use evidence::{ByState, ClusterSummary, EvidenceKey, Loss, Parity, RuleCount, ShapeCount, Standing};
pub use experiment::{
    Answer, Body, EffectRecord, Effects, Experiment, ExperimentId, OnTrial, Outcome, OwnEffects,
    RecordedRequest, SessionState, Side, Who, own_effects,
};
pub use gate::{
    Asked, Assessment, Estimate, Gate, GateFault, GateRaw, Need, NeedState, Of, OnChange, Other, Profile,
    Rehearsed, Seen, replayed,
};
pub use join::{Join, JoinLimits, Joined, Origin, Unattributed};
pub use noise::{Noise, differs_from_itself};
pub use policy::{
    Absent, Alike, AlikeRaw, CorrelateRaw, EffectPolicy, EffectsRaw, Ignore, IgnoreRaw, Inject, InjectRaw,
    Injected, InvalidSource, Keep, OneOrMany, Policy, PolicyFault, PolicyRaw, Source, Within, injected,
};
pub use redact::{
    RedactionKey, Redactor, StoredDifference, StoredEffects, StoredFound, StoredOutcome, StoredPair,
    StoredRead, StoredRecord, StoredRequest, StoredSide,
};
pub use sent::{Sent, SentError, SentExperiment};
pub use store::{
    DecideError, Decider, Erased, Eraser, Limits, Places, Reader, Recorder, Store, StoreError, TREND_HOURS,
    Trend,
};
pub use verdict::{Class, Judgement, Unknown, Verdict, judge, judge_again};
