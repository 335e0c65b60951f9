//! Buffers, timers and the stream under a connection.

mod alarm;
mod input;
mod outbox;
mod pace;
mod pool;
mod transport;

pub(crate) use input::Input;
pub(crate) use outbox::Outbox;
pub use pace::Pace;
pub(crate) use transport::Wire;
