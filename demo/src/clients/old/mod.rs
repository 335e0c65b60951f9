//! What old clients send: a real record, in the dialect of some client, with its oddities.
//!
//! A dialect is how a client writes everything; an oddity is one thing that it gets wrong, sends in an old form, or
//! rightly sends where few do. Each oddity names the rules of the legacy that it is for, fired or passed.

mod codes;
mod dialects;
mod extras;
mod flown;
mod forms;
mod shape;
mod times;

use super::{Draft, Record, Request, Rng};

/// One oddity.
pub(super) struct Oddity {
    /// The rules that it is for.
    pub(super) rules: &'static str,
    /// What it does to the request.
    pub(super) change: Change,
}

/// What an oddity does.
pub(super) enum Change {
    /// Sets fields to JSON source texts, one of the rows; an empty text removes the field.
    Set(&'static [&'static str], &'static [&'static [&'static str]]),
    /// Adds a request header.
    Header(&'static str, &'static [&'static str]),
    /// Anything else.
    Do(fn(&mut Draft, &mut Rng)),
}

/// An endless, repeatable stream of what old clients send.
pub struct OldClients<'a> {
    records: &'a [Record],
    rng: Rng,
    oddities: Vec<&'static Oddity>,
}

impl<'a> OldClients<'a> {
    /// The stream of this seed; `records` must not be empty.
    pub fn new(seed: u64, records: &'a [Record]) -> Self {
        let tables = [
            shape::ODDITIES,
            forms::ODDITIES,
            times::ODDITIES,
            codes::ODDITIES,
            flown::ODDITIES,
            extras::ODDITIES,
        ];
        OldClients { records, rng: Rng::new(seed), oddities: tables.into_iter().flatten().collect() }
    }

    /// The rules that the oddities are for.
    pub fn rules(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.oddities.iter().flat_map(|oddity| oddity.rules.split_whitespace())
    }
}

impl Iterator for OldClients<'_> {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let mut draft = Draft::of(&self.records[self.rng.below(self.records.len())]);
        dialects::apply(&mut draft, &mut self.rng);
        // mostly one oddity: with several, the first rules' errors hide the later ones
        let count = self.rng.pick(&[0, 1, 1, 1, 1, 1, 2, 2, 3]);
        for _ in 0..count {
            let oddity = self.rng.pick(&self.oddities);
            apply(&oddity.change, &mut draft, &mut self.rng);
        }
        Some(draft.request())
    }
}

fn apply(change: &Change, draft: &mut Draft, rng: &mut Rng) {
    match change {
        Change::Set(names, rows) => {
            for (name, source) in names.iter().zip(rng.pick(rows)) {
                draft.set(name, source);
            }
        }
        Change::Header(name, values) => {
            draft.header(name, rng.pick(values));
        }
        Change::Do(act) => act(draft, rng),
    }
}
