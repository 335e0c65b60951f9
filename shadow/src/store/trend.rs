//! How often each cluster was seen in each of the last hours.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::StoreError;
use super::read::Reader;

/// So many hours are told, the one under way among them.
pub const TREND_HOURS: usize = 24;

/// How often a cluster was seen in each of the last hours; the hour under way is the last.
pub type Trend = [u64; TREND_HOURS];

const SECONDS: i64 = 3_600;

/// Counts one.
pub(super) fn seen(db: &Connection, cluster: i64, at: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO cluster_hours (cluster, hour, n) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1",
    )?
    .execute(params![cluster, at.as_second().div_euclid(SECONDS)])?;
    Ok(())
}

/// Forgets hours that are no longer told. `now` in microseconds.
pub(super) fn forget(db: &Connection, now: i64) -> rusqlite::Result<()> {
    let oldest = now.div_euclid(SECONDS * 1_000_000) - TREND_HOURS as i64;
    db.execute("DELETE FROM cluster_hours WHERE hour <= ?", [oldest])?;
    Ok(())
}

impl Reader {
    /// The trend of a cluster up to `now`, whatever evidence it was seen in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn trend(&self, cluster: i64, now: Timestamp) -> Result<Trend, StoreError> {
        let last = now.as_second().div_euclid(SECONDS);
        let first = last - TREND_HOURS as i64 + 1;
        let mut query = self.connection.prepare_cached(
            "SELECT hour - ?2, n FROM cluster_hours WHERE cluster = ?1 AND hour BETWEEN ?2 AND ?3",
        )?;
        let rows = query.query_map(params![cluster, first, last], |row| {
            Ok((row.get::<_, i64>(0)? as usize, row.get::<_, i64>(1)? as u64))
        })?;
        let mut trend = [0; TREND_HOURS];
        for row in rows {
            let (hour, n) = row?;
            trend[hour] = n;
        }
        Ok(trend)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, Store, schema};
    use super::*;

    #[test]
    fn the_last_hours_are_told_and_older_ones_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shadow.db");
        let (db, _) = schema::open(&path, &Limits::default()).unwrap();
        for cluster in [7, 8] {
            let values = params![cluster, cluster.to_string()];
            db.execute("INSERT INTO clusters VALUES (?, 'r', '', '', '', ?)", values).unwrap();
        }
        let now: Timestamp = "2026-03-04T05:06:07Z".parse().unwrap();
        let ago = |hours: i64| Timestamp::from_second(now.as_second() - hours * SECONDS).unwrap();
        for hours in [0, 0, 0, 1, 23, 24, 25] {
            seen(&db, 7, ago(hours)).unwrap();
        }
        let mut expected = [0; TREND_HOURS];
        (expected[23], expected[22], expected[0]) = (3, 1, 1);
        let trend = |cluster| Store::read(&path).unwrap().unwrap().trend(cluster, now).unwrap();
        assert_eq!((trend(7), trend(8)), (expected, [0; TREND_HOURS]));
        forget(&db, now.as_microsecond()).unwrap();
        let kept: i64 = db.query_row("SELECT count(*) FROM cluster_hours", [], |row| row.get(0)).unwrap();
        assert_eq!((trend(7), kept), (expected, 3));
    }
}
