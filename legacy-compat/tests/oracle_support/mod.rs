//! The oracle's side: its calls, its answers, and running a call as it ran them.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod codec;
pub mod dates;
pub mod ops;
pub mod run;
pub mod vectors;
