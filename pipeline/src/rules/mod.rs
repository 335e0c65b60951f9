//! Rules: in their order, looked up where there are thousands, counted.

pub(crate) mod counts;
pub(crate) mod index;
pub(crate) mod run;
pub(crate) mod step;
