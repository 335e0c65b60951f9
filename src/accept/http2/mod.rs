//! Clients that speak HTTP/2, by the `h2` crate: streams are ours to write and to end, as hyper's are not (1xx, a
//! reset with a reason, back-pressure by the byte).
//!
//! [`connection`] accepts streams, [`head`] makes each one's head the bytes that HTTP/1.1 would have sent, so that the
//! same validator reads both, [`exchange`] is a stream's two sides, [`meter`] bounds what h2 does not.

mod connection;
mod exchange;
mod head;
mod meter;

pub(super) use connection::serve;
