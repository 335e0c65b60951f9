//! URLs: `parse_url` and `http_build_query`.

use super::strings::escape::{rawurlencode, urlencode};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast;
use crate::php::{Php, Version};
use crate::value::{Array, Key, Str, Value, deeper};

pub(crate) const ROWS: &[Row] = &[
    ("parse_url(string $url, int $component = -1)", call_parse_url),
    (
        "8.0- http_build_query(mixed $data, string $numeric_prefix = \"\", ?string $arg_separator = null, int $encoding_type = 1)",
        http_build_query,
    ),
    (
        "-7.4 http_build_query(mixed $data, string $prefix = \"\", string $arg_separator = ?, int $enc_type = 1): false",
        http_build_query,
    ),
];

/// The parts of a URL, as `parse_url` finds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// Before the first colon.
    pub scheme: Option<Vec<u8>>,
    /// The host; IPv6 in its brackets.
    pub host: Option<Vec<u8>>,
    /// The port.
    pub port: Option<u16>,
    /// Before the `@`.
    pub user: Option<Vec<u8>>,
    /// Between colon and `@`.
    pub pass: Option<Vec<u8>>,
    /// The path.
    pub path: Option<Vec<u8>>,
    /// Behind the `?`.
    pub query: Option<Vec<u8>>,
    /// Behind the `#`.
    pub fragment: Option<Vec<u8>>,
}

/// Control characters become underscores.
fn clean(text: &[u8]) -> Option<Vec<u8>> {
    Some(text.iter().map(|byte| if byte.is_ascii_control() { b'_' } else { *byte }).collect())
}

fn decimal(digits: &[u8]) -> Option<u16> {
    digits.first().filter(|digit| digit.is_ascii_digit())?;
    let port = crate::numeric::strtol(digits, 10);
    u16::try_from(port).ok()
}

/// Where the parsing goes on.
enum Rest<'a> {
    Host(&'a [u8]),
    Path(&'a [u8]),
}

/// `parse_url`: none is PHP's false, for what cannot be a URL. It splits, it does not validate.
pub fn parse_url(php: &Php, text: &[u8]) -> Option<Url> {
    let mut url = Url::default();
    if php.is_5() && port_without_host(text) {
        return None;
    }
    match scheme(php, text, &mut url)? {
        None => {}
        Some(Rest::Path(path)) => after_host(php, path, &mut url),
        Some(Rest::Host(rest)) => {
            let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
            authority(php, &rest[..end], &mut url)?;
            if end < rest.len() {
                after_host(php, &rest[end..], &mut url);
            }
        }
    }
    Some(url)
}

/// Whether a colon and digits end a text that has no host: 5.6 takes them for a port.
fn port_without_host(text: &[u8]) -> bool {
    if text.starts_with(b"//") || !text.starts_with(b"/") {
        return false;
    }
    let Some(colon) = memchr::memchr(b':', text) else { return false };
    let digits = text[colon + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=5).contains(&digits) && matches!(text.get(colon + 1 + digits), None | Some(b'/'))
}

/// Reads the scheme: none for a refusal, some none where there is nothing behind it.
fn scheme<'a>(php: &Php, text: &'a [u8], url: &mut Url) -> Option<Option<Rest<'a>>> {
    let relative = text.starts_with(b"//");
    let Some(colon) = memchr::memchr(b':', text) else {
        return Some(Some(if relative { Rest::Host(&text[2..]) } else { Rest::Path(text) }));
    };
    if colon == 0 {
        return port_first(text, colon, relative, url).map(Some);
    }
    let (name, rest) = (&text[..colon], &text[colon + 1..]);
    if !name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte)) {
        let query =
            text.iter().position(|byte| b"?#".contains(byte)).filter(|_| !php.is_5()).unwrap_or(text.len());
        return match () {
            () if !rest.is_empty() && colon < query => port_first(text, colon, relative, url).map(Some),
            () if relative => Some(Some(Rest::Host(&text[2..]))),
            () => Some(Some(Rest::Path(text))),
        };
    }
    if rest.is_empty() {
        url.scheme = clean(name);
        return Some(None);
    }
    if rest[0] != b'/' {
        let digits = rest.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        if digits < 6 && matches!(rest.get(digits), None | Some(b'/')) {
            return port_first(text, colon, relative, url).map(Some);
        }
        url.scheme = clean(name);
        return Some(Some(Rest::Path(rest)));
    }
    url.scheme = clean(name);
    let Some(b'/') = rest.get(1) else { return Some(Some(Rest::Path(rest))) };
    if name.eq_ignore_ascii_case(b"file") && rest.get(2) == Some(&b'/') {
        let drive = rest.len() > 4 && rest[4] == b':';
        return Some(Some(Rest::Path(&rest[if drive { 3 } else { 2 }..])));
    }
    Some(Some(Rest::Host(&rest[2..])))
}

/// `host:80/path` without a scheme.
fn port_first<'a>(text: &'a [u8], colon: usize, relative: bool, url: &mut Url) -> Option<Rest<'a>> {
    let rest = &text[colon + 1..];
    let digits = rest.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let host = if relative { Rest::Host(&text[2..]) } else { Rest::Host(text) };
    if (1..6).contains(&digits) && matches!(rest.get(digits), None | Some(b'/')) {
        url.port = Some(decimal(&rest[..digits])?);
        return Some(host);
    }
    match () {
        () if rest.is_empty() => None,
        () if relative => Some(host),
        () => Some(Rest::Path(text)),
    }
}

fn authority(php: &Php, text: &[u8], url: &mut Url) -> Option<()> {
    let mut host = text;
    if let Some(at) = memchr::memrchr(b'@', text) {
        let login = &text[..at];
        match memchr::memchr(b':', login) {
            Some(colon) => {
                url.user = clean(&login[..colon]);
                url.pass = clean(&login[colon + 1..]);
            }
            None => url.user = clean(login),
        }
        host = &text[at + 1..];
    }
    let literal = host.first() == Some(&b'[') && host.last() == Some(&b']');
    if let Some(colon) = memchr::memrchr(b':', host).filter(|_| !literal) {
        let digits = &host[colon + 1..];
        if url.port.is_none() {
            if digits.len() > 5 {
                return None;
            }
            if !digits.is_empty() {
                url.port = Some(decimal(digits)?);
            }
        }
        host = &host[..colon];
    }
    if host.is_empty() {
        return None;
    }
    if url.port == Some(0) && !php.since(Version::V7_4) {
        return None;
    }
    url.host = clean(host);
    Some(())
}

/// Path, query and fragment. An empty query or fragment is nothing up to 7.4, `""` from 8.0.
fn after_host(php: &Php, text: &[u8], url: &mut Url) {
    let part = |text: &[u8]| if text.is_empty() && !php.is_8() { None } else { clean(text) };
    let mut rest = text;
    if let Some(at) = memchr::memchr(b'#', rest) {
        url.fragment = part(&rest[at + 1..]);
        rest = &rest[..at];
    }
    if let Some(at) = memchr::memchr(b'?', rest) {
        url.query = part(&rest[at + 1..]);
        rest = &rest[..at];
    }
    if !rest.is_empty() || text.is_empty() {
        url.path = clean(rest);
    }
}

fn call_parse_url(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(url) = parse_url(ctx.php, args.bytes(0)) else { return ok(false) };
    let port = url.port.map(i64::from);
    match args.int(1) {
        -1 => {}
        0 => return ok(url.scheme),
        1 => return ok(url.host),
        2 => return ok(port),
        3 => return ok(url.user),
        4 => return ok(url.pass),
        5 => return ok(url.path),
        6 => return ok(url.query),
        7 => return ok(url.fragment),
        other if other > -1 => {
            let message = format!(
                "parse_url(): Argument #2 ($component) must be a valid URL component identifier, {other} given"
            );
            return ctx.value_error(false, message);
        }
        _ => {}
    }
    let mut out = Array::new();
    let texts = [("scheme", url.scheme), ("host", url.host)];
    let rest = [
        ("user", url.user),
        ("pass", url.pass),
        ("path", url.path),
        ("query", url.query),
        ("fragment", url.fragment),
    ];
    for (name, text) in texts {
        text.into_iter().for_each(|text| out.insert(name, text));
    }
    port.into_iter().for_each(|port| out.insert("port", port));
    for (name, text) in rest {
        text.into_iter().for_each(|text| out.insert(name, text));
    }
    ok(out)
}

fn http_build_query(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let data = match args.value(0) {
        Value::Array(array) => array.clone(),
        Value::Object(object) => object.props().clone(),
        other => {
            let message = format!(
                "http_build_query(): Argument #1 ($data) must be of type array, {} given",
                other.type_name()
            );
            return ctx.type_error(false, message);
        }
    };
    let separator = args.opt_bytes(2).unwrap_or(b"&");
    let raw = args.int(3) == 2;
    let mut query = Query { php: ctx.php, separator, raw, out: Vec::new() };
    query.all(&data, None, args.bytes(1));
    ok(query.out)
}

struct Query<'a> {
    php: &'a Php,
    separator: &'a [u8],
    raw: bool,
    out: Vec<u8>,
}

impl Query<'_> {
    fn encode(&self, text: &[u8]) -> Vec<u8> {
        if self.raw { rawurlencode(text) } else { urlencode(text) }
    }

    fn all(&mut self, data: &Array, parent: Option<&[u8]>, numeric_prefix: &[u8]) {
        for (key, value) in data.iter() {
            let name = match (&key, parent) {
                (Key::Int(int), None) => [numeric_prefix, int.to_string().as_bytes()].concat(),
                (Key::Str(name), None) => self.encode(name),
                (key, Some(parent)) => [parent, b"%5B", &self.encode(&key.to_str()), b"%5D"].concat(),
            };
            match value {
                Value::Null => {}
                Value::Array(inner) => deeper(|| self.all(inner, Some(&name), b"")),
                Value::Object(object) => deeper(|| self.all(object.props(), Some(&name), b"")),
                scalar => {
                    let text = self.scalar(scalar);
                    if !self.out.is_empty() {
                        self.out.extend_from_slice(self.separator);
                    }
                    self.out.extend_from_slice(&name);
                    self.out.push(b'=');
                    self.out.extend_from_slice(&text);
                }
            }
        }
    }

    fn scalar(&self, value: &Value) -> Vec<u8> {
        let text = match value {
            Value::Bool(bool) => Str::from(if *bool { "1" } else { "0" }),
            // Up to 7.0 a float was not encoded.
            Value::Float(float) if !self.php.since(Version::V7_1) => {
                return cast::float_to_str(self.php, *float).to_vec();
            }
            other => cast::to_str(self.php, other),
        };
        if matches!(value, Value::Float(_)) && !self.php.since(Version::V7_2) {
            return text.to_vec();
        }
        self.encode(&text)
    }
}
