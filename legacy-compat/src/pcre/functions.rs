//! `preg_match`, `preg_match_all`, `preg_quote`, `preg_grep`, `preg_last_error`.

use super::code::ENDS_BEFORE_IT_BEGINS;
use super::{BAD_UTF8_ERROR, Code, Found, INTERNAL_ERROR, Matches, Regex, error_code};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::families::types::text_of;
use crate::php::{Php, Version};
use crate::value::{Array, Str, Value};

pub(crate) const ROWS: &[Row] = &[
    (
        "preg_match(string $pattern, string $subject, mixed &$matches = ?, int $flags = 0, int $offset = 0): false",
        |c, a| call_match(c, a, "preg_match", false),
    ),
    (
        "preg_match_all(string $pattern, string $subject, mixed &$matches = ?, int $flags = 0, int $offset = 0): false",
        |c, a| call_match(c, a, "preg_match_all", true),
    ),
    ("8.0- preg_quote(string $str, ?string $delimiter = null)", |c, a| {
        ok(preg_quote(c.php, a.bytes(0), a.opt_bytes(1)))
    }),
    ("-7.4 preg_quote(string $str, string $delim_char = ?)", |c, a| {
        ok(preg_quote(c.php, a.bytes(0), a.opt_bytes(1)))
    }),
    ("preg_grep(string $pattern, array $array, int $flags = 0)", preg_grep),
    ("preg_last_error()", |c, _| ok(c.preg_error)),
];

const PATTERN_ORDER: i64 = 1;
const SET_ORDER: i64 = 2;
const OFFSET_CAPTURE: i64 = 256;
const UNMATCHED_AS_NULL: i64 = 512;

/// How groups are handed out.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// With the place of each.
    pub offsets: bool,
    /// Groups that took no part as null, also the last ones (from 7.4).
    pub nulls: bool,
    pub all_groups: bool,
    /// A group that took no part leaves its name to one that did.
    kept_names: bool,
}

impl Shape {
    pub(super) fn of(php: &Php, flags: i64) -> Self {
        let nulls = flags & UNMATCHED_AS_NULL != 0 && php.since(Version::V7_2);
        let is_7_4 = php.since(Version::V7_4);
        Self { offsets: flags & OFFSET_CAPTURE != 0, nulls, all_groups: nulls && is_7_4, kept_names: is_7_4 }
    }

    pub(super) fn group(self, subject: &[u8], place: Option<(usize, usize)>) -> Value {
        let text = match place {
            Some((start, end)) => Value::from(&subject[start..end]),
            None if self.nulls => Value::Null,
            None => Value::from(""),
        };
        match self.offsets {
            true => vec![text, place.map_or(-1, |(start, _)| start as i64).into()].into(),
            false => text,
        }
    }

    /// The groups of one match under their numbers and names.
    pub(super) fn groups(self, code: &Code, subject: &[u8], found: &Found) -> Array {
        let mut out = Array::new();
        let count = if self.all_groups { code.groups() + 1 } else { found.groups.len() };
        for number in 0..count {
            let value = self.group(subject, found.groups.get(number).copied().flatten());
            let took_part = found.groups.get(number).copied().flatten().is_some();
            // Of groups that share a name the last has it, from 7.4 the last that took part.
            let has_name = |name: &&Str| took_part || !self.kept_names || out.get_str(name).is_none();
            if let Some(name) = code.name(number).filter(has_name) {
                out.insert(name.clone(), value.clone());
            }
            out.insert(number as i64, value);
        }
        if let Some(mark) = &found.mark {
            out.insert("MARK", mark.clone());
        }
        out
    }
}

/// The offset that a negative one means; none beyond the end.
fn start_of(offset: i64, len: usize) -> Option<usize> {
    let offset = if offset < 0 { offset.saturating_add(len as i64).max(0) } else { offset };
    usize::try_from(offset).ok().filter(|offset| *offset <= len)
}

fn call_match(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, global: bool) -> Outcome {
    let Some(regex) = ctx.regex(name, args.bytes(0)) else { return ok(false) };
    let subject = args.bytes(1).to_vec();
    let (flags, wanted) = (args.int(3), args.has(2));
    if wanted {
        args.set(2, Array::new());
    }
    let order = match flags & 0xff {
        0 => PATTERN_ORDER,
        order => order,
    };
    let invalid = if global { !(PATTERN_ORDER..=SET_ORDER).contains(&order) } else { flags & 0xff != 0 };
    if invalid && args.given() > 3 {
        return ctx.value_error((), format!("{name}(): Argument #4 ($flags) must be a PREG_* constant"));
    }
    if args.int(4) == i64::MIN && ctx.php.since(Version::V8_2) {
        let message = format!("{name}(): Argument #5 ($offset) must be greater than {}", i64::MIN);
        return ctx.value_error((), message);
    }
    let Some(start) = start_of(args.int(4), subject.len()) else {
        ctx.preg_error = INTERNAL_ERROR;
        // With PCRE1, up to 7.2, the groups were there already.
        if global && wanted && order != SET_ORDER && !ctx.php.since(Version::V7_3) {
            args.set(2, by_group(&regex.code, vec![Vec::new(); regex.code.groups() + 1], Array::new()));
        }
        return ok(false);
    };
    let shape = Shape::of(ctx.php, flags);
    match global {
        false => match_once(ctx, args, &regex, &subject, start, shape),
        true => match_all(ctx, args, &regex, &subject, start, shape, order == SET_ORDER),
    }
}

fn match_once(
    ctx: &mut Ctx<'_>,
    args: &mut Args<'_>,
    regex: &Regex,
    subject: &[u8],
    start: usize,
    shape: Shape,
) -> Outcome {
    match regex.code.find(ctx.php, subject, start, 0) {
        Ok(Some(found)) => {
            if args.has(2) {
                args.set(2, shape.groups(&regex.code, subject, &found));
            }
            ok(1)
        }
        Ok(None) => ok(0),
        Err(error) => {
            ctx.preg_error = error_code(error);
            ok(false)
        }
    }
}

fn match_all(
    ctx: &mut Ctx<'_>,
    args: &mut Args<'_>,
    regex: &Regex,
    subject: &[u8],
    start: usize,
    shape: Shape,
    by_set: bool,
) -> Outcome {
    let groups = regex.code.groups() + 1;
    let places = ctx.php.since(Version::V7_4);
    let (mut sets, mut columns, mut marks) = (Array::new(), vec![Vec::new(); groups], Array::new());
    let mut count = 0i64;
    for found in Matches::new(ctx.php, regex, subject, start) {
        let found = match found {
            Ok(found) => found,
            Err(ENDS_BEFORE_IT_BEGINS) => {
                ctx.preg_error = error_code(ENDS_BEFORE_IT_BEGINS);
                if args.has(2) {
                    args.set(2, Array::new());
                }
                return ok(false);
            }
            Err(error) => {
                ctx.preg_error = error_code(error);
                break;
            }
        };
        if by_set {
            ctx.append(&mut sets, shape.groups(&regex.code, subject, &found).into());
        } else {
            for (number, column) in columns.iter_mut().enumerate() {
                column.push(match found.groups.get(number) {
                    Some(place) => shape.group(subject, *place),
                    // Up to 7.3 the last groups that took no part have no place.
                    None => Shape { offsets: shape.offsets && places, ..shape }.group(subject, None),
                });
            }
            if let Some(mark) = found.mark {
                marks.insert(count, mark);
            }
        }
        count += 1;
    }
    if args.has(2) {
        let out = if by_set { sets } else { by_group(&regex.code, columns, marks) };
        args.set(2, out);
    }
    if ctx.preg_error != 0 { ok(false) } else { ok(count) }
}

fn by_group(code: &Code, columns: Vec<Vec<Value>>, marks: Array) -> Array {
    let mut out = Array::new();
    for (number, column) in columns.into_iter().enumerate() {
        if let Some(name) = code.name(number) {
            out.insert(name.clone(), column.clone());
        }
        out.insert(number as i64, column);
    }
    if !marks.is_empty() {
        out.insert("MARK", marks);
    }
    out
}

/// `preg_match($pattern, $subject, $matches)`: the groups of the first match under numbers and names, or none.
///
/// ```
/// use legacy_compat::{Php, Version, pcre};
/// let php = Php::new(Version::V7_4);
/// let found = pcre::preg_match(&php, br"/^(?<year>\d{4})-(\d\d)$/D", b"2024-02").unwrap().unwrap();
/// assert_eq!(found["year"].as_bytes(), Some(&b"2024"[..]));
/// ```
///
/// # Errors
/// Why the pattern is none, or why PCRE2 gave up: then PHP answers false.
pub fn preg_match(php: &Php, pattern: &[u8], subject: &[u8]) -> Result<Option<Array>, String> {
    let regex = Regex::get(php, pattern)?;
    let found = regex.code.find(php, subject, 0, 0);
    let found = found.map_err(|error| format!("preg_last_error() is {}", error_code(error)))?;
    Ok(found.map(|found| Shape::of(php, 0).groups(&regex.code, subject, &found)))
}

/// `preg_quote`: a backslash before what means something in a pattern, `#` included from 7.3, and before the delimiter.
pub fn preg_quote(php: &Php, text: &[u8], delimiter: Option<&[u8]>) -> Vec<u8> {
    let delimiter = delimiter.and_then(|text| text.first().copied());
    let mut out = Vec::with_capacity(text.len() + 8);
    for byte in text {
        let special = br".\+*?[^]$(){}=!<>|:-".contains(byte) || *byte == b'#' && php.since(Version::V7_3);
        if *byte == 0 {
            out.extend_from_slice(br"\000");
            continue;
        }
        if special || delimiter == Some(*byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// A pattern that asks for UTF itself (`(*UTF)`) is not told of broken texts: each broken part counts as a character.
fn found_unchecked(php: &Php, regex: &Regex, text: &[u8]) -> Result<Option<Found>, i32> {
    match regex.code.find(php, text, 0, 0) {
        Err(error) if !regex.code.utf && php.since(Version::V7_3) && error_code(error) == BAD_UTF8_ERROR => {
            regex.code.find(php, String::from_utf8_lossy(text).as_bytes(), 0, 0)
        }
        found => found,
    }
}

fn preg_grep(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(regex) = ctx.regex("preg_grep", args.bytes(0)) else { return ok(false) };
    let invert = args.int(2) & 1 != 0;
    let mut out = Array::new();
    for (key, value) in args.array(1).iter() {
        let text = text_of(ctx, value)?;
        match found_unchecked(ctx.php, &regex, &text) {
            Ok(found) if found.is_some() != invert => out.insert(key, value.clone()),
            Ok(_) => {}
            Err(error) => {
                ctx.preg_error = error_code(error);
                break;
            }
        }
    }
    ok(out)
}
