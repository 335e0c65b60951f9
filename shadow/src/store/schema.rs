//! The store's file: its tables, its version, and what happens to a file that cannot be used.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Limits, StoreError};

/// The version of the tables below. A file of a newer version is set aside, an older one too: there is none yet that
/// would have to be carried over.
const VERSION: i64 = 2;

/// For how long a connection waits for another one's lock.
const BUSY: Duration = Duration::from_secs(5);

/// What the file may take beside its pairs: counts and clusters, and what was removed but is not yet used again.
const SLACK: u64 = 64 * 1024 * 1024;

const TABLES: &str = "
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    route TEXT NOT NULL, on_trial TEXT NOT NULL, legacy TEXT NOT NULL, policy TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL,
    UNIQUE (route, on_trial, legacy, policy)
);
-- class: the verdict's of a pair that does not differ, or 'failed', 'dropped', 'unattributed', 'unclustered', 'seen',
-- 'compared', 'effects'; what: reason, topic, status class or type
CREATE TABLE counts (
    evidence INTEGER NOT NULL REFERENCES evidence ON DELETE CASCADE,
    class TEXT NOT NULL, what TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (evidence, class, what)
) WITHOUT ROWID;
CREATE TABLE clusters (
    id INTEGER PRIMARY KEY,
    route TEXT NOT NULL, severity TEXT NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, shape TEXT NOT NULL,
    UNIQUE (route, severity, kind, path, shape)
);
CREATE TABLE cluster_counts (
    cluster INTEGER NOT NULL REFERENCES clusters ON DELETE CASCADE,
    evidence INTEGER NOT NULL REFERENCES evidence ON DELETE CASCADE,
    n INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (cluster, evidence)
) WITHOUT ROWID;
CREATE INDEX cluster_counts_by_evidence ON cluster_counts (evidence);
-- sample: the hash by which the pair belongs to the uniform sample; null for exemplars outside it
CREATE TABLE pairs (
    id INTEGER PRIMARY KEY,
    evidence INTEGER NOT NULL REFERENCES evidence ON DELETE CASCADE,
    at INTEGER NOT NULL, size INTEGER NOT NULL, sample INTEGER, pair TEXT NOT NULL
);
CREATE INDEX pairs_by_sample ON pairs (evidence, sample) WHERE sample IS NOT NULL;
CREATE INDEX pairs_by_age ON pairs (at);
CREATE INDEX pairs_by_evidence ON pairs (evidence);
CREATE TABLE exemplars (
    cluster INTEGER NOT NULL REFERENCES clusters ON DELETE CASCADE,
    pair INTEGER NOT NULL REFERENCES pairs ON DELETE CASCADE,
    evidence INTEGER NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (cluster, pair)
) WITHOUT ROWID;
CREATE INDEX exemplars_by_pair ON exemplars (pair);
-- seen: a bit for each hash of a request, so that equal ones count once
CREATE TABLE shapes (
    evidence INTEGER NOT NULL REFERENCES evidence ON DELETE CASCADE,
    shape INTEGER NOT NULL, n INTEGER NOT NULL, seen BLOB NOT NULL,
    PRIMARY KEY (evidence, shape)
) WITHOUT ROWID;
-- All pairs that differ. clusters: the numbers of those that the differences belong to; all of them set aside, it is no
-- mismatch any more, but what it is said to be then (see way.rs)
CREATE TABLE mismatches (
    evidence INTEGER NOT NULL REFERENCES evidence ON DELETE CASCADE,
    shape INTEGER NOT NULL, clusters TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (evidence, shape, clusters)
) WITHOUT ROWID;
CREATE TABLE rules (
    evidence INTEGER NOT NULL REFERENCES evidence ON DELETE CASCADE,
    rule TEXT NOT NULL, held INTEGER NOT NULL, broken INTEGER NOT NULL,
    PRIMARY KEY (evidence, rule)
) WITHOUT ROWID;
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    cluster INTEGER NOT NULL REFERENCES clusters ON DELETE CASCADE,
    verb TEXT NOT NULL, kind TEXT, who TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL,
    undone_by TEXT, undone_at INTEGER
);
CREATE INDEX decisions_by_cluster ON decisions (cluster);
";

/// Tables that came after the version's first files. What came by a topic: which experiments were counted, and up to where each
/// partition was worked off. How often a cluster was seen in each hour since 1970. How each route's newest experiment was compared.
/// In how many experiments of which legacy was asked twice the sides differ in the way of a cluster, and legacy from itself.
/// What comes last here is what tells that the others are there ([`has_all`]).
const ADDED: &str = "
CREATE TABLE IF NOT EXISTS counted (id BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS counted_by_age ON counted (at);
CREATE TABLE IF NOT EXISTS places (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cluster_hours (
    cluster INTEGER NOT NULL REFERENCES clusters ON DELETE CASCADE,
    hour INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (cluster, hour)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS policies (route TEXT PRIMARY KEY, at INTEGER NOT NULL, written TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS noise (
    evidence INTEGER NOT NULL REFERENCES evidence ON DELETE CASCADE,
    cluster INTEGER NOT NULL REFERENCES clusters ON DELETE CASCADE,
    sides INTEGER NOT NULL, legacy INTEGER NOT NULL,
    PRIMARY KEY (evidence, cluster)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS noise_by_cluster ON noise (cluster);
";

/// Opens the file to write, creating it. A file that is corrupt or of another version is renamed, never changed;
/// its new name is returned.
pub(super) fn open(path: &Path, limits: &Limits) -> Result<(Connection, Option<PathBuf>), StoreError> {
    match usable(path, limits) {
        Ok(connection) => Ok((connection, None)),
        Err(Unusable::Fault(fault)) => Err(StoreError::Open { path: path.to_owned(), source: fault }),
        Err(Unusable::Content(why)) => {
            let aside = set_aside(path)?;
            tracing::warn!(path = %path.display(), aside = %aside.display(), why, "set the shadow store aside and began a new one");
            let connection = usable(path, limits).map_err(|unusable| match unusable {
                Unusable::Fault(source) => StoreError::Open { path: path.to_owned(), source },
                Unusable::Content(_) => StoreError::Unusable { path: path.to_owned() },
            })?;
            Ok((connection, Some(aside)))
        }
    }
}

enum Unusable {
    /// The file could not be read or written at all.
    Fault(rusqlite::Error),
    /// It was read, and is not ours.
    Content(&'static str),
}

impl From<rusqlite::Error> for Unusable {
    fn from(fault: rusqlite::Error) -> Self {
        if is_corrupt(&fault) { Self::Content("it is corrupt") } else { Self::Fault(fault) }
    }
}

/// Whether SQLite says that the file's content is at fault.
pub(super) fn is_corrupt(fault: &rusqlite::Error) -> bool {
    matches!(fault.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Looks before it writes: a file that is not ours is not changed by as much as a byte.
fn usable(path: &Path, limits: &Limits) -> Result<Connection, Unusable> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    if version(&connection)? != VERSION && !is_empty(&connection)? {
        return Err(Unusable::Content("its tables are of another version"));
    }
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // A power cut may lose the last commits, never the file: counts are evidence, not records.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    let page: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))?.unsigned_abs();
    let pages = (limits.pair_bytes.saturating_mul(2) + SLACK) / page.max(1);
    connection.pragma_update_and_check(None, "max_page_count", pages as i64, |_| Ok(()))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    // A file of this version may be older than these.
    transaction.execute_batch(ADDED)?;
    transaction.commit()?;
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

/// Opens the file that is there to write beside the writer.
pub(super) fn open_to_decide(path: &Path) -> Result<Connection, StoreError> {
    let connection = open_beside(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let fault = |source| StoreError::Open { path: path.to_owned(), source };
    connection.pragma_update(None, "foreign_keys", true).map_err(fault)?;
    Ok(connection)
}

/// Opens the file to read beside the writer; `None` when there is none yet. What a file of this version lacks that an older
/// process began is added first, so that nobody has to serve with this one before they can look.
pub(super) fn open_to_read(path: &Path) -> Result<Option<Connection>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = open_beside(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let fault = |source| StoreError::Open { path: path.to_owned(), source };
    if !has_all(&connection).map_err(fault)? {
        add(path).map_err(|source| StoreError::Older { path: path.to_owned(), source })?;
    }
    Ok(Some(connection))
}

fn open_beside(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let fault = |source| StoreError::Open { path: path.to_owned(), source };
    let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    connection.busy_timeout(BUSY).map_err(fault)?;
    match version(&connection).map_err(fault)? {
        VERSION => Ok(connection),
        _ => Err(StoreError::Unusable { path: path.to_owned() }),
    }
}

/// Whether what came last is there.
fn has_all(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'noise_by_cluster'", [], |row| row.get(0))
}

fn add(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {ADDED} COMMIT;"))
}

/// Renames the file, and what SQLite keeps beside it, to the first free `NAME.aside-N`.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let named = |suffix: &str| {
        let mut name = OsString::from(path);
        name.push(suffix);
        PathBuf::from(name)
    };
    let free =
        (1..).map(|n| format!(".aside-{n}")).find(|suffix| !named(suffix).exists()).unwrap_or_default();
    for part in ["", "-wal", "-shm"] {
        let (from, to) = (named(part), named(&format!("{free}{part}")));
        if from.exists() {
            std::fs::rename(&from, &to).map_err(|source| StoreError::SetAside { path: from, source })?;
        }
    }
    Ok(named(&free))
}
