//! The server side: requests are read, responses written.

mod body;
mod close;
mod connection;
mod responder;

pub use body::RequestBody;
pub use connection::{Config, Connection};
pub use responder::Responder;
