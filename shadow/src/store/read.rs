//! Reads a store, beside the process that writes it: what evidence comes to, clusters, pairs.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::clusters::{self, Stood};
use super::derived::{Derived, SetAside};
use super::noise::TWICE;
use super::states::{self, States};
use super::{StoreError, rules};
use crate::decision::Decision;
use crate::evidence::{EvidenceKey, Parity};
use crate::policy::{Ignore, Policy};
use crate::redact::StoredPair;

/// A store, open to read.
pub struct Reader {
    pub(super) connection: Connection,
    /// By what rules routes are read.
    policies: HashMap<String, Arc<Policy>>,
}

/// Evidence, not looked into yet.
pub(super) struct Gathered {
    pub(super) id: i64,
    pub(super) key: EvidenceKey,
    first: String,
    last: String,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, policies: HashMap::new() }
    }

    /// Has these routes read by these rules, as their gates do. All others are read by the rules that their newest
    /// experiment was judged by.
    #[must_use]
    pub fn by(mut self, policies: impl IntoIterator<Item = (String, Arc<Policy>)>) -> Self {
        self.policies.extend(policies);
        self
    }

    /// The rules that a route is read by.
    pub(super) fn rules_of(&self, route: &str) -> Result<Cow<'_, [Ignore]>, StoreError> {
        match self.policies.get(route) {
            Some(policy) => Ok(Cow::Borrowed(policy.ignore())),
            None => rules::of(&self.connection, route).map(Cow::Owned),
        }
    }

    /// The routes that there is evidence of, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn routes(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare("SELECT DISTINCT route FROM evidence ORDER BY route")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// What the newest evidence of a route comes to; `None` when there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn parity(&self, route: &str) -> Result<Option<Parity>, StoreError> {
        Ok(self.newest_parities(route, 1)?.pop())
    }

    /// All evidence of a route, the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn parities(&self, route: &str) -> Result<Vec<Parity>, StoreError> {
        self.newest_parities(route, i64::MAX)
    }

    fn newest_parities(&self, route: &str, most: i64) -> Result<Vec<Parity>, StoreError> {
        // One snapshot: a writer's commit in between would give counts that do not add up.
        let snapshot = self.connection.unchecked_transaction()?;
        let ignore = self.rules_of(route)?;
        let states = States::of(&snapshot, route, &ignore, Timestamp::now())?;
        let whole = |gathered: Gathered| -> Result<Parity, StoreError> {
            let clusters = clusters::whole(&snapshot, gathered.id, &states)?;
            Ok(self.counted(gathered, clusters, &states, |clusters| clusters)?.0)
        };
        self.evidence("route = ?", &[route], most)?.into_iter().map(whole).collect()
    }

    /// The newest evidence of which that is true, the newest first.
    pub(super) fn evidence(&self, of: &str, values: &[&str], most: i64) -> Result<Vec<Gathered>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT id, route, on_trial, legacy, policy, first, last FROM evidence WHERE {of}
             ORDER BY last DESC, id DESC LIMIT {most}"
        ))?;
        let rows = query.query_map(rusqlite::params_from_iter(values), |row| {
            let key = EvidenceKey {
                route: row.get(1)?,
                on_trial: row.get(2)?,
                legacy: row.get(3)?,
                policy: row.get(4)?,
            };
            Ok(Gathered { id: row.get(0)?, key, first: time(row.get(5)?), last: time(row.get(6)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What evidence comes to whose clusters stand so; `told`: what is told of these.
    pub(super) fn counted<C: Stood, T>(
        &self,
        Gathered { id, key: evidence, first, last }: Gathered,
        mut clusters: Vec<C>,
        states: &States<'_>,
        told: impl FnOnce(Vec<C>) -> T,
    ) -> Result<(Parity<T>, Derived), StoreError> {
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
            noise: derived.noise,
            asked_twice: sum(by(TWICE)),
            mismatched: derived.mismatched(),
            failed: sum(by("failed")),
            not_comparable,
            declined: by("declined"),
            pending: sum(by("pending")) + derived.pending,
            dropped: by("dropped"),
            unattributed: by("unattributed"),
            unclustered: sum(by("unclustered")),
            clusters: told(clusters),
        };
        Ok((parity, derived))
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

/// The name that serde gives a unit variant.
pub(super) fn name(variant: impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The unit variant that serde gives that name.
pub(super) fn named<T: DeserializeOwned>(name: &str) -> Result<T, StoreError> {
    Ok(T::deserialize(IntoDeserializer::<serde_json::Error>::into_deserializer(name))?)
}

/// A time; empty for evidence that only has losses yet.
pub(super) fn time(micros: i64) -> String {
    if micros == 0 {
        return String::new();
    }
    Timestamp::from_microsecond(micros).map_or_else(|_| String::new(), |time| time.to_string())
}
