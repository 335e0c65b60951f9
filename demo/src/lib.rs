//! The demo: what stands beside the legacy flight intake in `demo/legacy`.
//!
//! - [`clients`]: the requests that real records and old clients make.

pub mod clients;
