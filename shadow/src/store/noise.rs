//! How often the sides differ, and legacy from itself, where legacy was asked twice: counted by cluster, and what is noise is
//! derived from that whenever it is read.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, params};

use super::differing::{Clusters, Differing};
use super::tally::Counts;
use super::{Judged, StoreError};
use crate::noise::Noise;
use crate::verdict::Verdict;

/// The class under which experiments are counted of which legacy was asked twice.
pub(super) const TWICE: &str = "twice";

impl Clusters<'_> {
    /// Counts what an experiment says of noise: only one that was compared whole says anything.
    pub(super) fn noise(
        &self,
        evidence: i64,
        judged: &Judged,
        differing: Option<&Differing>,
        counts: &mut Counts,
    ) -> rusqlite::Result<()> {
        let Some(again) = &judged.experiment.again else { return Ok(()) };
        let is_compared = differing.is_some() || judged.judgement.verdict == Verdict::Matched;
        if !is_compared || judged.judgement.unknown.is_some() {
            return Ok(());
        }
        counts.add(TWICE, "");
        let sides: BTreeSet<i64> = differing.iter().flat_map(|d| d.clusters.iter().copied()).collect();
        let mut legacy = BTreeSet::new();
        for key in again {
            // As with what rules set aside: half of the room is left to what counts.
            legacy.extend(self.cluster(&self.redactor.cluster(key.clone()), self.max / 2)?);
        }
        for cluster in sides.union(&legacy) {
            self.db
                .prepare_cached(
                    "INSERT INTO noise (evidence, cluster, sides, legacy) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET sides = sides + ?3, legacy = legacy + ?4",
                )?
                .execute(params![evidence, cluster, sides.contains(cluster), legacy.contains(cluster)])?;
        }
        Ok(())
    }
}

/// What is known of the noise of an evidence's clusters, by their numbers: of those that legacy ever showed against itself.
pub(super) fn of(db: &Connection, evidence: i64) -> Result<HashMap<i64, Noise>, StoreError> {
    let of: i64 = db
        .prepare_cached("SELECT coalesce(sum(n), 0) FROM counts WHERE evidence = ? AND class = ?")?
        .query_row(params![evidence, TWICE], |row| row.get(0))?;
    let mut query =
        db.prepare_cached("SELECT cluster, sides, legacy FROM noise WHERE evidence = ? AND legacy > 0")?;
    let rows = query.query_map([evidence], |row| {
        let (sides, legacy) = (row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64);
        Ok((row.get::<_, i64>(0)?, Noise { of: of as u64, sides, legacy }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
