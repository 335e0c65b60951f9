//! Kafka values by the schemas of a Confluent-style registry: from JSON, which handlers give and the shadow compares, to
//! Avro, Protobuf or checked JSON behind the registry's [frame], and back. Nothing here reads or asks anything.
//!
//! The same JSON always gives the same bytes. What comes from outside is read within bounds: no deeper than [`DEPTH_MAX`],
//! never more than its own length makes likely, whatever a length inside it claims.

mod avro;
mod bounds;
pub mod frame;
mod json;
mod place;
mod protobuf;
mod schema;
mod source;
mod varint;

pub use bounds::shown;
pub use place::Misfit;
pub use schema::{Schema, Unreadable};
pub use source::{Kind, Reference, Source, TEXT_MAX, Unusable};

/// How deeply values may be nested. serde_json reads no deeper than that, and the stack of a thread must do for it.
pub const DEPTH_MAX: usize = 100;
