//! Finding a place: `strpos` and its kin, `substr_count`, `strspn`, `strpbrk`, `str_contains`.

use super::basic::Charset;
use super::{find, rfind};
use crate::call::{Args, Ctx, Outcome, Row, ok, or_false};
use crate::cast;
use crate::php::Version;
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("8.0- strpos(string $haystack, string $needle, int $offset = 0)", |c, a| {
        position(c, a, "strpos", false)
    }),
    ("-7.4 strpos(string $haystack, mixed $needle, int $offset = 0)", |c, a| position(c, a, "strpos", false)),
    ("8.0- stripos(string $haystack, string $needle, int $offset = 0)", |c, a| {
        position(c, a, "stripos", true)
    }),
    ("-7.4 stripos(string $haystack, mixed $needle, int $offset = 0)", |c, a| {
        position(c, a, "stripos", true)
    }),
    ("8.0- strrpos(string $haystack, string $needle, int $offset = 0)", |c, a| {
        last_position(c, a, "strrpos", false)
    }),
    ("-7.4 strrpos(string $haystack, mixed $needle, int $offset = 0): false", |c, a| {
        last_position(c, a, "strrpos", false)
    }),
    ("8.0- strripos(string $haystack, string $needle, int $offset = 0)", |c, a| {
        last_position(c, a, "strripos", true)
    }),
    ("-7.4 strripos(string $haystack, mixed $needle, int $offset = 0): false", |c, a| {
        last_position(c, a, "strripos", true)
    }),
    ("8.0- strstr(string $haystack, string $needle, bool $before_needle = false)", |c, a| {
        part(c, a, "strstr", false)
    }),
    ("-7.4 strstr(string $haystack, mixed $needle, bool $before_needle = false)", |c, a| {
        part(c, a, "strstr", false)
    }),
    ("8.0- stristr(string $haystack, string $needle, bool $before_needle = false)", |c, a| {
        part(c, a, "stristr", true)
    }),
    ("-7.4 stristr(string $haystack, mixed $needle, bool $before_needle = false)", |c, a| {
        part(c, a, "stristr", true)
    }),
    ("8.0-8.2 strrchr(string $haystack, string $needle)", last_part),
    ("8.3- strrchr(string $haystack, string $needle, bool $before_needle = false)", last_part),
    ("-7.4 strrchr(string $haystack, mixed $needle)", last_part),
    (
        "8.0- substr_count(string $haystack, string $needle, int $offset = 0, ?int $length = null)",
        substr_count,
    ),
    ("-7.4 substr_count(string $haystack, string $needle, int $offset = 0, int $length = ?)", substr_count),
    (
        "8.0- str_contains(string $haystack, string $needle)",
        |_, a| ok(find(a.bytes(0), a.bytes(1)).is_some()),
    ),
    ("8.0- str_starts_with(string $haystack, string $needle)", |_, a| ok(a.bytes(0).starts_with(a.bytes(1)))),
    ("8.0- str_ends_with(string $haystack, string $needle)", |_, a| ok(a.bytes(0).ends_with(a.bytes(1)))),
    ("8.0- strspn(string $string, string $characters, int $offset = 0, ?int $length = null)", |c, a| {
        span(c, a, true)
    }),
    ("-7.4 strspn(string $string, string $characters, int $offset = 0, int $length = ?)", |c, a| {
        span(c, a, true)
    }),
    ("8.0- strcspn(string $string, string $characters, int $offset = 0, ?int $length = null)", |c, a| {
        span(c, a, false)
    }),
    ("-7.4 strcspn(string $string, string $characters, int $offset = 0, int $length = ?)", |c, a| {
        span(c, a, false)
    }),
    ("strpbrk(string $string, string $characters): false", |c, a| {
        if a.bytes(1).is_empty() {
            return c.value_error(false, "strpbrk(): Argument #2 ($characters) must be a non-empty string");
        }
        or_false(strpbrk(a.bytes(0), a.bytes(1)))
    }),
];

/// The needle as bytes: up to 7.4 what is no string is the number of a byte.
fn needle(ctx: &mut Ctx<'_>, value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Str(text) => Some(text.to_vec()),
        Value::Array(_) | Value::Object(_) => {
            ctx.warn("needle is not a string or an integer");
            None
        }
        other => Some(vec![cast::to_int(ctx.php, other) as u8]),
    }
}

/// The texts to search, in lower case where case does not count.
fn texts(ctx: &mut Ctx<'_>, args: &Args<'_>, ignore_case: bool) -> Option<(Vec<u8>, Vec<u8>)> {
    let needle = needle(ctx, args.value(1))?;
    Some(match ignore_case {
        true => (args.bytes(0).to_ascii_lowercase(), needle.to_ascii_lowercase()),
        false => (args.bytes(0).to_vec(), needle),
    })
}

fn not_contained(ctx: &mut Ctx<'_>, name: &str) -> Outcome {
    let message = format!("{name}(): Argument #3 ($offset) must be contained in argument #1 ($haystack)");
    ctx.value_error(false, message)
}

fn empty_needle(ctx: &mut Ctx<'_>, name: &str) -> Outcome {
    ctx.warn(format!("{name}(): Empty needle"));
    ok(false)
}

fn position(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, ignore_case: bool) -> Outcome {
    let (len, mut offset) = (args.bytes(0).len() as i64, args.int(2));
    if offset < 0 && ctx.php.since(Version::V7_1) {
        offset += len;
    }
    if offset < 0 || offset > len {
        return not_contained(ctx, name);
    }
    let empty_haystack = ignore_case && len == 0 && !ctx.php.is_8();
    let Some((haystack, needle)) = texts(ctx, args, ignore_case) else { return ok(false) };
    if empty_haystack {
        return ok(false);
    }
    if needle.is_empty() && !ctx.php.is_8() {
        return if ignore_case { ok(false) } else { empty_needle(ctx, name) };
    }
    let offset = offset as usize;
    or_false(find(&haystack[offset..], &needle).map(|at| at + offset))
}

fn last_position(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, ignore_case: bool) -> Outcome {
    let Some((haystack, needle)) = texts(ctx, args, ignore_case) else { return ok(false) };
    if !ctx.php.is_8() && (haystack.is_empty() || needle.is_empty()) {
        return ok(false);
    }
    let (len, offset) = (haystack.len() as i64, args.int(2));
    if offset > len || offset.checked_neg().is_none_or(|back| back > len) {
        return not_contained(ctx, name);
    }
    or_false(strrpos(&haystack, &needle, offset))
}

/// `strrpos`: from this offset on, or, negative, where the needle starts no later than so many bytes before the end.
pub fn strrpos(haystack: &[u8], needle: &[u8], offset: i64) -> Option<usize> {
    if offset >= 0 {
        let offset = usize::try_from(offset).ok().filter(|offset| *offset <= haystack.len())?;
        return rfind(&haystack[offset..], needle).map(|at| at + offset);
    }
    let back = usize::try_from(offset.unsigned_abs()).ok().filter(|back| *back <= haystack.len())?;
    let last_start = haystack.len() - back;
    let end = (last_start + needle.len()).min(haystack.len());
    rfind(&haystack[..end], needle)
}

fn part(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, ignore_case: bool) -> Outcome {
    let Some((haystack, needle)) = texts(ctx, args, ignore_case) else { return ok(false) };
    if needle.is_empty() && !ctx.php.is_8() {
        return empty_needle(ctx, name);
    }
    let text = args.bytes(0);
    or_false(find(&haystack, &needle).map(|at| if args.bool(2) { &text[..at] } else { &text[at..] }))
}

fn last_part(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some((haystack, needle)) = texts(ctx, args, false) else { return ok(false) };
    let byte = needle.first().copied().unwrap_or(0);
    let found = memchr::memrchr(byte, &haystack);
    or_false(found.map(|at| if args.bool(2) { &haystack[..at] } else { &haystack[at..] }))
}

fn substr_count(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (haystack, needle) = (args.bytes(0), args.bytes(1));
    if needle.is_empty() {
        return ctx.value_error(false, "substr_count(): Argument #2 ($needle) cannot be empty");
    }
    let (len, mut offset) = (haystack.len() as i64, args.int(2));
    let negative = ctx.php.since(Version::V7_1);
    if offset < 0 && negative {
        offset += len;
    }
    if offset < 0 || offset > len {
        let message = "substr_count(): Argument #3 ($offset) must be contained in argument #1 ($haystack)";
        return ctx.value_error(false, message);
    }
    let haystack = &haystack[offset as usize..];
    let Some(mut length) = args.opt_int(3) else { return ok(count(haystack, needle)) };
    if length < 0 && negative {
        length += haystack.len() as i64;
    }
    if length < 0 || length > haystack.len() as i64 || length == 0 && !negative {
        let message = "substr_count(): Argument #4 ($length) must be contained in argument #1 ($haystack)";
        return ctx.value_error(false, message);
    }
    ok(count(&haystack[..length as usize], needle))
}

/// How often the needle occurs, without overlaps.
pub fn count(haystack: &[u8], needle: &[u8]) -> usize {
    memchr::memmem::find_iter(haystack, needle).count()
}

fn span(ctx: &mut Ctx<'_>, args: &mut Args<'_>, inside: bool) -> Outcome {
    // Up to 8.3 the NUL behind an empty set of bytes to stop at counted as one of them.
    let until_nul = !inside && args.bytes(1).is_empty() && !ctx.php.since(Version::V8_4);
    let set = Charset::of(if until_nul { &b"\0"[..] } else { args.bytes(1) });
    let text = args.bytes(0);
    let len = text.len() as i64;
    let mut start = args.int(2);
    if start < 0 {
        start = (start + len).max(0);
    } else if start > len {
        return if ctx.php.is_8() { ok(0) } else { ok(false) };
    }
    let rest = &text[start as usize..];
    let mut length = args.opt_int(3).unwrap_or(rest.len() as i64);
    if length < 0 {
        length = (length + rest.len() as i64).max(0);
    }
    let rest = &rest[..rest.len().min(length as usize)];
    ok(rest.iter().take_while(|byte| set.has(**byte) == inside).count())
}

/// `strpbrk`: from the first byte on that is one of these.
pub fn strpbrk<'a>(text: &'a [u8], characters: &[u8]) -> Option<&'a [u8]> {
    let set = Charset::of(characters);
    text.iter().position(|byte| set.has(*byte)).map(|at| &text[at..])
}
