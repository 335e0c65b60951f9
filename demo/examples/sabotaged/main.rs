//! The demo's proxy with handlers that are broken on purpose, to see what shadow and fallback make of them.

mod faults;

use std::process::ExitCode;

use bytes::Bytes;
use handover::Proxy;
use handover_api::{Context, Effect, Handler, Outcome, Reply, Request};
use handover_demo::flights::CreateFlight;
use handover_demo::office::{Account, Login};

/// Rounds a number of the record that PHP keeps as it is.
struct RoundsTheDistance;

impl Handler for RoundsTheDistance {
    async fn handle(&self, request: &Request, cx: &Context) -> Outcome {
        let mut reply = CreateFlight.handle(request, cx).await?;
        if let Reply::Answer(answer) = &mut reply {
            for effect in &mut answer.effects {
                if let Effect::Record(record) = effect {
                    record.value = record.value.as_ref().map(|value| rounded(value));
                }
            }
        }
        Ok(reply)
    }
}

/// The record with a `distance` that is a hundred times a whole number.
fn rounded(value: &[u8]) -> Bytes {
    let Ok(mut record) = serde_json::from_slice::<serde_json::Value>(value) else {
        return value.to_vec().into();
    };
    if let Some(distance) = record["distance"].as_f64() {
        record["distance"] = ((distance / 100.0).round() * 100.0).into();
    }
    record.to_string().into()
}

/// Panics on every request.
struct Panics;

impl Handler for Panics {
    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        panic!("on purpose")
    }
}

/// Shows the account, and forgets to count the visit.
struct ForgetsTheVisit;

impl Handler for ForgetsTheVisit {
    async fn handle(&self, request: &Request, cx: &Context) -> Outcome {
        let mut reply = Account.handle(request, cx).await?;
        if let Reply::Answer(answer) = &mut reply {
            answer.effects.clear();
        }
        Ok(reply)
    }
}

fn main() -> ExitCode {
    let builder = Proxy::builder()
        .handler("create_flight", CreateFlight)
        .handler("rounds_the_distance", RoundsTheDistance)
        .handler("panics", Panics)
        .handler("login", Login)
        .handler("forgets_the_visit", ForgetsTheVisit);
    faults::plant(builder).run()
}
