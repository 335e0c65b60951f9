//! Trimming, case, padding, repeating: `trim`, `strtolower`, `ucwords`, `str_pad`, `strrev` …

use crate::call::{Ctx, Row, ok};
use crate::numeric::{self, Number};
use crate::php::Version;
use crate::value::Value;

/// What `trim` takes off where nothing is said.
pub const BLANKS: &[u8] = b" \n\r\t\x0b\0";

pub(crate) const ROWS: &[Row] = &[
    ("strlen(string $string)", |_, a| ok(a.bytes(0).len())),
    ("trim(string $string, string $characters = \"\")", |c, a| {
        let set = charset(c, a.bytes(1), a.has(1));
        ok(trim(a.bytes(0), &set, true, true))
    }),
    ("ltrim(string $string, string $characters = \"\")", |c, a| {
        let set = charset(c, a.bytes(1), a.has(1));
        ok(trim(a.bytes(0), &set, true, false))
    }),
    ("rtrim(string $string, string $characters = \"\")", |c, a| {
        let set = charset(c, a.bytes(1), a.has(1));
        ok(trim(a.bytes(0), &set, false, true))
    }),
    ("chop(string $string, string $characters = \"\")", |c, a| {
        let set = charset(c, a.bytes(1), a.has(1));
        ok(trim(a.bytes(0), &set, false, true))
    }),
    ("strtolower(string $string)", |_, a| ok(strtolower(a.bytes(0)))),
    ("strtoupper(string $string)", |_, a| ok(strtoupper(a.bytes(0)))),
    ("ucfirst(string $string)", |_, a| ok(ucfirst(a.bytes(0)))),
    ("lcfirst(string $string)", |_, a| ok(lcfirst(a.bytes(0)))),
    ("ucwords(string $string, string $separators = \"\")", |c, a| {
        let set = if a.has(1) { charset(c, a.bytes(1), true) } else { Charset::of(b" \t\r\n\x0c\x0b") };
        ok(ucwords(a.bytes(0), &set))
    }),
    ("strrev(string $string)", |_, a| ok(strrev(a.bytes(0)))),
    ("str_repeat(string $string, int $times)", |c, a| match usize::try_from(a.int(1)) {
        Ok(times) if a.bytes(0).len().saturating_mul(times) <= MAX_LEN => ok(a.bytes(0).repeat(times)),
        Ok(_) => too_large(),
        Err(_) => c.value_error((), "str_repeat(): Argument #2 ($times) must be greater than or equal to 0"),
    }),
    ("str_pad(string $string, int $length, string $pad_string = \" \", int $pad_type = 1)", |c, a| {
        let (text, length, pad) = (a.bytes(0), a.int(1), a.bytes(2));
        if length < 0 || length as usize <= text.len() {
            return ok(text);
        }
        if pad.is_empty() {
            return c.value_error((), "str_pad(): Argument #3 ($pad_string) must be a non-empty string");
        }
        let Some(side) = Pad::of(a.int(3)) else {
            return c.value_error(
                (),
                "str_pad(): Argument #4 ($pad_type) must be STR_PAD_LEFT, STR_PAD_RIGHT, or STR_PAD_BOTH",
            );
        };
        if length as usize > MAX_LEN {
            return too_large();
        }
        ok(str_pad(text, length as usize, pad, side))
    }),
    ("str_rot13(string $string)", |_, a| ok(str_rot13(a.bytes(0)))),
    ("nl2br(string $string, bool $use_xhtml = true)", |_, a| ok(nl2br(a.bytes(0), a.bool(1)))),
    ("ord(string $character)", |_, a| ok(i64::from(a.bytes(0).first().copied().unwrap_or(0)))),
    ("-7.4 chr(mixed ...$codepoint)", |c, a| match a.given() {
        1 => match crate::cast::to_number(c.php, a.value(0)) {
            _ if matches!(a.value(0), Value::Array(_) | Value::Object(_)) => ok("\0"),
            Number::Int(int) => ok(vec![int as u8]),
            Number::Float(float) => ok(vec![numeric::float_to_int(c.php, float) as u8]),
        },
        _ if c.php.since(Version::V7_4) => ok("\0"),
        _ => ok(()),
    }),
    ("8.0- chr(int $codepoint)", |_, a| ok(vec![a.int(0) as u8])),
];

/// The longest string that a function here makes, in bytes: PHP's default `memory_limit`.
pub const MAX_LEN: usize = 128 << 20;

fn too_large() -> crate::call::Outcome {
    Err(crate::Thrown::out_of_memory())
}

/// A set of bytes, as `trim`, `ucwords` or `addcslashes` take it.
#[derive(Clone, Debug)]
pub struct Charset([bool; 256]);

impl Charset {
    /// These bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut set = [false; 256];
        bytes.iter().for_each(|byte| set[usize::from(*byte)] = true);
        Self(set)
    }

    /// These bytes, `a..z` for a range. A range that is none counts as its characters.
    pub fn with_ranges(bytes: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at..] {
                [from, b'.', b'.', to, ..] if to >= from => {
                    set[usize::from(from)..=usize::from(to)].fill(true);
                    at += 4;
                }
                [byte, ..] => {
                    set[usize::from(byte)] = true;
                    at += 1;
                }
                [] => break,
            }
        }
        Self(set)
    }

    /// Whether a byte is in the set.
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }
}

/// The set that a character list names, with PHP's warning about a bad range.
pub(crate) fn charset(ctx: &mut Ctx<'_>, list: &[u8], given: bool) -> Charset {
    if !given {
        return Charset::of(BLANKS);
    }
    let bad = list.windows(2).enumerate().any(|(at, pair)| {
        pair == b".." && !(at > 0 && list.get(at + 2).is_some_and(|to| *to >= list[at - 1]))
    });
    if bad {
        ctx.warn("Invalid '..'-range");
    }
    Charset::with_ranges(list)
}

/// `trim`, `ltrim`, `rtrim`: takes the set's bytes off either end.
pub fn trim<'a>(text: &'a [u8], set: &Charset, left: bool, right: bool) -> &'a [u8] {
    let mut text = text;
    while let [first, rest @ ..] = text
        && left
        && set.has(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && right
        && set.has(*last)
    {
        text = rest;
    }
    text
}

/// `strtolower`: A to Z only, as in the C locale and everywhere from 8.2.
pub fn strtolower(text: &[u8]) -> Vec<u8> {
    text.to_ascii_lowercase()
}

/// `strtoupper`: a to z only.
pub fn strtoupper(text: &[u8]) -> Vec<u8> {
    text.to_ascii_uppercase()
}

/// `ucfirst`
pub fn ucfirst(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    text.iter_mut().take(1).for_each(u8::make_ascii_uppercase);
    text
}

/// `lcfirst`
pub fn lcfirst(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    text.iter_mut().take(1).for_each(u8::make_ascii_lowercase);
    text
}

/// `ucwords`: capital at the start and behind every separator.
pub fn ucwords(text: &[u8], separators: &Charset) -> Vec<u8> {
    let mut start = true;
    text.iter()
        .map(|byte| {
            let made = if start { byte.to_ascii_uppercase() } else { *byte };
            start = separators.has(made);
            made
        })
        .collect()
}

/// `strrev`
pub fn strrev(text: &[u8]) -> Vec<u8> {
    text.iter().rev().copied().collect()
}

/// Where `str_pad` adds: `STR_PAD_LEFT`, `STR_PAD_RIGHT`, `STR_PAD_BOTH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pad {
    /// `STR_PAD_LEFT`, 0
    Left,
    /// `STR_PAD_RIGHT`, 1
    Right,
    /// `STR_PAD_BOTH`, 2: the odd one goes right.
    Both,
}

impl Pad {
    /// By PHP's number.
    pub fn of(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Left,
            1 => Self::Right,
            2 => Self::Both,
            _ => return None,
        })
    }

    /// How many to add left and right.
    pub(crate) fn split(self, missing: usize) -> (usize, usize) {
        match self {
            Self::Left => (missing, 0),
            Self::Right => (0, missing),
            Self::Both => (missing / 2, missing - missing / 2),
        }
    }
}

/// `str_pad`: to this many bytes.
pub fn str_pad(text: &[u8], length: usize, pad: &[u8], side: Pad) -> Vec<u8> {
    let (left, right) = side.split(length.saturating_sub(text.len()));
    let fill = |count: usize| pad.iter().copied().cycle().take(count);
    fill(left).chain(text.iter().copied()).chain(fill(right)).collect()
}

/// `str_rot13`
pub fn str_rot13(text: &[u8]) -> Vec<u8> {
    text.iter()
        .map(|byte| match byte {
            b'a'..=b'm' | b'A'..=b'M' => byte + 13,
            b'n'..=b'z' | b'N'..=b'Z' => byte - 13,
            byte => *byte,
        })
        .collect()
}

/// `nl2br`: `<br />` (or `<br>`) before every line end, `\r\n` and `\n\r` counting as one.
pub fn nl2br(text: &[u8], xhtml: bool) -> Vec<u8> {
    let tag: &[u8] = if xhtml { b"<br />" } else { b"<br>" };
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    while let [byte, ..] = rest {
        let len = match rest {
            [b'\r', b'\n', ..] | [b'\n', b'\r', ..] => 2,
            _ => 1,
        };
        if matches!(byte, b'\r' | b'\n') {
            out.extend_from_slice(tag);
        }
        out.extend_from_slice(&rest[..len]);
        rest = &rest[len..];
    }
    out
}
