//! The request as a handler sees it: the client's own bytes, owned, its body whole.

use std::net::IpAddr;

use bytes::Bytes;
use http::Method;

use crate::{Fields, InvalidField};

/// A request with its whole body (up to the route's limit; what is larger goes to legacy).
///
/// Path and query are the bytes that the client sent: nothing is decoded, nothing normalised. Cloning is cheap:
/// the bytes are shared.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    target: Bytes,
    query_at: Option<usize>,
    fields: Fields,
    body: Bytes,
    params: Vec<(String, Bytes)>,
    peer: Option<IpAddr>,
}

impl Request {
    /// Begins a request, for tests and for those who build one from a recording.
    pub fn builder(method: Method, target: impl Into<Bytes>) -> RequestBuilder {
        let target = target.into();
        let query_at = target.iter().position(|b| *b == b'?');
        let request = Self {
            method,
            target,
            query_at,
            fields: Fields::new(),
            body: Bytes::new(),
            params: Vec::new(),
            peer: None,
        };
        RequestBuilder { request, fault: None }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Path and query as sent (PHP's `REQUEST_URI`).
    pub fn target(&self) -> &Bytes {
        &self.target
    }

    /// The path as sent, still percent-encoded.
    pub fn path(&self) -> &[u8] {
        &self.target[..self.query_at.unwrap_or(self.target.len())]
    }

    /// What follows the first `?`, still percent-encoded; `None` without one.
    pub fn query(&self) -> Option<&[u8]> {
        self.query_at.map(|at| &self.target[at + 1..])
    }

    /// The header fields, in the client's order and case.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The whole body, decoded from its transfer coding only.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The same request with that body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// What the route's pattern captured under that name, still percent-encoded.
    pub fn param(&self, name: &str) -> Option<&[u8]> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_ref())
    }

    /// All that the route's pattern captured, still percent-encoded.
    pub fn params(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.params.iter().map(|(name, value)| (name.as_str(), value.as_ref()))
    }

    /// The client's address, where it is known.
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}

/// Builds a [`Request`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RequestBuilder {
    request: Request,
    fault: Option<InvalidField>,
}

impl RequestBuilder {
    /// Adds a header field. An invalid one is reported by [`build`](Self::build).
    pub fn field(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        if let Err(fault) = self.request.fields.append(name, value) {
            self.fault.get_or_insert(fault);
        }
        self
    }

    /// Takes all header fields at once.
    pub fn fields(mut self, fields: Fields) -> Self {
        self.request.fields = fields;
        self
    }

    /// The body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.request.body = body.into();
        self
    }

    /// A capture of the route's pattern.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.request.params.push((name.into(), value.into()));
        self
    }

    /// The client's address.
    pub fn peer(mut self, peer: IpAddr) -> Self {
        self.request.peer = Some(peer);
        self
    }

    /// The request, unless a field was invalid.
    pub fn build(self) -> Result<Request, InvalidField> {
        self.fault.map_or(Ok(self.request), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_the_bytes_that_came() {
        for (target, path, query) in
            [("/a%2Fb?x=1?y", "/a%2Fb", Some("x=1?y")), ("/a?", "/a", Some("")), ("//a/./b", "//a/./b", None)]
        {
            let request = Request::builder(Method::GET, target).build().unwrap();
            assert_eq!(request.path(), path.as_bytes());
            assert_eq!(request.query(), query.map(str::as_bytes));
        }
    }
}
