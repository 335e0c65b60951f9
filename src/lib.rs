//! Handover takes a legacy PHP backend over, route by route.
//!
//! As a library it is a whole command line for a program with native handlers of its own:
//!
//! ```no_run
//! use handover::Proxy;
//! use handover_api::{Answer, Context, Handler, Outcome, Request, Response};
//!
//! struct Healthz;
//!
//! impl Handler for Healthz {
//!     async fn handle(&self, _: &Request, _: &Context) -> Outcome {
//!         Answer::new(Response::text(200, "ok\n")).into()
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     Proxy::builder().handler("healthz", Healthz).run()
//! }
//! ```
//!
//! # The map
//!
//! A request's walk, room by room; [`walk`] is the walk itself, in numbered steps:
//!
//! | room | what happens there |
//! | --- | --- |
//! | [`accept`] | a core's sockets and connections; HTTP/1.1 by `handover-http1` |
//! | [`route`] | which route, which stage, who answers, and why |
//! | [`native`] | a handler runs, within its time and so that a panic ends one request |
//! | [`cache`] | for routes that ask for it: what legacy has answered before |
//! | [`legacy`] | PHP is asked, over FastCGI or HTTP; files beside it; a php-fpm under us |
//! | [`commit`] | effects become one frame to Kafka, before anything is answered |
//! | [`reply`] | the one table from failure to status |
//! | [`mirror`] | the other side, beside it and off the client's path; `handover-shadow` judges |
//! | [`observe`] | one observation a request: metrics, access log |
//!
//! Around it: [`gate`] says whether a route may be where the file wants it,
//! [`rollback`] takes it back by itself; [`inventory`] groups what is asked for, [`rehearse`] runs requests without
//! clients, [`review`] brings the evidence of many processes together; [`exchange`] is the contract between clients and legacies, [`config`] makes generations of
//! `routes.toml`, [`tables`] keeps hot tables, [`control`] is the only hand that changes the process, which [`serve`]
//! starts and ends and [`process`] holds together, and which an [`upgrade`] hands on; [`admin`] and [`cli`] are how people reach it, [`proxy`] how programs
//! do.

#![allow(rustdoc::private_intra_doc_links)]

mod accept;
mod admin;
mod cache;
mod cli;
mod commit;
mod config;
mod control;
mod every;
mod exchange;
mod gate;
mod inventory;
mod legacy;
mod mirror;
mod native;
mod observe;
mod process;
mod proxy;
mod rehearse;
mod renewal;
mod reply;
mod review;
mod rollback;
pub mod route;
mod schemas;
mod serve;
mod tables;
mod upgrade;
mod walk;

pub use admin::{RouteStatus, Status, TableStatus};
pub use handover_shadow::Parity;
pub use proxy::{Builder, Proxy};
