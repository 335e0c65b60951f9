//! The clusters of one evidence: how they stand, which is all that figures are made from, or all that is known of them.

use rusqlite::{Connection, Row};

use super::read::{named, time};
use super::states::States;
use super::{StoreError, noise};
use crate::cluster::ClusterKey;
use crate::decision::State;
use crate::evidence::ClusterSummary;
use crate::noise::Noise;

/// By what differences are set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Legacy does the same.
    Noise,
    /// A rule or a decision of that name.
    Name(String),
}

/// A cluster, as figures are made from it.
pub(super) trait Stood {
    /// Its number.
    fn id(&self) -> i64;

    /// How it stands.
    fn state(&self) -> State;

    /// By what it is set aside, with the name under which such pairs count.
    fn set_aside_by(&self) -> Option<By>;

    /// The rule with that name covers all of it that differs.
    fn ignored_by(&mut self, rule: &str);
}

/// How a cluster stands, and no more.
pub(super) struct Brief {
    id: i64,
    state: State,
    set_aside_by: Option<By>,
}

impl Stood for Brief {
    fn id(&self) -> i64 {
        self.id
    }

    fn state(&self) -> State {
        self.state
    }

    fn set_aside_by(&self) -> Option<By> {
        self.set_aside_by.clone()
    }

    fn ignored_by(&mut self, rule: &str) {
        (self.state, self.set_aside_by) = (State::Ignored, Some(By::Name(rule.to_owned())));
    }
}

impl Stood for ClusterSummary {
    fn id(&self) -> i64 {
        self.id
    }

    fn state(&self) -> State {
        self.state
    }

    fn set_aside_by(&self) -> Option<By> {
        let decision = self.decision.as_ref().map_or(0, |decision| decision.id);
        set_aside_by(self.state, self.rule.as_deref(), decision)
    }

    fn ignored_by(&mut self, rule: &str) {
        (self.state, self.rule) = (State::Ignored, Some(rule.to_owned()));
    }
}

fn set_aside_by(state: State, rule: Option<&str>, decision: i64) -> Option<By> {
    let name = || rule.map_or_else(|| format!("{} #{decision}", state.name()), str::to_owned);
    match state {
        State::Noise => Some(By::Noise),
        state => state.sets_aside().then(|| By::Name(name())),
    }
}

/// How a cluster stands of which that noise is known. What people and rules have decided is the stronger.
fn state(decided: State, noise: Option<&Noise>) -> State {
    match decided {
        State::Unreviewed if noise.is_some_and(Noise::explains) => State::Noise,
        decided => decided,
    }
}

/// How the clusters of an evidence stand.
pub(super) fn brief(db: &Connection, evidence: i64, states: &States<'_>) -> Result<Vec<Brief>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT c.id, c.kind, c.path FROM cluster_counts n JOIN clusters c ON c.id = n.cluster WHERE n.evidence = ?",
    )?;
    let noise = noise::of(db, evidence)?;
    let mut rows = query.query([evidence])?;
    let mut clusters = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let stands = states.state(id, text(row, 2)?, named(text(row, 1)?)?);
        let (decision, state) =
            (stands.decision.map_or(0, |decision| decision.id), state(stands.state, noise.get(&id)));
        let set_aside_by = set_aside_by(state, stands.rule, decision);
        clusters.push(Brief { id, state, set_aside_by });
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
    let noise = noise::of(db, evidence)?;
    let rows = query.query_map([evidence], |row| Ok(summary(row, states)))?;
    let mut clusters = rows.map(|row| row?).collect::<Result<Vec<_>, StoreError>>()?;
    for cluster in &mut clusters {
        cluster.noise = noise.get(&cluster.id).copied();
        cluster.state = state(cluster.state, cluster.noise.as_ref());
    }
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
        noise: None,
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
