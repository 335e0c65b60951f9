//! Changes of a request: its values, its shape, its encoding.
//!
//! [`aimed`] sets what legacy's source names next to a line that was missed; [`any`] changes something somewhere.

mod shape;
pub(crate) mod slot;
pub mod value;
mod wire;

use fastrand::Rng;

use crate::aim::Aim;
use crate::draft::Draft;
use crate::sources::Literal;

use slot::{names_of, slots};
use value::Value;

/// At most so many changes at once.
const CHANGES_MAX: usize = 4;

/// A request of the aim's, with fields that the source names set to what it compares them with.
pub fn aimed(aim: &Aim, rng: &mut Rng) -> Draft {
    let mut draft = aim.draft.clone();
    let known = names_of(&draft);
    let mut names: Vec<String> = Vec::new();
    let mut values: Vec<&Literal> = Vec::new();
    for literal in &aim.literals {
        match slot::name(literal) {
            // A name may be a value, too: a field's kind, a reason's key.
            Some(name) if known.contains(&name) => {
                names.push(name);
                if rng.u8(..) < 16 {
                    values.push(literal);
                }
            }
            Some(name) if rng.u8(..) < 64 => names.push(name),
            _ => values.push(literal),
        }
    }
    names.sort_unstable();
    names.dedup();
    rng.shuffle(&mut names);
    // All that a condition names, as often as not: two conditions on one line hold only together.
    let count = if rng.bool() { names.len() } else { rng.usize(1..=CHANGES_MAX) };
    for name in names.iter().take(count.min(CHANGES_MAX * 2)) {
        let value = match rng.choice(&values) {
            Some(literal) => value::near(literal, rng),
            None => value::special(rng),
        };
        slot::set_named(&mut draft, name, &value, rng);
    }
    if names.is_empty() {
        let value = match rng.choice(&values) {
            Some(literal) => value::near(literal, rng),
            None => value::special(rng),
        };
        slot::set_any(&mut draft, &value, rng);
    }
    if rng.u8(..) < 24 { any(&draft, &aim.draft, &[], rng) } else { draft }
}

/// The request with a few changes. `other`: a request whose parts may be taken; `literals`: what stands in the sources.
pub fn any(draft: &Draft, other: &Draft, literals: &[&Literal], rng: &mut Rng) -> Draft {
    let mut changed = draft.clone();
    // Mostly one change, seldom many.
    for _ in 0..1 + (rng.u8(..).leading_zeros() as usize).min(CHANGES_MAX - 1) {
        match rng.u8(0..100) {
            0..55 => {
                let value = match rng.choice(literals) {
                    Some(literal) if rng.bool() => value::near(literal, rng),
                    _ => value::special(rng),
                };
                slot::set_any(&mut changed, &value, rng);
            }
            55..65 => slot::change_any(&mut changed, rng),
            65..75 => slot::take_from(&mut changed, other, rng),
            75..92 => shape::change(&mut changed, literals, rng),
            _ => wire::change(&mut changed, rng),
        }
    }
    changed
}

/// How many places there are to change.
pub fn places(draft: &Draft) -> usize {
    slots(draft).len()
}

/// One place of a request at a time, set to one value: for tests of what stands where.
pub fn with(draft: &Draft, name: &str, value: &str) -> Draft {
    let mut draft = draft.clone();
    slot::set_named(&mut draft, name, &Value::text(value), &mut Rng::with_seed(0));
    draft
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn draft() -> Draft {
        let fields = vec![("Content-Type".to_owned(), b"application/json".to_vec())];
        Draft::of("POST", b"/v1/flights?source=web", fields, br#"{"carrier":"UA","flight":1545,"list":[1]}"#)
    }

    #[test]
    fn an_aimed_change_sets_all_that_a_condition_names() {
        let literals = ["carrier", "HA", "flight"].map(|text| Literal::Text(text.into()));
        let literals = [&literals[..], &[Literal::Number("9000".to_owned())]].concat();
        let aim = Aim { file: "x".to_owned(), line: 3, draft: draft(), literals };
        let mut rng = Rng::with_seed(7);
        let hit = (0..500).map(|_| aimed(&aim, &mut rng).content()).any(|body| {
            let body = String::from_utf8_lossy(&body).into_owned();
            body.contains(r#""carrier":"HA""#) && (body.contains(":9001") || body.contains(r#":"9001""#))
        });
        assert!(hit, "both at once, and one more than the bound");
    }

    #[test]
    fn changes_differ_and_the_same_seed_makes_the_same() {
        let all = |seed| -> Vec<Draft> {
            let mut rng = Rng::with_seed(seed);
            (0..300).map(|_| any(&draft(), &draft(), &[], &mut rng)).collect()
        };
        assert_eq!(all(1), all(1));
        let different: BTreeSet<_> = all(2).iter().map(|draft| (draft.target(), draft.content())).collect();
        assert!(different.len() > 200, "{}", different.len());
    }
}
