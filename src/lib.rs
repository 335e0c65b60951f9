//! Handover takes a legacy PHP backend over, route by route.

mod accept;
mod native;
mod observe;
mod reply;
pub mod route;
