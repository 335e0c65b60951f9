//! What of an experiment goes into which table.

use std::collections::HashMap;

use ring::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, params};

use super::differing::{Clusters, Differing};
use super::rules::Rules;
use super::samples::{self, Samples};
use super::tally::{Counts, RuleCounts, Tally};
use super::{Judged, Limits, topic};
use crate::evidence::{EvidenceKey, Loss};
use crate::experiment::{Experiment, ExperimentId, Outcome};
use crate::path::Part;
use crate::redact::Redactor;
use crate::shape::Shape;
use crate::verdict::{Class, Verdict};

/// Reasons of one class that are counted apart.
const MAX_REASONS: i64 = 64;

/// Writes experiments. Caches ids and bounds; [`forget`](Self::forget) after a transaction that failed.
pub(super) struct Keeper {
    limits: Limits,
    redactor: Redactor,
    evidence: HashMap<EvidenceKey, i64>,
    /// For each evidence: how many pairs its sample has, and the largest hash among them.
    samples: HashMap<i64, (u64, i64)>,
    shapes: Samples,
    rules: Rules,
}

impl Keeper {
    pub(super) fn new(limits: Limits, redactor: Redactor) -> Self {
        let (evidence, samples) = (HashMap::new(), HashMap::new());
        let (shapes, rules) = (Samples::default(), Rules::default());
        Self { limits, redactor, evidence, samples, shapes, rules }
    }

    pub(super) fn forget(&mut self) {
        self.evidence.clear();
        self.samples.clear();
        self.shapes.forget();
        self.rules.forget();
    }

    pub(super) fn batch(&mut self, db: &Connection, batch: &[Judged]) -> rusqlite::Result<()> {
        let mut tally = Tally::default();
        for judged in batch {
            let (id, at) = (judged.experiment.id.0.to_be_bytes(), judged.experiment.at.as_microsecond());
            if judged.once && !topic::is_first(db, &id, at)? {
                continue;
            }
            let key = EvidenceKey::of(&judged.experiment, &judged.policy);
            let (evidence, counts) = (self.evidence(db, &key, at)?, tally.at(&key, at));
            let clusters = Clusters { db, redactor: &self.redactor, max: self.limits.clusters };
            let differing = clusters.count(evidence, judged, counts)?;
            clusters.noise(evidence, judged, differing.as_ref(), counts)?;
            self.count(counts, &judged.judgement.verdict, differing.is_some());
            self.cover(db, evidence, judged, differing.as_ref(), counts)?;
            self.keep(db, evidence, judged, differing.as_ref().map_or(&[], |differing| &differing.clusters))?;
            self.rules.note(db, judged)?;
        }
        self.shapes.write(db)?;
        for (key, counts) in tally.0 {
            let evidence = self.evidence(db, &key, counts.first)?;
            add(db, evidence, &counts)?;
        }
        Ok(())
    }

    /// Losses belong to the newest evidence of their route.
    pub(super) fn losses(
        &mut self,
        db: &Connection,
        losses: &HashMap<(String, Loss, String), u64>,
    ) -> rusqlite::Result<()> {
        for ((route, loss, what), n) in losses {
            let newest = db
                .prepare_cached(
                    "SELECT id FROM evidence WHERE route = ? ORDER BY last DESC, id DESC LIMIT 1",
                )?
                .query_row([route], |row| row.get(0))
                .optional()?;
            let evidence = match newest {
                Some(id) => id,
                None => {
                    let [on_trial, legacy, policy] = [(); 3].map(|()| String::new());
                    self.evidence(db, &EvidenceKey { route: route.clone(), on_trial, legacy, policy }, 0)?
                }
            };
            let class = match loss {
                Loss::Dropped => "dropped",
                Loss::Unattributed => "unattributed",
            };
            increase(db, evidence, class, what, *n)?;
        }
        Ok(())
    }

    /// Counts what no decision changes. What a pair that differs comes to is derived from its way.
    fn count(&self, counts: &mut Counts, verdict: &Verdict, differs: bool) {
        let class = class_name(verdict.class());
        match verdict {
            Verdict::Mismatched(differences) => {
                if differences.iter().any(|difference| difference.path.part() == Part::Outcome) {
                    counts.add("failed", "");
                }
            }
            _ if differs => {}
            Verdict::NotComparable(reason) | Verdict::Declined(reason) => {
                counts.add(class, &self.redactor.label(reason));
            }
            Verdict::Matched | Verdict::Pending => counts.add(class, ""),
            Verdict::Ignored(_) => {}
        }
    }

    /// The row of that evidence.
    fn evidence(&mut self, db: &Connection, key: &EvidenceKey, at: i64) -> rusqlite::Result<i64> {
        if let Some(id) = self.evidence.get(key) {
            return Ok(*id);
        }
        let id = db
            .prepare_cached(
                "INSERT INTO evidence (route, on_trial, legacy, policy, first, last) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
                 ON CONFLICT DO UPDATE SET last = max(last, excluded.last) RETURNING id",
            )?
            .query_row(params![key.route, key.on_trial, key.legacy, key.policy, at], |row| row.get(0))?;
        self.evidence.insert(key.clone(), id);
        Ok(id)
    }

    /// Counts what the experiment covers, and, when it can be a sample, its shape and in which way it differs. Where
    /// something was not compared it is a sample only for as long as it mismatches, and nothing else counts of it.
    fn cover(
        &mut self,
        db: &Connection,
        evidence: i64,
        judged: &Judged,
        differing: Option<&Differing>,
        counts: &mut Counts,
    ) -> rusqlite::Result<()> {
        let can_be_sample = differing.is_some() || judged.judgement.verdict == Verdict::Matched;
        let is_whole = can_be_sample && judged.judgement.unknown.is_none();
        samples::coverage(counts, &judged.experiment, is_whole);
        if is_whole {
            samples::rules(counts, &judged.experiment);
        }
        if !can_be_sample {
            return Ok(());
        }
        let shape = Shape::of(&judged.experiment.request);
        self.shapes.add(db, evidence, shape, differing.map(|differing| &differing.way))
    }

    /// Stores the pair when it belongs to the sample or is a better exemplar than those that are kept.
    fn keep(
        &mut self,
        db: &Connection,
        evidence: i64,
        judged: &Judged,
        clusters: &[i64],
    ) -> rusqlite::Result<()> {
        let hash = sample_hash(judged.experiment.id);
        let sampled = self.is_sampled(db, evidence, hash)?;
        let size = exchanged(&judged.experiment);
        let mut shown = Vec::new();
        for cluster in clusters {
            if self.is_exemplar(db, evidence, *cluster, size)? {
                shown.push(*cluster);
            }
        }
        if !sampled && shown.is_empty() {
            return Ok(());
        }
        let pair = self.insert(db, evidence, judged, sampled.then_some(hash))?;
        for cluster in shown {
            db.prepare_cached("INSERT INTO exemplars (cluster, pair, evidence, size) VALUES (?, ?, ?, ?)")?
                .execute(params![cluster, pair, evidence, size])?;
            self.trim_exemplars(db, evidence, cluster)?;
        }
        if sampled { self.trim_sample(db, evidence, hash) } else { Ok(()) }
    }

    fn insert(
        &self,
        db: &Connection,
        evidence: i64,
        judged: &Judged,
        sample: Option<i64>,
    ) -> rusqlite::Result<i64> {
        let pair = self.redactor.pair(&judged.experiment, &judged.judgement, &judged.policy);
        let text = serde_json::to_string(&pair)
            .map_err(|fault| rusqlite::Error::ToSqlConversionFailure(Box::new(fault)))?;
        let at = judged.experiment.at.as_microsecond();
        db.prepare_cached("INSERT INTO pairs (evidence, at, size, sample, pair) VALUES (?, ?, ?, ?, ?)")?
            .insert(params![evidence, at, text.len() as i64, sample, text])
    }

    fn is_sampled(&mut self, db: &Connection, evidence: i64, hash: i64) -> rusqlite::Result<bool> {
        let (count, largest) = match self.samples.get(&evidence) {
            Some(known) => *known,
            None => *self.samples.entry(evidence).or_insert(sample_of(db, evidence)?),
        };
        Ok(count < self.limits.sample || (hash < largest && self.limits.sample > 0))
    }

    /// Brings a sample to which a pair of that hash was added back to its bound: the largest hash leaves it.
    fn trim_sample(&mut self, db: &Connection, evidence: i64, hash: i64) -> rusqlite::Result<()> {
        let Some((count, largest)) = self.samples.get_mut(&evidence) else { return Ok(()) };
        (*count, *largest) = (*count + 1, hash.max(*largest));
        if *count > self.limits.sample {
            let left = db
                .prepare_cached(
                    "UPDATE pairs SET sample = NULL WHERE evidence = ? AND sample = ? RETURNING id",
                )?
                .query_map([evidence, *largest], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            left.into_iter().try_for_each(|pair| drop_unused(db, pair))?;
            (*count, *largest) = (*count - 1, largest_of(db, evidence)?);
        }
        Ok(())
    }

    fn is_exemplar(&self, db: &Connection, evidence: i64, cluster: i64, size: i64) -> rusqlite::Result<bool> {
        let (count, largest) = db
            .prepare_cached(
                "SELECT count(*), coalesce(max(size), 0) FROM exemplars WHERE cluster = ? AND evidence = ?",
            )?
            .query_row([cluster, evidence], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        Ok((count as u64) < self.limits.exemplars || (size < largest && self.limits.exemplars > 0))
    }

    fn trim_exemplars(&self, db: &Connection, evidence: i64, cluster: i64) -> rusqlite::Result<()> {
        let trimmed = db
            .prepare_cached(
                "DELETE FROM exemplars WHERE cluster = ?1 AND pair IN (SELECT pair FROM exemplars
                 WHERE cluster = ?1 AND evidence = ?2 ORDER BY size, pair LIMIT -1 OFFSET ?3) RETURNING pair",
            )?
            .query_map(params![cluster, evidence, self.limits.exemplars as i64], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        trimmed.into_iter().try_for_each(|pair| drop_unused(db, pair))
    }
}

/// Removes a pair that is neither sampled nor an exemplar any more.
fn drop_unused(db: &Connection, pair: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM pairs WHERE id = ? AND sample IS NULL
         AND NOT EXISTS (SELECT 1 FROM exemplars WHERE exemplars.pair = pairs.id)",
    )?
    .execute([pair])
    .map(drop)
}

/// How many pairs a sample has, and the largest hash among them.
fn sample_of(db: &Connection, evidence: i64) -> rusqlite::Result<(u64, i64)> {
    let count = db
        .prepare_cached("SELECT count(*) FROM pairs WHERE evidence = ? AND sample IS NOT NULL")?
        .query_row([evidence], |row| row.get::<_, i64>(0))?;
    Ok((count as u64, largest_of(db, evidence)?))
}

fn largest_of(db: &Connection, evidence: i64) -> rusqlite::Result<i64> {
    let largest = db
        .prepare_cached(
            "SELECT sample FROM pairs WHERE evidence = ? AND sample IS NOT NULL ORDER BY sample DESC LIMIT 1",
        )?
        .query_row([evidence], |row| row.get(0))
        .optional()?;
    Ok(largest.unwrap_or(0))
}

fn add(db: &Connection, evidence: i64, counts: &Counts) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE evidence SET first = min(first, ?), last = max(last, ?) WHERE id = ?")?
        .execute([counts.first, counts.last, evidence])?;
    counts.counts.iter().try_for_each(|((class, what), n)| increase(db, evidence, class, what, *n))?;
    let mut rule = db.prepare_cached(
        "INSERT INTO rules (evidence, rule, held, broken) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET held = held + ?3, broken = broken + ?4",
    )?;
    counts.rules.iter().flat_map(RuleCounts::by_name).try_for_each(|(name, (held, broken))| {
        rule.execute(params![evidence, name, held as i64, broken as i64]).map(drop)
    })
}

fn increase(db: &Connection, evidence: i64, class: &str, what: &str, n: u64) -> rusqlite::Result<()> {
    let known = db
        .prepare_cached("UPDATE counts SET n = n + ? WHERE evidence = ? AND class = ? AND what = ?")?
        .execute(params![n as i64, evidence, class, what])?;
    if known > 0 {
        return Ok(());
    }
    let others: i64 = db
        .prepare_cached("SELECT count(*) FROM counts WHERE evidence = ? AND class = ?")?
        .query_row(params![evidence, class], |row| row.get(0))?;
    let what = if others < MAX_REASONS { what } else { "other" };
    db.prepare_cached(
        "INSERT INTO counts (evidence, class, what, n) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET n = n + ?4",
    )?
    .execute(params![evidence, class, what, n as i64])
    .map(drop)
}

/// The class's name in the table.
pub(super) fn class_name(class: Class) -> &'static str {
    match class {
        Class::Matched => "matched",
        Class::Ignored => "ignored",
        Class::Mismatched => "mismatched",
        Class::NotComparable => "not-comparable",
        Class::Declined => "declined",
        Class::Pending => "pending",
    }
}

/// Uniform over all positive numbers, whatever the ids are made of.
fn sample_hash(id: ExperimentId) -> i64 {
    let hash = digest(&SHA256, &id.0.to_le_bytes());
    let first = hash.as_ref().iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    (first >> 1) as i64
}

/// How much there is to read in a pair: the smallest are shown first.
fn exchanged(experiment: &Experiment) -> i64 {
    let answer = |outcome: &Outcome| match outcome {
        Outcome::Answered(answer) => answer.body.bytes().len(),
        _ => 0,
    };
    let request = experiment.request.target.len() + experiment.request.body.bytes().len();
    (request + answer(&experiment.control.outcome) + answer(&experiment.candidate.outcome)) as i64
}
