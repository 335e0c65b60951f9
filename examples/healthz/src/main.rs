//! The proxy, with one handler of our own.

use std::process::ExitCode;

use handover::Proxy;
use handover_api::{Answer, Context, Decline, Handler, Outcome, Request, Response};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Says that the service is up, as the PHP page does.
struct Healthz;

impl Handler for Healthz {
    async fn handle(&self, request: &Request, _: &Context) -> Outcome {
        if request.query().is_some() {
            return Decline::because("a query, which nobody has looked at yet").into();
        }
        let response = Response::new(200)
            .field("X-Powered-By", "Flight Intake")?
            .field("X-App-Version", "4.17.2")?
            .field("Content-type", "text/plain;charset=UTF-8")?
            .field("Cache-Control", "no-store")?
            .body("ok\n");
        Answer::new(response).into()
    }
}

fn main() -> ExitCode {
    Proxy::builder().sources(handover::sources!()).handler("healthz", Healthz).run()
}
