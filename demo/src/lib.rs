//! The demo: what stands beside the legacy flight intake in `demo/legacy`.
//!
//! - [`clients`]: the requests that real records and old clients make.
//! - [`flights`]: the native handler of `POST /v1/flights`.
//! - [`office`]: those of `/login` and `/account`, in the sessions that PHP has.

pub mod clients;
pub mod flights;
pub mod office;

/// The legacy's `APP_VERSION`, which it says in each answer.
const APP_VERSION: &str = "4.17.2";
