//! `$_SERVER` as php-fpm makes it of the FastCGI parameters that it was sent.

use foldhash::fast::RandomState;
use indexmap::IndexMap;

use super::{Vars, c_string, split_at};
use crate::families::strings::base64::base64_decode;
use crate::php::Php;
use crate::value::{Array, Value};

/// What `$_SERVER` is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Server<'a> {
    /// The environment of php-fpm's children: `USER`, `HOME` and the pool's `env[…]`, in order.
    pub environment: &'a [(&'a [u8], &'a [u8])],
    /// The FastCGI parameters, in the order in which they are sent.
    pub params: &'a [(&'a [u8], &'a [u8])],
    /// When the request began, in seconds since 1970.
    pub time: f64,
}

/// `$_SERVER`: the environment, then the parameters **last first** as php-fpm has them, then what PHP adds itself.
///
/// A parameter that is sent twice keeps its first place and has its last value. `HTTP_PROXY` is never taken from a request.
///
/// ```
/// use legacy_compat::request::{Server, server};
/// use legacy_compat::{Php, Version};
/// let params = [(&b"SCRIPT_NAME"[..], &b"/index.php"[..]), (b"HTTP_AUTHORIZATION", b"Basic bWU6czNjcmV0")];
/// let seen = server(&Php::new(Version::V8_2), &Server { params: &params, time: 1.5, ..Server::default() });
/// assert_eq!(seen["PHP_SELF"].as_bytes(), Some(&b"/index.php"[..]));
/// assert_eq!(seen["PHP_AUTH_PW"].as_bytes(), Some(&b"s3cret"[..]));
/// ```
pub fn server(php: &Php, from: &Server<'_>) -> Array {
    if !php.input.fills('S') {
        return Array::new();
    }
    let params = in_phps_order(from.params);
    let param = |name: &[u8]| params.get(name).copied();
    let mut vars = Vars::new(php);
    let environment = from.environment.iter().copied();
    for (name, value) in environment.chain(params.iter().map(|(name, value)| (*name, *value))) {
        vars.register(name, Value::string(value));
    }
    let own = [param(b"SCRIPT_NAME"), param(b"PATH_INFO")].map(Option::unwrap_or_default).concat();
    vars.register(b"PHP_SELF", own.into());
    for (name, value) in param(b"HTTP_AUTHORIZATION").map(credentials).unwrap_or_default() {
        vars.register(name.as_bytes(), value.into());
    }
    vars.register(b"REQUEST_TIME_FLOAT", Value::Float(from.time));
    vars.register(b"REQUEST_TIME", Value::Int(from.time as i64));
    let mut seen = vars.finish().0;
    if php.input.register_argc_argv {
        let query = param(b"QUERY_STRING").unwrap_or_default();
        let words = query.split(|byte| *byte == b'+').filter(|_| !query.is_empty()).map(Value::string);
        let argv: Array = words.collect::<Vec<_>>().into();
        let argc = argv.len() as i64;
        seen.insert("argv", argv);
        seen.insert("argc", argc);
    }
    if !from.environment.iter().any(|(name, _)| *name == b"HTTP_PROXY") {
        seen.remove(&"HTTP_PROXY".into());
    }
    seen
}

/// Each name once, the last one first; php-fpm sets `FCGI_ROLE` before all others.
fn in_phps_order<'a>(params: &[(&'a [u8], &'a [u8])]) -> IndexMap<&'a [u8], &'a [u8], RandomState> {
    let mut kept: IndexMap<&[u8], &[u8], RandomState> = IndexMap::default();
    kept.insert(b"FCGI_ROLE", b"RESPONDER");
    kept.extend(params.iter().copied());
    kept.reverse();
    kept
}

/// `PHP_AUTH_USER` and `PHP_AUTH_PW`, or `PHP_AUTH_DIGEST`.
fn credentials(field: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let behind = |scheme: &str| {
        let (head, rest) = field.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme.as_bytes()).then_some(rest)
    };
    if let Some(digest) = behind("Digest ") {
        return vec![("PHP_AUTH_DIGEST", digest.to_vec())];
    }
    let decoded = behind("Basic ").and_then(|text| base64_decode(text, false)).unwrap_or_default();
    match split_at(c_string(&decoded), b':') {
        (user, Some(password)) => vec![("PHP_AUTH_USER", user.to_vec()), ("PHP_AUTH_PW", password.to_vec())],
        _ => Vec::new(),
    }
}
