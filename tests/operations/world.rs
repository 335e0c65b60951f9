//! What the tests here have in common.

use std::time::Duration;

use handover_parts::http;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// How long what should happen at once may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A request to `shop.example`.
pub(crate) fn request(method: &str, target: &str, body: &str) -> Vec<u8> {
    http::request(method, target, &[("Host", "shop.example")], body.as_bytes())
}
