//! `routes.toml`: read raw, validated whole, watched.

pub(crate) mod document;
pub(crate) mod edit;
pub(crate) mod fault;
pub(crate) mod interpolate;
pub(crate) mod last_good;
pub(crate) mod load;
pub(crate) mod raw;
pub(crate) mod reload;
pub(crate) mod section;
pub(crate) mod source;
pub(crate) mod state;
pub(crate) mod units;
pub(crate) mod valid;
pub(crate) mod validate;
pub(crate) mod watch;
