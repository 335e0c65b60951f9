//! How clusters stand: derived from rules and decisions whenever it is read.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::read::{named, time};
use crate::decision::{Decision, State, Verb};
use crate::difference::Kind;
use crate::path::Pattern;
use crate::policy::Ignore;

const COLUMNS: &str = "d.id, d.cluster, d.verb, d.kind, d.who, d.why, d.at, d.undone_by, d.undone_at";

/// The rules and decisions in effect on the clusters of one route.
pub(super) struct States<'r> {
    /// What the route's table sets aside, and the time by which its rules are in effect.
    ignore: (&'r [Ignore], Timestamp),
    by_cluster: HashMap<i64, Decision>,
    /// What is ignored: the place, the kind or all kinds, and the decision.
    rules: Vec<(String, Option<Kind>, Decision)>,
}

/// How a cluster stands.
pub(super) struct Stands<'s> {
    pub(super) state: State,
    /// The decision by which it does: its own, or one that ignores its place.
    pub(super) decision: Option<&'s Decision>,
    /// The name of the route's rule by which it does.
    pub(super) rule: Option<&'s str>,
}

impl<'r> States<'r> {
    /// Those of a route whose table has these rules.
    pub(super) fn of(
        db: &Connection,
        route: &str,
        ignore: &'r [Ignore],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut query = db.prepare_cached(&format!(
            "SELECT {COLUMNS}, c.path FROM decisions d JOIN clusters c ON c.id = d.cluster
             WHERE c.route = ? AND d.undone_at IS NULL AND d.verb <> 'comment' ORDER BY d.id",
        ))?;
        let rows = query.query_map([route], |row| Ok((decision(row), row.get::<_, String>(9)?)))?;
        let mut states = Self { ignore: (ignore, now), by_cluster: HashMap::new(), rules: Vec::new() };
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

    /// How a cluster stands. The file is the stronger: what it ignores counts nowhere, whatever was decided before.
    pub(super) fn state(&self, cluster: i64, path: &str, kind: Kind) -> Stands<'_> {
        let (ignore, now) = self.ignore;
        let places = if ignore.is_empty() { None } else { path.parse::<Pattern>().ok() };
        let in_file =
            places.and_then(|places| ignore.iter().find(|rule| rule.covers_all(&places, kind, now)));
        if let Some(rule) = in_file {
            return Stands { state: State::Ignored, decision: None, rule: Some(&rule.name) };
        }
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
        Stands { state, decision, rule: None }
    }

    /// The route's rules in effect: each one's key and name.
    pub(super) fn rules(&self) -> HashMap<String, String> {
        let (ignore, now) = self.ignore;
        let in_effect = ignore.iter().filter(|rule| rule.is_in_effect(now));
        in_effect.map(|rule| (rule.key(), rule.name.clone())).collect()
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
        "ignore" => {
            Verb::Ignore { kind: row.get::<_, Option<String>>(3)?.as_deref().map(named).transpose()? }
        }
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
