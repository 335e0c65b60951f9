//! What comes by a topic, and so perhaps twice: counted once, and gone on with where it was left.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};

use super::{Lost, Reader, StoreError};
use crate::evidence::Loss;

/// For how long it is known what was counted, in microseconds: longer than anything is read again.
const KNOWN_FOR: i64 = 7 * 24 * 3600 * 1_000_000;

/// Of how many it is known.
const KNOWN_MAX: i64 = 5_000_000;

/// A topic's partitions, each with the offset that it is to be read from.
pub type Places = BTreeMap<(String, i32), i64>;

/// Notes that something is counted; false where it was before.
pub(super) fn is_first(db: &Connection, id: &[u8], at: i64) -> rusqlite::Result<bool> {
    let noted = db
        .prepare_cached("INSERT OR IGNORE INTO counted (id, at) VALUES (?, ?)")?
        .execute(params![id, at])?;
    Ok(noted > 0)
}

/// The losses that were not counted before.
pub(super) fn firsts(
    db: &Connection,
    lost: &[Lost],
    now: i64,
) -> rusqlite::Result<HashMap<(String, Loss, String), u64>> {
    let mut firsts = HashMap::new();
    for lost in lost {
        if is_first(db, lost.id.as_bytes(), now)? {
            *firsts.entry((lost.route.clone(), lost.loss, lost.what.clone())).or_default() += lost.n;
        }
    }
    Ok(firsts)
}

/// Notes up to where partitions were worked off.
pub(super) fn reached(db: &Connection, places: &Places) -> rusqlite::Result<()> {
    let mut note = db.prepare_cached(
        "INSERT INTO places (topic, partition, next) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET next = ?3",
    )?;
    places
        .iter()
        .try_for_each(|((topic, partition), next)| note.execute(params![topic, partition, next]).map(drop))
}

/// Forgets what nobody will ask about any more. `now` in microseconds.
pub(super) fn forget(db: &Connection, now: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM counted WHERE at < ?", [now.saturating_sub(KNOWN_FOR)])?;
    db.execute(
        "DELETE FROM counted WHERE at < (SELECT at FROM counted ORDER BY at DESC LIMIT 1 OFFSET ?)",
        [KNOWN_MAX],
    )
    .map(drop)
}

impl Reader {
    /// Where each partition of a topic is to be read on.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn places(&self, topic: &str) -> Result<Places, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT partition, next FROM places WHERE topic = ?")?;
        let row = |row: &rusqlite::Row<'_>| Ok(((topic.to_owned(), row.get(0)?), row.get(1)?));
        Ok(query.query_map([topic], row)?.collect::<rusqlite::Result<_>>()?)
    }
}
