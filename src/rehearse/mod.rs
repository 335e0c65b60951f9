//! Runs requests without clients: [native alone](replay) on what was recorded, or [both sides](both) with a
//! [legacy of our own](legacy), which tells [what was reached](reach), to be [shown](listing); and [looks](fuzz) for requests on which they differ.

pub(crate) mod asked;
pub(crate) mod both;
pub(crate) mod fuzz;
pub(crate) mod kept;
pub(crate) mod legacy;
pub(crate) mod listing;
pub(crate) mod pool;
pub(crate) mod reach;
pub(crate) mod replay;
pub(crate) mod trace;
