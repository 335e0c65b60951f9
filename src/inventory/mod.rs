//! What is asked for: requests grouped by templates of their paths, from live traffic or from access logs.
//!
//! [`templates`] groups, within bounds; [`access_log`] reads what nginx and Apache wrote; [`unrouted`] watches what no
//! route names. `handover inventory` and the review pages show it: what to take over next, what nobody calls any more,
//! what the strict parser would refuse.

pub(crate) mod access_log;
pub(crate) mod strict;
pub(crate) mod templates;
pub(crate) mod unrouted;
