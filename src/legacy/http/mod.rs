//! Legacy over HTTP: one upstream, or several that answer alike.
//!
//! A request's way: [`exchange`] takes a permit, [`balance`] chooses an upstream by its load and its [`health`],
//! [`http1`] or [`http2`] asks it on a connection of this core's ([`pool`]), the body going up ([`upload`]) beside the
//! answer coming down ([`answer`]). A failure that harmed nothing goes to another upstream, within the [`budget`].
//! [`checks`] ask upstreams how they are, beside all that; [`counts`] are for metrics.

mod answer;
mod balance;
mod budget;
pub(crate) mod checks;
mod counts;
mod exchange;
mod health;
mod http1;
mod http2;
mod pool;
#[cfg(test)]
mod tests;
mod upload;
mod upstream;

pub(crate) use counts::Shared;
pub(crate) use upstream::{Upstream, Upstreams};
