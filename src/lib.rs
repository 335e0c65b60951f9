//! Handover takes a legacy PHP backend over, route by route.

pub mod route;
