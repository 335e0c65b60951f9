//! What a binary brings of its own: its handlers, and for effects of its own who commits them and who sees legacy's.

use std::collections::BTreeMap;

use handover_api::{BoxedCommit, BoxedObserve};

use crate::route::generation::Handlers;

/// Who commits effects of the application's own, by their kind.
pub(crate) type Committers = BTreeMap<String, BoxedCommit>;

/// Who sees which of them legacy had, by their kind.
pub(crate) type Observers = BTreeMap<String, BoxedObserve>;

/// All that a binary registers.
#[derive(Clone, Default)]
pub(crate) struct Application {
    /// Native handlers.
    pub handlers: Handlers,
    /// Who commits effects of its own.
    pub committers: Committers,
    /// Who sees legacy's.
    pub observers: Observers,
}

/// The names that the file may use of what a binary registers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// For `native`.
    pub handlers: Vec<String>,
    /// For `observe`.
    pub observers: Vec<String>,
}

impl Application {
    /// The names.
    pub(crate) fn names(&self) -> Names {
        Names {
            handlers: self.handlers.keys().cloned().collect(),
            observers: self.observers.keys().cloned().collect(),
        }
    }
}

#[cfg(test)]
impl Names {
    /// Of a binary with those handlers.
    pub(crate) fn of_handlers(handlers: &[&str]) -> Self {
        let handlers = handlers.iter().map(|name| (*name).to_owned()).collect();
        Self { handlers, ..Self::default() }
    }
}
