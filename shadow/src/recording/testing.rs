//! Regression tests of a handler: recorded experiments that it must go on answering as legacy did.
//!
//! `handover replay --export FOLDER` writes a recording for each way in which native differs, and a test for each:
//!
//! ```no_run
//! # use handover_api::{Context, Decline, Handler, Outcome, Request};
//! # struct CreateFlight;
//! # impl Handler for CreateFlight {
//! #     async fn handle(&self, _: &Request, _: &Context) -> Outcome { Decline::because("x").into() }
//! # }
//! # async fn test() {
//! use handover_shadow::recording::testing;
//! testing::answers_as_recorded(&CreateFlight, "", "{}").await;
//! # }
//! ```

use std::sync::Arc;
use std::time::Instant;

use handover_api::{Context, Effect, Handler, Ports, Reply, Request};

use super::{Recorded, RecordedPorts, RecordingReader};
use crate::experiment::{
    Answer, EffectRecord, Effects, Outcome, RecordedRequest, SessionState, Side, Who, own_effects,
};
use crate::policy::{Policy, PolicyRaw};
use crate::verdict::{Verdict, judge_again};

/// Runs a handler on each experiment of a recording (the file's text) and compares as the route's policy (its `shadow`
/// table, as JSON) says.
///
/// # Panics
/// When it differs from legacy anywhere, with what differs; and when recording or policy cannot be used.
pub async fn answers_as_recorded(handler: &impl Handler, recording: &str, policy: &str) {
    let reader = RecordingReader::open(recording.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    for recorded in reader {
        let recorded = recorded.unwrap_or_else(|error| panic!("{error}"));
        if let Some(what) = differs(handler, &recorded, policy).await {
            panic!("{} differs from legacy: {what}", recorded.id);
        }
    }
}

/// Runs a handler on one experiment; what it differs in, if it does.
///
/// # Panics
/// When the experiment or the policy cannot be used, or the handler looks up rows that nobody recorded.
pub async fn differs(handler: &impl Handler, recorded: &Recorded, policy: &str) -> Option<String> {
    match judged(handler, recorded, &self::policy(policy), None).await? {
        Verdict::Matched | Verdict::Ignored(_) => None,
        other => Some(format!("{other:#?}")),
    }
}

/// Runs a handler on one experiment and judges what it does; `None` where it looks something up by a placeholder, of which
/// nothing follows. `live`: where it finds what was not recorded.
///
/// # Panics
/// When the experiment cannot be used, or the handler looks up rows that nobody recorded and that are not live.
pub async fn judged(
    handler: &impl Handler,
    recorded: &Recorded,
    policy: &Policy,
    live: Option<Arc<dyn Ports>>,
) -> Option<Verdict> {
    let side = run(handler, recorded, policy, live).await?;
    let experiment = recorded.against(side).unwrap_or_else(|error| panic!("{}: {error}", recorded.id));
    Some(judge_again(&experiment, policy, &recorded.unseen()).verdict)
}

fn policy(json: &str) -> Policy {
    let raw: PolicyRaw = serde_json::from_str(json).unwrap_or_else(|error| panic!("the policy: {error}"));
    raw.validate().unwrap_or_else(|faults| panic!("the policy: {faults:?}"))
}

/// `None` where it looks something up by a placeholder, of which nothing follows.
async fn run(
    handler: &impl Handler,
    recorded: &Recorded,
    policy: &Policy,
    live: Option<Arc<dyn Ports>>,
) -> Option<Side> {
    let (request, reads) = recorded
        .request()
        .and_then(|request| Ok((request, recorded.reads()?)))
        .unwrap_or_else(|error| panic!("{}: {error}", recorded.id));
    let at = recorded.at.parse().unwrap_or_default();
    let ports = Arc::new(RecordedPorts::new(at, reads, live));
    let (began, cx) = (Instant::now(), Context::recording(Arc::clone(&ports) as Arc<_>));
    let mut reply = handler.handle(&as_asked(&request, &recorded.id), &cx).await;
    if let Ok(Reply::Answer(answer)) = &mut reply
        && let Err(error) = answer.rehearse(&cx).await
    {
        reply = Err(error);
    }
    let (outcome, asked) = match reply {
        Ok(Reply::Answer(answer)) => (Outcome::Answered(Answer::from(&answer.response)), answer.effects),
        Ok(Reply::Decline(decline)) => (Outcome::Declined(decline.reason().to_owned()), Vec::new()),
        Err(error) => (Outcome::Failed(error.to_string()), Vec::new()),
    };
    let records = asked.iter().filter_map(|effect| match effect {
        Effect::Record(record) => Some(EffectRecord::from(record)),
        Effect::Own(_) | Effect::Call(_) | Effect::Once(_) | Effect::Session(_) => None,
    });
    let missed = ports.missed();
    if !missed.is_empty() && recorded.has_redacted_request() {
        return None;
    }
    assert!(missed.is_empty(), "{}: rows that nobody recorded: {}", recorded.id, missed.join(", "));
    Some(Side {
        who: Who::Native { fingerprint: "test".to_owned() },
        outcome,
        effects: Effects::Known(records.collect()),
        own: own_effects(policy, &asked),
        session: SessionState::Unobserved,
        latency: began.elapsed(),
        reads: cx.reads(),
        rules: cx.rules(),
    })
}

fn as_asked(request: &RecordedRequest, id: &str) -> Request {
    let method = request.method.parse().unwrap_or_else(|_| panic!("{id}: no method"));
    let mut builder = Request::builder(method, request.target.clone()).fields(request.fields.clone());
    for (name, value) in &request.params {
        builder = builder.param(name, value.clone());
    }
    builder.body(request.body.bytes().clone()).build().unwrap_or_else(|error| panic!("{id}: {error}"))
}
