//! Makes requests that recorded ones are not, to find in which legacy and native differ.
//!
//! ```text
//! recorded requests ─► Corpus ──► Aim (a line of legacy that was just missed) ─► mutated Draft ─► both sides
//!                        ▲            literals of the PHP sources                                   │
//!                        └── kept when it reached a line that nothing had reached ◄─────────────────┤
//!                                                           a difference ─► shrunk, step by step ◄──┘
//! ```
//!
//! | what | where |
//! | --- | --- |
//! | a request taken apart, and put together again to the byte | [`Draft`] |
//! | one change of it: types, bounds, missing and doubled fields, encodings, PHP's special values | [`mutate`] |
//! | what stands in PHP sources: literals by line, forms that patterns want | [`Sources`], [`pattern`] |
//! | which inputs reach which lines, and which are worth mutating | [`Corpus`] |
//! | the places where legacy took one way and never the other | [`Corpus::aim`] |
//! | what is asked in order and not by chance: what the sources name, one by one, and bounds, to the number | [`Plan`] |
//! | smaller requests, of which one may show the same | [`shrink`] |
//!
//! Nothing here sends anything: that is the business of whoever has both sides at hand. The same seed makes the same
//! requests, as far as both sides do.

mod aim;
mod corpus;
mod draft;
mod form;
pub mod mutate;
mod node;
pub mod pattern;
mod plan;
mod scan;
pub mod shrink;
mod sources;
mod together;
mod version;

pub use aim::Aim;
pub use corpus::{Corpus, Entry, Line, Reach};
pub use draft::{Body, Draft, Pair};
pub use node::{Node, Place};
pub use plan::{Plan, Planned, Ticket};
pub use sources::{Literal, Sources};
