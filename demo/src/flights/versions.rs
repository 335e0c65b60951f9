//! `version_compare()`, for versions as the clients' pattern lets them through: `2`, `2.5.1`, `2.5rc1`.

use std::cmp::Ordering;

/// A part of a version: `dev < a < b < rc < numbers < p`, and what PHP doesn't know is before all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Number(i64),
    Form(i8),
}

/// Where a number stands among the forms.
const NUMBERS: i8 = 4;

/// Which of two versions is the later one, by PHP's rules.
pub(super) fn version_compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let shared = a.iter().zip(&b).map(|(a, b)| compare(*a, *b)).find(|order| order.is_ne());
    // what one of them has more: a number makes it later, a form is compared with "some number"
    let more = |rest: &[Part]| match rest.first() {
        None => Ordering::Equal,
        Some(Part::Number(_)) => Ordering::Greater,
        Some(Part::Form(form)) => form.cmp(&NUMBERS),
    };
    shared.unwrap_or_else(|| match a.len() > b.len() {
        true => more(&a[b.len()..]),
        false => more(&b[a.len()..]).reverse(),
    })
}

fn compare(a: Part, b: Part) -> Ordering {
    match (a, b) {
        (Part::Number(a), Part::Number(b)) => a.cmp(&b),
        _ => form(a).cmp(&form(b)),
    }
}

fn form(part: Part) -> i8 {
    match part {
        Part::Number(_) => NUMBERS,
        Part::Form(form) => form,
    }
}

/// Runs of digits and of letters; dots stand between.
fn parts(version: &[u8]) -> Vec<Part> {
    version
        .chunk_by(|a, b| kind(*a) == kind(*b))
        .filter(|run| run[0].is_ascii_alphanumeric())
        .map(|run| match std::str::from_utf8(run).ok().filter(|_| run[0].is_ascii_digit()) {
            Some(digits) => Part::Number(digits.parse().unwrap_or(i64::MAX)),
            None => Part::Form(form_of(run)),
        })
        .collect()
}

fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' | b'A'..=b'Z' => 1,
        _ => 2,
    }
}

/// By its start, as PHP looks them up.
fn form_of(name: &[u8]) -> i8 {
    let forms: [(&[u8], i8); 9] = [
        (b"dev", 0),
        (b"alpha", 1),
        (b"a", 1),
        (b"beta", 2),
        (b"b", 2),
        (b"RC", 3),
        (b"rc", 3),
        (b"pl", 5),
        (b"p", 5),
    ];
    forms.iter().find(|(start, _)| name.starts_with(start)).map_or(-1, |(_, form)| *form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_versions_as_php_does() {
        // measured with PHP 8.2
        for (a, b, order) in [
            ("1.2", "1.2", Ordering::Equal),
            ("1.2.0", "1.2", Ordering::Greater),
            ("1.1", "1.2", Ordering::Less),
            ("10", "3.0", Ordering::Greater),
            ("2.5rc2", "2.5rc1", Ordering::Greater),
            ("2.5b3", "2.5rc1", Ordering::Less),
            ("2.5", "2.5rc1", Ordering::Greater),
            ("1.2rc1", "1.2", Ordering::Less),
            ("1.2p1", "1.2", Ordering::Greater),
            ("1.2x", "1.2dev", Ordering::Less),
            ("3", "3.0", Ordering::Less),
        ] {
            assert_eq!(version_compare(a.as_bytes(), b.as_bytes()), order, "{a} {b}");
        }
    }
}
