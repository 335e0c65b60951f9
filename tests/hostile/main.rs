//! Hostile input, end to end: exact bytes to the real binary, in front of a legacy that records every byte it gets.
//!
//! Refused means: the status says so, the connection is closed, legacy never got a complete request, and one metric
//! says why.

mod framing;
mod legacy;
mod limits;
mod overload;
mod passed;
mod responders;
mod world;
