//! What PHP sees in `$_SERVER`: the parameters of nginx's `fastcgi.conf` (Debian's, which adds `REMOTE_USER`), in its
//! order, and a request's fields.
//!
//! Differences from nginx 1.22 with php-fpm, each on purpose:
//!
//! | parameter | nginx | here | why |
//! | --- | --- | --- | --- |
//! | `SERVER_SOFTWARE` | `nginx/…` | `handover/…` | what it is; `params` overrides it |
//! | `SERVER_NAME` | `server_name` of its config | the request's host without its port | there is no such setting; `params` overrides it |
//! | `HTTP_…` of doubled fields | the last one (before 1.23.0) | joined by `, `, Cookie by `; ` | RFC 9110 §5.3; nginx since 1.23.0 |
//! | `HTTP_PROXY` | passed on | dropped | httpoxy, CVE-2016-5385 |
//! | `HTTP_HOST` | Debian's: `$host`, without its port | as the client sent it | it agrees with the target, or the engine refuses it |
//! | `HTTP_X_FORWARDED_…` | the client's word | ours, and a trusted proxy's word (`[forwarded]`) | anyone could say anything |
//! | `PATH_INFO` | by the config's regular expression | only behind an allowed script, never empty | CVE-2019-11043 |

use std::io::Write;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::BytesMut;
use handover_http1::{Fields, Name};

use super::record::Params;
use super::script::Script;
use crate::legacy::client_cert::Certified;
use crate::legacy::outbound::Outbound;
use crate::legacy::spec::FastCgi;

/// What we call ourselves.
const SOFTWARE: &str = concat!("handover/", env!("CARGO_PKG_VERSION"));

/// Appends all parameters of a request as PARAMS records. `length` is the body's exact length, where there is one.
pub(crate) fn write(
    out: &mut BytesMut,
    legacy: &FastCgi,
    script: &Script<'_>,
    request: &Outbound<'_>,
    length: Option<u64>,
) {
    let mut writer = Writer { params: Params::new(out), legacy };
    writer.usual(script, request, length);
    for (name, value) in &legacy.params {
        writer.pair(name.as_bytes(), &[value.as_bytes()]);
    }
    writer.fields(request);
    writer.params.finish();
}

struct Writer<'o, 'l> {
    params: Params<'o>,
    legacy: &'l FastCgi,
}

impl Writer<'_, '_> {
    fn usual(&mut self, script: &Script<'_>, request: &Outbound<'_>, length: Option<u64>) {
        let head = request.head;
        let (root, file, path_info) = (root(self.legacy), script.file.as_ref(), script.path_info.as_slice());
        let fields = head.fields();
        self.usual_pair("SCRIPT_FILENAME", &[root, b"/", file]);
        self.usual_pair("QUERY_STRING", &[head.query().unwrap_or_default()]);
        self.usual_pair("REQUEST_METHOD", &[head.method()]);
        self.usual_pair("CONTENT_TYPE", &[fields.first(Name::ContentType).unwrap_or_default()]);
        match length {
            Some(length) => self.usual_pair("CONTENT_LENGTH", &[Ascii::of(length).bytes()]),
            None => {
                self.usual_pair("CONTENT_LENGTH", &[fields.first(Name::ContentLength).unwrap_or_default()]);
            }
        }
        self.usual_pair("SCRIPT_NAME", &[b"/", file]);
        self.usual_pair("REQUEST_URI", &[head.origin_target().as_ref()]);
        self.usual_pair("DOCUMENT_URI", &[b"/", file, path_info]);
        self.usual_pair("DOCUMENT_ROOT", &[root]);
        self.usual_pair("SERVER_PROTOCOL", &[request.protocol.as_bytes()]);
        self.usual_pair("REQUEST_SCHEME", &[if request.secure { b"https" } else { b"http" }]);
        if request.secure {
            self.usual_pair("HTTPS", &[b"on"]);
        }
        self.usual_pair("GATEWAY_INTERFACE", &[b"CGI/1.1"]);
        self.usual_pair("SERVER_SOFTWARE", &[SOFTWARE.as_bytes()]);
        self.usual_pair("REMOTE_ADDR", &[Ascii::of(request.peer.ip().to_canonical()).bytes()]);
        self.usual_pair("REMOTE_PORT", &[Ascii::of(request.peer.port()).bytes()]);
        self.usual_pair("REMOTE_USER", &[&basic_user(fields.first(Name::Authorization)).unwrap_or_default()]);
        self.usual_pair("SERVER_ADDR", &[Ascii::of(request.local.ip().to_canonical()).bytes()]);
        self.usual_pair("SERVER_PORT", &[Ascii::of(request.local.port()).bytes()]);
        self.usual_pair("SERVER_NAME", &[without_port(head.host().unwrap_or_default())]);
        self.usual_pair("REDIRECT_STATUS", &[b"200"]);
        if !path_info.is_empty() {
            self.usual_pair("PATH_INFO", &[path_info]);
        }
        match request.certified {
            Certified::Untold => {}
            Certified::Without => self.usual_pair("SSL_CLIENT_VERIFY", &[b"NONE"]),
            Certified::With(cert) => {
                cert.params.iter().for_each(|(name, value)| self.usual_pair(name, &[value.as_bytes()]));
            }
        }
    }

    /// A parameter that the config did not set itself.
    fn usual_pair(&mut self, name: &str, value: &[&[u8]]) {
        if !self.is_overridden(name.as_bytes()) {
            self.pair(name.as_bytes(), value);
        }
    }

    fn is_overridden(&self, name: &[u8]) -> bool {
        self.legacy.params.iter().any(|(ours, _)| ours.as_bytes() == name)
    }

    fn pair(&mut self, name: &[u8], value: &[&[u8]]) {
        self.params.pair(name.len(), value.iter().map(|part| part.len()).sum());
        self.params.put(name);
        for part in value {
            self.params.put(part);
        }
    }

    /// Fields as `HTTP_…`: ours first in line, so that no client's can stand before them.
    fn fields(&mut self, request: &Outbound<'_>) {
        for (name, value) in request.set {
            self.field(name, value.len(), std::iter::once(*value), b"");
        }
        let fields = request.head.fields();
        for (at, field) in fields.iter().enumerate() {
            let repeats =
                || fields.iter().take(at).any(|earlier| earlier.name.eq_ignore_ascii_case(field.name));
            if request.leaves_out(&field) || repeats() {
                continue;
            }
            let separator: &[u8] = if field.kind == Name::Cookie { b"; " } else { b", " };
            let length = joined_length(fields, field.name, separator);
            self.field(field.name, length, fields.get_all(field.name), separator);
        }
    }

    /// Writes one field, unless its name has more than letters, digits and hyphens: `X_Forwarded_For` would become
    /// the same parameter as `X-Forwarded-For`. nginx drops such names too (`ignore_invalid_headers`).
    fn field<'v>(
        &mut self,
        name: &[u8],
        length: usize,
        values: impl Iterator<Item = &'v [u8]>,
        separator: &[u8],
    ) {
        let mut variable = [0; PREFIX.len() + NAME_MAX];
        let Some(variable) = variable_name(name, &mut variable) else { return };
        if self.is_overridden(variable) {
            return;
        }
        self.params.pair(variable.len(), length);
        self.params.put(variable);
        for (at, value) in values.enumerate() {
            if at > 0 {
                self.params.put(separator);
            }
            self.params.put(value);
        }
    }
}

const PREFIX: &[u8] = b"HTTP_";

/// The longest name that becomes a parameter; applications read none that is longer.
const NAME_MAX: usize = 256;

fn variable_name<'b>(name: &[u8], buffer: &'b mut [u8; PREFIX.len() + NAME_MAX]) -> Option<&'b [u8]> {
    let length = PREFIX.len() + name.len();
    let variable = buffer.get_mut(..length)?;
    let (prefix, rest) = variable.split_at_mut(PREFIX.len());
    prefix.copy_from_slice(PREFIX);
    for (to, from) in rest.iter_mut().zip(name) {
        *to = match from {
            b'-' => b'_',
            byte if byte.is_ascii_alphanumeric() => byte.to_ascii_uppercase(),
            _ => return None,
        };
    }
    Some(variable)
}

fn joined_length(fields: &Fields, name: &[u8], separator: &[u8]) -> usize {
    let all: usize = fields.get_all(name).map(|value| value.len() + separator.len()).sum();
    all - separator.len()
}

/// The user of HTTP's Basic authentication (RFC 7617), as nginx's `$remote_user` has it: known, not checked.
fn basic_user(authorization: Option<&[u8]>) -> Option<Vec<u8>> {
    let (scheme, credentials) = authorization?.split_at_checked(b"Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let mut user = BASE64.decode(credentials.trim_ascii()).ok()?;
    user.truncate(memchr::memchr(b':', &user)?);
    Some(user)
}

/// Padding or not, as clients differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The document root without a slash at its end.
fn root(legacy: &FastCgi) -> &[u8] {
    let root = std::os::unix::ffi::OsStrExt::as_bytes(legacy.root.as_os_str());
    root.strip_suffix(b"/").unwrap_or(root)
}

/// `host`, of `host`, `host:port` or `[v6]:port`.
fn without_port(host: &[u8]) -> &[u8] {
    match memchr::memrchr(b':', host) {
        Some(at) if host[at + 1..].iter().all(u8::is_ascii_digit) => &host[..at],
        _ => host,
    }
}

/// A number or an address as text, without an allocation.
struct Ascii {
    text: [u8; 48],
    length: usize,
}

impl Ascii {
    fn of(value: impl std::fmt::Display) -> Self {
        let mut text = [0; 48];
        let mut rest = &mut text[..];
        // 48 bytes hold any u64 and any IPv6 address; a scope's number would be cut.
        let _ = write!(rest, "{value}");
        let length = 48 - rest.len();
        Self { text, length }
    }

    fn bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::fastcgi::script::choose;
    use crate::legacy::testing::{fastcgi, outbound, read_params, request};

    fn params(legacy: &FastCgi, request: &Outbound<'_>, length: Option<u64>) -> Vec<(String, String)> {
        let mut out = BytesMut::new();
        write(&mut out, legacy, &choose(legacy, request.head.path()), request, length);
        read_params(&out)
    }

    fn only(name: &str, params: &[(String, String)]) -> Option<String> {
        let mut found = params.iter().filter(|(n, _)| n == name);
        let value = found.next().map(|(_, value)| value.clone());
        assert_eq!(found.next(), None, "{name} twice");
        value
    }

    #[test]
    fn a_get_has_the_parameters_of_nginx_in_its_order() {
        let head =
            request("GET /v1/a%2Fb?x=1&y=%zz HTTP/1.1\r\nHost: old.example:8080\r\nAccept: */*\r\n\r\n");
        let found = params(&fastcgi("/srv/app/public/"), &outbound(&head), None);
        let expected = [
            ("SCRIPT_FILENAME", "/srv/app/public/index.php"),
            ("QUERY_STRING", "x=1&y=%zz"),
            ("REQUEST_METHOD", "GET"),
            ("CONTENT_TYPE", ""),
            ("CONTENT_LENGTH", ""),
            ("SCRIPT_NAME", "/index.php"),
            ("REQUEST_URI", "/v1/a%2Fb?x=1&y=%zz"),
            ("DOCUMENT_URI", "/index.php"),
            ("DOCUMENT_ROOT", "/srv/app/public"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("REQUEST_SCHEME", "http"),
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("SERVER_SOFTWARE", SOFTWARE),
            ("REMOTE_ADDR", "192.0.2.7"),
            ("REMOTE_PORT", "50000"),
            ("REMOTE_USER", ""),
            ("SERVER_ADDR", "198.51.100.1"),
            ("SERVER_PORT", "8080"),
            ("SERVER_NAME", "old.example"),
            ("REDIRECT_STATUS", "200"),
            ("HTTP_HOST", "old.example:8080"),
            ("HTTP_ACCEPT", "*/*"),
        ];
        let expected: Vec<_> = expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_become_parameters_that_no_other_field_can_pose_as() {
        let head = request(
            "POST / HTTP/1.1\r\nHost: a\r\nProxy: http://evil\r\nX_Forwarded_For: 1\r\nX-Forwarded-For: 2\r\nX.Dot: 3\r\n\
             Cookie: a=1\r\nX-Many: 1\r\ncookie: b=2\r\nx-many: 2\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n",
        );
        let set = [(&b"X-Forwarded-For"[..], &b"203.0.113.9"[..])];
        let found = params(&fastcgi("/srv"), &Outbound { set: &set, ..outbound(&head) }, Some(5));
        for (name, value) in [
            ("HTTP_PROXY", None),
            ("HTTP_X_DOT", None),
            ("HTTP_X_FORWARDED_FOR", Some("203.0.113.9")),
            ("HTTP_COOKIE", Some("a=1; b=2")),
            ("HTTP_X_MANY", Some("1, 2")),
            ("CONTENT_TYPE", Some("text/plain")),
            ("CONTENT_LENGTH", Some("5")),
            ("HTTP_CONTENT_LENGTH", Some("5")),
        ] {
            assert_eq!(only(name, &found).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn configured_parameters_take_the_place_of_the_usual_ones() {
        let head = request("GET / HTTP/1.1\r\nHost: a\r\nX-Env: evil\r\n\r\n");
        let own = [("SERVER_NAME", "fixed"), ("HTTP_X_ENV", "good"), ("APP_ENV", "prod")];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let found = params(&FastCgi { params: own.clone(), ..fastcgi("/srv") }, &outbound(&head), None);
        for (name, value) in own {
            assert_eq!(only(&name, &found), Some(value), "{name}");
        }
    }

    #[test]
    fn path_info_is_there_only_behind_a_script() {
        let legacy = FastCgi { path_info: true, ..fastcgi("/srv") };
        for (path, path_info, document) in
            [("/index.php/x%0ay", Some("/x\ny"), "/index.php/x\ny"), ("/a.jpg/index.php", None, "/index.php")]
        {
            let head = request(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
            let found = params(&legacy, &outbound(&head), None);
            assert_eq!(only("PATH_INFO", &found).as_deref(), path_info, "{path}");
            assert_eq!(only("DOCUMENT_URI", &found).as_deref(), Some(document), "{path}");
            assert_eq!(only("SCRIPT_FILENAME", &found).as_deref(), Some("/srv/index.php"), "{path}");
        }
    }

    #[test]
    fn the_user_is_the_one_of_basic_authentication() {
        for (authorization, user) in [
            ("Basic dXNlcjpzZWNyZXQ=", "user"),
            ("bAsIc dXNlcjpzZWNyZXQ", "user"),
            ("Basic dXNlcg==", ""),
            ("Basic !!!!", ""),
            ("Bearer dXNlcjpzZWNyZXQ=", ""),
            ("Basic", ""),
        ] {
            assert_eq!(basic_user(Some(authorization.as_bytes())).unwrap_or_default(), user.as_bytes());
        }
    }

    #[test]
    fn tls_and_addresses_of_version_6_read_as_nginx_writes_them() {
        let head = request("GET / HTTP/1.1\r\nHost: [::1]:443\r\n\r\n");
        let peer = "[2001:db8::1]:4000".parse().unwrap();
        let local = "[::ffff:192.0.2.1]:443".parse().unwrap();
        let request = Outbound { secure: true, peer, local, protocol: "HTTP/2.0", ..outbound(&head) };
        let found = params(&fastcgi("/srv"), &request, None);
        for (name, value) in [
            ("HTTPS", "on"),
            ("REQUEST_SCHEME", "https"),
            ("REMOTE_ADDR", "2001:db8::1"),
            ("SERVER_ADDR", "192.0.2.1"),
            ("SERVER_NAME", "[::1]"),
            ("SERVER_PROTOCOL", "HTTP/2.0"),
        ] {
            assert_eq!(only(name, &found).as_deref(), Some(value), "{name}");
        }
    }
}
