//! `routes.toml`: read raw, validated whole, watched.

pub(crate) mod document;
pub(crate) mod fault;
pub(crate) mod interpolate;
pub(crate) mod raw;
pub(crate) mod section;
pub(crate) mod source;
pub(crate) mod units;
pub(crate) mod valid;
pub(crate) mod validate;
