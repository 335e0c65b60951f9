//! The clusters of one evidence: how they stand, which is all that figures are made from, or all that is known of them.

use rusqlite::{Connection, Row};

use super::StoreError;
use super::read::{named, time};
use super::states::States;
use crate::cluster::ClusterKey;
use crate::decision::State;
use crate::evidence::ClusterSummary;

/// A cluster, as figures are made from it.
pub(super) trait Stood {
    /// Its number.
    fn id(&self) -> i64;

    /// How it stands.
    fn state(&self) -> State;

    /// The name under which pairs count that it is set aside in.
    fn set_aside_by(&self) -> Option<String>;

    /// The rule with that name covers all of it that differs.
    fn ignored_by(&mut self, rule: &str);
}

/// How a cluster stands, and no more.
pub(super) struct Brief {
    id: i64,
    state: State,
    set_aside_by: Option<String>,
}

impl Stood for Brief {
    fn id(&self) -> i64 {
        self.id
    }

    fn state(&self) -> State {
        self.state
    }

    fn set_aside_by(&self) -> Option<String> {
        self.set_aside_by.clone()
    }

    fn ignored_by(&mut self, rule: &str) {
        (self.state, self.set_aside_by) = (State::Ignored, Some(rule.to_owned()));
    }
}

impl Stood for ClusterSummary {
    fn id(&self) -> i64 {
        self.id
    }

    fn state(&self) -> State {
        self.state
    }

    fn set_aside_by(&self) -> Option<String> {
        let decision = self.decision.as_ref().map_or(0, |decision| decision.id);
        set_aside_by(self.state, self.rule.as_deref(), decision)
    }

    fn ignored_by(&mut self, rule: &str) {
        (self.state, self.rule) = (State::Ignored, Some(rule.to_owned()));
    }
}

fn set_aside_by(state: State, rule: Option<&str>, decision: i64) -> Option<String> {
    let name = || rule.map_or_else(|| format!("{} #{decision}", state.name()), str::to_owned);
    state.sets_aside().then(name)
}

/// How the clusters of an evidence stand.
pub(super) fn brief(db: &Connection, evidence: i64, states: &States<'_>) -> Result<Vec<Brief>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT c.id, c.kind, c.path FROM cluster_counts n JOIN clusters c ON c.id = n.cluster WHERE n.evidence = ?",
    )?;
    let mut rows = query.query([evidence])?;
    let mut clusters = Vec::new();
    while let Some(row) = rows.next()? {
        let stands = states.state(row.get(0)?, text(row, 2)?, named(text(row, 1)?)?);
        let decision = stands.decision.map_or(0, |decision| decision.id);
        let set_aside_by = set_aside_by(stands.state, stands.rule, decision);
        clusters.push(Brief { id: row.get(0)?, state: stands.state, set_aside_by });
    }
    Ok(clusters)
}

/// Where it stands in the row, without a copy.
fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, StoreError> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

/// All that is known of the clusters of an evidence, the worst and most frequent first.
pub(super) fn whole(
    db: &Connection,
    evidence: i64,
    states: &States<'_>,
) -> Result<Vec<ClusterSummary>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT c.id, c.route, c.severity, c.kind, c.path, c.shape, n.n, n.first, n.last,
                (SELECT count(*) FROM exemplars e WHERE e.cluster = c.id AND e.evidence = n.evidence)
         FROM cluster_counts n JOIN clusters c ON c.id = n.cluster WHERE n.evidence = ?",
    )?;
    let rows = query.query_map([evidence], |row| Ok(summary(row, states)))?;
    let mut clusters = rows.map(|row| row?).collect::<Result<Vec<_>, StoreError>>()?;
    clusters.sort_by(|a, b| (a.key.severity, b.count, a.id).cmp(&(b.key.severity, a.count, b.id)));
    Ok(clusters)
}

fn summary(row: &Row<'_>, states: &States<'_>) -> Result<ClusterSummary, StoreError> {
    let id = row.get(0)?;
    let key = ClusterKey {
        route: row.get(1)?,
        severity: named(text(row, 2)?)?,
        kind: named(text(row, 3)?)?,
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
