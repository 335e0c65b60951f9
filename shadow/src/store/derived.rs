//! What pairs that differ come to: derived from their ways, and from what is set aside, whenever it is read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::Connection;

use super::StoreError;
use super::clusters::{By, Stood};
use super::way::{Cause, Way};
use crate::decision::State;
use crate::verdict::Unknown;

/// What is set aside, with the names under which that is counted.
pub(super) struct SetAside {
    /// By cluster.
    clusters: HashMap<i64, By>,
    /// By the key of a rule that is in effect.
    rules: HashMap<String, By>,
}

impl SetAside {
    pub(super) fn new(clusters: &[impl Stood], rules: HashMap<String, String>) -> Self {
        let clusters = clusters.iter().filter_map(|c| Some((c.id(), c.set_aside_by()?))).collect();
        let rules = rules.into_iter().map(|(key, name)| (key, By::Name(name))).collect();
        Self { clusters, rules }
    }

    fn by(&self, cause: &Cause) -> Option<&By> {
        match cause {
            Cause::Cluster(id) => self.clusters.get(id),
            Cause::Within(id, key) => self.rules.get(key).or_else(|| self.clusters.get(id)),
            Cause::Rule(key) => self.rules.get(key),
        }
    }
}

/// What the pairs of one evidence come to that differ.
#[derive(Default)]
pub(super) struct Derived {
    /// Those of which every difference is set aside, and all was compared.
    pub(super) ignored: u64,
    /// Those of which every difference is set aside, some of them as noise, and all was compared.
    pub(super) noise: u64,
    /// Those that are ignored, by the rule's or the decision's name.
    pub(super) by: BTreeMap<String, u64>,
    /// Those of which every difference is set aside, and the effects are still awaited.
    pub(super) pending: u64,
    /// Those of which every difference is set aside, and something could not be compared, by reason.
    pub(super) not_comparable: BTreeMap<String, u64>,
    /// What mismatches, by shape.
    pub(super) standing: HashMap<i64, u64>,
    /// What is no sample, by shape.
    pub(super) unknown: HashMap<i64, u64>,
    /// The clusters of which something stands; `None` when that cannot be told of all pairs.
    clusters: Option<HashSet<i64>>,
    /// Clusters of which a rule covers some places, with its name.
    within: HashMap<i64, String>,
}

impl Derived {
    pub(super) fn of(db: &Connection, evidence: i64, set_aside: &SetAside) -> Result<Self, StoreError> {
        let mut query = db.prepare_cached("SELECT shape, clusters, n FROM mismatches WHERE evidence = ?")?;
        let rows = query.query_map([evidence], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)? as u64))
        })?;
        let mut derived = Self { clusters: Some(HashSet::new()), ..Self::default() };
        for row in rows {
            let (shape, way, n) = row?;
            derived.add(shape, Way::of(&way), n, set_aside);
        }
        Ok(derived)
    }

    fn add(&mut self, shape: i64, way: Way, n: u64, set_aside: &SetAside) {
        let Some(causes) = way.causes else {
            self.clusters = None;
            *self.standing.entry(shape).or_default() += n;
            return;
        };
        for cause in &causes {
            if let Cause::Within(id, key) = cause
                && let Some(By::Name(name)) = set_aside.rules.get(key)
            {
                self.within.insert(*id, name.clone());
            }
        }
        let stand: Vec<&Cause> = causes.iter().filter(|cause| set_aside.by(cause).is_none()).collect();
        if !stand.is_empty() {
            if let Some(clusters) = &mut self.clusters {
                clusters.extend(stand.into_iter().filter_map(Cause::cluster));
            }
            *self.standing.entry(shape).or_default() += n;
            return;
        }
        if way.left.is_some() {
            *self.unknown.entry(shape).or_default() += n;
        }
        match way.left {
            None => self.add_set_aside(causes.iter().filter_map(|cause| set_aside.by(cause)), n),
            Some(Unknown::Pending) => self.pending += n,
            Some(Unknown::NotComparable(reason)) => *self.not_comparable.entry(reason).or_default() += n,
        }
    }

    /// All that differs is set aside, by these.
    fn add_set_aside<'b>(&mut self, by: impl Iterator<Item = &'b By>, n: u64) {
        let mut names = BTreeSet::new();
        for by in by {
            match by {
                By::Name(name) => _ = names.insert(name),
                By::Noise => return self.noise += n,
            }
        }
        self.ignored += n;
        names.into_iter().for_each(|name| *self.by.entry(name.clone()).or_default() += n);
    }

    /// How many mismatch.
    pub(super) fn mismatched(&self) -> u64 {
        self.standing.values().sum()
    }

    /// Nobody has to decide a cluster of which rules cover all places that differ.
    pub(super) fn settle(&self, clusters: &mut [impl Stood]) {
        let Some(standing) = &self.clusters else { return };
        for cluster in clusters.iter_mut().filter(|cluster| cluster.state() == State::Unreviewed) {
            let id = cluster.id();
            if let Some(name) = self.within.get(&id).filter(|_| !standing.contains(&id)) {
                cluster.ignored_by(name);
            }
        }
    }
}
