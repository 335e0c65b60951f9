//! Experiments on their way to another process that judges them: redacted before they leave, by a key that all processes
//! share, so that what was equal is equal still.
//!
//! Unlike a line of a recording, which native is run on again, what is sent is only compared: placeholders are as good for
//! that as what they stand for.

use handover_api::{RuleOutcome, RuleRun};
use serde::{Deserialize, Serialize};

use crate::cluster::ClusterKey;
use crate::evidence::Loss;
use crate::experiment::{EffectRecord, Experiment};
use crate::recording::{Recorded, Unusable};
use crate::redact::Redactor;

/// The version that is written, and the newest that is read: 2 has effects of the application's own, which older programs would
/// not miss.
const VERSION: u32 = 2;

/// What one process sends to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sent {
    /// Both sides of an experiment.
    Experiment(Box<SentExperiment>),
    /// What never became one.
    Lost {
        /// The route's name.
        route: String,
        /// In which way.
        loss: Loss,
        /// Why.
        what: String,
        /// How many.
        n: u64,
        /// Unlike that of any other, so that it is counted once.
        id: String,
    },
}

/// Both sides of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentExperiment {
    recorded: Recorded,
    /// By name: whether it held, whether it was broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<(String, bool, bool)>>,
    /// Where legacy differed from itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    again: Option<Vec<ClusterKey>>,
}

/// The envelope: what is of a newer version is not understood, and not lost in silence either.
#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    version: u32,
    sent: T,
}

/// What came cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SentError {
    /// It is of a version that this program does not know.
    #[error("it is of version {0}, this program reads up to {VERSION}: use a newer one")]
    Version(u32),
    /// It is none of ours.
    #[error("it is nothing that a process of ours sends")]
    Strange(#[from] serde_json::Error),
    /// A part of it is broken.
    #[error("a part of it is broken")]
    Unusable(#[from] Unusable),
}

impl Sent {
    /// An experiment, redacted.
    pub fn of(experiment: &Experiment, redactor: &Redactor) -> Self {
        let outcome = |(name, outcome): (&std::sync::Arc<str>, &RuleOutcome)| {
            (name.to_string(), outcome.held, outcome.broken)
        };
        let rules = experiment.tried().rules.as_ref();
        let rules = rules.map(|run| run.names.iter().zip(&run.outcomes).map(outcome).collect());
        let again = experiment.again.as_ref();
        let again = again.map(|keys| keys.iter().map(|key| redactor.cluster(key.clone())).collect());
        Self::Experiment(Box::new(SentExperiment { recorded: redactor.record(experiment), rules, again }))
    }

    /// As a record's value.
    ///
    /// # Errors
    /// None that anybody has seen.
    pub fn encode(&self) -> Result<Vec<u8>, SentError> {
        Ok(serde_json::to_vec(&Envelope { version: VERSION, sent: self })?)
    }

    /// What a record's value holds.
    ///
    /// # Errors
    /// When it is of a newer version, or of somebody else.
    pub fn decode(value: &[u8]) -> Result<Self, SentError> {
        let Envelope { version, sent } =
            serde_json::from_slice::<Envelope<Box<serde_json::value::RawValue>>>(value)?;
        match version {
            1..=VERSION => Ok(serde_json::from_str(sent.get())?),
            newer => Err(SentError::Version(newer)),
        }
    }
}

impl SentExperiment {
    /// The experiment, with placeholders where somebody's data was.
    ///
    /// # Errors
    /// When a part of it is broken.
    pub fn experiment(&self) -> Result<Experiment, SentError> {
        let mut experiment = self.recorded.experiment()?;
        let run = self.rules.as_ref().map(|rules| RuleRun {
            names: rules.iter().map(|(name, ..)| name.as_str().into()).collect(),
            outcomes: rules
                .iter()
                .map(|(_, held, broken)| RuleOutcome { held: *held, broken: *broken })
                .collect(),
        });
        let is_control = experiment.on_trial() == crate::experiment::OnTrial::Control;
        let tried = if is_control { &mut experiment.control } else { &mut experiment.candidate };
        tried.rules = run;
        experiment.again.clone_from(&self.again);
        Ok(experiment)
    }
}

impl Redactor {
    /// A cluster without what somebody's data may have put into its path or shape.
    pub(crate) fn cluster(&self, key: ClusterKey) -> ClusterKey {
        ClusterKey { path: self.label(&key.path), shape: self.label(&key.shape), ..key }
    }

    /// A record with the same placeholders as in what was sent: only then can the two be compared.
    pub fn effect(&self, record: &EffectRecord) -> Result<EffectRecord, Unusable> {
        let redacted = self.saved_record(record).record()?;
        Ok(EffectRecord { unreadable: record.unreadable.clone(), ..redacted })
    }
}
