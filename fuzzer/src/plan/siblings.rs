//! What the sources name beside what a request has: with one case of a `switch`, one key of a map, it is asked for the others.

use std::collections::{HashSet, VecDeque};

use super::axis;
use crate::corpus::Corpus;
use crate::draft::{Body, Draft, Pair};
use crate::mutate::slot::{self, Slot};
use crate::node::Node;
use crate::sources::Sources;

/// How long the queue becomes before requests that are kept later are looked at.
const AHEAD: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Siblings {
    /// How many of the kept requests were looked at.
    seen: usize,
    /// What was asked: names as such, values with the name of their place.
    asked: HashSet<(Option<String>, Vec<u8>)>,
    queue: VecDeque<Draft>,
}

impl Siblings {
    pub(super) fn next(&mut self, corpus: &Corpus, sources: &Sources) -> Option<Draft> {
        while self.queue.len() < AHEAD
            && let Some(entry) = corpus.entries().get(self.seen)
        {
            self.seen += 1;
            self.look(&entry.draft, sources);
        }
        self.queue.pop_front()
    }

    fn look(&mut self, draft: &Draft, sources: &Sources) {
        for (slot, name) in slot::slots(draft) {
            let value = slot::get(draft, &slot).map(|value| value.bytes).unwrap_or_default();
            for other in sources.beside(name.as_bytes()).filter(|other| *other != name.as_bytes()) {
                if !self.asked.insert((None, other.to_vec())) {
                    continue;
                }
                let Ok(other) = std::str::from_utf8(other) else { continue };
                self.queue.extend(renamed(draft, &slot, other));
                self.queue.extend(axis::added(draft, other, &value));
            }
            for other in sources.beside(&value).filter(|other| *other != value) {
                if self.asked.insert((Some(name.clone()), other.to_vec())) {
                    let mut with = draft.clone();
                    slot::put(&mut with, &slot, other);
                    self.queue.push_back(with);
                }
            }
        }
    }
}

/// With another name for one place; `None` where it has none of its own.
fn renamed(draft: &Draft, slot: &Slot, name: &str) -> Option<Draft> {
    let mut with = draft.clone();
    match (slot, &mut with.body) {
        (Slot::Json(place), Body::Json(_, node)) => {
            let (last, above) = place.split_last()?;
            let Node::Object(entries) = node.at_mut(above)? else { return None };
            entries.get_mut(*last)?.0 = name.to_owned();
        }
        (Slot::Form(n), Body::Form(pairs)) => {
            let pair = pairs.get_mut(*n)?;
            let old = pair.plain_name();
            // `flight[tail]` is about `tail`.
            let new = match old.rsplit_once('[') {
                Some((outer, inner)) if inner.len() > 1 => format!("{outer}[{name}]"),
                _ => name.to_owned(),
            };
            pair.name = Pair::of(new.as_bytes(), b"").name;
        }
        (Slot::Query(n), _) => {
            with.query.as_mut()?.get_mut(*n)?.name = Pair::of(name.as_bytes(), b"").name;
        }
        _ => return None,
    }
    Some(with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Reach;

    fn asked(media: &str, body: &[u8]) -> Vec<String> {
        let mut sources = Sources::default();
        sources.add(
            "x",
            b"<?php $carriers = array('AAL' => 'AA', 'DAL' => 'DL', 'EDV' => '9E');
            $aliases = array('tail' => 'tailnum', 'email' => 'contact');
            switch ($f['status']) { case 'dep': break; case 'arr': break; }",
        );
        let mut corpus = Corpus::new(9);
        let fields = vec![("Content-Type".to_owned(), media.into())];
        corpus.seed(&Draft::of("POST", b"/a", fields, body));
        corpus.add(&Draft::of("POST", b"/b", Vec::new(), body), &Reach::default());
        let mut siblings = Siblings::default();
        let drafts = std::iter::from_fn(|| siblings.next(&corpus, &sources));
        drafts.map(|draft| String::from_utf8_lossy(&draft.content()).into_owned()).collect()
    }

    #[test]
    fn each_other_case_is_asked_once_at_the_place_of_the_one_that_a_request_has() {
        let expected = [
            r#"{"carrier":"AAL","tail":"N1","status":"dep"}"#,
            r#"{"carrier":"DAL","tail":"N1","status":"dep"}"#,
            r#"{"carrier":"EDV","email":"N1","status":"dep"}"#,
            r#"{"carrier":"EDV","tail":"N1","status":"dep","email":"N1"}"#,
            r#"{"carrier":"EDV","tail":"N1","status":"arr"}"#,
        ];
        assert_eq!(asked("application/json", br#"{"carrier":"EDV","tail":"N1","status":"dep"}"#), expected);
    }

    #[test]
    fn names_of_forms_are_changed_where_they_are_innermost() {
        let asked = asked("application/x-www-form-urlencoded", b"flight[tail]=N1");
        assert_eq!(asked, ["flight[email]=N1", "flight[tail]=N1&email=N1"]);
    }
}
