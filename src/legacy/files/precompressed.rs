//! The same file, compressed beforehand: `site.css.br` beside `site.css`, as nginx's `gzip_static` has it.

use std::path::Path;

use handover_http1::RequestHead;

use super::{Found, open_in};
use crate::legacy::disk::Disk;

/// A content coding (RFC 9110 §8.4.1) of files that lie beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// `.br`
    Brotli,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

impl Coding {
    /// Its name in `Content-Encoding`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    const fn suffix(self) -> &'static [u8] {
        match self {
            Self::Brotli => b".br",
            Self::Gzip => b".gz",
            Self::Zstd => b".zst",
        }
    }
}

/// The first of `codings` that is there and that the client takes; else the file itself.
pub(super) async fn of(
    plain: Found,
    root: &Path,
    name: &[u8],
    request: &RequestHead,
    codings: &[Coding],
    disk: &Disk,
) -> Found {
    for coding in codings.iter().filter(|coding| takes(request, **coding)) {
        if let Some(found) = open_in(root, &[name, coding.suffix()].concat(), disk).await {
            return Found { kind: plain.kind, coding: Some(*coding), varies: true, ..found };
        }
    }
    Found { varies: true, ..plain }
}

/// Whether a client takes a coding. One that says nothing takes none: it may not know any.
fn takes(request: &RequestHead, coding: Coding) -> bool {
    let lists = request.fields().get_all(b"Accept-Encoding");
    let accepted = lists.flat_map(|list| list.split(|byte| *byte == b',')).map(|item| {
        let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        // `q=0`, `q=0.0` and so on mean "not that one".
        let refused = parts.any(|part| {
            let weight = part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q="));
            weight.is_some_and(|weight| weight.iter().all(|byte| matches!(byte, b'0' | b'.')))
        });
        (name, !refused)
    });
    let mut any = false;
    for (name, is_taken) in accepted {
        if name.eq_ignore_ascii_case(coding.name().as_bytes()) {
            return is_taken;
        }
        any |= name == b"*" && is_taken;
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::request;

    #[test]
    fn a_client_takes_what_it_says() {
        for (accepts, expected) in [
            ("", false),
            ("Accept-Encoding: br\r\n", true),
            ("accept-encoding: gzip, deflate, BR\r\n", true),
            ("Accept-Encoding: gzip\r\nAccept-Encoding: br;q=0.5\r\n", true),
            ("Accept-Encoding: gzip, br;q=0\r\n", false),
            ("Accept-Encoding: *, br;q=0.0\r\n", false),
            ("Accept-Encoding: *\r\n", true),
            ("Accept-Encoding: *;q=0\r\n", false),
            ("Accept-Encoding: brotli\r\n", false),
            ("Accept-Encoding: identity\r\n", false),
        ] {
            let head = request(&format!("GET / HTTP/1.1\r\nHost: a\r\n{accepts}\r\n"));
            assert_eq!(takes(&head, Coding::Brotli), expected, "{accepts}");
        }
    }
}
