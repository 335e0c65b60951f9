//! Texts that a regular expression takes: what stands behind `preg_match('/^N[1-9]\d{0,4}$/', …)` is no literal that one
//! could send.

use fastrand::Rng;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The most repetitions of a part that has no bound of its own.
const REPEATED: u32 = 4;

/// No sample is longer, in bytes.
const LONGEST: usize = 512;

/// A text that a PCRE literal with its delimiters (`/^a+$/i`) takes, as far as it is plain: `None` of what is no pattern, or
/// looks around.
pub fn sample(literal: &str, rng: &mut Rng) -> Option<Vec<u8>> {
    let mut sampled = Vec::new();
    write(&parse(literal)?, rng, &mut sampled);
    Some(sampled)
}

/// Whether a literal looks like a pattern.
pub fn is_pattern(literal: &str) -> bool {
    parse(literal).is_some()
}

fn parse(literal: &str) -> Option<Hir> {
    let open = literal.chars().next().filter(|c| "/#~!@%{(".contains(*c))?;
    let close = match open {
        '{' => '}',
        '(' => ')',
        other => other,
    };
    let end = literal.rfind(close).filter(|end| *end > 0)?;
    let (pattern, flags) = (&literal[open.len_utf8()..end], &literal[end + close.len_utf8()..]);
    if pattern.is_empty() || !flags.bytes().all(|flag| b"imsxuADSU".contains(&flag)) {
        return None;
    }
    let pattern = pattern.replace(&format!("\\{open}"), &open.to_string());
    let mut parser = regex_syntax::ParserBuilder::new()
        .case_insensitive(flags.contains('i'))
        .ignore_whitespace(flags.contains('x'))
        .unicode(flags.contains('u'))
        .utf8(false)
        .build();
    parser.parse(&pattern).ok()
}

fn write(hir: &Hir, rng: &mut Rng, to: &mut Vec<u8>) {
    if to.len() > LONGEST {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => to.extend_from_slice(&literal.0),
        HirKind::Class(class) => to.extend(of_class(class, rng)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(repetition.min.saturating_add(REPEATED));
            for _ in 0..rng.u32(repetition.min..=most.max(repetition.min)).min(LONGEST as u32) {
                write(&repetition.sub, rng, to);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, rng, to),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, rng, to)),
        HirKind::Alternation(ways) => {
            if let Some(way) = rng.choice(ways) {
                write(way, rng, to);
            }
        }
    }
}

/// One of a class, rather a visible one.
fn of_class(class: &Class, rng: &mut Rng) -> Vec<u8> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
        Class::Bytes(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let visible = |(start, end): &(u32, u32)| {
        ((*start).max(0x20) <= (*end).min(0x7e)).then(|| ((*start).max(0x20), (*end).min(0x7e)))
    };
    let seen: Vec<(u32, u32)> = ranges.iter().filter_map(visible).collect();
    let Some((start, end)) = rng.choice(if seen.is_empty() { &ranges } else { &seen }).copied() else {
        return Vec::new();
    };
    let code = rng.u32(start..=end);
    match class {
        Class::Bytes(_) => vec![code as u8],
        Class::Unicode(_) => char::from_u32(code).map(|c| c.to_string().into_bytes()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_taken_by_the_pattern() {
        let mut rng = Rng::with_seed(1);
        for literal in
            ["/^N[1-9]\\d{0,4}$/", "#^a|b+#i", "/charset=[\"']?(iso-8859-1|latin1)/i", "~^\\/x\\d+~"]
        {
            let inner = &literal[1..literal.rfind(['/', '#', '~']).unwrap()];
            let regex = regex_syntax::parse(inner);
            assert!(regex.is_ok());
            for _ in 0..50 {
                assert!(!sample(literal, &mut rng).unwrap().is_empty());
            }
        }
        let tail = sample("/^N[1-9]\\d{2}$/", &mut rng).unwrap();
        assert!(tail.len() == 4 && tail[0] == b'N' && tail[1..].iter().all(u8::is_ascii_digit));
    }

    #[test]
    fn what_is_no_pattern_or_looks_around_has_no_sample() {
        for literal in ["carrier", "/v1/flights", "/(?=a)b/", "", "/", "//", "/a/q", "{}"] {
            assert!(!is_pattern(literal), "{literal}");
        }
    }
}
