//! `preg_replace`, `preg_filter`, `preg_replace_callback`.

use super::functions::Shape;
use super::{Found, INTERNAL_ERROR, Matches, Regex, error_code};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::error::Thrown;
use crate::families::types::{changed_to_text, text_of};
use crate::php::Version;
use crate::value::{Array, Str, Value};

pub(crate) const ROWS: &[Row] = &[
    (
        "8.0- preg_replace(array|string $pattern, array|string $replacement, array|string $subject, int $limit = -1, mixed &$count = ?)",
        |c, a| preg_replace(c, a, "preg_replace", false),
    ),
    (
        "-7.4 preg_replace(mixed $regex, mixed $replace, mixed $subject, int $limit = -1, mixed &$count = ?)",
        |c, a| preg_replace(c, a, "preg_replace", false),
    ),
    (
        "8.0- preg_filter(array|string $pattern, array|string $replacement, array|string $subject, int $limit = -1, mixed &$count = ?)",
        |c, a| preg_replace(c, a, "preg_filter", true),
    ),
    (
        "-7.4 preg_filter(mixed $regex, mixed $replace, mixed $subject, int $limit = -1, mixed &$count = ?)",
        |c, a| preg_replace(c, a, "preg_filter", true),
    ),
    (
        "8.0- preg_replace_callback(array|string $pattern, callable $callback, array|string $subject, int $limit = -1, mixed &$count = ?, int $flags = 0)",
        preg_replace_callback,
    ),
    (
        "7.4-7.4 preg_replace_callback(mixed $regex, mixed $callback, mixed $subject, int $limit = -1, mixed &$count = ?, int $flags = 0)",
        preg_replace_callback,
    ),
    (
        "-7.3 preg_replace_callback(mixed $regex, mixed $callback, mixed $subject, int $limit = -1, mixed &$count = ?)",
        preg_replace_callback,
    ),
];

/// What a match is replaced by.
enum With<'a> {
    Text(&'a [u8]),
    Callback(&'a Value, Shape),
}

/// One pattern after the other on one subject; none for an error, as PHP's null.
#[allow(clippy::too_many_arguments, reason = "what preg_replace is given, and what it counts")]
fn replace_text(
    ctx: &mut Ctx<'_>,
    name: &str,
    patterns: &Value,
    replacement: &Value,
    shape: Option<Shape>,
    subject: Str,
    limit: i64,
    count: &mut i64,
) -> Result<Option<Str>, Thrown> {
    let mut subject = subject;
    let list: Vec<Value> = match patterns {
        Value::Array(patterns) => patterns.values().cloned().collect(),
        one => vec![one.clone()],
    };
    let replacements: Option<Vec<Value>> = match replacement {
        Value::Array(list) if shape.is_none() => Some(list.values().cloned().collect()),
        _ => None,
    };
    for (index, pattern) in list.iter().enumerate() {
        let pattern = text_of(ctx, pattern)?;
        let text = match (&replacements, shape) {
            (_, Some(_)) => Str::EMPTY,
            (Some(list), None) => match list.get(index) {
                Some(value) if ctx.php.since(Version::V7_2) => text_of(ctx, value)?,
                Some(value) => changed_to_text(ctx, value)?,
                None => Str::EMPTY,
            },
            (None, None) => changed_to_text(ctx, replacement)?,
        };
        let with = match shape {
            Some(shape) => With::Callback(replacement, shape),
            None => With::Text(&text),
        };
        let Some(regex) = ctx.regex(name, &pattern) else { return Ok(None) };
        // 5.6 alone still runs it, though not with a callback.
        if regex.eval && (shape.is_some() || !ctx.php.is_5()) {
            ctx.warn(format!(
                "{name}(): The /e modifier is no longer supported, use preg_replace_callback instead"
            ));
            return Ok(None);
        }
        match replace_one(ctx, &regex, &subject, &with, limit, count)? {
            Some(made) => subject = made,
            None => return Ok(None),
        }
    }
    Ok(Some(subject))
}

fn replace_one(
    ctx: &mut Ctx<'_>,
    regex: &Regex,
    subject: &Str,
    with: &With<'_>,
    limit: i64,
    count: &mut i64,
) -> Result<Option<Str>, Thrown> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut out: Vec<u8> = Vec::new();
    let mut done = 0;
    let mut replaced = 0usize;
    let mut matches = Matches::new(ctx.php, regex, subject, 0);
    while replaced < most {
        let found = match matches.next() {
            None => break,
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                ctx.preg_error = error_code(error);
                return Ok(None);
            }
        };
        // 5.6 took a match for an error where less than none was wanted.
        if limit < -1 && ctx.php.is_5() {
            ctx.preg_error = INTERNAL_ERROR;
            return Ok(None);
        }
        let (start, end) = found.whole();
        out.extend_from_slice(&subject[done..start.max(done)]);
        match with {
            With::Text(text) => expand(&mut out, text, subject, &found),
            With::Callback(callback, shape) => {
                let groups = shape.groups(&regex.code, subject, &found);
                let answer = ctx.call_back(callback, vec![groups.into()])?;
                out.extend_from_slice(&text_of(ctx, &answer)?);
            }
        }
        done = end.max(done);
        replaced += 1;
    }
    if replaced == 0 {
        return Ok(Some(subject.clone()));
    }
    *count += replaced as i64;
    out.extend_from_slice(&subject[done..]);
    Ok(Some(out.into()))
}

/// Puts groups in for `\1`, `$1` and `${1}`; a backslash before one of both takes its meaning.
fn expand(out: &mut Vec<u8>, text: &[u8], subject: &[u8], found: &Found) {
    let (mut at, mut last) = (0, 0);
    while at < text.len() {
        let byte = text[at];
        if matches!(byte, b'\\' | b'$') {
            if last == b'\\' {
                out.pop();
                out.push(byte);
                (at, last) = (at + 1, 0);
                continue;
            }
            if let Some((group, len)) = reference(&text[at..]) {
                if let Some((start, end)) = found.groups.get(group).copied().flatten() {
                    out.extend_from_slice(&subject[start..end]);
                }
                at += len;
                continue;
            }
        }
        out.push(byte);
        (at, last) = (at + 1, byte);
    }
}

/// A reference at the start: its group, at most two digits, and its length.
fn reference(text: &[u8]) -> Option<(usize, usize)> {
    let braced = text[0] == b'$' && text.get(1) == Some(&b'{');
    let start = if braced { 2 } else { 1 };
    let digits =
        text[start.min(text.len())..].iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&text[start.min(text.len())..][..digits]).ok()?.parse().ok()?;
    let end = start + digits;
    match braced {
        true => (text.get(end) == Some(&b'}')).then_some((number, end + 1)),
        false => Some((number, end)),
    }
}

/// Runs on one subject or on each of an array.
fn on_subjects(
    ctx: &mut Ctx<'_>,
    subject: &Value,
    count: &mut i64,
    only_changed: bool,
    mut replace: impl FnMut(&mut Ctx<'_>, Str, &mut i64) -> Result<Option<Str>, Thrown>,
) -> Outcome {
    let Value::Array(subjects) = subject else {
        let text = text_of(ctx, subject)?;
        let made = replace(ctx, text, count)?;
        return ok(made.filter(|_| !only_changed || *count > 0));
    };
    let mut out = Array::new();
    for (key, subject) in subjects.iter() {
        let before = *count;
        let text = text_of(ctx, subject)?;
        if let Some(made) = replace(ctx, text, count)?.filter(|_| !only_changed || *count > before) {
            out.insert(key, made);
        }
    }
    ok(out)
}

fn preg_replace(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, filter: bool) -> Outcome {
    let (pattern, replacement, subject) =
        (args.value(0).clone(), args.value(1).clone(), args.value(2).clone());
    if matches!(replacement, Value::Array(_)) && !matches!(pattern, Value::Array(_)) {
        let message = format!(
            "{name}(): Argument #1 ($pattern) must be of type array when argument #2 ($replacement) is an array, string given"
        );
        return ctx.type_error(false, message);
    }
    let (limit, mut count) = (args.int(3), 0);
    let answer = on_subjects(ctx, &subject, &mut count, filter, |ctx, text, count| {
        replace_text(ctx, name, &pattern, &replacement, None, text, limit, count)
    })?;
    if args.has(4) {
        args.set(4, count);
    }
    Ok(answer)
}

fn preg_replace_callback(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (pattern, callback, subject) = (args.value(0).clone(), args.value(1).clone(), args.value(2).clone());
    if !ctx.is_callable(&callback) {
        // Up to 7.4 the subject as a text is the answer.
        text_of(ctx, &callback)?;
        ctx.warn("preg_replace_callback(): Requires argument 2 to be a valid callback");
        return match ctx.php.since(Version::V7_1) {
            true => ok(text_of(ctx, &subject)?),
            false => ok(subject),
        };
    }
    let (limit, mut count) = (args.int(3), 0);
    let shape = Shape::of(ctx.php, args.int(5));
    let answer = on_subjects(ctx, &subject, &mut count, false, |ctx, text, count| {
        replace_text(ctx, "preg_replace_callback", &pattern, &callback, Some(shape), text, limit, count)
    })?;
    if args.has(4) {
        args.set(4, count);
    }
    Ok(answer)
}
