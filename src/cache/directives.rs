//! `Cache-Control`, read as RFC 9111 §5.2 wants it: names in any case, quoted values taken as they are meant, and a number
//! that is none counted as nought, which errs on the side of asking again.

use handover_http1::Fields;

/// What `Cache-Control` says, in a request or an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    /// Those of all `Cache-Control` fields.
    pub(super) fn of(fields: &Fields) -> Self {
        let mut all = Vec::new();
        for value in fields.get_all(b"cache-control") {
            read(&String::from_utf8_lossy(value), &mut all);
        }
        Self(all)
    }

    /// Whether there is none at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it says that, with or without a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(said, _)| said == name)
    }

    /// Its seconds; the fewest where it is said more than once.
    pub(super) fn seconds(&self, name: &str) -> Option<u64> {
        let said = self.0.iter().filter(|(said, _)| said == name);
        said.map(|(_, value)| value.as_deref().and_then(|text| number(text.as_bytes())).unwrap_or(0)).min()
    }
}

/// Delta-seconds (RFC 9111 §1.2.2): more than fits is as much as fits.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let most = u64::from(u32::MAX);
    digits
        .then(|| std::str::from_utf8(text).ok()?.parse().ok())
        .map(|number| number.unwrap_or(most).min(most))
}

fn read(mut text: &str, all: &mut Vec<(String, Option<String>)>) {
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        if text.is_empty() {
            return;
        }
        let end = text.find(['=', ',']).unwrap_or(text.len());
        let name = text[..end].trim_end().to_ascii_lowercase();
        text = &text[end..];
        let value = text.strip_prefix('=').map(|rest| {
            let (value, rest) = value(rest);
            text = rest;
            value
        });
        all.push((name, value));
    }
}

/// A value and what is behind it, up to the comma.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return (text[..end].trim_end().to_owned(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, char) in quoted.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            '"' => {
                let rest = &quoted[at + 1..];
                return (value, &rest[rest.find(',').unwrap_or(rest.len())..]);
            }
            _ => {}
        }
        value.push(char);
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use handover_http1::{Limits, ResponseHead};

    use super::*;

    fn directives(lines: &[&str]) -> Directives {
        let lines: String = lines.iter().map(|line| format!("Cache-Control: {line}\r\n")).collect();
        let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
        Directives::of(ResponseHead::parse(head.as_bytes(), false, &Limits::default()).unwrap().fields())
    }

    #[test]
    fn directives_are_read_whatever_their_case_and_quotes() {
        let said = directives(&["Max-Age=10 ,\tNO-STORE", ", private=\"x, y\" , s-maxage=\"20\""]);
        assert_eq!((said.seconds("max-age"), said.seconds("s-maxage")), (Some(10), Some(20)));
        assert!(said.has("no-store") && said.has("private") && !said.has("y"));
        let hidden = directives(&["ext=\"a\\\", max-age=100\", x"]);
        assert_eq!((hidden.seconds("max-age"), hidden.has("x")), (None, true));
    }

    #[test]
    fn a_number_that_is_none_is_nought_and_of_two_the_fewer_counts() {
        for text in ["max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age='10'", "max-age=a"] {
            assert_eq!(directives(&[text]).seconds("max-age"), Some(0), "{text}");
        }
        assert_eq!(directives(&["max-age=20, max-age=10"]).seconds("max-age"), Some(10));
        assert_eq!(
            directives(&["max-age=99999999999999999999"]).seconds("max-age"),
            Some(u64::from(u32::MAX))
        );
    }
}
