//! `mb_*` on UTF-8 and single-byte texts: lengths, parts, case, places.
//!
//! Other encodings are not known yet: they are refused as PHP refuses an unknown one.

use super::html::next_char;
use crate::call::{Args, Ctx, Outcome, Row, ok, or_false};
use crate::php::{Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- mb_strlen(string $string, ?string $encoding = null)", |c, a| {
        with(c, a, 1, "mb_strlen", |_, _, units| ok(units.len()))
    }),
    ("-7.4 mb_strlen(string $str, string $encoding = ?): false", |c, a| {
        with(c, a, 1, "mb_strlen", |_, _, units| ok(units.len()))
    }),
    (
        "8.0- mb_substr(string $string, int $start, ?int $length = null, ?string $encoding = null)",
        call_substr,
    ),
    (
        "-7.4 mb_substr(string $str, int $start, ?int $length = null, string $encoding = ?): false",
        call_substr,
    ),
    ("8.0- mb_strtolower(string $string, ?string $encoding = null)", |c, a| {
        case(c, a, "mb_strtolower", Case::Lower)
    }),
    ("-7.4 mb_strtolower(string $str, string $encoding = ?): false", |c, a| {
        case(c, a, "mb_strtolower", Case::Lower)
    }),
    ("8.0- mb_strtoupper(string $string, ?string $encoding = null)", |c, a| {
        case(c, a, "mb_strtoupper", Case::Upper)
    }),
    ("-7.4 mb_strtoupper(string $str, string $encoding = ?): false", |c, a| {
        case(c, a, "mb_strtoupper", Case::Upper)
    }),
    (
        "8.0- mb_strpos(string $haystack, string $needle, int $offset = 0, ?string $encoding = null)",
        |c, a| position(c, a, "mb_strpos", false),
    ),
    (
        "-7.4 mb_strpos(string $haystack, string $needle, int $offset = 0, string $encoding = ?): false",
        |c, a| position(c, a, "mb_strpos", false),
    ),
    (
        "8.0- mb_stripos(string $haystack, string $needle, int $offset = 0, ?string $encoding = null)",
        |c, a| position(c, a, "mb_stripos", true),
    ),
    (
        "-7.4 mb_stripos(string $haystack, string $needle, int $offset = 0, string $encoding = ?): false",
        |c, a| position(c, a, "mb_stripos", true),
    ),
    ("8.0- mb_substr_count(string $haystack, string $needle, ?string $encoding = null)", substr_count),
    ("-7.4 mb_substr_count(string $haystack, string $needle, string $encoding = ?): false", substr_count),
    ("7.4- mb_str_split(string $string, int $length = 1, ?string $encoding = null)", str_split),
];

/// How bytes are characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    /// One byte, one character: Latin-1, ASCII, `8bit`.
    Bytes,
}

fn encoding(name: Option<&[u8]>) -> Option<Encoding> {
    let Some(name) = name else { return Some(Encoding::Utf8) };
    let known = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    match () {
        () if known(&["utf-8", "utf8"]) => Some(Encoding::Utf8),
        () if known(&["iso-8859-1", "iso8859-1", "latin1", "ascii", "us-ascii", "8bit", "binary"]) => {
            Some(Encoding::Bytes)
        }
        () => None,
    }
}

/// The characters of a text as byte strings; a broken one counts as one.
fn units(text: &[u8], encoding: Encoding) -> Vec<&[u8]> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let len = if encoding == Encoding::Utf8 { unit_len(rest) } else { 1 };
        out.push(&rest[..len]);
        rest = &rest[len..];
    }
    out
}

/// By the first byte alone, as `mb_strlen` counts.
fn unit_len(text: &[u8]) -> usize {
    let len = match text[0] {
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        _ => 1,
    };
    len.min(text.len())
}

fn unknown(ctx: &mut Ctx<'_>, name: &str) -> Outcome {
    ctx.value_error(false, format!("{name}(): Argument ($encoding) must be a valid encoding"))
}

fn with(
    ctx: &mut Ctx<'_>,
    args: &Args<'_>,
    at: usize,
    name: &str,
    answer: impl FnOnce(&mut Ctx<'_>, &Args<'_>, &[&[u8]]) -> Outcome,
) -> Outcome {
    match encoding(args.opt_bytes(at)) {
        Some(encoding) => answer(ctx, args, &units(args.bytes(0), encoding)),
        None => unknown(ctx, name),
    }
}

fn call_substr(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    with(ctx, args, 3, "mb_substr", |_, args, units| ok(part(units, args.int(1), args.opt_int(2)).concat()))
}

/// `mb_strlen` of UTF-8: how many characters, a broken one counting as one.
pub fn mb_strlen(text: &[u8]) -> usize {
    units(text, Encoding::Utf8).len()
}

/// `mb_substr` of UTF-8: negative numbers count from the end.
pub fn mb_substr(text: &[u8], start: i64, length: Option<i64>) -> Vec<u8> {
    part(&units(text, Encoding::Utf8), start, length).concat()
}

/// `mb_strtolower` of UTF-8.
pub fn mb_strtolower(php: &Php, text: &[u8]) -> Vec<u8> {
    fold(text, Case::Lower, php.since(Version::V7_3))
}

/// `mb_strtoupper` of UTF-8: from 7.3 `ß` becomes `SS`.
pub fn mb_strtoupper(php: &Php, text: &[u8]) -> Vec<u8> {
    fold(text, Case::Upper, php.since(Version::V7_3))
}

fn part<'a, 'b>(units: &'a [&'b [u8]], start: i64, length: Option<i64>) -> &'a [&'b [u8]] {
    let len = units.len() as i64;
    let start = if start < 0 { start.saturating_add(len).max(0) } else { start.min(len) };
    let count = match length {
        None => len - start,
        Some(count) if count < 0 => (len - start).saturating_add(count).max(0),
        Some(count) => count.min(len - start),
    };
    &units[start as usize..(start + count) as usize]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    Upper,
}

fn case(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, case: Case) -> Outcome {
    match encoding(args.opt_bytes(1)) {
        Some(Encoding::Utf8) => ok(fold(args.bytes(0), case, ctx.php.since(Version::V7_3))),
        Some(Encoding::Bytes) if case == Case::Lower => ok(args.bytes(0).to_ascii_lowercase()),
        Some(Encoding::Bytes) => ok(args.bytes(0).to_ascii_uppercase()),
        None => unknown(ctx, name),
    }
}

/// Case by Unicode; up to 7.2 only where one character stays one. What is broken becomes `?`.
fn fold(text: &[u8], case: Case, full: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (char, len) = next_char(rest);
        rest = &rest[len..];
        let Some(char) = char else {
            out.push(b'?');
            continue;
        };
        let made: Vec<char> = match case {
            Case::Lower => char.to_lowercase().collect(),
            Case::Upper => char.to_uppercase().collect(),
        };
        let made = if full || made.len() == 1 { made } else { vec![char] };
        for char in made {
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out
}

fn position(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, ignore_case: bool) -> Outcome {
    let Some(encoding) = encoding(args.opt_bytes(3)) else { return unknown(ctx, name) };
    let text = |bytes: &[u8]| if ignore_case { fold(bytes, Case::Lower, false) } else { bytes.to_vec() };
    let (haystack, needle) = (text(args.bytes(0)), text(args.bytes(1)));
    let units = units(&haystack, encoding);
    let len = units.len() as i64;
    let offset = if args.int(2) < 0 { args.int(2).saturating_add(len) } else { args.int(2) };
    if offset < 0 || offset > len {
        let message = format!("{name}(): Argument #3 ($offset) must be contained in argument #1 ($haystack)");
        return ctx.value_error(false, message);
    }
    if needle.is_empty() && !ctx.php.is_8() {
        ctx.warn(format!("{name}(): Empty delimiter"));
        return ok(false);
    }
    let skipped: usize = units[..offset as usize].iter().map(|unit| unit.len()).sum();
    let found = super::strings::find(&haystack[skipped..], &needle);
    or_false(found.map(|at| offset as usize + self::units(&haystack[skipped..skipped + at], encoding).len()))
}

fn substr_count(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    if encoding(args.opt_bytes(2)).is_none() {
        return unknown(ctx, "mb_substr_count");
    }
    if args.bytes(1).is_empty() {
        return ctx.value_error(false, "mb_substr_count(): Argument #2 ($needle) must not be empty");
    }
    ok(super::strings::position::count(args.bytes(0), args.bytes(1)))
}

fn str_split(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(size) = usize::try_from(args.int(1)).ok().filter(|size| *size > 0) else {
        return ctx.value_error(false, "mb_str_split(): Argument #2 ($length) must be greater than 0");
    };
    with(ctx, args, 2, "mb_str_split", |_, _, units| {
        ok(units.chunks(size).map(|chunk| Value::from(chunk.concat())).collect::<Array>())
    })
}
