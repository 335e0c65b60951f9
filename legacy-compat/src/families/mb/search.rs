//! `mb_strpos`, `mb_strstr`, `mb_strrchr` and their kin, `mb_substr_count`: finding a text in a text.

use super::case::without_case;
use super::convert::recode;
use super::part::Units;
use super::{BAD, Encoding, encoding_of, find, unknown, utf8};
use crate::call::{Args, Ctx, Outcome, Row, ok, or_false};
use crate::families::strings;
use crate::numeric;
use crate::php::{Php, Version};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    (
        "-5.6 mb_stripos(string $haystack, string $needle, int $offset = 0, string $encoding = ?): false",
        |c, a| position(c, a, "mb_stripos", Ask::FIRST.any_case()),
    ),
    (
        "-5.6 mb_strpos(string $haystack, string $needle, int $offset = 0, string $encoding = ?): false",
        |c, a| position(c, a, "mb_strpos", Ask::FIRST),
    ),
    (
        "8.0- mb_strpos(string $haystack, string $needle, int $offset = 0, ?string $encoding = null)",
        |c, a| position(c, a, "mb_strpos", Ask::FIRST),
    ),
    ("7.0-7.4 mb_strpos(string $haystack, string $needle, int $offset = 0, string $encoding = ?)", |c, a| {
        position(c, a, "mb_strpos", Ask::FIRST)
    }),
    (
        "8.0- mb_stripos(string $haystack, string $needle, int $offset = 0, ?string $encoding = null)",
        |c, a| position(c, a, "mb_stripos", Ask::FIRST.any_case()),
    ),
    (
        "7.0-7.4 mb_stripos(string $haystack, string $needle, int $offset = 0, string $encoding = ?)",
        |c, a| position(c, a, "mb_stripos", Ask::FIRST.any_case()),
    ),
    (
        "8.0- mb_strrpos(string $haystack, string $needle, int $offset = 0, ?string $encoding = null)",
        |c, a| position(c, a, "mb_strrpos", Ask::LAST),
    ),
    (
        "-5.6 mb_strrpos(string $haystack, string $needle, mixed $offset = 0, string $encoding = ?): false",
        strrpos_old,
    ),
    (
        "8.0- mb_strripos(string $haystack, string $needle, int $offset = 0, ?string $encoding = null)",
        |c, a| position(c, a, "mb_strripos", Ask::LAST.any_case()),
    ),
    (
        "-5.6 mb_strripos(string $haystack, string $needle, int $offset = 0, string $encoding = ?): false",
        |c, a| position(c, a, "mb_strripos", Ask::LAST.any_case()),
    ),
    (
        "7.0-7.4 mb_strrpos(string $haystack, string $needle, mixed $offset = 0, string $encoding = ?)",
        strrpos_old,
    ),
    (
        "7.0-7.4 mb_strripos(string $haystack, string $needle, int $offset = 0, string $encoding = ?)",
        |c, a| position(c, a, "mb_strripos", Ask::LAST.any_case()),
    ),
    (
        "8.0- mb_strstr(string $haystack, string $needle, bool $before_needle = false, ?string $encoding = null)",
        |c, a| part(c, a, "mb_strstr", Ask::FIRST),
    ),
    (
        "-5.6 mb_strstr(string $haystack, string $needle, bool $part = false, string $encoding = ?): false",
        |c, a| part(c, a, "mb_strstr", Ask::FIRST),
    ),
    (
        "7.0-7.4 mb_strstr(string $haystack, string $needle, bool $part = false, string $encoding = ?)",
        |c, a| part(c, a, "mb_strstr", Ask::FIRST),
    ),
    (
        "8.0- mb_stristr(string $haystack, string $needle, bool $before_needle = false, ?string $encoding = null)",
        |c, a| part(c, a, "mb_stristr", Ask::FIRST.any_case()),
    ),
    (
        "-5.6 mb_stristr(string $haystack, string $needle, bool $part = false, string $encoding = ?): false",
        |c, a| part(c, a, "mb_stristr", Ask::FIRST.any_case()),
    ),
    (
        "7.0-7.4 mb_stristr(string $haystack, string $needle, bool $part = false, string $encoding = ?)",
        |c, a| part(c, a, "mb_stristr", Ask::FIRST.any_case()),
    ),
    (
        "8.0- mb_strrchr(string $haystack, string $needle, bool $before_needle = false, ?string $encoding = null)",
        |c, a| part(c, a, "mb_strrchr", Ask::LAST),
    ),
    (
        "-5.6 mb_strrchr(string $haystack, string $needle, bool $part = false, string $encoding = ?): false",
        |c, a| part(c, a, "mb_strrchr", Ask::LAST),
    ),
    (
        "7.0-7.4 mb_strrchr(string $haystack, string $needle, bool $part = false, string $encoding = ?)",
        |c, a| part(c, a, "mb_strrchr", Ask::LAST),
    ),
    (
        "8.0- mb_strrichr(string $haystack, string $needle, bool $before_needle = false, ?string $encoding = null)",
        |c, a| part(c, a, "mb_strrichr", Ask::LAST.any_case()),
    ),
    (
        "-7.4 mb_strrichr(string $haystack, string $needle, bool $part = false, string $encoding = ?): false",
        |c, a| part(c, a, "mb_strrichr", Ask::LAST.any_case()),
    ),
    ("8.0- mb_substr_count(string $haystack, string $needle, ?string $encoding = null)", substr_count),
    ("-7.4 mb_substr_count(string $haystack, string $needle, string $encoding = ?)", substr_count),
];

/// What is asked for: the first place or the last, with or without case.
#[derive(Clone, Copy)]
struct Ask {
    last: bool,
    any_case: bool,
}

impl Ask {
    const FIRST: Self = Self { last: false, any_case: false };
    const LAST: Self = Self { last: true, any_case: false };

    const fn any_case(self) -> Self {
        Self { any_case: true, ..self }
    }
}

/// A text as UTF-8 to search in: where it was UTF-8, its bytes as they are.
fn searchable(php: &Php, encoding: &'static Encoding, text: &[u8], ask: Ask) -> Vec<u8> {
    if !ask.any_case {
        return if encoding.is_utf8() { text.to_vec() } else { to_utf8(php, encoding, text) };
    }
    let folded = without_case(php, &encoding.decode(php, text));
    match php.since(Version::V8_3) {
        true => marked(&folded),
        false if encoding.is_utf8() => utf8().encode(&folded),
        false => to_utf8(php, encoding, &encoding.encode(&folded)),
    }
}

/// From 8.3 what is no character equals nothing but its like, before that a `?`.
fn to_utf8(php: &Php, encoding: &'static Encoding, text: &[u8]) -> Vec<u8> {
    match php.since(Version::V8_3) && !encoding.is_transfer() {
        true => marked(&encoding.decode(php, text)),
        false => recode(php, text, utf8(), encoding),
    }
}

/// UTF-8 with a byte that never occurs in it for what is no character.
fn marked(chars: &[u32]) -> Vec<u8> {
    const MARK: u8 = 0xff;
    let mut out = Vec::with_capacity(chars.len());
    for part in chars.chunk_by(|a, b| (*a == BAD) == (*b == BAD)) {
        match part.first() {
            Some(&BAD) => out.resize(out.len() + part.len(), MARK),
            _ => out.extend(utf8().encode(part)),
        }
    }
    out
}

/// Where `needle` is in `haystack`, both UTF-8, in characters; none where it is not.
fn locate(php: &Php, haystack: &[u8], needle: &[u8], offset: i64, ask: Ask) -> Result<Option<usize>, ()> {
    // Until 8.3 nothing was found in no text where case does not count, wherever it was looked for.
    if ask.any_case && haystack.is_empty() && !php.since(Version::V8_3) {
        return Ok(None);
    }
    let from = at_offset(haystack, 0, offset).ok_or(())?;
    if needle.is_empty() && !php.is_8() {
        return Ok(None);
    }
    let at = match ask.last {
        false => strings::find(&haystack[from..], needle).map(|at| from + at),
        true if offset < 0 => {
            let end = at_offset(haystack, from, count(needle) as i64).unwrap_or(haystack.len());
            rfind(&haystack[..end], needle)
        }
        true => rfind(&haystack[from..], needle).map(|at| from + at),
    };
    Ok(at.map(|at| count(&haystack[..at])))
}

/// The characters of UTF-8 by the bytes that begin one.
fn count(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// So many characters from a place, or back from the end; none beyond the text.
fn at_offset(text: &[u8], start: usize, offset: i64) -> Option<usize> {
    if offset < 0 {
        let starts = text.iter().enumerate().rev().filter(|(_, byte)| **byte & 0xc0 != 0x80);
        let nth = usize::try_from(offset.unsigned_abs() - 1).ok()?;
        return starts.map(|(at, _)| at).nth(nth);
    }
    let mut at = start;
    for _ in 0..offset {
        let first = text.get(at)?;
        at += utf8().unit_len(*first).unwrap_or(1);
    }
    Some(at.min(text.len()))
}

fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::rfind(haystack, needle)
}

fn position(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, ask: Ask) -> Outcome {
    let encoding = match encoding_of(ctx, args, 3, name) {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    position_in(ctx, args, name, ask, encoding)
}

fn position_in(
    ctx: &mut Ctx<'_>,
    args: &Args<'_>,
    name: &str,
    ask: Ask,
    encoding: &'static Encoding,
) -> Outcome {
    let text = |index| searchable(ctx.php, encoding, args.bytes(index), ask);
    let (haystack, needle) = (text(0), text(1));
    let offset = args.int(2);
    if offset < 0 && !ask.last && ctx.php.version < Version::V7_1 {
        ctx.warn(format!("{name}(): Offset not contained in string"));
        return ok(false);
    }
    match locate(ctx.php, &haystack, &needle, offset, ask) {
        Ok(found) => or_false(found),
        Err(()) => {
            let message =
                format!("{name}(): Argument #3 ($offset) must be contained in argument #1 ($haystack)");
            ctx.value_error(false, message)
        }
    }
}

/// Up to 7.4 the third argument may be the encoding.
fn strrpos_old(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let mut encoding = match encoding_of(ctx, args, 3, "mb_strrpos") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    match args.value(2).clone() {
        Value::Str(text) if !matches!(text.first(), Some(b'0'..=b'9' | b' ' | b'-' | b'.')) => {
            match find(ctx.php, &text) {
                Some(found) => encoding = found,
                None => return unknown(ctx, &text, 2, "mb_strrpos"),
            }
            args.set(2, 0i64);
        }
        Value::Str(text) => args.set(2, numeric::strtol(&text, 10)),
        other => args.set(2, crate::cast::to_int(ctx.php, &other)),
    }
    position_in(ctx, args, "mb_strrpos", Ask::LAST, encoding)
}

fn part(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, ask: Ask) -> Outcome {
    let encoding = match encoding_of(ctx, args, 3, name) {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let text = |index| searchable(ctx.php, encoding, args.bytes(index), ask);
    let Ok(Some(at)) = locate(ctx.php, &text(0), &text(1), 0, ask) else { return ok(false) };
    let units = Units::read(ctx.php, encoding, args.bytes(0));
    let at = at.min(units.len());
    ok(if args.bool(2) { units.bytes(0, at) } else { units.bytes(at, units.len()) })
}

fn substr_count(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 2, "mb_substr_count") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    // From 8.2 what is no character counts as another that is none.
    let text = |index| match encoding.is_utf8() && ctx.php.since(Version::V8_2) {
        true => marked(&encoding.decode(ctx.php, args.bytes(index))),
        false => searchable(ctx.php, encoding, args.bytes(index), Ask::FIRST),
    };
    let (haystack, needle) = (text(0), text(1));
    if needle.is_empty() {
        return ctx.value_error(false, "mb_substr_count(): Argument #2 ($needle) must not be empty");
    }
    ok(strings::position::count(&haystack, &needle))
}
