//! Bodies: decoding what arrives, encoding what leaves, without I/O.

mod chunk;
mod decode;
mod encode;

pub use decode::{Decoder, Step};
pub(crate) use encode::Encoder;
