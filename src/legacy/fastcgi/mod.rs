//! Legacy over FastCGI: php-fpm, or another responder.
//!
//! [`record`], [`decode`] and [`answer`] know the bytes, [`params`] and [`script`] what PHP sees, [`pool`] who may talk, and
//! [`exchange`] leads one request through [`hold`], [`upload`], [`download`] and [`handoff`].

#[cfg(test)]
mod against_hostile;
#[cfg(test)]
mod against_php;
mod answer;
mod decode;
mod download;
mod exchange;
mod handoff;
mod hold;
mod params;
mod pool;
mod record;
mod script;
mod stderr;
mod upload;

pub(crate) use answer::BadHead;
pub(crate) use decode::{Decoder, Event, Fault};
pub(crate) use exchange::Responder;
pub(crate) use pool::{Load, Pool};
pub(crate) use record::{Params, begin, stdin};
pub(crate) use stderr::printable;
