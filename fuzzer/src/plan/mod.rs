//! What is asked in order, beside what chance makes: nothing that the sources name is left to luck.
//!
//! | what | where |
//! | --- | --- |
//! | what stands in the sources beside a value or a name that a request has: the other cases of a `switch` | [`siblings`] |
//! | fields that are missing, alone and two at once | [`missing`] |
//! | each literal of a line in the fields that the line is about, numbers and one less and one more | [`lines`] |
//! | between two numbers that reach different lines the bound itself, whatever formula it has | [`bisect`] |
//!
//! They take turns. All of it is bounded, and asked once.

mod axis;
mod bisect;
mod lines;
mod missing;
mod siblings;

use std::collections::BTreeSet;

use crate::corpus::{Corpus, Reach};
use crate::draft::Draft;
use crate::mutate::slot;
use crate::sources::Sources;

/// A request that is next.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The request.
    pub draft: Draft,
    /// Whom to [tell](Plan::told) what it reached.
    pub ticket: Option<Ticket>,
}

/// Stands for a request of whom the plan has to know what it reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    run: u64,
    at: i64,
}

/// How many turns there are.
const TURNS: usize = 4;

/// The plan.
#[derive(Debug, Default)]
pub struct Plan {
    siblings: siblings::Siblings,
    missing: missing::Missing,
    lines: lines::Lines,
    bisect: bisect::Bisect,
    turn: usize,
}

impl Plan {
    /// What is next; `None` where all was asked that follows from what is known so far.
    pub fn next(&mut self, corpus: &Corpus, sources: &Sources) -> Option<Planned> {
        let plain = |draft| Planned { draft, ticket: None };
        for _ in 0..TURNS {
            self.turn = (self.turn + 1) % TURNS;
            let next = match self.turn {
                0 => self.siblings.next(corpus, sources).map(plain),
                1 => self.missing.next(corpus).map(plain),
                2 => self.lines.next(corpus, sources).map(plain),
                _ => self.bisect.next(corpus, sources),
            };
            if next.is_some() {
                return next;
            }
        }
        None
    }

    /// Says what a request reached; `None` where nobody knows.
    pub fn told(&mut self, ticket: Ticket, reach: Option<&Reach>) {
        self.bisect.told(ticket, reach);
    }
}

/// The names that fields have, of all requests that are kept so far.
#[derive(Debug, Default)]
struct Names {
    known: BTreeSet<String>,
    seen: usize,
}

impl Names {
    /// Learns those of requests that have come since, and what the sources name beside two of them.
    fn learn(&mut self, corpus: &Corpus, sources: &Sources) {
        if self.seen == corpus.entries().len() {
            return;
        }
        for entry in &corpus.entries()[self.seen..] {
            self.known.extend(slot::names_of(&entry.draft));
        }
        self.seen = corpus.entries().len();
        for group in sources.groups() {
            let is_known =
                |member: &&Vec<u8>| std::str::from_utf8(member).is_ok_and(|name| self.known.contains(name));
            if group.iter().filter(is_known).count() * 2 > group.len() {
                let names = group.iter().filter_map(|member| String::from_utf8(member.clone()).ok());
                self.known.extend(names);
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.known.contains(name)
    }
}
