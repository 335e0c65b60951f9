//! Who commits effects of each kind, and how that has ended so far.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use handover_api::{BoxedCommit, CommitError};

use crate::native::application::Committers;

/// Who commits effects, by their kind.
#[derive(Default)]
pub(in crate::commit) struct Kinds(BTreeMap<String, Committing>);

/// Who commits those of one kind, and how often that ended how.
pub(super) struct Committing {
    pub(super) committer: BoxedCommit,
    committed: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
}

/// How effects of one kind have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The kind.
    pub kind: String,
    /// Those that were committed.
    pub committed: u64,
    /// Those of which it is certain that nothing was done.
    pub refused: u64,
    /// Those of which nobody knows.
    pub unknown: u64,
}

impl Kinds {
    /// The kinds of those.
    pub(in crate::commit) fn of(committers: Committers) -> Self {
        let begun = |committer| Committing {
            committer,
            committed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
        };
        Self(committers.into_iter().map(|(kind, committer)| (kind, begun(committer))).collect())
    }

    /// Who commits those of that kind.
    pub(super) fn get(&self, kind: &str) -> Option<&Committing> {
        self.0.get(kind)
    }

    /// How effects have ended, by kind.
    pub(in crate::commit) fn ends(&self) -> Vec<Ends> {
        let of = |(kind, committing): (&String, &Committing)| Ends {
            kind: kind.clone(),
            committed: committing.committed.load(Ordering::Relaxed),
            refused: committing.refused.load(Ordering::Relaxed),
            unknown: committing.unknown.load(Ordering::Relaxed),
        };
        self.0.iter().map(of).collect()
    }
}

impl Committing {
    /// One more has ended so.
    pub(super) fn count<T>(&self, ended: &Result<T, CommitError>) {
        let count = match ended {
            Ok(_) => &self.committed,
            Err(CommitError::Before(_)) => &self.refused,
            Err(_) => &self.unknown,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
