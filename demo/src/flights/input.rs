//! What came over the wire, and who sent it (`includes/input.php`).

use handover_api::Request;
use legacy_compat::{Array, Str, Value, cast, json, request::parse_str};

use super::php::{BLANKS, PHP, Pattern, lower, map, pattern, strpos, to_utf8, trim};

static LATIN1: Pattern = pattern!(r#"(?i)charset=["']?(iso-8859-1|latin1|windows-1252)"#);

/// The legacy's `MAX_BODY`, in bytes.
const MAX_BODY: usize = 65_536;
/// `json_decode($raw, true, 16)`
const AS_ARRAYS: json::Decode = json::Decode { depth: 16, ..json::Decode::assoc() };
const BOM: &[u8] = b"\xEF\xBB\xBF";
const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// How a record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Form,
}

/// What became of the body.
pub(super) enum Input {
    /// A record, whatever its values.
    Record(Array, Format),
    /// A status and an error instead.
    Refused(u16, Value),
    /// A form of several parts, which PHP has read already when the legacy begins.
    Multipart,
}

/// Who sends, by headers and query.
pub(super) struct Client {
    pub(super) version: Str,
    pub(super) agent: Str,
    pub(super) source: Str,
    pub(super) strict: bool,
}

/// `read_input()`
pub(super) fn read_input(request: &Request) -> Input {
    let raw = request.body();
    let content_type = last(request, "Content-Type").unwrap_or_default();
    let main = lower(trim(upto(content_type, b";"), BLANKS));
    let start = raw.iter().find(|byte| !b"\xEF\xBB\xBF \t\r\n".contains(byte));
    let form = main.as_bytes() == FORM;
    if raw.len() > MAX_BODY {
        return Input::Refused(413, map([("error", "too large".into()), ("limit", MAX_BODY.into())]));
    }
    // curl -d says "form" for anything, so does the terminal client; "json" at the very start is no truth
    let looks_like_json = matches!(start, Some(b'{' | b'['));
    if strpos(&main, b"json").is_some_and(|at| at > 0) || ((main.is_empty() || form) && looks_like_json) {
        return read_json(content_type, raw);
    }
    if main.as_bytes() == b"multipart/form-data" {
        return Input::Multipart;
    }
    if form {
        // PHP's own idea of the type, by which it reads the form
        let read = upto(content_type, b";, ").eq_ignore_ascii_case(FORM);
        let post = if read { parse_str(&PHP, raw) } else { Array::new() };
        return match post.is_empty() {
            true => Input::Refused(400, map([("error", "empty form".into())])),
            false => Input::Record(post, Format::Form),
        };
    }
    Input::Refused(415, map([("error", "unsupported media type".into()), ("type", to_utf8(&main).into())]))
}

fn read_json(content_type: &[u8], raw: &[u8]) -> Input {
    let mut raw = Str::new(raw.strip_prefix(BOM).unwrap_or(raw));
    if LATIN1.matches(content_type) {
        raw = latin1(&raw);
    }
    let decoded = match json::decode(&PHP, &raw, AS_ARRAYS) {
        Err(json::JsonError::Utf8) => json::decode(&PHP, &to_utf8(&raw), AS_ARRAYS),
        decoded => decoded,
    };
    match decoded {
        Ok(Value::Array(record)) => Input::Record(record, Format::Json),
        Ok(other) => {
            let error = map([("error", "a record is an object".into()), ("given", other.gettype().into())]);
            Input::Refused(400, error)
        }
        Err(error) => Input::Refused(
            400,
            map([
                ("error", "invalid json".into()),
                ("code", error.code().into()),
                ("message", error.to_string().into()),
            ]),
        ),
    }
}

/// `read_client()`
pub(super) fn read_client(request: &Request, format: Format) -> Client {
    let get = parse_str(&PHP, request.query().unwrap_or_default());
    let source = match (get.get_str("source"), format) {
        (Some(Value::Str(source)), _) => source.clone(),
        (_, Format::Form) => "web".into(),
        (_, Format::Json) => "edi".into(),
    };
    Client {
        version: Str::new(last(request, "X-Client-Version").unwrap_or(b"2.0")),
        agent: to_utf8(last(request, "User-Agent").unwrap_or_default()),
        source,
        // strict=false is strict: it is a text, and not empty
        strict: get.get_str("strict").is_some_and(cast::to_bool),
    }
}

/// The value of a header; of several, php-fpm has kept the last.
fn last<'a>(request: &'a Request, name: &'a str) -> Option<&'a [u8]> {
    request.fields().all(name).last()
}

fn upto<'a>(text: &'a [u8], ends: &[u8]) -> &'a [u8] {
    text.split(|byte| ends.contains(byte)).next().unwrap_or_default()
}

/// `iconv('ISO-8859-1', 'UTF-8', …)`
fn latin1(raw: &[u8]) -> Str {
    raw.iter().map(|byte| char::from(*byte)).collect::<String>().into()
}
