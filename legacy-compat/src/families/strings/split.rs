//! Splitting and joining: `explode`, `implode`, `str_split`, `chunk_split`, `wordwrap`, `str_word_count`, `count_chars`.

use super::basic::{Charset, MAX_LEN, charset};
use super::find;
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::families::types::text_of;
use crate::php::Version;
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("explode(string $separator, string $string, int $limit = 9223372036854775807)", |c, a| {
        if a.bytes(0).is_empty() {
            return c.value_error(false, "explode(): Argument #1 ($separator) cannot be empty");
        }
        ok(explode(a.bytes(0), a.bytes(1), a.int(2)))
    }),
    ("8.0- implode(array|string $separator, ?array $array = null)", |c, a| implode_8(c, a, "implode")),
    ("8.0- join(array|string $separator, ?array $array = null)", |c, a| implode_8(c, a, "join")),
    ("-7.4 implode(mixed $glue, mixed $pieces = ?)", implode_7),
    ("-7.4 join(mixed $glue, mixed $pieces = ?)", implode_7),
    ("str_split(string $string, int $length = 1)", |c, a| match usize::try_from(a.int(1)) {
        Ok(length @ 1..) => {
            let text = a.bytes(0);
            if text.is_empty() {
                let none: Vec<Value> = if c.php.since(Version::V8_2) { vec![] } else { vec!["".into()] };
                return ok(none);
            }
            ok(text.chunks(length).map(Value::from).collect::<Vec<_>>())
        }
        _ => c.value_error(false, "str_split(): Argument #2 ($length) must be greater than 0"),
    }),
    ("chunk_split(string $string, int $length = 76, string $separator = \"\")", |c, a| {
        let end = if a.has(2) { a.bytes(2) } else { b"\r\n" };
        match usize::try_from(a.int(1)) {
            Ok(length @ 1..) => ok(chunk_split(a.bytes(0), length, end)),
            _ => c.value_error(false, "chunk_split(): Argument #2 ($length) must be greater than 0"),
        }
    }),
    (
        "wordwrap(string $string, int $width = 75, string $break = \"\", bool $cut_long_words = false)",
        |c, a| {
            let line = if a.has(2) { a.bytes(2) } else { b"\n" };
            if a.bytes(0).is_empty() {
                return ok("");
            }
            if line.is_empty() {
                return c.value_error(false, "wordwrap(): Argument #3 ($break) cannot be empty");
            }
            if a.int(1) == 0 && a.bool(3) {
                return c.value_error(
                    false,
                    "wordwrap(): Argument #4 ($cut_long_words) cannot be true when argument #2 ($width) is 0",
                );
            }
            ok(wordwrap(a.bytes(0), a.int(1), line, a.bool(3)))
        },
    ),
    ("8.0- str_word_count(string $string, int $format = 0, ?string $characters = null)", str_word_count),
    ("-7.4 str_word_count(string $str, int $format = 0, string $charlist = ?)", str_word_count),
    ("count_chars(string $string, int $mode = 0)", count_chars),
];

/// `explode`: with a positive limit at most so many, the last with the rest; negative: without the last so many.
pub fn explode(separator: &[u8], text: &[u8], limit: i64) -> Vec<Value> {
    if limit < 0 {
        let mut parts: Vec<Value> = split(text, separator).map(Value::from).collect();
        let keep = parts.len().saturating_sub(limit.unsigned_abs() as usize);
        parts.truncate(keep);
        return parts;
    }
    let most = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < most {
        let Some(at) = find(rest, separator) else { break };
        parts.push(Value::from(&rest[..at]));
        rest = &rest[at + separator.len()..];
    }
    parts.push(Value::from(rest));
    parts
}

fn split<'a>(text: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match find(text, separator) {
            Some(at) => {
                rest = Some(&text[at + separator.len()..]);
                Some(&text[..at])
            }
            None => rest.take(),
        }
    })
}

fn join(ctx: &mut Ctx<'_>, glue: &[u8], pieces: &Array) -> Outcome {
    let mut out = Vec::new();
    for (index, piece) in pieces.values().enumerate() {
        if index > 0 {
            out.extend_from_slice(glue);
        }
        match piece {
            Value::Object(_) => drop(text_of(ctx, piece)?),
            piece => out.extend_from_slice(&text_of(ctx, piece)?),
        }
    }
    ok(out)
}

fn implode_8(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str) -> Outcome {
    match (args.value(0).clone(), args.value(1).clone()) {
        (Value::Array(pieces), Value::Null) => join(ctx, b"", &pieces),
        (Value::Str(glue), Value::Array(pieces)) => join(ctx, &glue, &pieces),
        (Value::Str(_), _) if args.has(1) => {
            ctx.type_error((), format!("{name}(): Argument #2 ($array) must be of type array, null given"))
        }
        (Value::Str(_), _) => {
            ctx.type_error((), format!("{name}(): Argument #1 ($pieces) must be of type array, string given"))
        }
        _ => ctx.type_error(
            (),
            format!("{name}(): Argument #1 ($separator) must be of type string, array given"),
        ),
    }
}

fn implode_7(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match (args.value(0).clone(), args.value(1).clone()) {
        (Value::Array(pieces), _) if args.given() == 1 => join(ctx, b"", &pieces),
        (Value::Array(pieces), glue) => {
            let glue = text_of(ctx, &glue)?;
            join(ctx, &glue, &pieces)
        }
        (glue, Value::Array(pieces)) => {
            let glue = text_of(ctx, &glue)?;
            join(ctx, &glue, &pieces)
        }
        _ => {
            ctx.warn("implode(): Invalid arguments passed");
            ok(())
        }
    }
}

/// `chunk_split`: the separator behind every so many bytes and at the end.
pub fn chunk_split(text: &[u8], length: usize, separator: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return separator.to_vec();
    }
    text.chunks(length).flat_map(|chunk| [chunk, separator]).collect::<Vec<_>>().concat()
}

/// `wordwrap`: lines of at most `width` bytes, broken at blanks; `cut` breaks longer words too.
pub fn wordwrap(text: &[u8], width: i64, line: &[u8], cut: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    let (mut start, mut space) = (0usize, 0usize);
    let fits = |from: usize, to: usize| (to as i64 - from as i64) < width;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        let breaks = byte == line[0] && text[at..].starts_with(line) && at + line.len() < text.len();
        if breaks {
            out.extend_from_slice(&text[start..at + line.len()]);
            at += line.len() - 1;
            (start, space) = (at + 1, at + 1);
        } else if byte == b' ' {
            if !fits(start, at) {
                out.extend_from_slice(&text[start..at]);
                out.extend_from_slice(line);
                start = at + 1;
            }
            space = at;
        } else if !fits(start, at) && cut && start >= space {
            out.extend_from_slice(&text[start..at]);
            out.extend_from_slice(line);
            (start, space) = (at, at);
        } else if !fits(start, at) && start < space {
            out.extend_from_slice(&text[start..space]);
            out.extend_from_slice(line);
            space += 1;
            start = space;
        }
        if out.len() > MAX_LEN {
            break;
        }
        at += 1;
    }
    if start < text.len() {
        out.extend_from_slice(&text[start..]);
    }
    out
}

fn str_word_count(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let extra = match args.opt_bytes(2) {
        Some(list) => charset(ctx, list, true),
        None => Charset::of(b""),
    };
    let text = args.bytes(0);
    let mut words = Array::new();
    let is_word = |byte: u8| byte.is_ascii_alphabetic() || extra.has(byte) || matches!(byte, b'\'' | b'-');
    let skips = |byte: u8, list: &[u8]| list.contains(&byte) && !extra.has(byte);
    let mut start = usize::from(text.first().is_some_and(|byte| skips(*byte, b"'-")));
    let end =
        text.len() - usize::from(text.len() > start && text.last().is_some_and(|byte| skips(*byte, b"-")));
    let format = args.int(1);
    if !(0..=2).contains(&format) {
        return ctx
            .value_error(false, "str_word_count(): Argument #2 ($format) must be a valid format value");
    }
    while start < end {
        let len = text[start..end].iter().take_while(|byte| is_word(**byte)).count();
        if len > 0 {
            let word = &text[start..start + len];
            match format {
                2 => words.insert(start as i64, word),
                _ => ctx.append(&mut words, word.into()),
            }
        }
        start += len.max(1) + usize::from(len > 0);
    }
    match format {
        0 => ok(words.len()),
        1 | 2 => ok(words),
        _ if ctx.php.is_8() => {
            ctx.value_error(false, "str_word_count(): Argument #2 ($format) must be a valid format value")
        }
        _ => ok(Array::new()),
    }
}

fn count_chars(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let mode = args.int(1);
    if !(0..=4).contains(&mode) {
        return ctx
            .value_error(false, "count_chars(): Argument #2 ($mode) must be between 0 and 4 (inclusive)");
    }
    let mut counts = [0i64; 256];
    args.bytes(0).iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let chosen = counts.iter().enumerate().filter(|(_, count)| match mode {
        0 => true,
        1 | 3 => **count > 0,
        _ => **count == 0,
    });
    match mode {
        0..=2 => ok(chosen.map(|(byte, count)| (byte as i64, *count)).collect::<Array>()),
        _ => ok(chosen.map(|(byte, _)| byte as u8).collect::<Vec<u8>>()),
    }
}
