//! What the file forgets: what is too old, and what is more than its bounds.

use rusqlite::{Connection, params};

use super::Limits;

/// Evidence of one route that is kept, the newest.
const MAX_EVIDENCE: i64 = 32;

/// Removes what is over the bounds. `now` in microseconds.
pub(super) fn apply(db: &Connection, limits: &Limits, now: i64) -> rusqlite::Result<()> {
    let oldest = now.saturating_sub(i64::try_from(limits.age.as_micros()).unwrap_or(i64::MAX));
    db.execute("DELETE FROM pairs WHERE at < ?", [oldest])?;
    db.execute(
        "DELETE FROM pairs WHERE id IN (SELECT id FROM pairs ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?)",
        [limits.pairs as i64],
    )?;
    db.execute(
        "DELETE FROM pairs WHERE id IN (SELECT id FROM
         (SELECT id, sum(size) OVER (ORDER BY at DESC, id DESC) AS total FROM pairs) WHERE total > ?)",
        [limits.pair_bytes as i64],
    )?;
    // A route's newest evidence stays, however old: without it the route would look as if it had none.
    db.execute(
        "DELETE FROM evidence WHERE id IN (SELECT id FROM
         (SELECT id, last, row_number() OVER (PARTITION BY route ORDER BY last DESC, id DESC) AS place FROM evidence)
         WHERE place > 1 AND (last < ? OR place > ?))",
        params![oldest, MAX_EVIDENCE],
    )?;
    db.execute("DELETE FROM clusters WHERE id NOT IN (SELECT cluster FROM cluster_counts)", [])?;
    Ok(())
}
