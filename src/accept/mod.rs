//! Where clients come in: sockets, cores, connections.

pub(crate) mod balance;
mod connection;
pub(crate) mod core;
mod http1;
pub(crate) mod listener;
