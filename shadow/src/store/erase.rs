//! Finds what the store has of a person, and takes it out: beside the process that records.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, schema};
use crate::redact::{RedactionKey, Redactor};

/// How often a text may have been put into JSON: a body within a pair, a document within that.
const ESCAPED: usize = 3;

/// A store, open to erase.
pub struct Eraser {
    connection: Connection,
    redactor: Redactor,
}

/// What was found, or taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Pairs: gone as a whole. What they were counted as stays counted.
    pub pairs: u64,
    /// Clusters at a place that is named by it: they get another name.
    pub clusters: u64,
    /// Decisions whose reason holds it: the reason is taken out.
    pub decisions: u64,
}

impl Eraser {
    /// Opens a store that is there already. `key`: the one that its placeholders were made with.
    ///
    /// # Errors
    /// When there is none, or it cannot be written, or is of another version.
    pub fn open(path: &Path, key: &RedactionKey) -> Result<Self, StoreError> {
        let connection = schema::open_to_decide(path)?;
        // What is deleted is overwritten: it cannot be read from the disk either.
        connection.pragma_update(None, "secure_delete", true)?;
        Ok(Self { connection, redactor: Redactor::new(key) })
    }

    /// What there is of a value: itself, and the placeholder that it got.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find(&self, value: &str) -> Result<Erased, StoreError> {
        let count = |table: &str, column: &str| {
            let query = format!("SELECT count(*) FROM {table} WHERE {}", self.holds(column, value));
            self.connection.query_row(&query, [], |row| row.get::<_, i64>(0)).map(|count| count as u64)
        };
        Ok(Erased {
            pairs: count("pairs", "pair")?,
            clusters: count("clusters", "path || ' ' || shape")?,
            decisions: count("decisions", "why")?,
        })
    }

    /// Takes it out.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is taken out then.
    pub fn erase(&mut self, value: &str) -> Result<Erased, StoreError> {
        let [pairs, clusters, decisions] =
            ["pair", "path || ' ' || shape", "why"].map(|column| self.holds(column, value));
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let erased = Erased {
            pairs: transaction.execute(&format!("DELETE FROM pairs WHERE {pairs}"), [])? as u64,
            clusters: transaction.execute(
                &format!("UPDATE clusters SET path = '<erased ' || id || '>', shape = '' WHERE {clusters}"),
                [],
            )? as u64,
            decisions: transaction
                .execute(&format!("UPDATE decisions SET why = '<erased>' WHERE {decisions}"), [])?
                as u64,
        };
        transaction.commit()?;
        // What was written before lies in the log until it is taken into the file.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(erased)
    }

    /// A condition that a column holds the value in any of the forms that it can have there.
    fn holds(&self, column: &str, value: &str) -> String {
        let forms = self.forms(value);
        let one = |form: &String| format!("instr({column}, '{}') > 0", form.replace('\'', "''"));
        forms.iter().map(one).collect::<Vec<_>>().join(" OR ")
    }

    fn forms(&self, value: &str) -> BTreeSet<String> {
        let mut forms = BTreeSet::new();
        for mut form in [value.to_owned(), self.redactor.label(value)] {
            for _ in 0..ESCAPED {
                let json = serde_json::Value::String(form.clone()).to_string();
                forms.insert(std::mem::replace(&mut form, json[1..json.len() - 1].to_owned()));
            }
        }
        // A NUL ends SQL's text.
        forms.retain(|form| !form.contains('\0'));
        forms
    }
}
