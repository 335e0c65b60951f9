//! What stands on a line of the sources, in the fields that the line is about: each text, each number and its neighbours, of a
//! request that came to the line, rather one that came past it, which has whatever else the line asks for.

use std::collections::{HashMap, VecDeque};

use fastrand::Rng;

use super::Names;
use super::axis::{self, Axis};
use crate::corpus::Corpus;
use crate::draft::Draft;
use crate::mutate::slot::{self, Slot};
use crate::pattern;
use crate::sources::{Literal, Sources};
use crate::version;

/// How many lines above one may name the fields that it is about.
const WINDOW: u32 = 12;

/// How many fields a line is about, at most.
const FIELDS_MAX: usize = 3;

/// How many lines below one what hangs on it begins.
const BEHIND: u32 = 2;

/// A line within a statement is not one that can run: it was reached with one so far above.
const STATEMENT: u32 = 4;

/// Of more that stand together each has its turn as one of them, where a request has another.
const TOGETHER: usize = 8;

/// A text that stands again so near is what both lines tell of, and nothing that one compares with: the code of an error.
const AGAIN: u32 = 4;

/// How many texts are tried that a pattern takes.
const SAMPLES: usize = 6;

/// Of a long one, which has more ways.
const SAMPLES_LONG: usize = 60;

/// As many bytes of it make a pattern long.
const LONG: usize = 80;

/// Lengths and counts that are tried.
const LENGTHS: std::ops::RangeInclusive<i64> = 2..=70_000;

/// With what a line was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum With {
    /// A request that came to it.
    At,
    /// One that came past it.
    Past,
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    names: Names,
    lines: Option<Vec<(String, u32)>>,
    at: usize,
    asked: HashMap<usize, With>,
    /// How many requests were kept when all lines had been asked.
    done: Option<usize>,
    queue: VecDeque<Draft>,
}

impl Lines {
    pub(super) fn next(&mut self, corpus: &Corpus, sources: &Sources) -> Option<Draft> {
        if self.queue.is_empty() && self.done != Some(corpus.entries().len()) {
            self.names.learn(corpus, sources);
            self.ask(corpus, sources);
        }
        self.queue.pop_front()
    }

    /// Asks the next line of which there is something to ask.
    fn ask(&mut self, corpus: &Corpus, sources: &Sources) {
        let lines = self.lines.get_or_insert_with(|| sources.lines());
        for _ in 0..lines.len() {
            let number = self.at;
            self.at = (self.at + 1) % lines.len();
            let (file, line) = &lines[number];
            let Some((with, entry)) = came(corpus, file, *line) else { continue };
            if self.asked.get(&number).is_some_and(|before| *before >= with) {
                continue;
            }
            self.asked.insert(number, with);
            let Some(entry) = corpus.entries().get(entry) else { continue };
            self.queue = asked(&entry.draft, (file, *line), sources, &self.names);
            if !self.queue.is_empty() {
                return;
            }
        }
        self.done = Some(corpus.entries().len());
    }
}

/// A request that came past a line, or to it.
fn came(corpus: &Corpus, file: &str, line: u32) -> Option<(With, usize)> {
    let lines = corpus.lines().get(file)?;
    let past = lines.range(line + 1..=line + BEHIND).find_map(|(_, line)| line.entry);
    let at = || lines.range(line.saturating_sub(STATEMENT)..=line).rev().find_map(|(_, line)| line.entry);
    past.map(|entry| (With::Past, entry)).or_else(|| at().map(|entry| (With::At, entry)))
}

fn asked(draft: &Draft, (file, line): (&str, u32), sources: &Sources, names: &Names) -> VecDeque<Draft> {
    let mut asked = VecDeque::new();
    let fields = fields(draft, (file, line), sources, names);
    for literal in sources.on(file, line..=line) {
        if is_told_again(literal, (file, line), sources, names) {
            continue;
        }
        for field in &fields {
            asked.extend(set(draft, field, literal));
        }
        if version::is_version(literal.bytes()) {
            asked.extend(versions(draft, literal.bytes()));
        }
    }
    asked
}

/// The versions near that one wherever the request has some version: what is compared with one is one, by whatever name.
fn versions(draft: &Draft, version: &[u8]) -> Vec<Draft> {
    let has_one = |slot: &Slot| slot::get(draft, slot).is_some_and(|value| version::is_version(&value.bytes));
    let slots = slot::slots(draft).into_iter().map(|(slot, _)| slot).filter(has_one);
    let with = |slot: Slot| {
        version::near(version).into_iter().map(move |near| {
            let mut with = draft.clone();
            slot::put(&mut with, &slot, &near);
            with
        })
    };
    slots.flat_map(with).collect()
}

/// A field that a line is about: where the request has it, if it does.
struct Field {
    name: String,
    slot: Option<Slot>,
}

/// The names on the line, or else on the nearest lines above it that have some.
fn fields(draft: &Draft, (file, line): (&str, u32), sources: &Sources, names: &Names) -> Vec<Field> {
    let slots = slot::slots(draft);
    let mut fields = Vec::<Field>::new();
    for (at, literals) in sources.above(file, line, WINDOW) {
        for name in literals.iter().filter_map(slot::name).filter(|name| names.has(name)) {
            if fields.len() < FIELDS_MAX && fields.iter().all(|field| field.name != name) {
                let slot = slots.iter().find(|(_, other)| *other == name).map(|(slot, _)| slot.clone());
                fields.push(Field { name, slot });
            }
        }
        if at == line && !fields.is_empty() {
            break;
        }
    }
    fields
}

/// What is no value to compare with: a field's name, a message, a code that both lines of a rule have, one of many that stand
/// together.
fn is_told_again(literal: &Literal, (file, line): (&str, u32), sources: &Sources, names: &Names) -> bool {
    let Literal::Text(text) = literal else { return false };
    let name = slot::name(literal);
    if name.is_some_and(|name| names.has(&name)) || sources.beside(text).count() > TOGETHER {
        return true;
    }
    let is_pattern = std::str::from_utf8(text).is_ok_and(pattern::is_pattern);
    if !is_pattern && text.iter().filter(|byte| matches!(byte, b' ' | b'%')).count() > 1 {
        return true;
    }
    let near = |(other, at): &(String, u32)| other == file && *at != line && at.abs_diff(line) <= AGAIN;
    !is_pattern && sources.lines_of(text).iter().any(near)
}

/// The request with that literal in that field, and with what lies next to it.
fn set(draft: &Draft, field: &Field, literal: &Literal) -> Vec<Draft> {
    let put = |value: &[u8]| match &field.slot {
        Some(slot) => {
            let mut with = draft.clone();
            slot::put(&mut with, slot, value);
            Some(with)
        }
        None => axis::added(draft, &field.name, value),
    };
    let had = field.slot.as_ref().map(|slot| (slot, slot::get(draft, slot)));
    match literal {
        Literal::Number(number) => {
            let Ok(whole) = number.parse::<i64>() else {
                return put(number.as_bytes()).into_iter().collect();
            };
            let near = [whole, whole.saturating_sub(1), whole.saturating_add(1)];
            let moved = |axis: Axis| near.iter().filter_map(|to| axis.moved(draft, *to)).collect();
            match had {
                Some((Slot::Json(place), None)) if LENGTHS.contains(&whole) => {
                    moved(Axis::Count(place.clone()))
                }
                Some((slot, Some(value))) if !axis::is_number(&value.bytes) && LENGTHS.contains(&whole) => {
                    moved(Axis::Length(slot.clone()))
                }
                _ => near.iter().filter_map(|value| put(value.to_string().as_bytes())).collect(),
            }
        }
        Literal::Text(text) => {
            let plain = String::from_utf8_lossy(text);
            if pattern::is_pattern(&plain) {
                let mut rng = Rng::with_seed(text.len() as u64);
                let count = if text.len() < LONG { SAMPLES } else { SAMPLES_LONG };
                return (0..count).filter_map(|_| put(&pattern::sample(&plain, &mut rng)?)).collect();
            }
            put(text).into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::tests::reach;

    fn asked(php: &[u8], reached: &[u32], missed: &[u32]) -> Vec<String> {
        let mut sources = Sources::default();
        sources.add("x", php);
        let body = br#"{"carrier":"UA","flight":15,"remarks":"ab","kind":"a"}"#;
        let draft = Draft::of("POST", b"/a", vec![("Content-Type".to_owned(), b"a/json".to_vec())], body);
        let mut corpus = Corpus::new(9);
        corpus.add(&draft, &reach("x", reached, missed));
        let mut lines = Lines::default();
        let drafts = std::iter::from_fn(|| lines.next(&corpus, &sources));
        let text = |draft: Draft| {
            let content_type = String::from_utf8_lossy(draft.field("content-type").unwrap()).into_owned();
            format!("{content_type} {}", String::from_utf8_lossy(&draft.content()))
        };
        drafts.map(text).collect()
    }

    #[test]
    fn a_number_and_its_neighbours_are_asked_where_the_line_says_and_a_text_as_it_stands() {
        let php = b"<?php
if (fires('F1', $f['carrier'] == 'HA' && $f['flight'] > 900)) {
    err('F1', 'flight', 'is too much of it');
}";
        let asked = asked(php, &[2], &[3]);
        for wanted in
            [r#""carrier":"HA","flight":15"#, r#""flight":899"#, r#""flight":900"#, r#""flight":901"#]
        {
            assert!(asked.iter().any(|draft| draft.contains(wanted)), "{wanted}: {asked:#?}");
        }
        assert!(asked.iter().all(|draft| !draft.contains("F1") && !draft.contains("is too")), "{asked:#?}");
    }

    #[test]
    fn of_a_text_the_length_is_meant_and_a_line_without_names_is_about_those_above() {
        let php = b"<?php
$text = $f['remarks'];
$main = $_SERVER['CONTENT_TYPE'];
if (strlen($text) > 5) { a(); }
if (strpos($main, 'json')) { b(); }";
        let asked = asked(php, &[2, 3, 4, 5], &[]);
        for wanted in [r#""remarks":"abxxx""#, r#""remarks":"abxxxx""#, r#""remarks":"abxx""#, "json {"] {
            assert!(asked.iter().any(|draft| draft.contains(wanted)), "{wanted}: {asked:#?}");
        }
    }

    #[test]
    fn a_version_is_asked_where_the_request_has_one_by_whatever_name() {
        let mut sources = Sources::default();
        sources.add("x", b"<?php\nif (version_compare($client['version'], '2.5rc1', '>=')) {\n a(); }");
        let fields = vec![("X-Client".to_owned(), b"2.4.1".to_vec())];
        let draft = Draft::of("POST", b"/a", fields, br#"{"n":1}"#);
        let mut corpus = Corpus::new(9);
        corpus.add(&draft, &reach("x", &[2], &[3]));
        let mut lines = Lines::default();
        let drafts = std::iter::from_fn(|| lines.next(&corpus, &sources));
        let asked: Vec<_> = drafts
            .map(|draft| String::from_utf8_lossy(draft.field("x-client").unwrap()).into_owned())
            .collect();
        assert!(
            ["2.5rc1", "2.5beta1", "2.5x1", "2.5"].iter().all(|wanted| asked.iter().any(|v| v == wanted)),
            "{asked:?}"
        );
    }

    #[test]
    fn a_line_that_nothing_reached_is_left_and_one_that_something_came_past_later_is_asked_again() {
        let mut sources = Sources::default();
        sources.add("x", b"<?php\nif ($f['n'] > 7) {\n f(); }\n\n\n\n\n\n\n\nif ($f['n'] > 9) { g(); }");
        let draft =
            |n: &str| Draft::of("POST", b"/a", Vec::new(), format!(r#"{{"n":{n},"m":1}}"#).as_bytes());
        let mut corpus = Corpus::new(9);
        corpus.add(&draft("1"), &reach("x", &[2], &[3, 11]));
        let mut lines = Lines::default();
        let mut all = |corpus: &Corpus| std::iter::from_fn(|| lines.next(corpus, &sources)).count();
        assert_eq!((all(&corpus), all(&corpus)), (3, 0));
        corpus.add(&draft("8"), &reach("x", &[2, 3], &[11]));
        assert_eq!((all(&corpus), all(&corpus)), (3, 0));
    }
}
