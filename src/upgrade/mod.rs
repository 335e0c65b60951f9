//! A new binary takes over from a running one, and no client notices.
//!
//! On SIGUSR2 the running process starts its own program anew, with one end of a socket pair as its standard input:
//!
//! ```text
//! predecessor ──▶ successor   Inheritance: all listening sockets, the managed pools, how many connections to FastCGI
//!                              responders the predecessor has a right to
//! predecessor ◀── successor   Ready: its cores accept connections, beside the predecessor's
//! predecessor ──▶ successor   Holds: the predecessor accepts no more; pools are the successor's. And again, as the
//!                              connections that the predecessor still holds or waits for become fewer
//! the end of the channel      the predecessor has ended: its connections and its spool folder are free
//! ```
//!
//! Both accept from the same sockets, so none is closed with connections waiting in it. Until Ready the predecessor goes
//! on as if nothing had happened, and where the successor fails it does so for good. A successor may be another version:
//! it ignores what it does not know, and does without what is missing.

mod channel;
pub(crate) mod inheritance;
pub(crate) mod predecessor;
pub(crate) mod successor;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the successor says once it serves.
#[derive(Debug, Serialize, Deserialize)]
struct Ready {}

/// The connections to each FastCGI responder, by address, that the predecessor holds or waits for.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Holds {
    connections: BTreeMap<String, usize>,
}
