//! By what an answer is found: everything that legacy could have made it of, `Vary` apart.

use handover_http1::{Name, RequestHead};

use crate::legacy::Outbound;

/// Legacy's name, scheme, host and target. A key of the path alone would give one host's answers to another's clients
/// (CVE-2026-2836).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    legacy: Box<str>,
    scheme: Box<[u8]>,
    host: Box<[u8]>,
    /// What a trusted proxy says the host is, where it says another, and of port and prefix: legacy may look at any of them
    /// when it names itself.
    told: Box<[u8]>,
    target: Box<[u8]>,
}

impl Key {
    /// The key of a request, as legacy is told of it. `None` for one that names no host.
    pub(super) fn of(legacy: &str, request: &Outbound<'_>) -> Option<Self> {
        let usual: &[u8] = if request.secure { b"https" } else { b"http" };
        let scheme = request.as_told("X-Forwarded-Proto", Name::XForwardedProto).unwrap_or(usual);
        Self::at(legacy, request, scheme, &request.head.origin_target())
    }

    /// The key of another target of the same host.
    pub(super) fn at(legacy: &str, request: &Outbound<'_>, scheme: &[u8], target: &[u8]) -> Option<Self> {
        let host = request.head.host()?;
        let told = request.as_told("X-Forwarded-Host", Name::XForwardedHost);
        let mut told = told.filter(|told| *told != host).unwrap_or_default().to_vec();
        if request.trusted {
            for name in [&b"x-forwarded-port"[..], b"x-forwarded-prefix"] {
                for value in request.head.fields().get_all(name) {
                    told.extend([b"\n", name, b":", value].concat());
                }
            }
        }
        Some(Self {
            legacy: legacy.into(),
            scheme: scheme.into(),
            host: host.to_ascii_lowercase().into(),
            told: told.into(),
            target: target.into(),
        })
    }

    /// Whether it is for that host, and for that path with whatever query.
    pub(super) fn is_for(&self, host: Option<&str>, path: Option<&str>) -> bool {
        let of_path = |path: &str| {
            let rest = self.target.strip_prefix(path.as_bytes());
            rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'?')))
        };
        host.is_none_or(|host| self.host.eq_ignore_ascii_case(host.as_bytes())) && path.is_none_or(of_path)
    }

    /// What it takes of the cache's room, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.legacy.len() + self.scheme.len() + self.host.len() + self.told.len() + self.target.len()
    }
}

/// Whether a request may be answered from the cache at all: a GET or HEAD for the whole of something, without a body
/// (legacy might look at it, and it is no part of the key) and without a wish to switch protocols.
pub(super) fn is_cacheable(request: &RequestHead) -> bool {
    let has = |name: &[u8]| request.fields().get_all(name).next().is_some();
    matches!(request.method(), b"GET" | b"HEAD")
        && matches!(request.framing(), handover_http1::Framing::None | handover_http1::Framing::Length(0))
        && request.upgrade().is_none()
        && !has(b"range")
        && !has(b"if-match")
        && !has(b"if-unmodified-since")
}
