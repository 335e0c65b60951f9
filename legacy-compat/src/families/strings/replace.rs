//! Replacing: `str_replace`, `strtr`, `ucwords`' big brothers.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::families::types::{changed_to_text, text_of};
use crate::php::Version;
use crate::value::{Array, Str, Value};

pub(crate) const ROWS: &[Row] = &[
    (
        "8.0- str_replace(array|string $search, array|string $replace, array|string $subject, mixed &$count = ?)",
        |c, a| str_replace(c, a, false),
    ),
    ("-7.4 str_replace(mixed $search, mixed $replace, mixed $subject, mixed &$count = ?)", |c, a| {
        str_replace(c, a, false)
    }),
    (
        "8.0- str_ireplace(array|string $search, array|string $replace, array|string $subject, mixed &$count = ?)",
        |c, a| str_replace(c, a, true),
    ),
    ("-7.4 str_ireplace(mixed $search, mixed $replace, mixed $subject, mixed &$count = ?)", |c, a| {
        str_replace(c, a, true)
    }),
    ("8.0- strtr(string $string, array|string $from, ?string $to = ?)", call_strtr),
    ("-7.4 strtr(string $str, mixed $from, string $to = ?)", call_strtr),
];

/// What is searched, and what each is replaced by.
struct Pairs(Vec<(Str, Str)>);

impl Pairs {
    fn of(ctx: &mut Ctx<'_>, search: &Value, replace: &Value) -> Result<Self, crate::Thrown> {
        let Value::Array(searches) = search else {
            return Ok(Self(vec![(changed_to_text(ctx, search)?, changed_to_text(ctx, replace)?)]));
        };
        let mut pairs = Vec::with_capacity(searches.len());
        let replacements: Vec<Value> = match replace {
            Value::Array(list) => list.values().cloned().collect(),
            _ => Vec::new(),
        };
        let all = match replace {
            Value::Array(_) => None,
            other => Some(changed_to_text(ctx, other)?),
        };
        for (index, search) in searches.values().enumerate() {
            let search = text_of(ctx, &search.clone())?;
            let with = match (&all, replacements.get(index)) {
                (Some(all), _) => all.clone(),
                (None, Some(_)) if search.is_empty() => Str::EMPTY,
                (None, Some(with)) => text_of(ctx, with)?,
                (None, None) => Str::EMPTY,
            };
            pairs.push((search, with));
        }
        Ok(Self(pairs))
    }

    fn apply(&self, subject: &[u8], ignore_case: bool, count: &mut i64) -> Vec<u8> {
        let mut text = subject.to_vec();
        for (search, with) in self.0.iter().filter(|(search, _)| !search.is_empty()) {
            if text.is_empty() {
                break;
            }
            text = replace_all(text, search, with, ignore_case, count);
        }
        text
    }
}

fn replace_all(text: Vec<u8>, search: &[u8], with: &[u8], ignore_case: bool, count: &mut i64) -> Vec<u8> {
    let folded = ignore_case.then(|| (text.to_ascii_lowercase(), search.to_ascii_lowercase()));
    let (haystack, needle) = match &folded {
        Some((haystack, needle)) => (haystack.as_slice(), needle.as_slice()),
        None => (text.as_slice(), search),
    };
    let mut out = Vec::new();
    let mut done = 0;
    for at in memchr::memmem::find_iter(haystack, needle) {
        *count += 1;
        out.extend_from_slice(&text[done..at]);
        out.extend_from_slice(with);
        done = at + needle.len();
    }
    if done == 0 {
        return text;
    }
    out.extend_from_slice(&text[done..]);
    out
}

fn str_replace(ctx: &mut Ctx<'_>, args: &mut Args<'_>, ignore_case: bool) -> Outcome {
    let (search, replace, subject) = (args.value(0).clone(), args.value(1).clone(), args.value(2).clone());
    let replace = match (&search, &replace) {
        (Value::Array(_), _) => replace,
        (_, Value::Array(_)) if ctx.php.is_8() => {
            let name = if ignore_case { "str_ireplace" } else { "str_replace" };
            let message = format!(
                "{name}(): Argument #2 ($replace) must be of type string when argument #1 ($search) is a string"
            );
            return ctx.type_error((), message);
        }
        _ => Value::Str(changed_to_text(ctx, &replace)?),
    };
    let pairs = Pairs::of(ctx, &search, &replace)?;
    let mut count = 0;
    let answer = match &subject {
        Value::Array(subjects) => {
            let mut out = Array::new();
            for (key, subject) in subjects.iter() {
                let made = match subject {
                    Value::Array(_) | Value::Object(_) if !ctx.php.is_8() => subject.clone(),
                    other => pairs.apply(&text_of(ctx, other)?, ignore_case, &mut count).into(),
                };
                out.insert(key, made);
            }
            Value::Array(out)
        }
        single => {
            let text = text_of(ctx, single)?;
            pairs.apply(&text, ignore_case, &mut count).into()
        }
    };
    if args.has(3) {
        args.set(3, count);
    }
    Ok(answer)
}

fn call_strtr(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let text = args.bytes(0).to_vec();
    let from = args.value(1).clone();
    if args.given() < 3 {
        let Value::Array(pairs) = &from else {
            let message = "strtr(): If two parameters are passed, argument #2 ($from) must be an array";
            return ctx.type_error(false, message);
        };
        return translate(ctx, &text, pairs);
    }
    if ctx.php.is_8() && !ctx.php.since(Version::V8_3) && !args.is_set(2) {
        let message = "strtr(): If two parameters are passed, argument #2 ($from) must be an array";
        return ctx.type_error((), message);
    }
    if matches!(from, Value::Array(_)) && ctx.php.is_8() {
        let message = "strtr(): Argument #2 ($from) must be of type string, array given";
        return ctx.type_error((), message);
    }
    let from = text_of(ctx, &from)?;
    ok(strtr(&text, &from, args.bytes(2)))
}

/// `strtr($string, $from, $to)`: byte for byte, as far as the shorter list goes.
pub fn strtr(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut map: [u8; 256] = std::array::from_fn(|byte| byte as u8);
    for (from, to) in from.iter().zip(to) {
        map[usize::from(*from)] = *to;
    }
    text.iter().map(|byte| map[usize::from(*byte)]).collect()
}

fn translate(ctx: &mut Ctx<'_>, text: &[u8], pairs: &Array) -> Outcome {
    if text.is_empty() {
        return ok("");
    }
    let mut list = Vec::new();
    for (key, value) in pairs.iter() {
        let key = key.to_str();
        if key.is_empty() {
            ctx.warn("strtr(): Ignoring replacement of empty string");
            match () {
                () if ctx.php.is_8() => continue,
                () if ctx.php.is_5() || pairs.len() > 1 => return ok(false),
                () => return ok(text),
            }
        }
        list.push((key, text_of(ctx, &value.clone())?));
    }
    ok(strtr_pairs(text, &list))
}

/// `strtr($string, $pairs)`: at each place the longest key that fits; what was replaced is not looked at again.
pub fn strtr_pairs(text: &[u8], pairs: &[(Str, Str)]) -> Vec<u8> {
    let map: std::collections::HashMap<&[u8], &[u8]> =
        pairs.iter().map(|(from, to)| (from.as_bytes(), to.as_bytes())).collect();
    let mut lengths: Vec<usize> = map.keys().map(|key| key.len()).collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    lengths.dedup();
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    'text: while at < text.len() {
        for len in &lengths {
            if let Some(with) = text.get(at..at + len).and_then(|part| map.get(part)) {
                out.extend_from_slice(with);
                at += len;
                continue 'text;
            }
        }
        out.push(text[at]);
        at += 1;
    }
    out
}
