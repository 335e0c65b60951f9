//! Clients that speak HTTP/1.1: [`connection`] serves one request after the other, [`exchange`] is its two sides.

mod connection;
mod exchange;

pub(super) use connection::serve;
