//! Smaller requests, of which one may show the same.
//!
//! Whoever shrinks asks for [`smaller`] ones again and again, takes the first that still shows what is looked for, and
//! ends when none does.

use crate::draft::{Body, Draft, Pair};
use crate::node::Node;

/// Requests that have less to read than this one, those that take the most away first.
pub fn smaller(draft: &Draft) -> Vec<Draft> {
    let mut all = Vec::new();
    fewer(draft, &mut all);
    plainer(draft, &mut all);
    all.retain(|other| other.size() < draft.size());
    all
}

/// Takes parts away: halves first, then one by one.
fn fewer(draft: &Draft, all: &mut Vec<Draft>) {
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut changed = draft.clone();
        change(&mut changed);
        changed
    };
    if let Some(query) = &draft.query {
        all.push(with(&|draft| draft.query = None));
        all.extend(without(query).into_iter().map(|query| with(&|draft| draft.query = Some(query.clone()))));
    }
    match &draft.body {
        Body::Json(before, node) => {
            let body = |node: Node| with(&|draft| draft.body = Body::Json(Vec::new(), node.clone()));
            if !before.is_empty() {
                all.push(body(node.clone()));
            }
            all.extend(halves(node).into_iter().map(&body));
            for (place, _) in node.places() {
                let mut changed = node.clone();
                if changed.remove(&place) {
                    let before = before.clone();
                    all.push(with(&|draft| draft.body = Body::Json(before.clone(), changed.clone())));
                }
            }
        }
        Body::Form(pairs) => {
            all.extend(
                without(pairs).into_iter().map(|pairs| with(&|draft| draft.body = Body::Form(pairs.clone()))),
            );
        }
        Body::Raw(bytes) => {
            for (from, to) in [(0, bytes.len() / 2), (bytes.len() / 2, bytes.len())] {
                all.push(with(&|draft| draft.body = Body::Raw(bytes[from..to].to_vec())));
            }
        }
    }
    for at in 0..draft.fields.len() {
        if !draft.fields[at].0.eq_ignore_ascii_case("host") {
            all.push(with(&|draft| drop(draft.fields.remove(at))));
        }
    }
}

/// An object's first and second half.
fn halves(node: &Node) -> Vec<Node> {
    match node {
        Node::Object(entries) if entries.len() > 3 => {
            let (first, second) = entries.split_at(entries.len() / 2);
            vec![Node::Object(first.to_vec()), Node::Object(second.to_vec())]
        }
        _ => Vec::new(),
    }
}

/// The pairs without one half, the other, and each one.
fn without(pairs: &[Pair]) -> Vec<Vec<Pair>> {
    let (first, second) = pairs.split_at(pairs.len() / 2);
    let mut all = if pairs.len() > 3 { vec![first.to_vec(), second.to_vec()] } else { Vec::new() };
    all.extend((0..pairs.len()).map(|at| {
        let mut rest = pairs.to_vec();
        rest.remove(at);
        rest
    }));
    all
}

/// Makes values shorter.
fn plainer(draft: &Draft, all: &mut Vec<Draft>) {
    if let Body::Json(before, node) = &draft.body {
        for (place, _) in node.places() {
            let Some(text) = node.at(&place).and_then(Node::text).filter(|text| text.chars().count() > 1)
            else {
                continue;
            };
            for shorter in shorter(&text) {
                let mut changed = node.clone();
                if let Some(inner) = changed.at_mut(&place) {
                    let bare = (!inner.is_string()).then(|| Node::parse(shorter.as_bytes())).flatten();
                    *inner = bare.unwrap_or_else(|| Node::string(&shorter));
                    let mut smaller = draft.clone();
                    smaller.body = Body::Json(before.clone(), changed);
                    all.push(smaller);
                }
            }
        }
    }
    for (at, (_, value)) in draft.fields.iter().enumerate().filter(|(_, (_, value))| value.len() > 1) {
        for shorter in shorter(&String::from_utf8_lossy(value)) {
            let mut smaller = draft.clone();
            smaller.fields[at].1 = shorter.into_bytes();
            all.push(smaller);
        }
    }
}

fn shorter(text: &str) -> Vec<String> {
    let count = text.chars().count();
    let half = |from, to| text.chars().skip(from).take(to).collect::<String>();
    vec![half(0, 1), half(0, count / 2), half(count / 2, count), half(0, count - 1), half(1, count)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shrinks for as long as `shows` holds of something smaller.
    fn shrunk(mut draft: Draft, shows: impl Fn(&Draft) -> bool) -> Draft {
        assert!(shows(&draft));
        while let Some(smaller) = smaller(&draft).into_iter().find(|smaller| shows(smaller)) {
            draft = smaller;
        }
        draft
    }

    #[test]
    fn only_what_shows_it_is_left() {
        let fields = [("Host", "a"), ("Content-Type", "application/json"), ("User-Agent", "x")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec();
        let body = br#"{"a":1,"b":"a long text","c":[1,2,3],"d":{"e":"find me"},"f":null,"g":7}"#;
        let draft = Draft::of("POST", b"/x?q=1&r=2", fields, body);
        let shrunk = shrunk(draft, |draft| {
            draft.field("content-type").is_some() && String::from_utf8_lossy(&draft.content()).contains("me")
        });
        assert_eq!(shrunk.content(), r#"{"d":{"e":"me"}}"#);
        assert_eq!((shrunk.target(), shrunk.fields.len()), ("/x".into(), 2));
    }

    #[test]
    fn what_is_smaller_is_smaller_and_forms_and_bytes_shrink_too() {
        let form = Draft::of(
            "POST",
            b"/",
            vec![("Content-Type".to_owned(), b"application/x-www-form-urlencoded".to_vec())],
            b"a=1&b=2&c=3&d=4&e=5",
        );
        assert_eq!(
            shrunk(form, |draft| draft.content().windows(3).any(|part| part == b"d=4")).content(),
            "d=4"
        );
        let raw = Draft::of("POST", b"/", Vec::new(), b"aaaaXaaa");
        assert_eq!(shrunk(raw.clone(), |draft| draft.content().contains(&b'X')).content(), "X");
        assert!(smaller(&raw).iter().all(|other| other.size() < raw.size()));
    }
}
