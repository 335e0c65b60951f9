//! `routes.toml`: read raw, validated whole, watched.

pub(crate) mod valid;
