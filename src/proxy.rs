//! The builder that turns handlers into a whole command line.

use std::process::ExitCode;
use std::sync::Arc;

use handover_api::{Commit, Handler, Observe};

use crate::native::application::Application;
use crate::native::identity::Identities;

/// A proxy with handlers of one's own. [`run`](Builder::run) is the whole command line.
#[derive(Debug)]
pub struct Proxy(());

impl Proxy {
    /// Begins a proxy.
    pub fn builder() -> Builder {
        Builder { application: Application::default(), identities: Identities::default() }
    }
}

/// Collects native handlers, and what effects of the application's own need.
#[must_use]
pub struct Builder {
    application: Application,
    identities: Identities,
}

impl Builder {
    /// Adds a handler under the name that `native = "…"` gives it in `routes.toml`. A later one of the same name
    /// takes the earlier one's place.
    pub fn handler(mut self, name: impl Into<String>, handler: impl Handler) -> Self {
        self.application.handlers.insert(name.into(), Arc::new(handler));
        self
    }

    /// Says who commits effects of the application's own of that kind. An answer that asks for a kind of which nobody does is
    /// not committed: legacy answers.
    pub fn commits(mut self, kind: impl Into<String>, committer: impl Commit) -> Self {
        self.application.committers.insert(kind.into(), Arc::new(committer));
        self
    }

    /// Says who sees which effects of that kind legacy had, for routes that ask for it: `shadow = { observe = ["KIND"] }`.
    pub fn observes(mut self, kind: impl Into<String>, observer: impl Observe) -> Self {
        self.application.observers.insert(kind.into(), Arc::new(observer));
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
        crate::cli::run(self.application, self.identities)
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
