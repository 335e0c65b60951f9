//! Native routes without Rust: a declared file of rules, compiled into a [`Handler`](handover_api::Handler).
//!
//! | room | what is there |
//! | --- | --- |
//! | `file` | the TOML file, read and compiled; all that is wrong with it at once |
//! | `expr` | CEL: parsed, checked, lowered into one graph for the whole file, run |
//! | `rules` | rules in their order, looked up by their guards, counted |
//! | `decode`, `request` | what came in, as values |
//! | `ends` | responses and records |
//! | [`Pipeline`] | the handler |

mod decode;
mod ends;
mod expr;
mod fault;
mod file;
mod json;
mod pipeline;
mod request;
mod rules;
pub mod testing;
mod unpack;

pub use fault::{Fault, Faults};
pub use pipeline::{Pipeline, RuleCount};

/// The manual, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/pipelines.md")]
struct Manual;
