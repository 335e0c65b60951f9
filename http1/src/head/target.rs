//! Request targets (RFC 9112 §3.2), split byte for byte, never decoded.

use std::ops::Range;

use super::host;
use crate::Refusal;

/// Where the parts of a target lie in its head.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The target as it was sent.
    pub(super) whole: Range<u16>,
    /// Empty for an absolute target without a path.
    pub(super) path: Range<u16>,
    /// Without its question mark.
    pub(super) query: Option<Range<u16>>,
    /// The authority of an absolute target.
    pub(super) authority: Option<Range<u16>>,
    /// Whether there are bytes above 0x7F in it.
    pub(super) non_ascii: bool,
}

/// Parses the target that lies at `whole` in `head`.
pub(super) fn parse(head: &[u8], whole: Range<u16>, method: &[u8]) -> Result<Target, Refusal> {
    let target = &head[usize::from(whole.start)..usize::from(whole.end)];
    if method == b"CONNECT" {
        return Err(Refusal::Connect);
    }
    let mut non_ascii = false;
    for &byte in target {
        match byte {
            b'\r' => return Err(Refusal::BareCr),
            0..=b' ' | b'#' | 0x7F => return Err(Refusal::Target),
            0x80.. => non_ascii = true,
            _ => {}
        }
    }
    let (authority, path_at) = match target {
        [b'/', ..] => (None, 0),
        b"*" if method == b"OPTIONS" => (None, 0),
        _ => absolute(target)?,
    };
    let query_at = memchr::memchr(b'?', &target[path_at..]).map(|at| path_at + at);
    let at = |start: usize, end: usize| whole.start + start as u16..whole.start + end as u16;
    Ok(Target {
        path: at(path_at, query_at.unwrap_or(target.len())),
        query: query_at.map(|mark| at(mark + 1, target.len())),
        authority: authority.map(|found: Range<usize>| at(found.start, found.end)),
        non_ascii,
        whole,
    })
}

/// The authority of an absolute target, and where its path begins.
fn absolute(target: &[u8]) -> Result<(Option<Range<usize>>, usize), Refusal> {
    let scheme = [&b"http://"[..], b"https://"]
        .into_iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        .ok_or(Refusal::Target)?
        .len();
    let rest = &target[scheme..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    if !host::is_authority(&rest[..end]) {
        return Err(Refusal::Target);
    }
    Ok((Some(scheme..scheme + end), scheme + end))
}
