//! Where clients come in: sockets, cores, connections.
//!
//! A connection's way: [`listener`] → [`balance`] → [`connection`], where it is found out what the client speaks →
//! [`http1`] (our own engine), or [`http2`] (the `h2` crate, its heads passing the same validator); an HTTP/1.1
//! connection whose protocol was switched becomes a [`tunnel`].

pub(crate) mod balance;
mod client;
mod connection;
pub(crate) mod core;
pub(crate) mod counts;
mod http1;
mod http2;
pub(crate) mod listener;
pub(crate) mod listeners;
pub(crate) mod offenders;
mod proxy_protocol;
pub(crate) mod pulse;
mod stream;
pub(crate) mod tls;
mod tunnel;
