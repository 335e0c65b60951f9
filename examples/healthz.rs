//! A proxy with one handler of one's own: the smallest takeover there is.
//!
//! `GET /healthz` of the demo's legacy, answered natively. This file is the whole program: [`Proxy::builder`] brings the
//! command line along. With the demo's php-fpm:
//!
//! ```text
//! cargo run --example healthz -- check --config examples/healthz.toml
//! cargo run --example healthz -- serve --config examples/healthz.toml
//! curl -i http://127.0.0.1:8080/healthz
//! cargo run --example healthz -- parity --config examples/healthz.toml
//! ```

use std::process::ExitCode;

use handover::Proxy;
use handover_api::{Answer, Context, Decline, Handler, Outcome, Request, Response};

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
    Proxy::builder().handler("healthz", Healthz).run()
}
