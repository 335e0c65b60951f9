//! Who native is: what evidence belongs to.

use std::sync::{Arc, OnceLock};

use crate::config::valid::RouteSpec;

/// Knows the fingerprint of each route's native side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities {
    binary: Arc<OnceLock<Arc<str>>>,
}

impl Identities {
    /// All natives have that fingerprint.
    #[cfg(test)]
    pub(crate) fn said(fingerprint: &str) -> Self {
        let binary = OnceLock::new();
        binary.get_or_init(|| fingerprint.into());
        Self { binary: Arc::new(binary) }
    }

    /// The fingerprint of a route's native side.
    pub(crate) fn of(&self, _route: &RouteSpec) -> Arc<str> {
        Arc::clone(self.binary.get_or_init(of_this_binary))
    }
}

/// The whole binary, where nothing narrower is known: a new one is a new native, even where no handler changed.
fn of_this_binary() -> Arc<str> {
    let hash = std::env::current_exe().and_then(std::fs::read).map(|exe| {
        let digest = ring::digest::digest(&ring::digest::SHA256, &exe);
        digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()
    });
    hash.unwrap_or_else(|_| env!("CARGO_PKG_VERSION").to_owned()).into()
}
