//! Handover takes a legacy PHP backend over, route by route.

mod accept;
mod admin;
mod cli;
mod commit;
mod config;
mod control;
mod exchange;
mod legacy;
mod mirror;
mod native;
mod observe;
mod process;
mod proxy;
mod reply;
pub mod route;
mod serve;
mod tables;
mod walk;

pub use admin::{RouteStatus, Status, TableStatus};
pub use handover_shadow::Parity;
pub use proxy::{Builder, Proxy};
