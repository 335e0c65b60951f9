//! What a request that changes something makes of what is kept: it is gone (RFC 9111 §4.4).

use std::borrow::Cow;

use bytes::Bytes;
use handover_http1::{Fields, Name, ResponseHead};

use super::Cache;
use super::key::Key;
use crate::config::valid::Config;
use crate::exchange::{AnswerSink, ClientGone, Switched};
use crate::legacy::Outbound;

/// Whether a method may change what is kept: every one that is not known to be safe (RFC 9110 §9.2.1).
pub(crate) fn may_change(method: &[u8]) -> bool {
    !matches!(method, b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE")
}

/// The answer to such a request, on its way: one that is no error throws out what is kept for its target, and for those
/// that it names in `Location` and `Content-Location`, if they are of the same host.
pub(crate) struct Changing<'a, S> {
    inner: &'a mut S,
    cache: &'a Cache,
    config: &'a Config,
    request: &'a Outbound<'a>,
}

impl<'a, S> Changing<'a, S> {
    /// The answer to `request` goes to `inner`.
    pub(crate) fn new(
        inner: &'a mut S,
        cache: &'a Cache,
        config: &'a Config,
        request: &'a Outbound<'a>,
    ) -> Self {
        Self { inner, cache, config, request }
    }

    fn throw_out(&self, head: &ResponseHead) {
        let (cache, config, request) = (self.cache, self.config, self.request);
        if !(200..400).contains(&head.status()) {
            return;
        }
        cache.changed(config, request);
        let Some(host) = request.head.host() else { return };
        let locations = head.fields().iter().filter(|field| {
            field.kind == Name::Location || field.name.eq_ignore_ascii_case(b"content-location")
        });
        let base = request.head.path();
        for target in locations.filter_map(|field| target_of(field.value, host, base)) {
            cache.target_changed(config, request, &target);
        }
    }
}

impl Cache {
    /// A request that changes something was answered without an error.
    pub(crate) fn changed(&self, config: &Config, request: &Outbound<'_>) {
        self.target_changed(config, request, &request.head.origin_target());
    }

    /// Whichever legacy answers the target, over whatever it is asked for.
    fn target_changed(&self, config: &Config, request: &Outbound<'_>, target: &[u8]) {
        for legacy in &config.legacies {
            for scheme in [&b"http"[..], b"https"] {
                if let Some(key) = Key::at(&legacy.name, request, scheme, target) {
                    self.store.remove(&key);
                }
            }
        }
    }
}

/// The target that a URL names, if that is one of this host's; a relative one begins at the folder of `base`. One that
/// climbs (`../`) is left alone.
fn target_of<'u>(url: &'u [u8], host: &[u8], base: &[u8]) -> Option<Cow<'u, [u8]>> {
    let url = &url[..memchr::memchr(b'#', url).unwrap_or(url.len())];
    if let Some(at) = memchr::memmem::find(url, b"//").filter(|at| *at == 0 || url[..*at].ends_with(b":")) {
        let rest = &url[at + 2..];
        let (authority, target) = rest.split_at(memchr::memchr(b'/', rest)?);
        return authority.eq_ignore_ascii_case(host).then_some(target.into());
    }
    match url.first()? {
        b'/' => Some(url.into()),
        _ => Some([&base[..=memchr::memrchr(b'/', base)?], url].concat().into()),
    }
}

impl<S: AnswerSink> AnswerSink for Changing<'_, S> {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.inner.informational(head).await
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.throw_out(head);
        self.inner.head(head).await
    }

    async fn data(&mut self, piece: Bytes) -> Result<(), ClientGone> {
        self.inner.data(piece).await
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        self.inner.flush().await
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), ClientGone> {
        self.inner.finish(trailers).await
    }

    async fn switch(&mut self, head: &ResponseHead, backend: Switched) -> Result<(), ClientGone> {
        self.inner.switch(head, backend).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_host_has_is_thrown_out() {
        for (url, target) in [
            ("/a?b#c", Some("/a?b")),
            ("http://H/a", Some("/a")),
            ("//h/a", Some("/a")),
            ("http://h.evil/a", None),
            ("http://h", None),
            ("b?c", Some("/x/b?c")),
        ] {
            let named = target_of(url.as_bytes(), b"h", b"/x/a");
            assert_eq!(named.as_deref(), target.map(str::as_bytes), "{url}");
        }
    }
}
