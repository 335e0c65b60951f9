//! Writes decisions, beside the process that records: from the command line, from the review pages.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::read::{name, named};
use super::{StoreError, schema, states};
use crate::decision::{Decision, NotDecided, Verb, check};

/// A store, open for decisions.
pub struct Decider {
    connection: Connection,
}

/// A decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// It cannot be.
    #[error(transparent)]
    NotDecided(#[from] NotDecided),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for DecideError {
    fn from(fault: rusqlite::Error) -> Self {
        Self::Store(fault.into())
    }
}

impl Decider {
    /// Opens a store that is there already.
    ///
    /// # Errors
    /// When there is none, or it cannot be written, or is of another version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        schema::open_to_decide(path).map(|connection| Self { connection })
    }

    /// Takes a decision on a cluster. It covers what was counted before, and takes an earlier decision's place.
    ///
    /// # Errors
    /// When it cannot be decided so, or the store cannot be written.
    pub fn decide(
        &mut self,
        cluster: i64,
        verb: &Verb,
        who: &str,
        why: &str,
    ) -> Result<Decision, DecideError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let severity = transaction
            .query_row("SELECT severity FROM clusters WHERE id = ?", [cluster], |row| row.get::<_, String>(0))
            .optional()?
            .ok_or(NotDecided::NoCluster(cluster))?;
        check(verb, named(&severity)?, who, why)?;
        let kind = match verb {
            Verb::Ignore { kind } => kind.map(name),
            _ => None,
        };
        let at = Timestamp::now().as_microsecond();
        transaction.execute(
            "INSERT INTO decisions (cluster, verb, kind, who, why, at) VALUES (?, ?, ?, ?, ?, ?)",
            params![cluster, verb.name(), kind, who.trim(), why.trim(), at],
        )?;
        let id = transaction.last_insert_rowid();
        let decision = states::one(&transaction, id)?.ok_or(NotDecided::NoCluster(cluster))?;
        transaction.commit()?;
        Ok(decision)
    }

    /// Takes the latest decision on a cluster back, so that the one before is in effect again.
    ///
    /// # Errors
    /// When there is none, or the store cannot be written.
    pub fn undo(&mut self, cluster: i64, who: &str) -> Result<Decision, DecideError> {
        if who.trim().is_empty() {
            return Err(NotDecided::Nobody.into());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id: Option<i64> = transaction
            .query_row(
                "SELECT id FROM decisions WHERE cluster = ? AND undone_at IS NULL AND verb <> 'comment'
                 ORDER BY id DESC LIMIT 1",
                [cluster],
                |row| row.get(0),
            )
            .optional()?;
        let id = id.ok_or(NotDecided::NothingToUndo(cluster))?;
        let at = Timestamp::now().as_microsecond();
        transaction.execute(
            "UPDATE decisions SET undone_by = ?, undone_at = ? WHERE id = ?",
            params![who.trim(), at, id],
        )?;
        let decision = states::one(&transaction, id)?.ok_or(NotDecided::NothingToUndo(cluster))?;
        transaction.commit()?;
        Ok(decision)
    }
}
