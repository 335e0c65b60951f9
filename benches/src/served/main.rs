//! The product, with the handlers that are measured.

mod event;
mod lookups;
mod rules;

use std::process::ExitCode;

use bytes::Bytes;
use handover::Proxy;
use handover_api::{Answer, Context, Decline, Handler, Outcome, Record, Request, Response};
use serde_json::json;

use event::Event;
use lookups::LookUps;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Nothing but the server: 204.
struct Nothing;

impl Handler for Nothing {
    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        Answer::new(Response::new(204)).into()
    }
}

/// Never answers: what a shadow side that hangs costs the others.
struct Hangs;

impl Handler for Hangs {
    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        std::future::pending().await
    }
}

/// JSON decoded, forty rules, a look-up in 50,000 rows; what index.php does.
struct Events {
    /// Whether an accepted event goes to Kafka, too.
    recorded: bool,
}

/// Where accepted events go.
const TOPIC: &str = "events.v1";

impl Handler for Events {
    async fn handle(&self, request: &Request, cx: &Context) -> Outcome {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(request.body()) else {
            return Decline::because("not the usual shape").into();
        };
        let campaigns = cx.table("campaigns")?;
        let campaign = campaigns.get(event.campaign.as_bytes());
        let errors = rules::check(&event, campaign);
        if !errors.is_empty() {
            let body = json!({ "status": "rejected", "errors": errors });
            return answer(422, body.to_string()).into();
        }
        let advertiser = campaign.and_then(|row| row.get("advertiser")).unwrap_or_default();
        let advertiser = String::from_utf8_lossy(advertiser);
        let body = json!({ "status": "accepted", "id": event.id, "advertiser": advertiser });
        let answer = answer(202, body.to_string());
        if !self.recorded {
            return answer.into();
        }
        let record = Record::new(TOPIC, request.body().clone())
            .key(Bytes::copy_from_slice(event.campaign.as_bytes()))
            .header("event-id", Bytes::copy_from_slice(event.id.as_bytes()));
        answer.with(record).into()
    }
}

fn answer(status: u16, body: String) -> Answer {
    let response = Response::new(status).field("Content-Type", "application/json").expect("a valid field");
    Answer::new(response.body(body))
}

fn main() -> ExitCode {
    Proxy::builder()
        .handler("nothing", Nothing)
        .handler("events", Events { recorded: false })
        .handler("events_recorded", Events { recorded: true })
        .handler("hangs", Hangs)
        .handler("lookups", LookUps)
        .run()
}
