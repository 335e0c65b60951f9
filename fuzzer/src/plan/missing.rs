//! Fields that are missing, alone and two at once, of the first request of each kind: some rules are about what another field
//! would have said.

use std::collections::VecDeque;

use crate::corpus::Corpus;
use crate::draft::{Body, Draft};
use crate::node::Node;

/// The most fields of a request that are left out.
const FIELDS_MAX: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Missing {
    seen: usize,
    /// Whether a JSON object was there, a form.
    had: [bool; 2],
    queue: VecDeque<Draft>,
}

impl Missing {
    pub(super) fn next(&mut self, corpus: &Corpus) -> Option<Draft> {
        while self.queue.is_empty()
            && let Some(entry) = corpus.entries().get(self.seen)
        {
            self.seen += 1;
            let kind = match &entry.draft.body {
                Body::Json(_, Node::Object(_)) => 0,
                Body::Form(_) => 1,
                Body::Json(..) | Body::Raw(_) => continue,
            };
            if !std::mem::replace(&mut self.had[kind], true) {
                self.queue = without(&entry.draft);
            }
        }
        self.queue.pop_front()
    }
}

/// Without each of its fields, and without each two.
fn without(draft: &Draft) -> VecDeque<Draft> {
    let count = match &draft.body {
        Body::Json(_, Node::Object(entries)) => entries.len(),
        Body::Form(pairs) => pairs.len(),
        Body::Json(..) | Body::Raw(_) => 0,
    };
    let count = count.min(FIELDS_MAX);
    let alone = (0..count).map(|n| (n, n));
    let two = (0..count).flat_map(|n| (0..n).map(move |m| (n, m)));
    alone.chain(two).map(|(n, m)| left_out(draft, n, m)).collect()
}

fn left_out(draft: &Draft, last: usize, first: usize) -> Draft {
    let mut without = draft.clone();
    match &mut without.body {
        Body::Json(_, Node::Object(entries)) => {
            entries.remove(last);
            if first != last {
                entries.remove(first);
            }
        }
        Body::Form(pairs) => {
            pairs.remove(last);
            if first != last {
                pairs.remove(first);
            }
        }
        Body::Json(..) | Body::Raw(_) => {}
    }
    without
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_missing_alone_and_with_each_other_one() {
        let mut corpus = Corpus::new(9);
        for body in [r#"{"a":1,"b":2,"c":3}"#, r#"{"d":1}"#] {
            corpus.seed(&Draft::of("POST", b"/a", Vec::new(), body.as_bytes()));
        }
        let mut missing = Missing::default();
        let drafts = std::iter::from_fn(|| missing.next(&corpus));
        let bodies: Vec<_> =
            drafts.map(|draft| String::from_utf8_lossy(&draft.content()).into_owned()).collect();
        let expected = [
            r#"{"b":2,"c":3}"#,
            r#"{"a":1,"c":3}"#,
            r#"{"a":1,"b":2}"#,
            r#"{"c":3}"#,
            r#"{"b":2}"#,
            r#"{"a":1}"#,
        ];
        assert_eq!(bodies, expected);
    }
}
