//! Finds a bound without knowing its formula: of two numbers that reach different lines the one between, again and again, until
//! they are next to each other. Then both are asked, and whoever has `>` for `>=` differs on one of them.
//!
//! 1. A request that was the first to reach some line begins: on each of its [axes](Axis) whose field is named near that line.
//! 2. Between samples that do not reach the same lines the bound is looked for.
//! 3. What tells both sides of it apart are lines. The other fields that are named near these hang together with it: from the
//!    bound each of them is moved, too. So a date in three fields comes to its very day.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::axis::Axis;
use super::{Planned, Ticket};
use crate::corpus::{Corpus, Reach};
use crate::draft::Draft;
use crate::mutate::slot;
use crate::sources::Sources;

/// How many numbers are looked between at once.
const RUNS: usize = 64;

/// The most requests of one.
const ASKED_MAX: usize = 96;

/// How often what tells two neighbours apart is looked for on axes of the same names. More than once, since a bound of two numbers is
/// not met exactly wherever it is crossed.
const ENOUGH: u8 = 6;

/// From a bound to the bounds of other fields, so often one after another.
const DEPTH: u8 = 3;

/// Lines above one that may name the fields that it hangs on.
const WINDOW: u32 = 10;

/// Lines that are told apart, of which the names near are looked for, of a file.
const LINES_MAX: usize = 3;

/// And in so many files: what only an accepted request reaches stands in others than what refuses it.
const FILES_MAX: usize = 8;

/// Of more bounds than wait nobody asks what else they hang on.
const BOUNDS_MAX: usize = 4_000;

/// Requests whose lines are remembered.
const KNOWN_MAX: usize = 4_000;

type Lines = BTreeMap<String, Vec<u32>>;

/// Numbers on one axis of one request.
#[derive(Debug)]
struct Run {
    base: Draft,
    name: String,
    /// The names of the axes on which it came here, its own the last.
    way: String,
    axis: Axis,
    points: BTreeMap<i64, Point>,
    depth: u8,
}

#[derive(Debug)]
enum Point {
    Wanted,
    /// The request's digest.
    Asked(u64),
    /// What it reached.
    Reached(Arc<Lines>),
    /// Nobody knows.
    Lost,
}

/// Between two numbers that do not reach the same lines.
struct Gap {
    below: i64,
    above: i64,
    /// The lines that only one of them reaches.
    lines: Vec<(String, u32)>,
}

/// A bound that was found.
#[derive(Debug)]
struct Bound {
    /// A request next to it.
    draft: Draft,
    /// The lines that only one side of it reaches.
    lines: Vec<(String, u32)>,
    name: String,
    way: String,
    axis: Axis,
    depth: u8,
}

#[derive(Debug, Default)]
pub(super) struct Bisect {
    /// How many of the kept requests were looked at.
    seen: usize,
    number: u64,
    runs: BTreeMap<u64, Run>,
    /// Of requests that reached something first.
    fresh: VecDeque<Run>,
    /// Of bounds that were found.
    behind: VecDeque<Run>,
    turn: bool,
    /// Requests at a bound that nobody has to tell of.
    halves: VecDeque<Draft>,
    bounds: VecDeque<Bound>,
    /// What requests reached, by their digests: one that begins again and again is asked once.
    known: HashMap<u64, Arc<Lines>>,
    /// How often what tells neighbours apart was found, by the axes' names and the lines.
    found: HashMap<(String, u64), u8>,
}

impl Bisect {
    pub(super) fn next(&mut self, corpus: &Corpus, sources: &Sources) -> Option<Planned> {
        if let Some(draft) = self.halves.pop_front() {
            return Some(Planned { draft, ticket: None });
        }
        loop {
            while self.runs.len() < RUNS && self.begin(corpus, sources) {}
            let (run, at) = self.runs.iter().find_map(|(number, run)| Some((*number, run.wanted()?)))?;
            let found = self.runs.get_mut(&run)?;
            match found.axis.moved(&found.base, at) {
                Some(draft) => {
                    let digest = draft.digest();
                    let Some(known) = self.known.get(&digest) else {
                        found.points.insert(at, Point::Asked(digest));
                        return Some(Planned { draft, ticket: Some(Ticket { run, at }) });
                    };
                    found.points.insert(at, Point::Reached(Arc::clone(known)));
                    self.go_on(run);
                }
                None => {
                    found.points.insert(at, Point::Lost);
                    self.go_on(run);
                }
            }
        }
    }

    pub(super) fn told(&mut self, ticket: Ticket, reach: Option<&Reach>) {
        let Some(run) = self.runs.get_mut(&ticket.run) else { return };
        let point = match (reach, run.points.get(&ticket.at)) {
            (Some(reach), Some(Point::Asked(digest))) => {
                let lines = Arc::new(reach.reached.clone());
                if self.known.len() >= KNOWN_MAX {
                    self.known.clear();
                }
                self.known.insert(*digest, Arc::clone(&lines));
                Point::Reached(lines)
            }
            _ => Point::Lost,
        };
        run.points.insert(ticket.at, point);
        self.go_on(ticket.run);
    }

    /// Begins with what waits; false where nothing does.
    fn begin(&mut self, corpus: &Corpus, sources: &Sources) -> bool {
        while self.behind.is_empty()
            && let Some(bound) = self.bounds.pop_front()
        {
            self.behind.extend(bound.others(sources));
        }
        while self.fresh.is_empty()
            && let Some(entry) = corpus.entries().get(self.seen)
        {
            self.fresh.extend(first(&entry.draft, &corpus.first_of(self.seen), self.seen == 0, sources));
            self.seen += 1;
        }
        // They take turns: a bound leads to so many others that no other request would ever begin.
        self.turn = !self.turn;
        let (one, other) =
            if self.turn { (&mut self.fresh, &mut self.behind) } else { (&mut self.behind, &mut self.fresh) };
        let Some(run) = one.pop_front().or_else(|| other.pop_front()) else { return false };
        self.runs.insert(self.number, run);
        self.number += 1;
        true
    }

    /// Looks where to ask next, once all that was asked is known; ends the run where nothing is left to ask.
    fn go_on(&mut self, number: u64) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        if run.points.values().any(|point| matches!(point, Point::Wanted | Point::Asked(_))) {
            return;
        }
        for Gap { below, above, lines } in run.gaps() {
            let is_found = self.found.get(&key(run, &lines)).is_some_and(|times| *times >= ENOUGH);
            let middle = below + (above - below) / 2;
            if !is_found && run.points.len() < ASKED_MAX && !run.points.contains_key(&middle) {
                run.points.insert(middle, Point::Wanted);
            }
        }
        if run.wanted().is_none()
            && let Some(run) = self.runs.remove(&number)
        {
            self.ended(&run);
        }
    }

    /// Takes what a run has found.
    fn ended(&mut self, run: &Run) {
        for Gap { below, above, lines } in run.gaps().into_iter().filter(|gap| gap.above - gap.below == 1) {
            let times = self.found.entry(key(run, &lines)).or_default();
            *times += 1;
            if *times > ENOUGH {
                continue;
            }
            self.halves.extend(run.axis.half(&run.base, below));
            if matches!(run.axis, Axis::Clock(_)) {
                // Time has gone on since, and goes on until they are asked.
                let near = (below - 1..=above + 1).filter_map(|at| run.axis.moved(&run.base, at));
                self.halves.extend(near);
            }
            let Some(depth) = run.depth.checked_sub(1) else { continue };
            for at in [below, above] {
                if let Some(draft) = run.axis.moved(&run.base, at).filter(|_| self.bounds.len() < BOUNDS_MAX)
                {
                    let (name, way, axis) = (run.name.clone(), run.way.clone(), run.axis.clone());
                    self.bounds.push_back(Bound { draft, lines: lines.clone(), name, way, axis, depth });
                }
            }
        }
    }
}

/// Where to begin with a request: on the axes of the fields that are named near the lines that it was the first to reach. On all
/// axes where these name none of its fields, and with the very first request.
fn first(draft: &Draft, lines: &[(String, u32)], is_first: bool, sources: &Sources) -> Vec<Run> {
    if lines.is_empty() && !is_first {
        return Vec::new();
    }
    let named = named(sources, lines);
    let all = Axis::all(draft);
    let is_any = is_first || !all.iter().any(|(name, _)| named.contains(name));
    let axes =
        all.into_iter().filter(|(name, _)| is_first || !name.is_empty() && (is_any || named.contains(name)));
    axes.filter_map(|axis| Run::new(draft, axis, "", DEPTH)).collect()
}

impl Bound {
    /// What the bound may hang on besides: the other fields that are named near its lines, moved. And what it may hide: without
    /// one of these nobody may object to the number any more, and what is behind it shows.
    fn others(&self, sources: &Sources) -> Vec<Run> {
        let named = named(sources, &self.lines);
        let all = Axis::all(&self.draft).into_iter();
        let others = all.filter(|(name, other)| named.contains(name) && *other != self.axis);
        let mut runs: Vec<Run> =
            others.filter_map(|axis| Run::new(&self.draft, axis, &self.way, self.depth)).collect();
        if self.depth + 1 == DEPTH {
            let fields = slot::slots(&self.draft).into_iter();
            let fields = fields.filter(|(_, name)| *name != self.name && named.contains(name));
            for draft in fields.filter_map(|(slot, _)| slot::without(&self.draft, &slot)) {
                let mut same = Axis::all(&draft).into_iter().filter(|(name, _)| *name == self.name);
                let axis = same.find(|(_, axis)| axis.is_like(&self.axis));
                runs.extend(axis.and_then(|axis| Run::new(&draft, axis, &self.way, self.depth)));
            }
        }
        runs
    }
}

impl Run {
    fn new(draft: &Draft, (name, axis): (String, Axis), way: &str, depth: u8) -> Option<Self> {
        let samples = axis.samples(draft);
        let points = samples.into_iter().map(|at| (at, Point::Wanted)).collect::<BTreeMap<_, _>>();
        let way = format!("{way}/{name}");
        (!points.is_empty()).then(|| Self { base: draft.clone(), name, way, axis, points, depth })
    }

    fn wanted(&self) -> Option<i64> {
        self.points.iter().find(|(_, point)| matches!(point, Point::Wanted)).map(|(at, _)| *at)
    }

    /// Neighbours that did not reach the same lines, with those that only one of them reached.
    fn gaps(&self) -> Vec<Gap> {
        let known = self.points.iter().filter_map(|(at, point)| match point {
            Point::Reached(lines) => Some((*at, Arc::clone(lines))),
            Point::Wanted | Point::Asked(_) | Point::Lost => None,
        });
        let known: Vec<_> = known.collect();
        let gap = |pair: &[(i64, Arc<Lines>)]| match pair {
            [(below, before), (above, behind)] if before != behind => {
                Some(Gap { below: *below, above: *above, lines: apart(before, behind) })
            }
            _ => None,
        };
        known.windows(2).filter_map(gap).collect()
    }
}

/// The lines that only one of them has.
fn apart(one: &Lines, other: &Lines) -> Vec<(String, u32)> {
    let empty = Vec::new();
    let files: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let of = |file: &String| {
        let lines = |of: &Lines| of.get(file).unwrap_or(&empty).iter().copied().collect::<BTreeSet<u32>>();
        let (one, other) = (lines(one), lines(other));
        one.symmetric_difference(&other).map(|line| (file.clone(), *line)).collect::<Vec<_>>()
    };
    files.into_iter().flat_map(of).collect()
}

fn key(run: &Run, lines: &[(String, u32)]) -> (String, u64) {
    let mut hash = DefaultHasher::new();
    lines.hash(&mut hash);
    (run.way.clone(), hash.finish())
}

/// What may be names on these lines, and above: of each file the first few.
fn named(sources: &Sources, lines: &[(String, u32)]) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let files = lines.chunk_by(|(one, _), (other, _)| one == other);
    for (file, line) in files.take(FILES_MAX).flat_map(|lines| lines.iter().take(LINES_MAX)) {
        let literals = sources.above(file, *line, WINDOW).flat_map(|(_, literals)| literals);
        named.extend(literals.filter_map(slot::name));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHP: &[u8] = b"<?php
$mph = $f['miles'] / $f['minutes'];
if ($mph > 10) { ok(); }
a($f['year'], $f['month'],
  $f['day']);
if ($day > '20151016') {
  err(); }";

    /// What PHP would reach.
    fn reach(draft: &Draft) -> Reach {
        let number = |name: &str| {
            let slots = slot::slots(draft);
            let slot = slots.iter().find(|(_, other)| other == name).map(|(slot, _)| slot);
            let value = slot.and_then(|slot| slot::get(draft, slot)).map(|value| value.bytes);
            value.and_then(|value| String::from_utf8(value).ok()?.parse::<f64>().ok()).unwrap_or_default()
        };
        let mut lines = vec![2, 4, 6];
        if number("miles") > number("minutes") * 10.0 {
            lines.push(3);
        }
        if number("year") * 10_000.0 + number("month") * 100.0 + number("day") > 20_151_016.0 {
            lines.push(7);
        }
        lines.sort_unstable();
        Reach { reached: [("x".to_owned(), lines)].into(), missed: BTreeMap::new() }
    }

    fn asked() -> Vec<String> {
        let mut sources = Sources::default();
        sources.add("x", PHP);
        let body = br#"{"miles":500,"minutes":60,"year":2013,"month":1,"day":1}"#;
        let draft = Draft::of("POST", b"/a", Vec::new(), body);
        let mut corpus = Corpus::new(9);
        corpus.add(&draft, &reach(&draft));
        let (mut bisect, mut asked) = (Bisect::default(), Vec::new());
        loop {
            let batch: Vec<_> = (0..16).map_while(|_| bisect.next(&corpus, &sources)).collect();
            if batch.is_empty() {
                return asked;
            }
            for Planned { draft, ticket } in batch {
                asked.push(String::from_utf8_lossy(&draft.content()).into_owned());
                if let Some(ticket) = ticket {
                    bisect.told(ticket, Some(&reach(&draft)));
                }
            }
        }
    }

    #[test]
    fn a_bound_of_two_numbers_is_found_to_the_number() {
        let asked = asked();
        for wanted in
            [r#""miles":600,"minutes":60,"#, r#""miles":601,"minutes":60,"#, r#""miles":600.5,"minutes":60,"#]
        {
            assert!(asked.iter().any(|body| body.contains(wanted)), "{wanted}");
        }
        assert!(asked.len() < 10_000, "{}", asked.len());
    }

    #[test]
    fn a_date_in_three_fields_is_found_to_the_day() {
        let asked = asked();
        for wanted in [r#""year":2015,"month":10,"day":16"#, r#""year":2015,"month":10,"day":17"#] {
            assert!(asked.iter().any(|body| body.contains(wanted)), "{wanted}");
        }
    }

    #[test]
    fn the_same_is_asked_for_whatever_comes_and_what_nobody_tells_of_ends_it() {
        assert_eq!(asked(), asked());
        let mut sources = Sources::default();
        sources.add("x", PHP);
        let draft = Draft::of("POST", b"/a", Vec::new(), br#"{"miles":500}"#);
        let mut corpus = Corpus::new(9);
        corpus.add(&draft, &reach(&draft));
        let mut bisect = Bisect::default();
        let mut count = 0;
        while let Some(planned) = bisect.next(&corpus, &sources) {
            count += 1;
            if let Some(ticket) = planned.ticket {
                bisect.told(ticket, None);
            }
        }
        assert!((1..100).contains(&count), "{count}");
    }
}
