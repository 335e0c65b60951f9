//! Where clients come in: sockets, cores, connections.

mod balance;
mod listener;
