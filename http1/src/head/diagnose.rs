//! Names the fault of field lines that did not parse. Off the hot path: only refused heads get here.

use crate::Refusal;

/// The first fault in field lines that httparse has rejected; each line ends in CRLF.
pub(super) fn fields(lines: &[u8]) -> Refusal {
    if memchr::memchr_iter(b'\r', lines).any(|at| lines.get(at + 1) != Some(&b'\n')) {
        return Refusal::BareCr;
    }
    lines.split(|&byte| byte == b'\n').find_map(line).unwrap_or(Refusal::FieldName)
}

fn line(line: &[u8]) -> Option<Refusal> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let first = line.first()?;
    if matches!(first, b' ' | b'\t') {
        return Some(Refusal::Folded);
    }
    let Some(colon) = memchr::memchr(b':', line) else { return Some(Refusal::FieldName) };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if super::is_token(name.trim_ascii_end()) && name.ends_with(b" ") | name.ends_with(b"\t") {
        return Some(Refusal::SpaceBeforeColon);
    }
    if !super::is_token(name) {
        return Some(Refusal::FieldName);
    }
    value.iter().any(|&byte| byte < b' ' && byte != b'\t' || byte == 0x7F).then_some(Refusal::FieldValue)
}
