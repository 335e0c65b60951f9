//! The client side: requests are written, responses read.

mod connection;
mod receiver;
mod sender;

pub use connection::{Config, Connection, Request};
pub use receiver::Receiver;
pub use sender::Sender;
