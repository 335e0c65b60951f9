//! The demo: what stands beside the legacy flight intake in `demo/legacy`.
//!
//! - [`clients`]: the requests that real records and old clients make.
//! - [`flights`]: the native handler of `POST /v1/flights`.

pub mod clients;
pub mod flights;
