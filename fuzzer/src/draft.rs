//! A request taken apart, so that its parts can be changed, and put together again.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;

use crate::form;
use crate::node::Node;

/// A request in the making. What nobody changed is put together as it was, but for blanks between JSON's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The method.
    pub method: String,
    /// The path, as sent.
    pub path: Vec<u8>,
    /// The query's pairs; `None` without a query.
    pub query: Option<Vec<Pair>>,
    /// The header fields, without `Content-Length`.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Body,
}

/// A body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// JSON, and what stands before it (a byte order mark).
    Json(Vec<u8>, Node),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<Pair>),
    /// Anything else.
    Raw(Vec<u8>),
}

/// A name and its value, escaped as sent; `None` without a `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: Vec<u8>,
    /// The value.
    pub value: Option<Vec<u8>>,
}

impl Pair {
    /// A pair of plain texts.
    pub fn of(name: &[u8], value: &[u8]) -> Self {
        Self { name: form::encode(name), value: Some(form::encode(value)) }
    }

    /// The name without escapes.
    pub fn plain_name(&self) -> String {
        String::from_utf8_lossy(&form::decode(&self.name)).into_owned()
    }

    /// The value without escapes.
    pub fn plain_value(&self) -> Vec<u8> {
        form::decode(self.value.as_deref().unwrap_or_default())
    }

    /// Another value, given plain.
    pub fn set(&mut self, plain: &[u8]) {
        self.value = Some(form::encode(plain));
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";
const FORM: &[u8] = b"application/x-www-form-urlencoded";

impl Draft {
    /// Takes a request apart.
    pub fn of(method: &str, target: &[u8], fields: Vec<(String, Vec<u8>)>, body: &[u8]) -> Self {
        let at = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
        let mut draft = Self {
            method: method.to_owned(),
            path: target[..at].to_vec(),
            query: target.get(at + 1..).map(pairs),
            fields: fields
                .into_iter()
                .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
                .collect(),
            body: Body::Raw(Vec::new()),
        };
        draft.body = taken_apart(body, draft.media());
        draft
    }

    /// The body's type, without its parameters.
    fn media(&self) -> Vec<u8> {
        let value = self.field("content-type").unwrap_or_default();
        value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase()
    }

    /// The first field of that name, whatever its case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// Puts a field in the place of the first of its name, or behind all.
    pub fn set_field(&mut self, name: &str, value: &[u8]) {
        match self.fields.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value.to_vec(),
            None => self.fields.push((name.to_owned(), value.to_vec())),
        }
    }

    /// Path and query, as they are sent.
    pub fn target(&self) -> Bytes {
        let mut target = self.path.clone();
        if let Some(query) = &self.query {
            target.push(b'?');
            target.extend_from_slice(&joined(query));
        }
        target.into()
    }

    /// The body, as it is sent.
    pub fn content(&self) -> Bytes {
        match &self.body {
            Body::Json(before, node) => [before.as_slice(), node.to_string().as_bytes()].concat().into(),
            Body::Form(pairs) => joined(pairs).into(),
            Body::Raw(bytes) => Bytes::from(bytes.clone()),
        }
    }

    /// Tells it from others, in this process.
    pub fn digest(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        (&self.method, self.target(), &self.fields, self.content()).hash(&mut hash);
        hash.finish()
    }

    /// How much there is to read in it: what a smaller one has less of.
    pub fn size(&self) -> usize {
        let fields: usize = self.fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        self.target().len() + fields + self.content().len()
    }
}

/// JSON also where old clients say that it is a form.
fn taken_apart(body: &[u8], media: Vec<u8>) -> Body {
    let (before, rest) = body.strip_prefix(BOM).map_or((&b""[..], body), |rest| (BOM, rest));
    let is_document = matches!(rest.trim_ascii_start().first(), Some(b'{' | b'['));
    match Node::parse(rest).filter(|_| is_document) {
        Some(node) => Body::Json(before.to_vec(), node),
        None if media == FORM => Body::Form(pairs(body)),
        None => Body::Raw(body.to_vec()),
    }
}

fn pairs(text: &[u8]) -> Vec<Pair> {
    let pair = |pair: &[u8]| match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => Pair { name: pair[..at].to_vec(), value: Some(pair[at + 1..].to_vec()) },
        None => Pair { name: pair.to_vec(), value: None },
    };
    if text.is_empty() { Vec::new() } else { text.split(|byte| *byte == b'&').map(pair).collect() }
}

fn joined(pairs: &[Pair]) -> Vec<u8> {
    let pair = |pair: &Pair| match &pair.value {
        Some(value) => [pair.name.as_slice(), b"=", value].concat(),
        None => pair.name.clone(),
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join(&b"&"[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(media: &str, body: &[u8]) -> Draft {
        let fields =
            vec![("Content-Type".to_owned(), media.into()), ("Content-Length".to_owned(), b"9".to_vec())];
        Draft::of("POST", b"/a?x=%2f&y&z=", fields, body)
    }

    #[test]
    fn what_nobody_changed_is_put_together_as_it_was() {
        for (media, body) in [
            ("application/json", &br#"{"a":1.0,"a":"\/"}"#[..]),
            ("application/json", b"\xEF\xBB\xBF[1]"),
            ("application/json", b"{broken"),
            ("application/x-www-form-urlencoded; charset=x", b"a=1&b&c[d]=%zz&=&"),
            ("application/x-www-form-urlencoded", br#"{"json":"all the same"}"#),
            ("multipart/form-data; boundary=b", b"--b\r\n\r\n\xff\r\n--b--"),
            ("", b""),
        ] {
            let draft = draft(media, body);
            assert_eq!((draft.content(), draft.target()), (body.to_vec().into(), "/a?x=%2f&y&z=".into()));
            assert_eq!(draft.fields.len(), 1, "the length is whoever sends it's to say");
        }
        assert_eq!(Draft::of("GET", b"/a", Vec::new(), b"").target(), "/a");
        assert_eq!(Draft::of("GET", b"/a?", Vec::new(), b"").target(), "/a?");
    }
}
