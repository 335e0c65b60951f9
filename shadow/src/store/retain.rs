//! What the file forgets: what is too old, and what is more than its bounds.

use rusqlite::{Connection, params};

use super::{Limits, rules, topic, trend};

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
    rules::retain(db)?;
    topic::forget(db, now)?;
    trend::forget(db, now)?;
    // What was decided stays decided, whether or not it is seen at the moment.
    db.execute(
        "DELETE FROM clusters WHERE id NOT IN (SELECT cluster FROM cluster_counts)
         AND id NOT IN (SELECT cluster FROM decisions) AND id NOT IN (SELECT cluster FROM noise)",
        [],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::schema;
    use super::*;

    const DAY: i64 = 24 * 3600 * 1_000_000;

    fn store() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let (db, _) = schema::open(&folder.path().join("shadow.db"), &Limits::default()).unwrap();
        (folder, db)
    }

    fn evidence(db: &Connection, id: i64, route: &str, last: i64) {
        db.execute("INSERT INTO evidence VALUES (?1, ?2, ?1, '', '', ?3, ?3)", params![id, route, last])
            .unwrap();
    }

    fn pair(db: &Connection, evidence: i64, at: i64, size: i64) {
        db.execute("INSERT INTO pairs (evidence, at, size, pair) VALUES (?, ?, ?, '')", [evidence, at, size])
            .unwrap();
    }

    fn list(db: &Connection, query: &str) -> Vec<i64> {
        let mut query = db.prepare(query).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn pairs_go_by_age_number_and_size_the_oldest_first() {
        for (limits, kept) in [
            (Limits { age: Duration::from_secs(2 * 24 * 3600), ..Limits::default() }, &[8, 9, 10][..]),
            (Limits { pairs: 4, ..Limits::default() }, &[7, 8, 9, 10]),
            (Limits { pair_bytes: 250, ..Limits::default() }, &[9, 10]),
            (Limits::default(), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ] {
            let (_folder, db) = store();
            evidence(&db, 1, "r", 10 * DAY);
            (1..=10).for_each(|day| pair(&db, 1, day * DAY, 100));
            apply(&db, &limits, 10 * DAY).unwrap();
            let days: Vec<i64> =
                list(&db, "SELECT at FROM pairs ORDER BY at").iter().map(|at| at / DAY).collect();
            assert_eq!(days, kept, "{limits:?}");
        }
    }

    #[test]
    fn old_evidence_goes_with_all_that_hangs_on_it_but_never_the_newest_of_its_route() {
        let (_folder, db) = store();
        evidence(&db, 1, "r", DAY);
        evidence(&db, 2, "r", 90 * DAY);
        evidence(&db, 3, "idle", DAY);
        pair(&db, 1, 99 * DAY, 1);
        db.execute("INSERT INTO counts VALUES (1, 'matched', '', 5)", []).unwrap();
        db.execute("INSERT INTO clusters VALUES (7, 'r', '', '', '', '')", []).unwrap();
        db.execute("INSERT INTO cluster_counts VALUES (7, 1, 1, 0, 0)", []).unwrap();
        apply(&db, &Limits::default(), 100 * DAY).unwrap();
        assert_eq!(list(&db, "SELECT id FROM evidence ORDER BY id"), [2, 3]);
        let rest = "SELECT (SELECT count(*) FROM pairs) + (SELECT count(*) FROM counts) + (SELECT count(*) FROM clusters)";
        assert_eq!(list(&db, rest), [0]);
    }

    #[test]
    fn a_route_keeps_a_bounded_number_of_evidence() {
        let (_folder, db) = store();
        (1..=MAX_EVIDENCE + 5).for_each(|id| evidence(&db, id, "r", id));
        apply(&db, &Limits::default(), MAX_EVIDENCE).unwrap();
        assert_eq!(list(&db, "SELECT min(id) FROM evidence"), [6]);
    }
}
