//! The legacy backend: how it is reached and what it answers.

pub(crate) mod spec;
