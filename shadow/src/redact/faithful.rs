//! Redacts so that what is left can be run again: what is nobody's data keeps every byte, what goes gets a placeholder of
//! its own form, and the places of placeholders are told, since nothing can be judged there any more.

use std::borrow::Cow;

use bytes::Bytes;
use handover_api::Fields;
use ring::digest::{SHA256, digest};

use super::PUBLIC_FIELDS;
use super::document::is_secret;
use super::scrub::Scrubber;
use super::walk::{Walk, applied};
use crate::json::Json;
use crate::path::{Part, Path};
use crate::{compare, form};

/// Redacts one exchange. Gathers where it put placeholders.
pub(super) struct Faithful<'a> {
    pub(super) scrubber: &'a Scrubber,
    pub(super) places: Vec<Path>,
}

impl<'a> Faithful<'a> {
    pub(super) fn new(scrubber: &'a Scrubber) -> Self {
        Self { scrubber, places: Vec::new() }
    }

    /// A body or a record's value: JSON by its values, anything else by what stands in it.
    pub(super) fn document(&mut self, path: &Path, bytes: &[u8]) -> Bytes {
        let (text, is_latin1) = decoded(bytes);
        let redacted = match compare::split(text.as_bytes()) {
            Some((before, json)) => self.json_text(path, before, json, &text),
            None => self.text(path, &text).into_owned(),
        };
        encoded(redacted, is_latin1)
    }

    /// A text that is no document.
    pub(super) fn text<'t>(&mut self, path: &Path, text: &'t str) -> Cow<'t, str> {
        let scrubbed = self.scrubber.scrub(text);
        if scrubbed != text {
            self.mark(path.clone());
        }
        scrubbed
    }

    /// The same, of bytes.
    pub(super) fn bytes(&mut self, path: &Path, bytes: &[u8]) -> Bytes {
        let (text, is_latin1) = decoded(bytes);
        encoded(self.text(path, &text).into_owned(), is_latin1)
    }

    /// The same, of what stands under a name: under a secret's nothing stays.
    pub(super) fn named(&mut self, path: &Path, name: &str, bytes: &[u8]) -> Bytes {
        let (text, is_latin1) = decoded(bytes);
        let redacted = self.value(&text, is_secret(name));
        if redacted != text {
            self.mark(path.clone());
        }
        encoded(redacted.into_owned(), is_latin1)
    }

    /// Bytes that nobody can look into: none of them stays. What was equal still is.
    pub(super) fn sealed(&mut self, path: &Path, bytes: &[u8]) -> Bytes {
        if bytes.is_empty() {
            return Bytes::new();
        }
        self.mark(path.clone());
        let digest: String = digest(&SHA256, bytes).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        format!("{} bytes, {}", bytes.len(), self.scrubber.like(&digest)).into()
    }

    /// Why something is not there: compared nowhere, and so no place.
    pub(super) fn reason(&self, reason: &str) -> String {
        self.scrubber.scrub(reason).into_owned()
    }

    pub(super) fn mark(&mut self, path: Path) {
        if path.part() == Part::Body && path.steps().is_empty() {
            // A body that is compared by its lines.
            self.places.push(Path::new(Part::Text));
        }
        self.places.push(path);
    }

    fn json_text(&mut self, path: &Path, before: &[u8], json: Json<'_>, whole: &str) -> String {
        let mut edits = Vec::new();
        let start = before.len();
        let before = String::from_utf8_lossy(before).into_owned();
        let scrubbed = self.text(path, &before);
        if scrubbed != before {
            edits.push((0..start, scrubbed.into_owned()));
        }
        Walk::new(self, whole, &mut edits).value(path, json, false);
        applied(whole, edits)
    }

    /// `a=1&b=2`, as in queries and forms: what was not redacted keeps its escapes.
    pub(super) fn form(&mut self, path: &Path, bytes: &[u8]) -> Bytes {
        let pairs = bytes.split(|byte| *byte == b'&').map(|pair| self.pair(path, pair));
        pairs.collect::<Vec<_>>().join(&b"&"[..]).into()
    }

    fn pair(&mut self, path: &Path, pair: &[u8]) -> Vec<u8> {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = (&pair[..at], pair.get(at + 1..));
        let plain_name = form::decode(name);
        let mut redacted = self.escaped(path, name, false);
        if let Some(value) = value {
            redacted.push(b'=');
            let secret = is_secret(&String::from_utf8_lossy(&plain_name));
            redacted.extend(self.escaped(path, value, secret));
        }
        redacted
    }

    fn escaped(&mut self, path: &Path, escaped: &[u8], is_secret: bool) -> Vec<u8> {
        let plain = form::decode(escaped);
        let (text, is_latin1) = decoded(&plain);
        let redacted = self.value(&text, is_secret);
        if redacted == text {
            return escaped.to_vec();
        }
        self.mark(path.clone());
        form::encode(&encoded(redacted.into_owned(), is_latin1))
    }

    /// `multipart/form-data`: the boundary stays, whatever it looks like.
    pub(super) fn multipart(&mut self, path: &Path, bytes: &[u8], boundary: &str) -> Bytes {
        let (text, is_latin1) = decoded(bytes);
        let parts = text.split(boundary).map(|part| self.part(path, part));
        encoded(parts.collect::<Vec<_>>().join(boundary), is_latin1)
    }

    fn part(&mut self, path: &Path, part: &str) -> String {
        // PHP takes lines that end in LF alone, too.
        let split = |blank: &'static str| part.split_once(blank).map(|(head, body)| (head, blank, body));
        let Some((head, blank, body)) = split("\r\n\r\n").or_else(|| split("\n\n")) else {
            return self.text(path, part).into_owned();
        };
        let name = head.split_once("name=\"").and_then(|(_, rest)| rest.split_once('"'));
        let redacted = self.value(body, name.is_some_and(|(name, _)| is_secret(name)));
        if redacted != body {
            self.mark(path.clone());
        }
        // The name of a file may be somebody's.
        format!("{}{blank}{redacted}", self.text(path, head))
    }

    pub(super) fn value<'t>(&self, text: &'t str, is_secret: bool) -> Cow<'t, str> {
        if is_secret { self.scrubber.like(text).into() } else { self.scrubber.scrub(text) }
    }

    /// Header fields. Cookies and authorization get placeholders whole.
    pub(super) fn fields(&mut self, fields: &Fields) -> Vec<(String, Bytes)> {
        let field = |field: &handover_api::Field| {
            let name = String::from_utf8_lossy(field.name()).into_owned();
            let value = self.field(&name.to_ascii_lowercase(), field.value());
            (name, value)
        };
        fields.iter().map(field).collect()
    }

    fn field(&mut self, lower: &str, value: &Bytes) -> Bytes {
        let path = Path::new(Part::Header).key(lower);
        match lower {
            "cookie" => {
                let cookies = value.split(|byte| *byte == b';').map(|cookie| self.cookie(&path, cookie));
                cookies.collect::<Vec<_>>().join(&b";"[..]).into()
            }
            "set-cookie" => {
                let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
                let mut redacted = self.cookie(&path, &value[..end]);
                redacted.extend_from_slice(&value[end..]);
                redacted.into()
            }
            _ if PUBLIC_FIELDS.contains(&lower) => value.clone(),
            _ if is_secret(lower) => self.credentials(path, value),
            _ => self.bytes(&path, value),
        }
    }

    fn cookie(&mut self, path: &Path, cookie: &[u8]) -> Vec<u8> {
        let at = cookie.iter().position(|byte| *byte == b'=').unwrap_or(cookie.len());
        let (name, value) = (&cookie[..at], cookie.get(at..).unwrap_or_default());
        self.mark(path.key(String::from_utf8_lossy(name.trim_ascii())));
        let (text, is_latin1) = decoded(value);
        [name, &encoded(self.scrubber.like(&text), is_latin1)].concat()
    }

    /// `Bearer …`: the scheme stays.
    fn credentials(&mut self, path: Path, value: &[u8]) -> Bytes {
        self.mark(path);
        let (text, is_latin1) = decoded(value);
        let redacted = match text.split_once(' ') {
            Some((scheme, rest)) => format!("{scheme} {}", self.scrubber.like(rest)),
            None => self.scrubber.like(&text),
        };
        encoded(redacted, is_latin1)
    }
}

/// Text as it is, or byte by byte where it is no UTF-8: either way every byte comes back.
fn decoded(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(), true),
    }
}

fn encoded(text: String, is_latin1: bool) -> Bytes {
    if is_latin1 {
        // Placeholders are ASCII, so all of it is what `decoded` made.
        text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect::<Vec<u8>>().into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::RedactionKey;

    fn scrubber() -> Scrubber {
        Scrubber::new(&RedactionKey::new([7; 32]))
    }

    fn document(text: &str) -> (String, Vec<String>) {
        let scrubber = scrubber();
        let mut faithful = Faithful::new(&scrubber);
        let bytes = faithful.document(&Path::new(Part::Body), text.as_bytes());
        let places = faithful.places.iter().map(Path::to_string).collect();
        (String::from_utf8(bytes.to_vec()).unwrap(), places)
    }

    #[test]
    fn what_is_nobody_s_data_keeps_every_byte() {
        for text in [
            "{ \"a\" : 1.0, \"a\":[ 1e3 ,\"x\\/y\\u0041\"] }\n",
            "\u{feff}{\"a\":1}",
            "Notice: undefined\n{\"a\":{}}",
            "plain text",
            "",
        ] {
            assert_eq!(document(text), (text.to_owned(), vec![]));
        }
        let latin1 = b"{\"name\":\"Ren\xe9e\"}";
        let scrubber = scrubber();
        assert_eq!(Faithful::new(&scrubber).document(&Path::new(Part::Body), latin1), &latin1[..]);
    }

    #[test]
    fn what_goes_keeps_its_form_and_its_place_is_told() {
        let (text, places) =
            document(r#"{"m": "ann@example.org", "pin": 1234, "on":true,"list":[{"password":"hunter2"}] }"#);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(json["m"].as_str().unwrap().ends_with("@redacted.example"));
        assert!((1000..10_000).contains(&json["pin"].as_u64().unwrap()) && json["pin"] != 1234);
        assert_eq!(json["list"][0]["password"].as_str().unwrap().len(), 7);
        assert!(
            text.contains(r#", "pin": "#) && text.ends_with("] }") && !text.contains("hunter2"),
            "{text}"
        );
        assert_eq!(places, ["body:/m", "body:/pin", "body:/list/0/password"]);
        let (text, _) = document(r#"{"ann@example.org":{"x":1},"b":2}"#);
        assert!(text.contains("@redacted.example\":{\"x\":1},\"b\":2}"), "{text}");
        let (text, _) = document(r#"{"pin":12e3}"#);
        assert!(text.ends_with("e3}") && serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        let (_, places) = document(r#"{"ann@example.org":{"pin":"1234"}}"#);
        assert!(places.len() == 1 && places[0].ends_with("@redacted.example/pin"), "{places:?}");
    }

    #[test]
    fn forms_keep_their_escapes_and_lose_what_is_somebody_s() {
        let scrubber = scrubber();
        let mut faithful = Faithful::new(&scrubber);
        let place = Path::new(Part::Request);
        let form = faithful.form(&place, b"a=%2f+x&mail=ann%40example.org&pwd=q1%21&flag&=");
        let form = String::from_utf8(form.to_vec()).unwrap();
        assert!(form.starts_with("a=%2f+x&mail=") && form.ends_with("&flag&="), "{form}");
        assert!(
            !form.contains("ann") && form.contains("%40redacted.example") && !form.contains("q1"),
            "{form}"
        );
        let multipart = "--b1234567890abcdefghijk\r\nContent-Disposition: form-data; name=\"pin\"\r\n\r\n9876\r\n--b1234567890abcdefghijk--\r\n";
        let kept = faithful.multipart(&place, multipart.as_bytes(), "b1234567890abcdefghijk");
        let kept = String::from_utf8(kept.to_vec()).unwrap();
        assert!(kept.len() == multipart.len() && !kept.contains("9876"), "{kept}");
        assert_eq!(kept.matches("b1234567890abcdefghijk").count(), 2);
        let file = "--b\nContent-Disposition: form-data; name=\"pin\"; filename=\"ann@example.org.pdf\"\n\n9876\n--b--\n";
        let kept = String::from_utf8(faithful.multipart(&place, file.as_bytes(), "--b").to_vec()).unwrap();
        assert!(!kept.contains("ann@") && !kept.contains("9876"), "{kept}");
    }

    #[test]
    fn no_cookie_and_no_credentials_stay() {
        let scrubber = scrubber();
        let mut faithful = Faithful::new(&scrubber);
        let mut fields = Fields::new();
        for (name, value) in [
            ("Cookie", "PHPSESSID=abcdef0123; theme=dark"),
            ("Set-Cookie", "sid=abcdef0123; Path=/; HttpOnly"),
            ("Authorization", "Bearer s3cr3tvalue"),
            ("Content-Type", "text/plain"),
        ] {
            fields.append(name, value).unwrap();
        }
        let kept = faithful.fields(&fields);
        let value = |at: usize| String::from_utf8(kept[at].1.to_vec()).unwrap();
        assert!(value(0).starts_with("PHPSESSID=") && value(0).contains("; theme="), "{}", value(0));
        assert!(value(1).starts_with("sid=") && value(1).ends_with("; Path=/; HttpOnly"), "{}", value(1));
        assert!(value(2).starts_with("Bearer ") && value(3) == "text/plain");
        let all: String = (0..3).map(value).collect();
        assert!(
            !all.contains("abcdef0123") && !all.contains("s3cr3tvalue") && !all.contains("dark"),
            "{all}"
        );
        assert!(faithful.places.iter().any(|place| place.to_string() == "header:set-cookie/sid"));
    }
}
