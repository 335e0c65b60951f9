//! Expressions: CEL, checked when the file loads, compiled into one graph, run without an allocation a rule.

mod calls;
mod collect;
pub(crate) mod compile;
pub(crate) mod error;
pub(crate) mod eval;
pub(crate) mod op;
mod operators;
mod php;
mod set;
pub(crate) mod source;
pub(crate) mod types;
pub(crate) mod values;

#[cfg(test)]
mod against_cel;
