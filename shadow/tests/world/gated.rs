//! A store with evidence, and a gate in front of it.

use std::path::PathBuf;
use std::sync::Arc;

use handover_shadow::{
    Asked, Assessment, ByState, ClusterSummary, Decider, Experiment, Gate, GateRaw, Limits, Parity, Policy,
    RedactionKey, Rehearsed, Standing, Store, Verb, judge,
};
use jiff::Timestamp;
use serde_json::json;

use super::pair;

/// A store with what a route's two sides did, and a gate in front of it.
pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
    pub(crate) store: Store,
    pub(crate) policy: Arc<Policy>,
    topics: Vec<String>,
    pub(crate) rehearsed: Rehearsed,
    next: u128,
}

/// A gate that twenty-odd samples can meet.
pub(crate) fn gate(extra: serde_json::Value) -> Gate {
    let mut raw = json!({
        "samples": 40, "age": "0s", "mismatches": 0.1, "statuses": ["2xx"], "waive": { "effects": "it only reads" }
    });
    raw.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::from_value::<GateRaw>(raw).unwrap().validate().unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shadow.db");
        let store = Store::open(&path, &RedactionKey::new([7; 32]), Limits::default()).unwrap();
        let topics = policy.compared();
        Self {
            _folder: folder,
            path,
            store,
            policy: Arc::new(policy),
            topics,
            rehearsed: Rehearsed::default(),
            next: 1,
        }
    }

    pub(crate) fn put(&mut self, mut experiment: Experiment) {
        experiment.id = handover_shadow::ExperimentId(self.next);
        self.next += 1;
        let judgement = judge(&experiment, &self.policy);
        self.store.recorder().record(experiment, judgement, &self.policy);
        if self.next.is_multiple_of(1024) {
            self.store.recorder().flush();
        }
    }

    /// That many different requests, whose pairs match.
    pub(crate) fn matches(&mut self, n: usize) {
        (0..n).for_each(|at| self.put(asking(at, pair(0, "{}", "{}"))));
    }

    pub(crate) fn ask_for(&self, gate: &Gate, fingerprint: &str) -> Assessment {
        let (standing, now) = (self.stands(fingerprint), now());
        let topics = &self.topics;
        let (standing, rehearsed) = (standing.as_ref(), &self.rehearsed);
        gate.assess(&Asked { route: "create", topics, standing, rehearsed, now })
    }

    pub(crate) fn ask(&self, gate: &Gate) -> Assessment {
        self.ask_for(gate, "f1")
    }

    fn stands(&self, fingerprint: &str) -> Option<Standing> {
        self.store.recorder().flush();
        let reader = Store::read(&self.path).unwrap().unwrap();
        reader.standing("create", fingerprint, &self.policy, now()).unwrap()
    }

    /// How the evidence of the first handler stands by the rules that there are now.
    pub(crate) fn standing(&self) -> Standing {
        self.stands("f1").unwrap()
    }

    /// What the newest evidence comes to by the rules that it was gathered under.
    pub(crate) fn parity(&self) -> Parity {
        self.store.recorder().flush();
        Store::read(&self.path).unwrap().unwrap().parity("create").unwrap().unwrap()
    }

    /// In which ways the sides differ, by the rules that there are now; as many as the gate counts, and standing alike.
    pub(crate) fn clusters(&self) -> Vec<ClusterSummary> {
        let counted = self.standing().parity.clusters;
        let reader = Store::read(&self.path).unwrap().unwrap();
        let reader = reader.by([("create".to_owned(), Arc::clone(&self.policy))]);
        let clusters = reader.parity("create").unwrap().unwrap().clusters;
        assert_eq!(counted, clusters.iter().map(|cluster| cluster.state).collect::<ByState>());
        clusters
    }

    /// Accepts every way in which the sides differ.
    pub(crate) fn accept_all(&self) {
        let mut decider = Decider::open(&self.path).unwrap();
        for cluster in self.parity().clusters {
            decider.decide(cluster.id, &Verb::Accept, "ann", "agreed").unwrap();
        }
    }
}

fn now() -> Timestamp {
    "2026-01-02T04:04:05Z".parse().unwrap()
}

/// The experiment with a request that differs in a value.
pub(crate) fn asking(at: usize, mut experiment: Experiment) -> Experiment {
    experiment.request.body = format!(r#"{{"carrier":"UA","flight":{at}}}"#).into_bytes().into();
    experiment
}

pub(crate) fn shut_by(assessment: &Assessment) -> Vec<&str> {
    assert_eq!(assessment.open, !assessment.needs.iter().any(|need| need.state.shuts()));
    let shut = assessment.needs.iter().filter(|need| need.state.shuts());
    let shut = shut.inspect(|need| assert!(need.how.as_ref().is_some_and(|how| !how.is_empty()), "{need:?}"));
    shut.map(|need| need.what.as_str()).collect()
}
