//! What one sample adds to its evidence: its request's shape, what of it differed, what it covers.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use super::tally::Counts;
use super::way::Way;
use crate::experiment::{Effects, Experiment, Outcome};
use crate::shape::{Shape, media, media_type};

/// Shapes of one evidence that are told apart; further ones count as one. That is on the safe side: together they then
/// count no more than any other.
const MAX_SHAPES: i64 = 4096;

/// The shape under which those are counted that are too many.
const OTHERS: i64 = 0;

/// Ways in which pairs of one evidence differ that are told apart by shape; further ones are told apart without.
const MAX_WAYS: i64 = 8192;

/// Ways that are told apart at all; further ones can't be set aside.
const MORE_WAYS: i64 = 2 * MAX_WAYS;

/// Requests of one shape that can be told apart: bits of a row, one a hash. Two requests that share a bit count as one,
/// so what is counted is never too much.
const BITS: usize = 1024;

/// A bit for each hash of a request.
type Bits = [u8; BITS / 8];

/// Samples of one shape that are not written yet.
struct Gathered {
    n: i64,
    seen: Bits,
}

/// Writes samples. Caches what is asked often; [`forget`](Self::forget) after a transaction that failed.
#[derive(Default)]
pub(super) struct Samples {
    /// How many shapes each evidence has.
    shapes: HashMap<i64, i64>,
    /// By evidence and shape: most samples match, and many of them have one shape.
    gathered: HashMap<(i64, i64), Gathered>,
}

impl Samples {
    pub(super) fn forget(&mut self) {
        self.shapes.clear();
        self.gathered.clear();
    }

    /// Counts a sample's request. `differs`: in which way, when anything does. What does not differ is written by
    /// [`write`](Self::write).
    pub(super) fn add(
        &mut self,
        db: &Connection,
        evidence: i64,
        shape: Shape,
        differs: Option<&Way>,
    ) -> rusqlite::Result<()> {
        let mut seen = [0; BITS / 8];
        let at = (shape.values % BITS as u64) as usize;
        let Some(way) = differs else {
            let none = Gathered { n: 0, seen };
            let gathered = self.gathered.entry((evidence, shape.kind)).or_insert(none);
            gathered.n += 1;
            gathered.seen[at / 8] |= 1 << (at % 8);
            return Ok(());
        };
        // What may turn out to be no sample must not make others look different from one another.
        if way.left.is_none() {
            seen[at / 8] |= 1 << (at % 8);
        }
        let kind = self.count(db, evidence, shape.kind, &Gathered { n: 1, seen })?;
        let text = way.text();
        let known = db
            .prepare_cached(
                "UPDATE mismatches SET n = n + 1 WHERE evidence = ? AND shape = ? AND clusters = ?",
            )?
            .execute(params![evidence, kind, text])?;
        if known > 0 {
            return Ok(());
        }
        let ways: i64 = db
            .prepare_cached("SELECT count(*) FROM mismatches WHERE evidence = ?")?
            .query_row([evidence], |row| row.get(0))?;
        let (kind, text) = match ways {
            ..MAX_WAYS => (kind, text),
            // All shapes together have fewer ways. A way whose shape must be known is not among them.
            ..MORE_WAYS if way.left.is_none() => (OTHERS, text),
            _ => (kind, Way::undecidable().text()),
        };
        db.prepare_cached(
            "INSERT INTO mismatches (evidence, shape, clusters, n) VALUES (?, ?, ?, 1)
             ON CONFLICT DO UPDATE SET n = n + 1",
        )?
        .execute(params![evidence, kind, text])
        .map(drop)
    }

    /// Writes what was gathered.
    pub(super) fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        for ((evidence, kind), gathered) in std::mem::take(&mut self.gathered) {
            self.count(db, evidence, kind, &gathered)?;
        }
        Ok(())
    }

    /// Gives the shape under which they were counted.
    fn count(&mut self, db: &Connection, evidence: i64, kind: i64, more: &Gathered) -> rusqlite::Result<i64> {
        let seen = |kind: i64| {
            db.prepare_cached("SELECT seen FROM shapes WHERE evidence = ? AND shape = ?")?
                .query_row([evidence, kind], |row| row.get::<_, Vec<u8>>(0))
                .optional()
        };
        let (kind, mut bits) = match seen(kind)? {
            Some(bits) => (kind, bits),
            None if self.is_full(db, evidence)? => (OTHERS, seen(OTHERS)?.unwrap_or_default()),
            None => (kind, Vec::new()),
        };
        if bits.is_empty() {
            *self.shapes.entry(evidence).or_default() += 1;
        }
        bits.resize(BITS / 8, 0);
        bits.iter_mut().zip(more.seen).for_each(|(known, more)| *known |= more);
        db.prepare_cached(
            "INSERT INTO shapes (evidence, shape, n, seen) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET n = n + ?3, seen = ?4",
        )?
        .execute(params![evidence, kind, more.n, bits])?;
        Ok(kind)
    }

    fn is_full(&mut self, db: &Connection, evidence: i64) -> rusqlite::Result<bool> {
        let count = match self.shapes.get(&evidence) {
            Some(count) => *count,
            None => db
                .prepare_cached("SELECT count(*) FROM shapes WHERE evidence = ?")?
                .query_row([evidence], |row| row.get(0))?,
        };
        self.shapes.insert(evidence, count);
        Ok(count >= MAX_SHAPES)
    }
}

/// How many different requests a shape's bits tell of.
pub(super) fn distinct(bits: &[u8]) -> u64 {
    bits.iter().map(|byte| u64::from(byte.count_ones())).sum()
}

/// What an experiment shows that there is, and, as a sample, has compared: status classes, types, topics, kinds of the
/// application's own.
pub(super) fn coverage(counts: &mut Counts, experiment: &Experiment, is_sample: bool) {
    let Outcome::Answered(answer) = &experiment.reference().outcome else { return };
    let value = answer.fields.get("content-type").unwrap_or_default();
    let marks = [
        format!("status {}xx", answer.status / 100),
        format!("answer {}", or_none(media_type(&String::from_utf8_lossy(value)))),
        format!("request {}", or_none(media(&experiment.request))),
    ];
    for mark in &marks {
        counts.add("seen", mark);
        if is_sample {
            counts.add("compared", mark);
        }
    }
    if is_sample {
        compared_topics(experiment).into_iter().for_each(|topic| counts.add("effects", &topic));
    }
}

fn or_none(media: String) -> String {
    if media.is_empty() { "without type".to_owned() } else { media }
}

/// The topics of records on either side, where both sides' effects are known; likewise what is of the application's own.
fn compared_topics(experiment: &Experiment) -> BTreeSet<String> {
    let (control, candidate) = (&experiment.control, &experiment.candidate);
    let own = control.own.iter().filter_map(|(kind, effects)| Some((effects, candidate.own.get(kind)?)));
    let topics = |(a, b): (&Effects, &Effects)| match (a, b) {
        (Effects::Known(a), Effects::Known(b)) => {
            a.iter().chain(b).map(|record| record.topic.clone()).collect()
        }
        _ => Vec::new(),
    };
    std::iter::once((&control.effects, &candidate.effects)).chain(own).flat_map(topics).collect()
}

/// How the rules of a sample came out.
pub(super) fn rules(counts: &mut Counts, experiment: &Experiment) {
    let Some(run) = &experiment.tried().rules else { return };
    let counted = counts.rules_named(&run.names);
    for ((held, broken), outcome) in counted.outcomes.iter_mut().zip(&run.outcomes) {
        *held += u64::from(outcome.held);
        *broken += u64::from(outcome.broken);
    }
}
