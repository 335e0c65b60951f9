//! S3 as a source of objects, kept in a leaf of its own: it is slow to compile and nothing else needs rebuilding
//! for it.
//!
//! A [`Store`] fetches an [`Object`] whole, only when it has changed, within bounds of time and size.

mod all;
mod error;
mod location;
mod store;

pub use all::FetchedAll;
pub use error::FetchError;
pub use location::{InvalidLocation, Location};
pub use store::{Credentials, Fetched, Object, Settings, SettingsError, Store};
