//! Whether a route may be where the file wants it: gates, what they granted, and the book of every move.
//!
//! [`keeper`] puts raises to their gates, [`grants`] remembers what was granted, so that a restart does not ask again,
//! [`ledger`] keeps who moved what when, on what evidence, [`own_work`] lets nobody sign off their own.

pub(crate) mod grants;
pub(crate) mod keeper;
pub(crate) mod ledger;
pub(crate) mod own_work;

#[cfg(test)]
mod tests;
