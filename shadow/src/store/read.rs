//! Reads a store, beside the process that writes it: what evidence comes to, clusters, pairs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::derived::{Derived, SetAside};
use super::states::{self, States};
use super::{StoreError, rules};
use crate::cluster::ClusterKey;
use crate::decision::Decision;
use crate::evidence::{ClusterSummary, EvidenceKey, Parity};
use crate::redact::StoredPair;

/// A store, open to read.
pub struct Reader {
    pub(super) connection: Connection,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// The routes that there is evidence of, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn routes(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare("SELECT DISTINCT route FROM evidence ORDER BY route")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// What the newest evidence of a route comes to, by the rules that its newest experiment was judged by; `None` when
    /// there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn parity(&self, route: &str) -> Result<Option<Parity>, StoreError> {
        Ok(self.parities(route)?.into_iter().next())
    }

    /// All evidence of a route, the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn parities(&self, route: &str) -> Result<Vec<Parity>, StoreError> {
        // One snapshot: a writer's commit in between would give counts that do not add up.
        let snapshot = self.connection.unchecked_transaction()?;
        let mut query = snapshot.prepare(
            "SELECT id, route, on_trial, legacy, policy, first, last FROM evidence WHERE route = ? ORDER BY last DESC, id DESC",
        )?;
        let rows = query.query_map([route], |row| {
            let evidence = EvidenceKey {
                route: row.get(1)?,
                on_trial: row.get(2)?,
                legacy: row.get(3)?,
                policy: row.get(4)?,
            };
            Ok((row.get(0)?, evidence, time(row.get(5)?), time(row.get(6)?)))
        })?;
        let rows = rows.collect::<Result<Vec<(i64, _, _, _)>, _>>()?;
        let ignore = rules::of(&snapshot, route)?;
        let states = States::of(&snapshot, route, &ignore, Timestamp::now())?;
        rows.into_iter()
            .map(|(id, evidence, first, last)| Ok(self.counted(id, evidence, (first, last), &states)?.0))
            .collect()
    }

    pub(super) fn counted(
        &self,
        id: i64,
        evidence: EvidenceKey,
        (first, last): (String, String),
        states: &States<'_>,
    ) -> Result<(Parity, Derived), StoreError> {
        let mut clusters = self.clusters(id, states)?;
        let set_aside = SetAside::new(&clusters, states.rules());
        let derived = Derived::of(&self.connection, id, &set_aside)?;
        derived.settle(&mut clusters);
        let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        let mut query =
            self.connection.prepare_cached("SELECT class, what, n FROM counts WHERE evidence = ?")?;
        let rows =
            query.query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))?;
        for row in rows {
            let (class, what, n): (String, String, u64) = row?;
            counts.entry(class).or_default().insert(what, n);
        }
        let mut by = |class: &str| counts.remove(class).unwrap_or_default();
        let sum = |by: BTreeMap<String, u64>| by.values().sum();
        let mut not_comparable = by("not-comparable");
        for (reason, n) in &derived.not_comparable {
            *not_comparable.entry(reason.clone()).or_default() += n;
        }
        let parity = Parity {
            evidence,
            first,
            last,
            matched: sum(by("matched")),
            ignored: derived.ignored,
            ignored_by_rule: derived.by.clone(),
            mismatched: derived.mismatched(),
            failed: sum(by("failed")),
            not_comparable,
            declined: by("declined"),
            pending: sum(by("pending")) + derived.pending,
            dropped: by("dropped"),
            unattributed: by("unattributed"),
            unclustered: sum(by("unclustered")),
            clusters,
        };
        Ok((parity, derived))
    }

    fn clusters(&self, evidence: i64, states: &States<'_>) -> Result<Vec<ClusterSummary>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT c.id, c.route, c.severity, c.kind, c.path, c.shape, n.n, n.first, n.last,
                    (SELECT count(*) FROM exemplars e WHERE e.cluster = c.id AND e.evidence = n.evidence)
             FROM cluster_counts n JOIN clusters c ON c.id = n.cluster WHERE n.evidence = ?",
        )?;
        let rows = query.query_map([evidence], |row| Ok(cluster(row, states)))?;
        let mut clusters = rows.map(|row| row?).collect::<Result<Vec<_>, StoreError>>()?;
        clusters.sort_by(|a, b| (a.key.severity, b.count, a.id).cmp(&(b.key.severity, a.count, b.id)));
        Ok(clusters)
    }

    /// The route of a cluster; `None` when there is no such cluster.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn route_of(&self, cluster: i64) -> Result<Option<String>, StoreError> {
        let mut query = self.connection.prepare_cached("SELECT route FROM clusters WHERE id = ?")?;
        Ok(query.query_row([cluster], |row| row.get(0)).optional()?)
    }

    /// All decisions on a cluster, the newest first, those too that were taken back.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn decisions(&self, cluster: i64) -> Result<Vec<Decision>, StoreError> {
        states::history(&self.connection, cluster)
    }

    /// The pairs that are kept of a cluster, the smallest first; of the newest evidence before older.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pairs(&self, cluster: i64) -> Result<Vec<StoredPair>, StoreError> {
        self.stored(
            "SELECT p.pair FROM exemplars e JOIN pairs p ON p.id = e.pair JOIN evidence v ON v.id = e.evidence
             WHERE e.cluster = ? ORDER BY v.last DESC, v.id DESC, e.size, p.id",
            params![cluster],
        )
    }

    /// The uniform sample of the newest evidence of a route, whatever the verdicts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sample(&self, route: &str) -> Result<Vec<StoredPair>, StoreError> {
        let newest: Option<i64> = self
            .connection
            .prepare_cached("SELECT id FROM evidence WHERE route = ? ORDER BY last DESC, id DESC LIMIT 1")?
            .query_row([route], |row| row.get(0))
            .optional()?;
        self.stored(
            "SELECT pair FROM pairs WHERE evidence = ? AND sample IS NOT NULL ORDER BY sample",
            params![newest],
        )
    }

    fn stored(&self, query: &str, parameters: impl rusqlite::Params) -> Result<Vec<StoredPair>, StoreError> {
        let mut query = self.connection.prepare_cached(query)?;
        let pairs = query.query_map(parameters, |row| row.get::<_, String>(0))?;
        pairs.map(|pair| Ok(serde_json::from_str(&pair?)?)).collect()
    }
}

fn cluster(row: &Row<'_>, states: &States<'_>) -> Result<ClusterSummary, StoreError> {
    let id = row.get(0)?;
    let key = ClusterKey {
        route: row.get(1)?,
        severity: named(row.get(2)?)?,
        kind: named(row.get(3)?)?,
        path: row.get(4)?,
        shape: row.get(5)?,
    };
    let stands = states.state(id, &key.path, key.kind);
    Ok(ClusterSummary {
        id,
        state: stands.state,
        decision: stands.decision.cloned(),
        rule: stands.rule.map(str::to_owned),
        key,
        count: row.get::<_, i64>(6)? as u64,
        first: time(row.get(7)?),
        last: time(row.get(8)?),
        exemplars: row.get::<_, i64>(9)? as u64,
    })
}

/// The name that serde gives a unit variant.
pub(super) fn name(variant: impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

pub(super) fn named<T: DeserializeOwned>(name: String) -> Result<T, StoreError> {
    Ok(T::deserialize(IntoDeserializer::<serde_json::Error>::into_deserializer(name))?)
}

/// A time; empty for evidence that only has losses yet.
pub(super) fn time(micros: i64) -> String {
    if micros == 0 {
        return String::new();
    }
    Timestamp::from_microsecond(micros).map_or_else(|_| String::new(), |time| time.to_string())
}
