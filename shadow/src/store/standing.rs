//! Reads how a route's evidence stands: for the gate.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rusqlite::Connection;

use super::StoreError;
use super::clusters::{self, Brief, Stood};
use super::derived::Derived;
use super::read::Reader;
use super::samples::distinct;
use super::states::States;
use crate::evidence::{ByState, Parity, RuleCount, ShapeCount, Standing};
use crate::policy::{Ignore, Policy};

impl Reader {
    /// How the evidence of a route stands that was gathered for this handler and compared as this policy does, against
    /// the version of legacy that answered last. What does not count is said by this policy's rules alone, whichever
    /// there were when it was gathered. `None` where there is none: another handler's says nothing of this one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn standing(
        &self,
        route: &str,
        on_trial: &str,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        let of = "route = ? AND on_trial = ? AND policy = ?";
        self.stands((of, &[route, on_trial, policy.hash()]), policy.ignore(), now)
    }

    /// The same of another legacy that is the candidate: `on_trial` is `legacy NAME`, and its version the one that answered
    /// last.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn standing_of_legacy(
        &self,
        route: &str,
        on_trial: &str,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        let of = "route = ?1 AND substr(on_trial, 1, length(?2)) = ?2 AND policy = ?3";
        self.stands((of, &[route, &format!("{on_trial} "), policy.hash()]), policy.ignore(), now)
    }

    /// How the newest evidence of a route stands, whatever it belongs to.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn newest(&self, route: &str) -> Result<Option<Standing>, StoreError> {
        let ignore = self.rules_of(route)?;
        self.stands(("route = ?", &[route]), &ignore, Timestamp::now())
    }

    /// What the newest evidence of a route comes to, in figures alone.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn figures(&self, route: &str) -> Result<Option<Parity<ByState>>, StoreError> {
        let snapshot = self.connection.unchecked_transaction()?;
        let ignore = self.rules_of(route)?;
        let found = self.brief(&snapshot, ("route = ?", &[route]), &ignore, Timestamp::now())?;
        Ok(found.map(|(_, parity, _)| parity))
    }

    fn stands(
        &self,
        of: (&str, &[&str]),
        ignore: &[Ignore],
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        let snapshot = self.connection.unchecked_transaction()?;
        let Some((id, parity, derived)) = self.brief(&snapshot, of, ignore, now)? else { return Ok(None) };
        Ok(Some(Standing {
            parity,
            shapes: self.shapes(id, &derived)?,
            seen: self.marks(id, "seen")?,
            compared: self.marks(id, "compared")?,
            effects: self.marks(id, "effects")?,
            rules: self.rules(id)?,
        }))
    }

    /// The newest evidence of which that is true: its number, and what it comes to.
    fn brief(
        &self,
        snapshot: &Connection,
        (of, values): (&str, &[&str]),
        ignore: &[Ignore],
        now: Timestamp,
    ) -> Result<Option<(i64, Parity<ByState>, Derived)>, StoreError> {
        let Some(gathered) = self.evidence(of, values, 1)?.pop() else { return Ok(None) };
        let (id, states) = (gathered.id, States::of(snapshot, &gathered.key.route, ignore, now)?);
        let clusters = clusters::brief(snapshot, id, &states)?;
        let by_state = |clusters: Vec<Brief>| clusters.iter().map(Stood::state).collect();
        let (parity, derived) = self.counted(gathered, clusters, &states, by_state)?;
        Ok(Some((id, parity, derived)))
    }

    fn shapes(&self, evidence: i64, derived: &Derived) -> Result<Vec<ShapeCount>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT shape, n, seen FROM shapes WHERE evidence = ? ORDER BY n DESC")?;
        let rows = query.query_map([evidence], |row| {
            let shape: i64 = row.get(0)?;
            let unknown = derived.unknown.get(&shape).copied().unwrap_or_default();
            Ok(ShapeCount {
                samples: (row.get::<_, i64>(1)? as u64).saturating_sub(unknown),
                distinct: distinct(&row.get::<_, Vec<u8>>(2)?),
                mismatched: derived.standing.get(&shape).copied().unwrap_or_default(),
            })
        })?;
        let mut shapes = rows.collect::<Result<Vec<_>, _>>()?;
        shapes.retain(|shape| shape.samples > 0);
        // What is too much to be told apart by shape.
        let told: u64 = shapes.iter().map(|shape| shape.mismatched).sum();
        let others = derived.mismatched().saturating_sub(told);
        if others > 0 {
            shapes.push(ShapeCount { mismatched: others, ..ShapeCount::default() });
        }
        Ok(shapes)
    }

    fn marks(&self, evidence: i64, class: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT what, n FROM counts WHERE evidence = ? AND class = ?")?;
        let rows = query.query_map(rusqlite::params![evidence, class], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
        })?;
        Ok(rows.collect::<Result<HashMap<_, _>, _>>()?.into_iter().collect())
    }

    fn rules(&self, evidence: i64) -> Result<BTreeMap<String, RuleCount>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT rule, held, broken FROM rules WHERE evidence = ?")?;
        let rows = query.query_map([evidence], |row| {
            let count =
                RuleCount { held: row.get::<_, i64>(1)? as u64, broken: row.get::<_, i64>(2)? as u64 };
            Ok((row.get(0)?, count))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
