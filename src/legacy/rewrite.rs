//! Answers in which legacy names itself: a redirect to its own address, or a cookie for its own domain, would lead
//! clients past the proxy, or nowhere. What names one of legacy's origins is made to name what the client asked for.

use bytes::Bytes;
use handover_http1::{Field, Fields, Limits, Name, ResponseHead};

use super::outbound::Outbound;
use crate::exchange::{AnswerSink, ClientGone, Switched};

/// The origins that legacy takes for its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Rewrite(pub(crate) Vec<Origin>);

/// Where something is served, `http://old.internal:8080`: all in lower case, a usual port left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: Option<String>,
}

impl Origin {
    /// `http://HOST[:PORT]` or `https://HOST[:PORT]`, and nothing behind it but a slash.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (origin, rest) = Self::begin(text)?;
        (matches!(rest, "" | "/") && !origin.host.is_empty() && !origin.host.contains('@')).then_some(origin)
    }

    /// The origin that an absolute URL begins with, and what is behind it.
    fn begin(url: &str) -> Option<(Self, &str)> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "http" => "80",
            "https" => "443",
            _ => return None,
        };
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = host_and_port(authority);
        let port = port.filter(|port| *port != usual).map(str::to_owned);
        Some((Self { scheme, host: host.to_ascii_lowercase(), port }, rest))
    }
}

/// An IPv6 address keeps its brackets.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

/// A sink whose client is told of itself where legacy names its own origins.
pub(super) struct Rewritten<'a, S> {
    inner: &'a mut S,
    rewrite: &'a Rewrite,
    scheme: &'a str,
    authority: &'a str,
    to_head: bool,
}

impl<'a, S> Rewritten<'a, S> {
    /// `None` where the client named no host: there is nothing to be named instead.
    pub(super) fn new(inner: &'a mut S, rewrite: &'a Rewrite, request: &'a Outbound<'_>) -> Option<Self> {
        let said = |name, kind| request.as_told(name, kind).and_then(|value| std::str::from_utf8(value).ok());
        let authority = said("X-Forwarded-Host", Name::XForwardedHost)?;
        let secure = if request.secure { "https" } else { "http" };
        let scheme = said("X-Forwarded-Proto", Name::XForwardedProto).unwrap_or(secure);
        Some(Self { inner, rewrite, scheme, authority, to_head: request.head.is_head() })
    }

    /// The value that takes a field's place.
    fn value(&self, field: &Field<'_>) -> Option<String> {
        let value = std::str::from_utf8(field.value).ok()?;
        match field.kind {
            Name::Location => self.url(value),
            Name::SetCookie => self.cookie(value),
            Name::Other if field.name.eq_ignore_ascii_case(b"Content-Location") => self.url(value),
            Name::Other if field.name.eq_ignore_ascii_case(b"Refresh") => self.refresh(value),
            _ => None,
        }
    }

    fn url(&self, url: &str) -> Option<String> {
        if let Some(relative) = url.strip_prefix("//") {
            // Of whatever scheme the page has that it stands in.
            let own = |scheme| self.own(&format!("{scheme}://{relative}"));
            let rest = own("http").or_else(|| own("https"))?;
            return Some(format!("//{}{rest}", self.authority));
        }
        self.own(url).map(|rest| format!("{}://{}{rest}", self.scheme, self.authority))
    }

    /// What is behind legacy's own origin, if the URL begins with it.
    fn own(&self, url: &str) -> Option<String> {
        let (origin, rest) = Origin::begin(url)?;
        self.rewrite.0.contains(&origin).then(|| rest.to_owned())
    }

    /// `5; url=http://old.internal/`
    fn refresh(&self, value: &str) -> Option<String> {
        let at = value.to_ascii_lowercase().find("url=")? + "url=".len();
        Some(format!("{}{}", &value[..at], self.url(&value[at..])?))
    }

    /// A cookie's `Domain` becomes the client's host. Browsers take none for an address or a name without a dot: there it
    /// is left out, and the cookie is for that host alone.
    fn cookie(&self, value: &str) -> Option<String> {
        let (client, _) = host_and_port(self.authority);
        let has_domains = client.contains('.') && client.parse::<std::net::Ipv4Addr>().is_err();
        let mut attributes = value.split(';');
        let mut parts = vec![attributes.next()?.to_owned()];
        let mut changed = false;
        for part in attributes {
            match domain(part).filter(|domain| self.is_own_host(domain)) {
                Some(_) if has_domains => parts.push(format!(" Domain={client}")),
                Some(_) => {}
                None => {
                    parts.push(part.to_owned());
                    continue;
                }
            }
            changed = true;
        }
        changed.then(|| parts.join(";"))
    }

    fn is_own_host(&self, host: &str) -> bool {
        self.rewrite.0.iter().any(|origin| origin.host.eq_ignore_ascii_case(host))
    }

    /// The head with what names legacy replaced; `None` where nothing does.
    fn rewrite(&self, head: &ResponseHead) -> Option<ResponseHead> {
        let values: Vec<_> = head.fields().iter().map(|field| self.value(&field)).collect();
        if values.iter().all(Option::is_none) {
            return None;
        }
        let mut bytes = Vec::with_capacity(head.bytes().len() + 256);
        let line = head.bytes().iter().position(|byte| *byte == b'\n')? + 1;
        bytes.extend_from_slice(&head.bytes()[..line]);
        for (field, value) in head.fields().iter().zip(&values) {
            let value = value.as_ref().map_or(field.value, |value| value.as_bytes());
            for part in [field.name, b": ", value, b"\r\n"] {
                bytes.extend_from_slice(part);
            }
        }
        bytes.extend_from_slice(b"\r\n");
        let limits = Limits { head: u16::MAX, ..Limits::default() };
        ResponseHead::parse(&bytes, self.to_head, &limits).ok()
    }
}

/// The value of a `Domain` attribute, without the dot that may lead it.
fn domain(attribute: &str) -> Option<&str> {
    let (name, value) = attribute.split_once('=')?;
    let value = value.trim();
    name.trim().eq_ignore_ascii_case("domain").then(|| value.strip_prefix('.').unwrap_or(value))
}

impl<S: AnswerSink> AnswerSink for Rewritten<'_, S> {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.inner.informational(head).await
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        match self.rewrite(head) {
            Some(rewritten) => self.inner.head(&rewritten).await,
            None => self.inner.head(head).await,
        }
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
    use crate::legacy::testing::{Client, outbound, request};

    /// What a field becomes for a client that asked for `host`, by TLS.
    async fn rewritten(host: &str, field: &str) -> String {
        let head = request(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let set = [(&b"X-Forwarded-Host"[..], host.as_bytes()), (b"X-Forwarded-Proto", b"https")];
        let outbound = Outbound { set: &set, ..outbound(&head) };
        let own = ["http://old.internal:8080", "https://old.internal/", "http://10.0.0.1"];
        let rewrite = Rewrite(own.iter().map(|text| Origin::parse(text).unwrap()).collect());
        let mut client = Client::default();
        let mut sink = Rewritten::new(&mut client, &rewrite, &outbound).unwrap();
        let answer = format!("HTTP/1.1 302 Found Here\r\nX-First: 1\r\n{field}\r\nContent-Length: 0\r\n\r\n");
        let answer = ResponseHead::parse(answer.as_bytes(), false, &Limits::default()).unwrap();
        sink.head(&answer).await.unwrap();
        let head = client.head.unwrap();
        assert_eq!((head.status(), head.reason(), head.fields().len()), (302, &b"Found Here"[..], 3));
        let field = head.fields().iter().nth(1).unwrap();
        format!("{}: {}", String::from_utf8_lossy(field.name), String::from_utf8_lossy(field.value))
    }

    #[tokio::test]
    async fn redirects_to_legacys_own_origins_lead_to_the_clients() {
        for (said, told) in [
            ("Location: http://old.internal:8080/a?b#c", "Location: https://shop.example:444/a?b#c"),
            ("location: HTTP://OLD.internal:8080", "location: https://shop.example:444"),
            ("Location: https://old.internal:443/a", "Location: https://shop.example:444/a"),
            ("Location: http://10.0.0.1:80?x", "Location: https://shop.example:444?x"),
            ("Location: //old.internal/a", "Location: //shop.example:444/a"),
            ("Content-Location: http://10.0.0.1/a", "Content-Location: https://shop.example:444/a"),
            ("Refresh: 5; URL=http://10.0.0.1/a", "Refresh: 5; URL=https://shop.example:444/a"),
        ] {
            assert_eq!(rewritten("shop.example:444", said).await, told);
        }
    }

    #[tokio::test]
    async fn what_names_somebody_else_stays_as_it_is() {
        for said in [
            "Location: /a",
            "Location: http://old.internal/a",
            "Location: http://old.internal:8081/a",
            "Location: http://old.internal.evil:8080/a",
            "Location: http://u@old.internal:8080/a",
            "Location: https://pay.example/?back=http://old.internal:8080/",
            "Set-Cookie: a=b; Domain=shop.example; Path=/",
            "Set-Cookie: domain=old.internal",
            "X-Other: http://old.internal:8080/a",
        ] {
            let told = rewritten("shop.example", said).await;
            assert_eq!(told, said);
        }
    }

    #[tokio::test]
    async fn cookies_for_legacys_own_host_are_for_the_clients() {
        let said = "Set-Cookie: id=1; Path=/; domain=.OLD.internal; HttpOnly";
        for (host, told) in [
            ("shop.example:444", "Set-Cookie: id=1; Path=/; Domain=shop.example; HttpOnly"),
            ("localhost:8080", "Set-Cookie: id=1; Path=/; HttpOnly"),
            ("127.0.0.1", "Set-Cookie: id=1; Path=/; HttpOnly"),
        ] {
            assert_eq!(rewritten(host, said).await, told);
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        for text in ["ftp://a", "http://", "http://a/b", "http://a?b", "a:80", "http://u@a"] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }
}
