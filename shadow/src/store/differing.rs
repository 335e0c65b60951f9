//! The clusters that a pair's differences belong to, those too that rules set aside: what does not count is decided
//! when it is read, so that a new rule takes effect on what was counted before, and a withdrawn one brings it back.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::tally::Counts;
use super::way::{Cause, Way};
use super::{Judged, read, trend};
use crate::cluster::ClusterKey;
use crate::difference::Difference;
use crate::path::Pattern;
use crate::policy::Ignore;
use crate::redact::Redactor;
use crate::verdict::{Unknown, Verdict};

/// A pair that differs.
pub(super) struct Differing {
    /// The clusters that it was counted in.
    pub(super) clusters: Vec<i64>,
    /// In which way.
    pub(super) way: Way,
}

/// Finds or opens clusters.
pub(super) struct Clusters<'db> {
    pub(super) db: &'db Connection,
    pub(super) redactor: &'db Redactor,
    /// So many of one route.
    pub(super) max: u64,
}

impl Clusters<'_> {
    /// Counts the pair once in each cluster of its differences; `None` when nothing differs.
    pub(super) fn count(
        &self,
        evidence: i64,
        judged: &Judged,
        counts: &mut Counts,
    ) -> rusqlite::Result<Option<Differing>> {
        let standing = match &judged.judgement.verdict {
            Verdict::Mismatched(differences) => differences.as_slice(),
            _ => &[],
        };
        if standing.is_empty() && judged.judgement.set_aside.is_empty() {
            return Ok(None);
        }
        let (mut causes, mut more) = (BTreeSet::new(), false);
        for key in standing.iter().map(|d| self.key(judged, d)).collect::<BTreeSet<_>>() {
            match self.cluster(&key, self.max)? {
                Some(cluster) => _ = causes.insert(Cause::Cluster(cluster)),
                None => {
                    counts.add("unclustered", "");
                    more = true;
                }
            }
        }
        causes.extend(self.set_aside(judged)?);
        let mut clusters = Vec::with_capacity(causes.len());
        for cause in &causes {
            // Whether some of its places are set aside or all, the pair is one.
            if let Some(cluster) = cause.cluster().filter(|cluster| !clusters.contains(cluster)) {
                self.seen(cluster, evidence, judged.experiment.at)?;
                clusters.push(cluster);
            }
        }
        let left = judged.judgement.unknown.as_ref().map(|unknown| match unknown {
            Unknown::Pending => Unknown::Pending,
            Unknown::NotComparable(reason) => Unknown::NotComparable(self.redactor.label(reason)),
        });
        let way = Way { causes: (!more).then(|| causes.into_iter().collect()), left };
        Ok(Some(Differing { clusters, way }))
    }

    /// What the differences that rules set aside are set aside by.
    fn set_aside(&self, judged: &Judged) -> rusqlite::Result<BTreeSet<Cause>> {
        let at = judged.experiment.at;
        let by = |(difference, _): &(Difference, String)| {
            let rule = judged.policy.ignoring(difference, at)?;
            Some((self.key(judged, difference), rule.key()))
        };
        let set_aside: BTreeSet<(ClusterKey, String)> =
            judged.judgement.set_aside.iter().filter_map(by).collect();
        set_aside.into_iter().map(|(key, rule)| self.cause(key, rule, judged.policy.ignore(), at)).collect()
    }

    /// Its cluster, with the rule where none covers all of that. What does not count leaves half of the room to what does.
    fn cause(
        &self,
        key: ClusterKey,
        rule: String,
        rules: &[Ignore],
        at: Timestamp,
    ) -> rusqlite::Result<Cause> {
        let is_covered = key
            .path
            .parse()
            .is_ok_and(|places: Pattern| rules.iter().any(|rule| rule.covers_all(&places, key.kind, at)));
        Ok(match self.cluster(&key, self.max / 2)? {
            Some(cluster) if is_covered => Cause::Cluster(cluster),
            Some(cluster) => Cause::Within(cluster, rule),
            None => Cause::Rule(rule),
        })
    }

    fn key(&self, judged: &Judged, difference: &Difference) -> ClusterKey {
        self.redactor.cluster(ClusterKey::of(&judged.experiment.route, difference))
    }

    fn seen(&self, cluster: i64, evidence: i64, at: Timestamp) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO cluster_counts (cluster, evidence, n, first, last) VALUES (?1, ?2, 1, ?3, ?3)
                 ON CONFLICT DO UPDATE SET n = n + 1, first = min(first, ?3), last = max(last, ?3)",
            )?
            .execute(params![cluster, evidence, at.as_microsecond()])?;
        trend::seen(self.db, cluster, at)
    }

    /// The cluster's row; `None` when the route has so many already.
    pub(super) fn cluster(&self, key: &ClusterKey, max: u64) -> rusqlite::Result<Option<i64>> {
        let (severity, kind) = (read::name(key.severity), read::name(key.kind));
        let known = self
            .db
            .prepare_cached("SELECT id FROM clusters WHERE route = ? AND severity = ? AND kind = ? AND path = ? AND shape = ?")?
            .query_row(params![key.route, severity, kind, key.path, key.shape], |row| row.get(0))
            .optional()?;
        if known.is_some() {
            return Ok(known);
        }
        let count: u64 = self
            .db
            .prepare_cached("SELECT count(*) FROM clusters WHERE route = ?")?
            .query_row([&key.route], |row| row.get::<_, i64>(0))? as u64;
        if count >= max {
            return Ok(None);
        }
        self.db
            .prepare_cached(
                "INSERT INTO clusters (route, severity, kind, path, shape) VALUES (?, ?, ?, ?, ?)",
            )?
            .insert(params![key.route, severity, kind, key.path, key.shape])
            .map(Some)
    }
}
