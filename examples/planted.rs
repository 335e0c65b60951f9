//! Handlers with faults that are planted while they serve: what the tests of the gate, of rollback and of the watchdog take
//! over.
//!
//! `stands` and `blocks` hold their thread for a while; only the second says so. `planted` answers `n=N` to `?n=N`, as the tests' PHP does. The file that `PLANTED` names says what is wrong with it:
//! `panics`, `differs`, `declines`, or nothing.

use std::process::ExitCode;
use std::time::Duration;

use handover::Proxy;
use handover_api::{Answer, Context, Decline, Handler, Outcome, Request, Response};

struct Planted;

impl Handler for Planted {
    async fn handle(&self, request: &Request, _: &Context) -> Outcome {
        let fault = std::env::var("PLANTED").ok().and_then(|file| std::fs::read_to_string(file).ok());
        let n = request.query().and_then(|query| query.strip_prefix(b"n=")).unwrap_or_default();
        let body = match fault.as_deref().map(str::trim) {
            Some("panics") => panic!("a planted fault"),
            Some("declines") => return Decline::because("a planted fault").into(),
            Some("differs") => [b"m=", n].concat(),
            _ => [b"n=", n].concat(),
        };
        let response = Response::new(200).field("Content-type", "text/plain;charset=UTF-8")?.body(body);
        Answer::new(response).into()
    }
}

/// How long those two hold their thread.
const HELD: Duration = Duration::from_secs(3);

struct Stands;

impl Handler for Stands {
    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        std::thread::sleep(HELD);
        Answer::new(Response::text(200, "stood")).into()
    }
}

struct Blocks;

impl Handler for Blocks {
    const BLOCKING: bool = true;

    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        std::thread::sleep(HELD);
        Answer::new(Response::text(200, "blocked")).into()
    }
}

fn main() -> ExitCode {
    Proxy::builder().handler("planted", Planted).handler("stands", Stands).handler("blocks", Blocks).run()
}
