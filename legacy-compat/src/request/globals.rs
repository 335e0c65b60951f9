//! The superglobals that PHP fills from a request.

use super::multipart::{self, Multipart, Upload};
use super::{cookies, form_vars, query_vars};
use crate::php::Php;
use crate::value::{Array, Value};

/// How much of a multipart body PHP may have read for `php://input` still to give the rest, in bytes.
const INPUT_CHUNK: usize = 8192;

/// A request as it reaches PHP. What a request does not have is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Incoming<'a> {
    /// The method, as sent.
    pub method: &'a [u8],
    /// What follows the `?` of its target, still encoded.
    pub query: &'a [u8],
    /// Its `Cookie` fields, joined with `; `.
    pub cookie: &'a [u8],
    /// Its `Content-Type`.
    pub content_type: &'a [u8],
    /// Its body.
    pub body: &'a [u8],
}

/// What PHP's code sees of a request before it has run a line.
///
/// ```
/// use legacy_compat::request::{Incoming, Superglobals};
/// use legacy_compat::{Php, Version};
///
/// let php = Php::new(Version::V8_2);
/// let body = b"--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"C:\\me.png\"\r\n\r\nPNG\r\n--x--\r\n";
/// let request = Incoming {
///     method: b"POST",
///     query: b"page=2",
///     content_type: b"multipart/form-data; boundary=x",
///     body,
///     ..Incoming::default()
/// };
/// let seen = Superglobals::of(&php, &request);
/// assert_eq!(seen.get["page"].as_bytes(), Some(&b"2"[..]));
/// assert_eq!(seen.files["photo"].at("name").as_bytes(), Some(&b"me.png"[..]));
/// assert_eq!(seen.uploads[0].contents, b"PNG");
/// assert_eq!(seen.input, b"", "php://input is empty for a multipart form");
/// ```
#[derive(Clone, Debug)]
pub struct Superglobals<'a> {
    /// `$_GET`
    pub get: Array,
    /// `$_POST`
    pub post: Array,
    /// `$_COOKIE`
    pub cookie: Array,
    /// `$_FILES`. In place of PHP's path, `tmp_name` is `upload:N`: the `N`th of `uploads`.
    pub files: Array,
    /// `$_REQUEST`, in the order that `request_order` says.
    pub request: Array,
    /// The uploaded files, in order.
    pub uploads: Vec<Upload<'a>>,
    /// `php://input`
    pub input: &'a [u8],
}

impl<'a> Superglobals<'a> {
    /// What PHP makes of a request.
    pub fn of(php: &Php, request: &Incoming<'a>) -> Self {
        let fills = |letter| php.input.fills(letter);
        let get = if fills('G') { query_vars(php, request.query).0 } else { Array::new() };
        let cookie = if fills('C') { cookies(php, request.cookie) } else { Array::new() };
        let (body, input) = read_body(php, request);
        let mut seen = Self {
            get,
            cookie,
            post: if fills('P') { body.post } else { Array::new() },
            files: body.files,
            request: Array::new(),
            uploads: body.uploads,
            input,
        };
        seen.request = seen.merged(php);
        seen
    }

    fn merged(&self, php: &Php) -> Array {
        let order = php.input.request_order.as_ref().unwrap_or(&php.input.variables_order);
        let mut request = Array::new();
        let mut seen = String::new();
        for letter in order.chars().map(|letter| letter.to_ascii_uppercase()) {
            let from = match letter {
                'G' => &self.get,
                'P' => &self.post,
                'C' => &self.cookie,
                _ => continue,
            };
            if !seen.contains(letter) {
                seen.push(letter);
                merge(&mut request, from);
            }
        }
        request
    }
}

/// Arrays on both sides are merged, all else of the later one wins.
fn merge(into: &mut Array, from: &Array) {
    for (key, value) in from.iter() {
        match (into.get_mut(&key), value) {
            (Some(Value::Array(old)), Value::Array(new)) => merge(old, new),
            (Some(old), new) => *old = new.clone(),
            (None, new) => into.insert(key, new.clone()),
        }
    }
}

/// What the body's type says of it, and what `php://input` still gives.
fn read_body<'a>(php: &Php, request: &Incoming<'a>) -> (Multipart<'a>, &'a [u8]) {
    let settings = &php.input;
    let too_large = settings.post_max_size > 0 && request.body.len() as u64 > settings.post_max_size;
    if !settings.enable_post_data_reading || too_large || request.method != b"POST" {
        return (Multipart::default(), request.body);
    }
    match media_type(request.content_type).as_slice() {
        b"application/x-www-form-urlencoded" => {
            let post = form_vars(php, request.body).0;
            (Multipart { post, ..Multipart::default() }, request.body)
        }
        b"multipart/form-data" if settings.fills('P') => {
            let parsed = multipart::parse(php, request.content_type, request.body);
            let rest = if parsed.read < INPUT_CHUNK { &request.body[parsed.read..] } else { &[] };
            (parsed, rest)
        }
        _ => (Multipart::default(), request.body),
    }
}

/// The type up to `;`, `,` or a blank, in lower case.
fn media_type(content_type: &[u8]) -> Vec<u8> {
    let end = content_type.iter().position(|byte| matches!(byte, b';' | b',' | b' '));
    content_type[..end.unwrap_or(content_type.len())].to_ascii_lowercase()
}
