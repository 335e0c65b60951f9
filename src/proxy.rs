//! The builder that turns handlers into a whole command line.

use std::process::ExitCode;
use std::sync::Arc;

use handover_api::Handler;

use crate::native::identity::Identities;
use crate::route::generation::Handlers;

/// A proxy with handlers of one's own. [`run`](Builder::run) is the whole command line.
#[derive(Debug)]
pub struct Proxy(());

impl Proxy {
    /// Begins a proxy.
    pub fn builder() -> Builder {
        Builder { handlers: Handlers::new(), identities: Identities::default() }
    }
}

/// Collects native handlers.
#[must_use]
pub struct Builder {
    handlers: Handlers,
    identities: Identities,
}

impl Builder {
    /// Adds a handler under the name that `native = "…"` gives it in `routes.toml`. A later one of the same name
    /// takes the earlier one's place.
    pub fn handler(mut self, name: impl Into<String>, handler: impl Handler) -> Self {
        self.handlers.insert(name.into(), Arc::new(handler));
        self
    }

    /// Says what the binary was built from, as [`sources!`](crate::sources) has it: evidence then belongs to exactly these
    /// sources. Without it evidence belongs to the binary, and begins anew with each build.
    pub fn sources(mut self, sources: &'static str) -> Self {
        self.identities = Identities::built_from(sources);
        self
    }

    /// Runs the command line that the process was called with.
    pub fn run(self) -> ExitCode {
        crate::cli::run(self.handlers, self.identities)
    }
}

/// The sources that a binary was built from, as its build script listed them with `handover_fingerprint::emit()`. For
/// [`Builder::sources`].
#[macro_export]
macro_rules! sources {
    () => {
        include_str!(env!("HANDOVER_SOURCES"))
    };
}
