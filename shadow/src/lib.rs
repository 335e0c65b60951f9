//! The judge: experiments, comparison, verdicts, evidence and their store.

mod cluster;
mod compare;
mod difference;
mod evidence;
mod experiment;
mod held;
mod join;
mod json;
pub mod path;
mod policy;
mod redact;
mod store;
mod verdict;

pub use cluster::ClusterKey;
pub use compare::{answers, effects};
pub use difference::{Difference, Differences, Form, Found, Kind, MAX_DIFFERENCES, MAX_FOUND, Severity};
pub use evidence::{ClusterSummary, EvidenceKey, Loss, Parity};
pub use experiment::{
    Answer, Body, EffectRecord, Effects, Experiment, ExperimentId, OnTrial, Outcome, RecordedRequest, Side,
    Who,
};
pub use join::{Join, JoinLimits, Joined, Origin, Unattributed};
pub use policy::{
    Absent, Alike, AlikeRaw, CorrelateRaw, EffectPolicy, EffectsRaw, Ignore, IgnoreRaw, Inject, InjectRaw,
    Injected, InvalidSource, Keep, OneOrMany, Policy, PolicyFault, PolicyRaw, Source, Within, injected,
};
pub use redact::{
    RedactionKey, Redactor, StoredDifference, StoredEffects, StoredFound, StoredOutcome, StoredPair,
    StoredRead, StoredRecord, StoredRequest, StoredSide,
};
pub use store::{Limits, Reader, Recorder, Store, StoreError};
pub use verdict::{Class, Judgement, Verdict, judge};
