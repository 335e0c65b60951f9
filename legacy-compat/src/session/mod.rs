//! PHP's sessions, without I/O: what is stored, under which id, and what goes to the client.
//!
//! Where sessions are kept (files, Redis, memcached) is another crate's affair; it reads and writes the bytes that
//! [`decode`] and [`encode`] understand.

mod cookie;
mod format;
mod id;
mod limiter;

pub use crate::response::SameSite;
pub use cookie::CookieSettings;
pub use format::{Format, NotEncodable, Undecodable, UnknownFormat, decode, decode_value, encode};
pub use id::{IdSettings, SessionId};
pub use limiter::{CacheLimiter, UnknownLimiter};
