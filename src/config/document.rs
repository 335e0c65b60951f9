//! One file as a tree that knows where each of its values stands.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::fault::{Fault, Place};
use super::interpolate::{self, Lookup, Unfilled};

/// The most faults that are looked for in one file.
const FAULTS_MAX: usize = 100;

/// A parsed file.
pub(crate) struct Document<'t> {
    file: usize,
    tree: Spanned<DeTable<'t>>,
    /// Tables in which a value was wrong and was taken out, so that what is missing there may just have been that.
    broken: BTreeSet<usize>,
}

impl<'t> Document<'t> {
    /// Parses a text. With faults, the tree holds what could be made out.
    pub(crate) fn parse(file: usize, text: &'t str) -> (Self, Vec<Fault>) {
        let (tree, errors) = DeTable::parse_recoverable(text);
        let faults = errors.iter().map(|error| syntax_fault(file, text, error)).collect();
        (Self { file, tree, broken: BTreeSet::new() }, faults)
    }

    /// The tree.
    pub(crate) fn table(&self) -> &DeTable<'t> {
        self.tree.get_ref()
    }

    /// Whether something was taken out of the table that begins there.
    pub(crate) fn is_broken(&self, table: &Range<usize>) -> bool {
        self.broken.contains(&table.start)
    }

    /// Fills in `${NAME}` in all texts. A text that cannot be filled in is reported and taken out.
    pub(crate) fn interpolate(&mut self, env: &Lookup<'_>) -> Vec<Fault> {
        let mut unfilled = Vec::new();
        self.tree.get_mut().iter_mut().for_each(|(_, value)| fill(value, env, &mut unfilled));
        for (span, _) in &unfilled {
            self.take_out(span, false);
        }
        unfilled
            .into_iter()
            .map(|(span, why)| Fault::at(Place { file: self.file, span }, why.to_string()).hint(why.hint()))
            .collect()
    }

    /// Reads the tree as `T`. What does not fit is reported and taken out, until the rest does.
    pub(crate) fn read<T: DeserializeOwned + Default>(&mut self) -> (T, Vec<Fault>) {
        let mut faults = Vec::new();
        while faults.len() < FAULTS_MAX {
            let error = match T::deserialize(toml::de::Deserializer::from(self.tree.clone())) {
                Ok(read) => return (read, faults),
                Err(error) => error,
            };
            let span = error.span().unwrap_or(0..0);
            // What is wrong with a whole table once something was taken out of it, follows from that.
            if !self.is_broken(&span) {
                let (message, hint) = unfit(error.message());
                faults.push(Fault::at(Place { file: self.file, span: span.clone() }, message).hint(hint));
            }
            if !self.take_out(&span, error.message().starts_with("unknown variant")) {
                break;
            }
        }
        (T::default(), faults)
    }

    fn take_out(&mut self, span: &Range<usize>, whole: bool) -> bool {
        let taken = take_out(self.tree.get_mut(), span, whole);
        if let Some(TakenFrom::Table(start)) = taken {
            self.broken.insert(start);
        }
        taken.is_some()
    }

    /// Where a value stands, by a path such as `ignore[1].path` below the value that begins at `start`. As far as the
    /// path goes.
    pub(crate) fn locate(&self, start: usize, path: &str) -> Option<Range<usize>> {
        let mut at = find(self.table(), start)?;
        for step in path.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|s| !s.is_empty()) {
            let next = match step.parse::<usize>() {
                Ok(index) => at.get_ref().get(index),
                Err(_) => at.get_ref().get(step),
            };
            match next {
                Some(value) => at = value,
                None => break,
            }
        }
        Some(at.span())
    }
}

fn find<'v, 't>(table: &'v DeTable<'t>, start: usize) -> Option<&'v Spanned<DeValue<'t>>> {
    table.iter().find_map(|(_, value)| find_value(value, start))
}

fn find_value<'v, 't>(value: &'v Spanned<DeValue<'t>>, start: usize) -> Option<&'v Spanned<DeValue<'t>>> {
    if value.span().start == start && value.get_ref().is_table() {
        return Some(value);
    }
    match value.get_ref() {
        DeValue::Table(table) => find(table, start),
        DeValue::Array(list) => list.iter().find_map(|value| find_value(value, start)),
        _ => None,
    }
}

fn fill(value: &mut Spanned<DeValue<'_>>, env: &Lookup<'_>, unfilled: &mut Vec<(Range<usize>, Unfilled)>) {
    let span = value.span();
    match value.get_mut() {
        DeValue::String(text) => match interpolate::fill(text, env) {
            Ok(filled) => *text = filled.into_owned().into(),
            Err(why) => unfilled.push((span, why)),
        },
        DeValue::Array(list) => list.iter_mut().for_each(|value| fill(value, env, unfilled)),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, value)| fill(value, env, unfilled)),
        _ => {}
    }
}

/// What something was taken out of.
enum TakenFrom {
    /// The table that was searched.
    Here,
    /// The table below it that begins there.
    Table(usize),
}

/// Takes the entry out whose key or value is at that span. `whole`: a key that names a variant goes with its table.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>, whole: bool) -> Option<TakenFrom> {
    let hit = table
        .iter()
        .find(|(key, value)| key.span() == *span || value.span() == *span)
        .map(|(key, _)| key.clone());
    if let Some(key) = hit {
        table.remove(&key);
        return Some(TakenFrom::Here);
    }
    let mut emptied = None;
    for (key, value) in table.iter_mut() {
        let start = value.span().start;
        match value.get_mut() {
            DeValue::Table(inner) => match take_out(inner, span, whole) {
                Some(TakenFrom::Here) if whole && inner.is_empty() => {
                    emptied = Some(key.clone());
                    break;
                }
                Some(TakenFrom::Here) => return Some(TakenFrom::Table(start)),
                other @ Some(TakenFrom::Table(_)) => return other,
                None => {}
            },
            DeValue::Array(list) => {
                if let Some(taken) = take_out_of_list(list, start, span, whole) {
                    return Some(taken);
                }
            }
            _ => {}
        }
    }
    emptied.map(|key| {
        table.remove(&key);
        TakenFrom::Here
    })
}

fn take_out_of_list(
    list: &mut DeArray<'_>,
    start: usize,
    span: &Range<usize>,
    whole: bool,
) -> Option<TakenFrom> {
    if let Some(index) = list.iter().position(|value| value.span() == *span) {
        *list =
            list.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, value)| value.clone()).collect();
        return Some(TakenFrom::Table(start));
    }
    list.iter_mut().find_map(|value| {
        let start = value.span().start;
        match value.get_mut() {
            DeValue::Table(inner) => take_out(inner, span, whole).map(|taken| match taken {
                TakenFrom::Here => TakenFrom::Table(start),
                below @ TakenFrom::Table(_) => below,
            }),
            DeValue::Array(inner) => take_out_of_list(inner, start, span, whole),
            _ => None,
        }
    })
}

fn syntax_fault(file: usize, text: &str, error: &toml::de::Error) -> Fault {
    let mut span = error.span().unwrap_or(0..0);
    // An empty span at a line's end would be drawn below the next line.
    if span.is_empty() && span.start > 0 && text.as_bytes().get(span.start).is_none_or(|b| *b == b'\n') {
        span.start -= 1;
        while !text.is_char_boundary(span.start) {
            span.start -= 1;
        }
    }
    Fault::at(Place { file, span }, error.message())
}

/// serde's message in our words, and a hint.
fn unfit(message: &str) -> (String, Option<String>) {
    let ticked: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (Some(name), true) = (ticked.first(), message.starts_with("missing field")) {
        return (format!("`{name}` is missing"), None);
    }
    if let Some((found, expected)) =
        message.strip_prefix("invalid ").and_then(|rest| rest.split_once(", expected "))
    {
        let found = found.split_once(": ").map_or(found, |(_, found)| found);
        let hint = (found, expected) == ("map", "a sequence");
        let hint = hint.then(|| "a list of tables has double brackets, like `[[route]]`".to_owned());
        return (format!("this is {}, but {} belongs here", in_toml(found), in_toml(expected)), hint);
    }
    let kind = match message {
        m if m.starts_with("unknown field") => "key",
        m if m.starts_with("unknown variant") => "value",
        _ => return (message.to_owned(), None),
    };
    match ticked.split_first() {
        Some((found, allowed)) => (format!("unknown {kind} `{found}`"), Some(hint_for(found, allowed))),
        None => (message.to_owned(), None),
    }
}

/// What serde calls a value's type, as TOML calls it.
fn in_toml(name: &str) -> Cow<'_, str> {
    match name {
        "sequence" | "a sequence" => "a list".into(),
        "map" | "a map" => "a table".into(),
        "a boolean" => "true or false".into(),
        "u32" => "a whole number from 0 on".into(),
        "f64" => "a number".into(),
        name if name.starts_with("struct ") => "a table".into(),
        name => match name.split_once(' ') {
            Some((kind, value)) if value.starts_with(['`', '"']) => format!("the {kind} {value}").into(),
            _ => name.into(),
        },
    }
}

fn hint_for(found: &str, allowed: &[&str]) -> String {
    match found {
        "password" | "secret" | "secret_key" | "token" => {
            return "secrets do not stand in this file: name the file that holds it, as in `password_file`"
                .to_owned();
        }
        _ => {}
    }
    match did_you_mean(found, allowed.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if allowed.is_empty() => "there is nothing to write here".to_owned(),
        None => format!("known here: {}", allowed.join(", ")),
    }
}

/// The candidate that is so near that it was probably meant.
pub(crate) fn did_you_mean<'c>(
    found: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(found, candidate), candidate))
        .filter(|(nearness, _)| *nearness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
