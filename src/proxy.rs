//! The builder that turns handlers into a whole command line.

use std::process::ExitCode;
use std::sync::Arc;

use handover_api::Handler;

use crate::config::load::Location;
use crate::observe::chain;
use crate::route::generation::Handlers;
use crate::serve::Running;

/// A proxy with handlers of one's own. [`run`](Builder::run) is the whole command line.
#[derive(Debug)]
pub struct Proxy(());

impl Proxy {
    /// Begins a proxy.
    pub fn builder() -> Builder {
        Builder { handlers: Handlers::new() }
    }
}

/// Collects native handlers.
#[must_use]
pub struct Builder {
    handlers: Handlers,
}

impl Builder {
    /// Adds a handler under the name that `native = "…"` gives it in `routes.toml`. A later one of the same name
    /// takes the earlier one's place.
    pub fn handler(mut self, name: impl Into<String>, handler: impl Handler) -> Self {
        self.handlers.insert(name.into(), Arc::new(handler));
        self
    }

    /// Runs the command line that the process was called with.
    pub fn run(self) -> ExitCode {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
        let path = std::env::args().nth(1).unwrap_or("routes.toml".into());
        let location = Location { main: path.into(), state: None };
        let running = match Running::start(location, self.handlers) {
            Ok(running) => running,
            Err(error) => {
                eprintln!("{}", chain(&error));
                return ExitCode::FAILURE;
            }
        };
        eprintln!("serving on {:?}", running.http);
        let mut line = String::new();
        let _ = std::io::stdin().read_line(&mut line);
        running.stop();
        ExitCode::SUCCESS
    }
}
