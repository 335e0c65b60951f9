//! Values that PHP code has been wrong about, and values next to those that a source compares with.

use fastrand::Rng;

use crate::node::Node;
use crate::pattern;
use crate::sources::Literal;

/// A value to be put somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Its text.
    pub bytes: Vec<u8>,
    /// Whether JSON has it without quotes, if it can.
    pub bare: bool,
}

/// What PHP reads in ways of its own: as a number or not, as true or not, as equal or not.
const SPECIAL: [&str; 66] = [
    "",
    "0",
    "00",
    "0.0",
    "-0",
    "1",
    "-1",
    "01",
    "1.0",
    "1.",
    ".5",
    "1e3",
    "1E400",
    "1e-7",
    "0x1A",
    "0b11",
    "1_000",
    " 1",
    "1 ",
    "\t1\n",
    "1abc",
    "abc",
    "+1",
    "1,000",
    "1.5",
    "0.1",
    "0.30000000000000004",
    "2.5",
    "-2.5",
    "59",
    "60",
    "99",
    "100",
    "127",
    "128",
    "255",
    "256",
    "2400",
    "32767",
    "32768",
    "65535",
    "65536",
    "99999999",
    "100000000",
    "2147483647",
    "2147483648",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "NAN",
    "INF",
    "null",
    "NULL",
    "true",
    "false",
    "TRUE",
    "on",
    "off",
    "yes",
    "N",
    "NA",
    "\\N",
    "2013-02-30",
    "0000-00-00",
    "@0",
];

/// What texts are broken by.
const TEXTS: [&[u8]; 14] = [
    b"\0",
    b"a\0b",
    b"\xC3\xA9",
    b"\xE9",
    b"\xF0\x9F\x98\x80",
    b"\xEF\xBB\xBF",
    b"<b>x</b>",
    b"'",
    b"\"",
    b"a&b=c",
    b"%41",
    b"\\u0041",
    b"a\r\nb",
    b"\xE2\x80\xA8",
];

/// JSON values that are no scalars, and those that have no quotes.
const BARE: [&str; 16] = [
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "[1,2]",
    "{\"0\":1}",
    "{\"a\":{}}",
    "-0",
    "1e2",
    "1.0",
    "0.1",
    "1E400",
    "12345678901234567890",
];

impl Value {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::bytes(text.as_bytes().to_vec())
    }

    /// Bytes.
    pub fn bytes(bytes: Vec<u8>) -> Self {
        Self { bytes, bare: false }
    }

    fn bare(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), bare: true }
    }

    /// It in JSON: without quotes where it can be and the old value was so, or by chance.
    pub(super) fn node(&self, old: &Node, rng: &mut Rng) -> Node {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        let was_bare = !old.is_string();
        let wants_bare = if rng.u8(..) < 48 { !(self.bare || was_bare) } else { self.bare || was_bare };
        match Node::parse(&self.bytes).filter(|_| wants_bare) {
            Some(node) => node,
            None => Node::string(&text),
        }
    }

    /// It as a header field's value.
    pub(super) fn for_field(&self) -> Vec<u8> {
        let bytes: Vec<u8> =
            self.bytes.iter().copied().filter(|byte| !matches!(byte, 0 | b'\r' | b'\n')).collect();
        bytes.trim_ascii().to_vec()
    }
}

/// A value that PHP code has been wrong about.
pub fn special(rng: &mut Rng) -> Value {
    match rng.u8(0..100) {
        0..55 => Value::text(rng.choice(SPECIAL).unwrap_or_default()),
        55..75 => Value::bytes(rng.choice(TEXTS).unwrap_or_default().to_vec()),
        75..90 => Value::bare(rng.choice(BARE).unwrap_or("null")),
        _ => Value::bytes(vec![
            b'a';
            *rng.choice(&[41, 120, 121, 255, 256, 2_000, 2_001, 5_000]).unwrap_or(&1)
        ]),
    }
}

/// A literal, or what lies next to it: the bound and one more, another case, a text of that length, one that the pattern
/// takes.
pub fn near(literal: &Literal, rng: &mut Rng) -> Value {
    match literal {
        Literal::Number(number) => near_number(number, rng),
        Literal::Text(text) => {
            let as_text = String::from_utf8_lossy(text);
            if rng.u8(..) < 230
                && let Some(sample) = pattern::sample(&as_text, rng)
            {
                return Value::bytes(sample);
            }
            if rng.u8(..) < 180 {
                Value::bytes(text.clone())
            } else {
                changed(&Value::bytes(text.clone()), rng)
            }
        }
    }
}

fn near_number(number: &str, rng: &mut Rng) -> Value {
    let Ok(whole) = number.parse::<i64>() else { return Value::bare(number) };
    match rng.u8(0..100) {
        0..35 => Value::bare(number),
        35..55 => Value::bare(&whole.saturating_add(1).to_string()),
        55..75 => Value::bare(&whole.saturating_sub(1).to_string()),
        75..82 => Value::bare(&whole.saturating_neg().to_string()),
        82..88 => Value::bare(&format!("{whole}.5")),
        88..92 => Value::text(&format!("{whole} ")),
        _ => Value::bytes(vec![b'x'; usize::try_from(whole).unwrap_or(0).min(5_000) + rng.usize(0..2)]),
    }
}

/// The value, changed a little.
pub(super) fn changed(value: &Value, rng: &mut Rng) -> Value {
    let Value { bytes, bare } = value;
    if let Some(number) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<i64>().ok())
        && rng.u8(..) < 190
    {
        let by = *rng.choice(&[1, -1, 2, 7, 10, 60, 100, 1_000, -100]).unwrap_or(&1);
        let text = match rng.u8(0..5) {
            0 => format!("{number}.0"),
            1 => format!("0{number}"),
            _ => number.saturating_add(by).to_string(),
        };
        return Value { bytes: text.into_bytes(), bare: *bare };
    }
    let text = match rng.u8(0..8) {
        0 => bytes.to_ascii_uppercase(),
        1 => bytes.to_ascii_lowercase(),
        2 => [b" ", bytes.as_slice(), b" "].concat(),
        3 => bytes.iter().copied().skip(1).collect(),
        4 => bytes.iter().copied().take(bytes.len().saturating_sub(1)).collect(),
        5 => [bytes.as_slice(), bytes.as_slice()].concat(),
        6 => [bytes.as_slice(), rng.choice(TEXTS).unwrap_or(b"x")].concat(),
        _ => flipped(bytes, rng),
    };
    Value::bytes(text)
}

/// With one character replaced by one of its kind.
fn flipped(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.is_empty() {
        return b"x".to_vec();
    }
    let at = rng.usize(..bytes.len());
    bytes[at] = match bytes[at] {
        b'0'..=b'9' => rng.u8(b'0'..=b'9'),
        b'a'..=b'z' => rng.u8(b'a'..=b'z'),
        _ => rng.u8(b'A'..=b'Z'),
    };
    bytes
}
