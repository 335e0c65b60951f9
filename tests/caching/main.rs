//! Legacy's answers from the cache, end to end.

mod conformance;
mod kept;
mod poisoning;
mod world;
