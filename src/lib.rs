//! Handover takes a legacy PHP backend over, route by route.

mod accept;
mod commit;
mod config;
mod exchange;
mod legacy;
mod mirror;
mod native;
mod observe;
mod process;
mod reply;
pub mod route;
mod tables;
mod walk;
