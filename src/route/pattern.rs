//! What a route matches: methods, host, path and header fields, parsed once and compared often.

use std::fmt;

/// The methods that a route can name. All others are legacy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    /// All of them, in the order of their bits.
    pub(crate) const ALL: [Self; 7] =
        [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    /// The method of that name. Methods are case-sensitive (RFC 9110 §9.1).
    pub(crate) fn from_bytes(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str().as_bytes() == name)
    }

    /// Its name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Which methods a pattern names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Methods {
    /// `*`: all but OPTIONS, which stays legacy's unless it is named.
    Any,
    /// These.
    Named(u8),
}

impl Methods {
    /// Whether it names this method itself; `GET` covers HEAD without naming it.
    pub(crate) const fn names(self, method: Method) -> bool {
        matches!(self, Self::Named(bits) if bits & method.bit() != 0)
    }

    /// How closely it fits a method: the smaller, the closer; `None` when it does not cover it.
    pub(crate) const fn distance(self, method: Method) -> Option<u8> {
        match (self, method) {
            _ if self.names(method) => Some(0),
            (Self::Named(bits), Method::Head) if bits & Method::Get.bit() != 0 => Some(1),
            (Self::Any, Method::Options) | (Self::Named(_), _) => None,
            (Self::Any, _) => Some(2),
        }
    }

    /// Whether both would claim a request with equal right.
    pub(crate) const fn collides(self, other: Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Named(a), Self::Named(b)) => a & b != 0,
            _ => false,
        }
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self, Self::Any) {
            return f.write_str("*");
        }
        let named = Method::ALL.into_iter().filter(|m| self.names(*m));
        for (i, method) in named.enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { "|" }, method.as_str())?;
        }
        Ok(())
    }
}

/// The most captures of one pattern.
pub(crate) const CAPTURES_MAX: usize = 8;

/// What a route matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The methods.
    pub methods: Methods,
    /// The path as written: literal segments, `{name}` for one segment or a part of it, `{*name}` for the rest.
    pub path: String,
    /// The path with its captures renamed by position, so that patterns that match alike are equal.
    pub shape: String,
    /// The captures' names, in order.
    pub captures: Vec<String>,
    /// The only host that it matches, in lower case, without a port.
    pub host: Option<String>,
    /// Header fields that must be there once, with that value; names in lower case, sorted.
    pub headers: Vec<(String, String)>,
}

impl Pattern {
    /// Parses `POST /v1/events`, `GET|PUT /v1/events/{id}`, `* /static/{*rest}`.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let (methods, path) = text.trim().split_once(' ').ok_or_else(|| match text.starts_with('/') {
            true => PatternError::NoMethod(text.to_owned()),
            false => PatternError::NoPath,
        })?;
        let methods = parse_methods(methods)?;
        let path = path.trim();
        let (shape, captures) = parse_path(path)?;
        Ok(Self { methods, path: path.to_owned(), shape, captures, host: None, headers: Vec::new() })
    }

    /// How particular the path is, segment by segment: the smaller, the more particular. Of two patterns that match
    /// the same path, the smaller one is meant.
    pub(crate) fn generality(&self) -> Vec<u8> {
        self.shape
            .split('/')
            .map(|segment| match segment {
                s if s.starts_with("{*") => 3,
                s if s.starts_with('{') && s.ends_with('}') => 2,
                s if s.contains('{') => 1,
                _ => 0,
            })
            .collect()
    }

    /// Whether it ends in `{*name}`.
    pub(crate) fn is_catch_all(&self) -> bool {
        self.shape.contains("{*")
    }

    /// Whether some request would match both with equal right.
    pub(crate) fn collides(&self, other: &Self) -> bool {
        self.shape == other.shape
            && self.host == other.host
            && self.headers == other.headers
            && self.methods.collides(other.methods)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.methods, self.host.as_deref().unwrap_or(""), self.path)?;
        self.headers.iter().try_for_each(|(name, value)| write!(f, " [{name}: {value}]"))
    }
}

/// Why a `match` cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("no method before the path")]
    NoMethod(String),
    #[error("a match is a method and a path")]
    NoPath,
    #[error("`{0}` is no method that a route can name")]
    Method(String),
    #[error("a path begins with `/`")]
    NotAbsolute,
    #[error("an empty segment (`//`) is read differently by different backends")]
    EmptySegment,
    #[error("a segment `{0}` would be resolved before legacy sees it")]
    DotSegment(String),
    #[error("`{0}` cannot stand in a path's literal part")]
    Byte(char),
    #[error("a `{{` without its `}}`, or the other way round")]
    Brace,
    #[error("`{0}` is no name for a capture")]
    Name(String),
    #[error("two captures are named `{0}`")]
    Twice(String),
    #[error("a segment has room for one capture")]
    TwoInSegment,
    #[error("`{{*{0}}}` takes the rest of the path, so it must be the whole last segment")]
    CatchAllNotLast(String),
    #[error("more than {CAPTURES_MAX} captures")]
    TooMany,
}

impl PatternError {
    /// What to write instead.
    pub(crate) fn hint(&self) -> Option<String> {
        let methods = || Method::ALL.map(Method::as_str).join(", ");
        Some(match self {
            Self::NoMethod(path) => format!("write `GET {path}`, or `* {path}` for every method but OPTIONS"),
            Self::NoPath => "write it like `POST /v1/events` or `GET|PUT /v1/events/{id}`".to_owned(),
            Self::Method(name) => match Method::from_bytes(name.to_ascii_uppercase().as_bytes()) {
                Some(method) => format!("methods are in capitals: `{}`", method.as_str()),
                None => format!("`*`, or some of {}, with `|` between; all others stay legacy's", methods()),
            },
            Self::Byte('%') => {
                "a path with percent-encoded octets can be read in two ways; let a capture take that segment"
                    .to_owned()
            }
            Self::Byte('?') => "a match has no query; the handler can look at it".to_owned(),
            Self::Byte(_) => {
                "letters, digits and -._~!$&'()*+,;=:@ (RFC 3986 §3.3); the rest by a capture".to_owned()
            }
            Self::Name(_) => "letters, digits and `_`, not beginning with a digit".to_owned(),
            _ => return None,
        })
    }
}

fn parse_methods(text: &str) -> Result<Methods, PatternError> {
    if text == "*" {
        return Ok(Methods::Any);
    }
    text.split('|')
        .try_fold(0, |bits, name| {
            let method =
                Method::from_bytes(name.as_bytes()).ok_or_else(|| PatternError::Method(name.to_owned()))?;
            Ok(bits | method.bit())
        })
        .map(Methods::Named)
}

/// The shape and the captures' names.
fn parse_path(path: &str) -> Result<(String, Vec<String>), PatternError> {
    let segments: Vec<&str> = path.strip_prefix('/').ok_or(PatternError::NotAbsolute)?.split('/').collect();
    let (mut shape, mut captures) = (String::with_capacity(path.len()), Vec::new());
    for (i, segment) in segments.iter().enumerate() {
        let last = i + 1 == segments.len();
        if segment.is_empty() && !last {
            return Err(PatternError::EmptySegment);
        }
        if is_dot_segment(segment.as_bytes()) {
            return Err(PatternError::DotSegment((*segment).to_owned()));
        }
        shape.push('/');
        parse_segment(segment, last, &mut shape, &mut captures)?;
    }
    if captures.len() > CAPTURES_MAX {
        return Err(PatternError::TooMany);
    }
    Ok((shape, captures))
}

fn parse_segment(
    segment: &str,
    last: bool,
    shape: &mut String,
    captures: &mut Vec<String>,
) -> Result<(), PatternError> {
    let Some((before, rest)) = segment.split_once('{') else {
        return literal(segment, shape);
    };
    let (inside, after) = rest.split_once('}').ok_or(PatternError::Brace)?;
    if after.contains('{') {
        return Err(PatternError::TwoInSegment);
    }
    let (star, name) = inside.strip_prefix('*').map_or(("", inside), |name| ("*", name));
    if !is_name(name) {
        return Err(PatternError::Name(inside.to_owned()));
    }
    if captures.iter().any(|n| n == name) {
        return Err(PatternError::Twice(name.to_owned()));
    }
    let whole_last_segment = last && before.is_empty() && after.is_empty();
    if !star.is_empty() && !whole_last_segment {
        return Err(PatternError::CatchAllNotLast(name.to_owned()));
    }
    literal(before, shape)?;
    shape.push_str(&format!("{{{star}p{}}}", captures.len()));
    captures.push(name.to_owned());
    literal(after, shape)
}

fn literal(text: &str, shape: &mut String) -> Result<(), PatternError> {
    match text.chars().find(|c| !c.is_ascii() || !is_pchar(*c as u8)) {
        Some('{' | '}') => Err(PatternError::Brace),
        Some(other) => Err(PatternError::Byte(other)),
        None => {
            shape.push_str(text);
            Ok(())
        }
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

/// A byte that stands for itself in a path: RFC 3986's `pchar` without the percent-encoded ones.
pub(crate) const fn is_pchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'@')
        || is_sub_delim(byte)
}

const fn is_sub_delim(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

/// Whether a segment is `.` or `..`, also with a path parameter behind it (`..;x`), which some backends cut off.
pub(crate) fn is_dot_segment(segment: &[u8]) -> bool {
    let name = segment.split(|b| *b == b';').next().unwrap_or(segment);
    name == b"." || name == b".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_methods_and_a_path() {
        for (text, methods, shape, captures) in [
            ("POST /v1/events", "POST", "/v1/events", vec![]),
            ("GET /", "GET", "/", vec![]),
            ("PUT|GET /v1/events/{id}", "GET|PUT", "/v1/events/{p0}", vec!["id"]),
            ("* /static/{*rest}", "*", "/static/{*p0}", vec!["rest"]),
            ("GET /{a}/x-{b}.png", "GET", "/{p0}/x-{p1}.png", vec!["a", "b"]),
            ("GET /with/slash/", "GET", "/with/slash/", vec![]),
        ] {
            let pattern = Pattern::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(pattern.methods.to_string(), methods, "{text}");
            assert_eq!(
                (pattern.shape.as_str(), &pattern.captures),
                (shape, &captures.iter().map(|c| (*c).to_owned()).collect())
            );
        }
    }

    #[test]
    fn what_cannot_be_matched_safely_is_refused() {
        use PatternError as E;
        for (text, error) in [
            ("/v1/events", E::NoMethod("/v1/events".into())),
            ("POST", E::NoPath),
            ("post /v1", E::Method("post".into())),
            ("CONNECT /v1", E::Method("CONNECT".into())),
            ("GET v1", E::NotAbsolute),
            ("GET /a//b", E::EmptySegment),
            ("GET /a/../b", E::DotSegment("..".into())),
            ("GET /a/..;x/b", E::DotSegment("..;x".into())),
            ("GET /a%2Fb", E::Byte('%')),
            ("GET /a?b=1", E::Byte('?')),
            ("GET /caf\u{e9}", E::Byte('\u{e9}')),
            ("GET /{a", E::Brace),
            ("GET /a}", E::Brace),
            ("GET /{}", E::Name("".into())),
            ("GET /{1a}", E::Name("1a".into())),
            ("GET /{a}/{a}", E::Twice("a".into())),
            ("GET /{a}-{b}", E::TwoInSegment),
            ("GET /{*a}/b", E::CatchAllNotLast("a".into())),
            ("GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", E::TooMany),
        ] {
            assert_eq!(Pattern::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn the_closer_method_counts() {
        let named = |text| parse_methods(text).unwrap();
        assert_eq!(named("GET").distance(Method::Get), Some(0));
        assert_eq!(named("GET").distance(Method::Head), Some(1));
        assert_eq!(named("*").distance(Method::Head), Some(2));
        assert_eq!(named("*").distance(Method::Options), None);
        assert_eq!(named("POST").distance(Method::Head), None);
    }
}
