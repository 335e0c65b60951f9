//! Handover takes a legacy PHP backend over, route by route.

mod accept;
mod config;
mod exchange;
mod legacy;
mod native;
mod observe;
mod reply;
pub mod route;
