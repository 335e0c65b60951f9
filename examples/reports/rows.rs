//! Rows in SQLite: how they are committed, and which of them legacy wrote.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use handover_api::{
    Commit, CommitContext, CommitError, NotObserved, Observe, Own, Receipt, Request, Response,
};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::Row;

/// The event id is unique, so that what comes twice is one row: where a client that was told nothing tries again.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS reports (id INTEGER PRIMARY KEY, flight TEXT NOT NULL, text TEXT NOT NULL, event TEXT UNIQUE);
    CREATE TABLE IF NOT EXISTS alerts (id INTEGER PRIMARY KEY, flight TEXT NOT NULL, text TEXT NOT NULL, event TEXT UNIQUE);
";

/// How long a row waits for those that others write.
const BUSY: Duration = Duration::from_secs(2);

/// The database. One connection, for which those wait that want it: none holds a thread meanwhile.
#[derive(Clone)]
pub(crate) struct Database(Arc<Mutex<Connection>>);

/// One of its tables.
#[derive(Clone)]
pub(crate) struct Table {
    database: Database,
    name: &'static str,
}

impl Database {
    /// Opens it.
    pub(crate) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(BUSY)?;
        connection.execute_batch(TABLES)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// The table of that name.
    pub(crate) fn table(&self, name: &'static str) -> Table {
        Table { database: self.clone(), name }
    }

    /// Runs `work` where it may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        let mut connection = Arc::clone(&self.0).lock_owned().await;
        match spawn_blocking(move || work(&mut connection)).await {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

impl Commit for Table {
    async fn commit(&self, effect: &Own, cx: &CommitContext) -> Result<Receipt, CommitError> {
        let row: Row = serde_json::from_slice(&effect.value).map_err(CommitError::before)?;
        let (table, event) = (self.name, cx.event_id().to_owned());
        let inserted = self.database.run(move |connection| insert(connection, table, &row, &event)).await;
        inserted.map(Receipt::of).map_err(|error| match error.sqlite_error_code() {
            // A transaction that breaks off here may be whole when the file is opened again.
            Some(ErrorCode::SystemIoFailure) => CommitError::unknown(error),
            _ => CommitError::before(error),
        })
    }
}

/// The row's id, also where it is there already.
fn insert(connection: &mut Connection, table: &str, row: &Row, event: &str) -> rusqlite::Result<i64> {
    let transaction = connection.transaction()?;
    transaction.execute(
        &format!("INSERT INTO {table} (flight, text, event) VALUES (?, ?, ?) ON CONFLICT (event) DO NOTHING"),
        params![row.flight, row.text, event],
    )?;
    let id = transaction
        .query_row(&format!("SELECT id FROM {table} WHERE event = ?"), [event], |row| row.get(0))?;
    transaction.commit()?;
    Ok(id)
}

impl Observe for Table {
    async fn observe(&self, _: &Request, response: &Response) -> Result<Vec<Own>, NotObserved> {
        if !response.status.is_success() {
            return Ok(Vec::new());
        }
        let answered: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
        let Some(id) = answered.and_then(|answered| answered.get("id")?.as_i64()) else {
            return Err(NotObserved::because("legacy answered no id"));
        };
        let table = self.name;
        let written = self.database.run(move |connection| select(connection, table, id)).await;
        match written.map_err(|_| NotObserved::because("the database gives no answer"))? {
            Some(row) => {
                let row =
                    serde_json::to_vec(&row).map_err(|_| NotObserved::because("a row that is no JSON"))?;
                Ok(vec![Own::new(table, row)])
            }
            None => Ok(Vec::new()),
        }
    }
}

fn select(connection: &Connection, table: &str, id: i64) -> rusqlite::Result<Option<Row>> {
    let select = format!("SELECT flight, text FROM {table} WHERE id = ?");
    let row = connection.query_row(&select, [id], |row| Ok(Row { flight: row.get(0)?, text: row.get(1)? }));
    row.optional()
}
