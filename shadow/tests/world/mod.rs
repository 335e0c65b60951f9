//! A small world to speak of experiments in.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod gated;

use std::time::Duration;

use handover_api::Fields;
use handover_shadow::{
    Answer, Body, EffectRecord, Effects, Experiment, ExperimentId, Outcome, OwnEffects, Policy, PolicyRaw,
    RecordedRequest, SessionState, Side, Who,
};
use serde_json::{Value, json};

pub(crate) fn fields(pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in pairs {
        fields.append(name.to_string(), value.to_string()).unwrap();
    }
    fields
}

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
    Answer { status, fields: fields(headers), body: Body::Whole(body.as_ref().to_vec().into()) }
}

pub(crate) fn json_answer(status: u16, body: impl AsRef<[u8]>) -> Answer {
    answer(status, &[("Content-Type", "application/json")], body)
}

pub(crate) fn record(topic: &str, key: &str, value: impl AsRef<[u8]>) -> EffectRecord {
    EffectRecord {
        unreadable: None,
        topic: topic.to_owned(),
        partition: None,
        key: Some(key.to_owned().into()),
        value: Some(value.as_ref().to_vec().into()),
        headers: Vec::new(),
    }
}

pub(crate) fn legacy(outcome: Outcome) -> Side {
    let who = Who::Legacy { version: Some("7.0".to_owned()) };
    Side {
        who,
        outcome,
        effects: Effects::Unobserved,
        own: OwnEffects::new(),
        latency: Duration::from_millis(20),
        reads: Vec::new(),
        session: SessionState::Unobserved,
        rules: None,
    }
}

pub(crate) fn native(outcome: Outcome) -> Side {
    let who = Who::Native { fingerprint: "f1".to_owned() };
    let effects = Effects::Known(Vec::new());
    Side {
        who,
        outcome,
        effects,
        own: OwnEffects::new(),
        session: SessionState::Unobserved,
        latency: Duration::from_millis(2),
        reads: Vec::new(),
        rules: None,
    }
}

/// Legacy in control, native beside it.
pub(crate) fn experiment(id: u128, control: Outcome, candidate: Outcome) -> Experiment {
    Experiment {
        id: ExperimentId(id),
        route: "create".to_owned(),
        at: "2026-01-02T03:04:05Z".parse().unwrap(),
        request: RecordedRequest {
            method: "POST".to_owned(),
            target: "/v1/flights?page=2".into(),
            fields: fields(&[("Host", "h"), ("Cookie", "PHPSESSID=s3cr3t"), ("Authorization", "Bearer abc")]),
            body: Body::Whole(r#"{"carrier":"UA","mail":"ann@example.org"}"#.into()),
            params: Vec::new(),
        },
        control: legacy(control),
        candidate: native(candidate),
        again: None,
    }
}

pub(crate) fn answered(body: &str) -> Outcome {
    Outcome::Answered(json_answer(200, body))
}

pub(crate) fn pair(id: u128, control: &str, candidate: &str) -> Experiment {
    experiment(id, answered(control), answered(candidate))
}

pub(crate) fn policy(raw: Value) -> Policy {
    serde_json::from_value::<PolicyRaw>(raw).unwrap().validate().unwrap()
}

pub(crate) fn tapping() -> Policy {
    policy(json!({ "effects": { "topic": "t", "correlate": "json:/id", "window": "5s" } }))
}
