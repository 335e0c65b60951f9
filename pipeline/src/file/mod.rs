//! From the file to the pipeline: read, checked, compiled, all that is wrong with it said at once.

mod build;
mod ends;
pub(crate) mod raw;
mod rules;

pub(crate) use build::compile;
