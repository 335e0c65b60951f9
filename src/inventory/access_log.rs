//! Reads access logs: nginx's and Apache's `combined` and `common`, with a duration behind if there is one, and JSON.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::strtime;
use serde_json::Value;

/// What a line says of a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    /// The method.
    pub method: String,
    /// The target as it was sent: escapes of the log are undone.
    pub target: Vec<u8>,
    /// The status.
    pub status: u16,
    /// How long the answer took.
    pub took: Option<Duration>,
    /// When.
    pub at: Option<Timestamp>,
}

impl Line {
    /// The target without its query.
    pub(crate) fn path(&self) -> &[u8] {
        self.target.split(|byte| *byte == b'?').next().unwrap_or_default()
    }
}

/// Reads a line; `None` where it is none.
pub(crate) fn line(text: &str) -> Option<Line> {
    if text.trim_start().starts_with('{') { json(text) } else { combined(text) }
}

/// `ADDRESS - USER [TIME] "METHOD TARGET VERSION" STATUS BYTES …`
fn combined(text: &str) -> Option<Line> {
    let (_, rest) = text.split_once('[')?;
    let (time, rest) = rest.split_once(']')?;
    let (request, rest) = quoted(rest.split_once('"')?.1)?;
    let mut words = rest.split_whitespace();
    let status = words.next()?.parse().ok().filter(|status| (100..600).contains(status))?;
    let (method, target) = request_line(&request)?;
    let took = rest
        .rsplit([' ', '"'])
        .find(|word| !word.is_empty())
        .filter(|_| words.count() > 1)
        .and_then(duration);
    Some(Line { method, target, status, took, at: clf_time(time) })
}

/// `31/Jan/2026:10:11:12 +0100`, or RFC 3339.
fn clf_time(time: &str) -> Option<Timestamp> {
    let parsed = strtime::parse("%d/%b/%Y:%H:%M:%S %z", time).and_then(|time| time.to_timestamp());
    parsed.ok().or_else(|| time.parse().ok())
}

/// Up to the quote that ends it; gives the bytes that were escaped, and what follows.
fn quoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        if rest.as_bytes()[at] == b'"' {
            return Some((bytes, &rest[at + 1..]));
        }
        let escape = rest.get(at + 1..)?;
        let hex = escape.strip_prefix('x').and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        match hex {
            Some(byte) => {
                bytes.push(byte);
                rest = &escape[3..];
            }
            None => {
                let sign = escape.chars().next()?;
                let mut room = [0; 4];
                bytes.extend_from_slice(sign.encode_utf8(&mut room).as_bytes());
                rest = &escape[sign.len_utf8()..];
            }
        }
    }
}

/// What clients sent as the first line; target and version may be missing or hold blanks.
fn request_line(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let at = line.iter().position(|byte| *byte == b' ')?;
    let method =
        std::str::from_utf8(&line[..at]).ok().filter(|method| !method.is_empty() && method.len() <= 20)?;
    let rest = &line[at + 1..];
    let end = rest.windows(6).rposition(|part| part == b" HTTP/").unwrap_or(rest.len());
    let target = &rest[..end];
    (!target.is_empty()).then(|| (method.to_owned(), target.to_vec()))
}

/// nginx's `$request_time` has a point and is seconds, Apache's `%D` has none and is microseconds.
fn duration(word: &str) -> Option<Duration> {
    if word.contains('.') {
        Duration::try_from_secs_f64(word.parse().ok()?).ok()
    } else {
        Some(Duration::from_micros(word.parse().ok()?))
    }
}

/// An object with nginx's names for its variables, or with usual ones.
fn json(text: &str) -> Option<Line> {
    let object: Value = serde_json::from_str(text).ok()?;
    let get = |names: &[&str]| names.iter().find_map(|name| object.get(*name)).cloned();
    let string = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let request = get(&["request"]).map(string).and_then(|line| request_line(line.as_bytes()));
    let method = get(&["request_method", "method", "verb"]).map(string);
    let target = get(&["request_uri", "uri", "path", "url"]).map(|uri| string(uri).into_bytes());
    let (method, target) = method.zip(target).or(request)?;
    let status = string(get(&["status", "status_code"])?).parse().ok()?;
    let took = get(&["request_time", "duration", "took"]).map(string).and_then(|text| duration(&text));
    let at = get(&["time_iso8601", "time", "timestamp", "@timestamp", "time_local"]).map(string);
    Some(Line { method, target, status, took, at: at.and_then(|at| clf_time(&at)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_nginx_and_apache_are_read() {
        let at = "2026-01-31T09:11:12Z".parse().ok();
        let expected =
            |took| Line { method: "GET".to_owned(), target: b"/a?b=1".to_vec(), status: 200, took, at };
        let head = "10.0.0.7 - ann [31/Jan/2026:10:11:12 +0100] \"GET /a?b=1 HTTP/1.1\" 200 512";
        for (tail, took) in [
            ("", None),
            (" \"-\" \"curl/8 \\\"x\\\"\"", None),
            (" \"-\" \"curl/8\" 0.250", Some(Duration::from_millis(250))),
            (" \"-\" \"curl/8\" 2500", Some(Duration::from_micros(2500))),
        ] {
            assert_eq!(line(&format!("{head}{tail}")), Some(expected(took)), "{tail}");
        }
        let json = r#"{"time_iso8601":"2026-01-31T10:11:12+01:00","request_method":"GET","request_uri":"/a?b=1","status":"200","request_time":"0.250"}"#;
        assert_eq!(line(json), Some(expected(Some(Duration::from_millis(250)))));
    }

    #[test]
    fn escapes_are_undone_and_what_is_no_request_is_none() {
        let escaped = r#"::1 - - [31/Jan/2026:10:11:12 +0100] "GET /caf\xC3\xA9 \x22 HTTP/1.1" 400 0"#;
        assert_eq!(line(escaped).unwrap().target, b"/caf\xc3\xa9 \"");
        for text in
            ["", "-", "x [1] \"\\x16\\x03\" 400 0", "x [1] \"GET / HTTP/1.1\" abc", "{}", "{\"status\":1"]
        {
            assert_eq!(line(text), None, "{text}");
        }
    }
}
