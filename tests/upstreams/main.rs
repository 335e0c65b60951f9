//! An HTTP legacy with several upstreams, end to end: they die, hang, flap, reset and come back, and clients notice as
//! little as can be.

mod balance;
mod failing;
mod http2;
mod rewriting;
mod world;
