//! `FILTER_VALIDATE_EMAIL`.

use super::validate::{ipv4, ipv6};

/// `FILTER_VALIDATE_EMAIL`: RFC 5321's addresses without comments; the domain has a dot, or is an IP in brackets.
pub fn email(text: &[u8], unicode: bool) -> bool {
    if text.len() > 320 {
        return false;
    }
    let Some(at) = local_part(text, unicode) else { return false };
    let (local, domain) = (&text[..at], &text[at + 1..]);
    if length(local) > 64 || length(text) > 254 {
        return false;
    }
    match domain.strip_prefix(b"[").and_then(|literal| literal.strip_suffix(b"]")) {
        Some(literal) => address_literal(literal),
        None => mail_domain(domain),
    }
}

/// Characters, an escaped one counting as one, quotes not counting.
fn length(text: &[u8]) -> usize {
    let mut rest = text;
    let mut count = 0;
    while let [byte, after @ ..] = rest {
        rest = match byte {
            b'\\' if !after.is_empty() => &after[1..],
            _ => after,
        };
        count += usize::from(*byte != b'"');
    }
    count
}

/// Where the `@` behind a valid local part is.
fn local_part(text: &[u8], unicode: bool) -> Option<usize> {
    let mut at = 0;
    loop {
        let len = match text.get(at)? {
            b'"' => quoted(&text[at..], unicode)?,
            _ => text[at..].iter().take_while(|byte| is_atom(**byte, unicode)).count(),
        };
        at += len;
        match text.get(at)? {
            _ if len == 0 => return None,
            b'.' => at += 1,
            b'@' => {
                let valid = !unicode || std::str::from_utf8(&text[..at]).is_ok_and(letters_only);
                return valid.then_some(at);
            }
            _ => return None,
        }
    }
}

/// Outside ASCII only letters and digits.
fn letters_only(text: &str) -> bool {
    text.chars().all(|char| char.is_ascii() || char.is_alphanumeric())
}

fn is_atom(byte: u8, unicode: bool) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte) || unicode && byte >= 0x80
}

fn quoted(text: &[u8], unicode: bool) -> Option<usize> {
    let mut at = 1;
    loop {
        at += match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' if *text.get(at + 1)? < 0x80 => 2,
            0x01..=0x08 | 0x0b | 0x0c | 0x0e..=0x1f | 0x21 | 0x23..=0x5b | 0x5d..=0x7f => 1,
            0x80.. if unicode => 1,
            _ => return None,
        };
    }
}

fn mail_domain(domain: &[u8]) -> bool {
    let labels: Vec<&[u8]> = domain.split(|byte| *byte == b'.').collect();
    let label = |label: &[u8]| {
        !label.is_empty()
            && label.len() < 64
            && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && label[0] != b'-'
            && label[label.len() - 1] != b'-'
    };
    let top = labels.last().is_some_and(|top| top.first().is_some_and(u8::is_ascii_alphabetic));
    (2..=127).contains(&labels.len()) && top && labels.iter().all(|text| label(text))
}

fn address_literal(literal: &[u8]) -> bool {
    match literal.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case(b"IPv6:") => ipv6(&literal[5..]).is_some(),
        _ => ipv4(literal).is_some(),
    }
}
