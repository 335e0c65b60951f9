//! Which route a request belongs to, and who answers it.

mod stage;

pub use stage::Stage;
