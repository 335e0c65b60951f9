//! How clusters stand, and what samples come to by that: derived from decisions whenever it is read.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::read::{named, time};
use super::way::Way;
use crate::decision::{Decision, State, Verb};
use crate::difference::Kind;
use crate::verdict::Unknown;

const COLUMNS: &str = "d.id, d.cluster, d.verb, d.kind, d.who, d.why, d.at, d.undone_by, d.undone_at";

/// The decisions in effect on the clusters of one route.
#[derive(Default)]
pub(super) struct States {
    by_cluster: HashMap<i64, Decision>,
    /// What is ignored: the place, the kind or all kinds, and the decision.
    rules: Vec<(String, Option<Kind>, Decision)>,
}

impl States {
    /// Those of a route.
    pub(super) fn of(db: &Connection, route: &str) -> Result<Self, StoreError> {
        let mut query = db.prepare_cached(&format!(
            "SELECT {COLUMNS}, c.path FROM decisions d JOIN clusters c ON c.id = d.cluster
             WHERE c.route = ? AND d.undone_at IS NULL AND d.verb <> 'comment' ORDER BY d.id",
        ))?;
        let rows = query.query_map([route], |row| Ok((decision(row), row.get::<_, String>(9)?)))?;
        let mut states = Self::default();
        for row in rows {
            let (decision, path) = row?;
            let decision = decision?;
            // A later decision takes an earlier one's place.
            states.rules.retain(|(_, _, rule)| rule.cluster != decision.cluster);
            if let Verb::Ignore { kind } = decision.verb {
                states.rules.push((path, kind, decision.clone()));
            }
            states.by_cluster.insert(decision.cluster, decision);
        }
        Ok(states)
    }

    /// How a cluster stands, and by which decision: its own, or a rule that covers its place.
    pub(super) fn state(&self, cluster: i64, path: &str, kind: Kind) -> (State, Option<&Decision>) {
        let covers = |(place, of, _): &&(String, Option<Kind>, Decision)| {
            place == path && of.is_none_or(|of| of == kind)
        };
        let rule = || self.rules.iter().find(covers).map(|(_, _, decision)| decision);
        let decision = self.by_cluster.get(&cluster).or_else(rule);
        let state = match decision.map(|decision| &decision.verb) {
            Some(Verb::Accept) => State::Accepted,
            Some(Verb::Ignore { .. }) => State::Ignored,
            Some(Verb::Bug) => State::Bug,
            Some(Verb::Comment) | None => State::Unreviewed,
        };
        (state, decision)
    }
}

/// What the mismatches of one evidence come to, once decisions are taken into account.
#[derive(Default)]
pub(super) struct Forgiven {
    /// Those of which every difference is set aside, and all was compared.
    pub(super) ignored: u64,
    /// The same, by the decision's name.
    pub(super) by: BTreeMap<String, u64>,
    /// Those of which every difference is set aside, and the effects are still awaited.
    pub(super) pending: u64,
    /// Those of which every difference is set aside, and something could not be compared, by reason.
    pub(super) not_comparable: BTreeMap<String, u64>,
    /// What still mismatches, by shape.
    pub(super) standing: HashMap<i64, u64>,
    /// What is no sample any more, by shape.
    pub(super) unknown: HashMap<i64, u64>,
}

impl Forgiven {
    /// `states`: how each cluster stands, with its decision's number.
    pub(super) fn of(
        db: &Connection,
        evidence: i64,
        states: &HashMap<i64, (State, Option<i64>)>,
    ) -> Result<Self, StoreError> {
        let mut query = db.prepare_cached("SELECT shape, clusters, n FROM mismatches WHERE evidence = ?")?;
        let rows = query.query_map([evidence], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)? as u64))
        })?;
        let mut forgiven = Self::default();
        for row in rows {
            let (shape, clusters, n) = row?;
            let way = Way::of(&clusters);
            let by: Option<Vec<String>> = way.clusters.and_then(|clusters| {
                let name = |cluster: &i64| {
                    let (state, decision) = states.get(cluster)?;
                    state.sets_aside().then(|| format!("{} #{}", state.name(), decision.unwrap_or_default()))
                };
                clusters.iter().map(name).collect()
            });
            match by {
                Some(by) => forgiven.add(shape, by, way.left, n),
                None => *forgiven.standing.entry(shape).or_default() += n,
            }
        }
        Ok(forgiven)
    }

    fn add(&mut self, shape: i64, by: Vec<String>, left: Option<Unknown>, n: u64) {
        if left.is_some() {
            *self.unknown.entry(shape).or_default() += n;
        }
        match left {
            None => {
                self.ignored += n;
                by.into_iter().for_each(|name| *self.by.entry(name).or_default() += n);
            }
            Some(Unknown::Pending) => self.pending += n,
            Some(Unknown::NotComparable(reason)) => *self.not_comparable.entry(reason).or_default() += n,
        }
    }

    /// How many are no mismatches any more.
    pub(super) fn all(&self) -> u64 {
        self.ignored + self.unknown.values().sum::<u64>()
    }
}

/// All decisions on a cluster, the newest first, undone ones too.
pub(super) fn history(db: &Connection, cluster: i64) -> Result<Vec<Decision>, StoreError> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM decisions d WHERE d.cluster = ? ORDER BY d.id DESC"
    ))?;
    let rows = query.query_map([cluster], |row| Ok(decision(row)))?;
    rows.map(|row| row?).collect()
}

/// The decision of that number.
pub(super) fn one(db: &Connection, id: i64) -> Result<Option<Decision>, StoreError> {
    let mut query = db.prepare_cached(&format!("SELECT {COLUMNS} FROM decisions d WHERE d.id = ?"))?;
    query.query_row(params![id], |row| Ok(decision(row))).optional()?.transpose()
}

fn decision(row: &Row<'_>) -> Result<Decision, StoreError> {
    let verb = match row.get::<_, String>(2)?.as_str() {
        "accept" => Verb::Accept,
        "ignore" => Verb::Ignore { kind: row.get::<_, Option<String>>(3)?.map(named).transpose()? },
        "bug" => Verb::Bug,
        _ => Verb::Comment,
    };
    let undone = row.get::<_, Option<String>>(7)?.zip(row.get::<_, Option<i64>>(8)?);
    Ok(Decision {
        id: row.get(0)?,
        cluster: row.get(1)?,
        verb,
        who: row.get(4)?,
        why: row.get(5)?,
        when: time(row.get(6)?),
        undone: undone.map(|(who, at)| (who, time(at))),
    })
}
