//! `mb_strlen`, `mb_substr`, `mb_str_split`, `mb_strcut`: counting and cutting characters.

use super::encoding::Kind;
use super::{Encoding, encoding_of, utf8};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- mb_strlen(string $string, ?string $encoding = null)", strlen),
    ("7.0-7.4 mb_strlen(string $str, string $encoding = ?)", strlen),
    ("-5.6 mb_strlen(string $str, string $encoding = ?): false", strlen),
    ("8.0- mb_substr(string $string, int $start, ?int $length = null, ?string $encoding = null)", substr),
    ("7.0-7.4 mb_substr(string $str, int $start, ?int $length = null, string $encoding = ?)", substr),
    ("-5.6 mb_substr(string $str, int $start, mixed $length = null, string $encoding = ?)", |c, a| {
        whole_length(c, a);
        substr(c, a)
    }),
    ("8.0- mb_strcut(string $string, int $start, ?int $length = null, ?string $encoding = null)", strcut),
    ("7.0-7.4 mb_strcut(string $str, int $start, ?int $length = null, string $encoding = ?)", strcut),
    ("-5.6 mb_strcut(string $str, int $start, mixed $length = null, string $encoding = ?)", |c, a| {
        whole_length(c, a);
        strcut(c, a)
    }),
    ("8.0- mb_str_split(string $string, int $length = 1, ?string $encoding = null)", str_split),
    ("7.4-7.4 mb_str_split(string $str, int $split_length = 1, string $encoding = ?)", str_split),
];

/// 5.6 made any length an integer by itself.
fn whole_length(ctx: &Ctx<'_>, args: &mut Args<'_>) {
    if args.is_set(2) {
        let length = crate::cast::to_int(ctx.php, args.value(2));
        args.set(2, length);
    }
}

/// A text as the characters that its encoding counts.
pub(super) enum Units<'a> {
    /// By the lengths that their first bytes tell; a broken one counts as one.
    Slices(Vec<&'a [u8]>),
    /// Read, because nothing else tells where they end.
    Chars(&'static Encoding, Vec<u32>),
}

impl<'a> Units<'a> {
    pub(super) fn of(php: &Php, encoding: &'static Encoding, text: &'a [u8]) -> Self {
        if encoding.unit_len(0).is_none() {
            return Self::Chars(encoding, encoding.decode(php, text));
        }
        let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
        while let Some(first) = rest.first() {
            let len = encoding.slice_len(php, *first).min(rest.len());
            out.push(&rest[..len]);
            rest = &rest[len..];
        }
        Self::Slices(out)
    }

    /// From 8.3 slices are for characters of one size alone: any others are read.
    pub(super) fn read(php: &Php, encoding: &'static Encoding, text: &'a [u8]) -> Self {
        match php.since(Version::V8_3) && encoding.size().is_none() {
            true => Self::Chars(encoding, encoding.decode(php, text)),
            false => Self::of(php, encoding, text),
        }
    }

    /// Up to 8.2 splitting took bytes above 127 for negative numbers, and lost what broke off at the end.
    fn to_split(php: &Php, encoding: &'static Encoding, text: &'a [u8]) -> Self {
        if php.since(Version::V8_3) || encoding.unit_len(0).is_some() {
            return Self::of(php, encoding, text);
        }
        if !matches!(encoding.kind, Kind::Html | Kind::Iso2022Jp(_)) {
            return Self::Chars(encoding, encoding.decode_whole(php, text));
        }
        let mut chars = Vec::with_capacity(text.len());
        for run in text.chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
            match run.is_ascii() {
                true => chars.extend(encoding.decode_whole(php, run)),
                false => chars.extend(run.iter().map(|byte| i32::from(*byte as i8) as u32)),
            }
        }
        Self::Chars(encoding, chars)
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Slices(units) => units.len(),
            Self::Chars(_, chars) => chars.len(),
        }
    }

    /// The bytes of some of them.
    pub(super) fn bytes(&self, from: usize, to: usize) -> Vec<u8> {
        match self {
            Self::Slices(units) => units[from..to].concat(),
            Self::Chars(encoding, chars) => encoding.encode(&chars[from..to]),
        }
    }
}

/// The range that a start and a length mean; negative ones count from the end.
fn range(len: usize, start: i64, length: Option<i64>) -> (usize, usize) {
    let len = len as i64;
    let start = if start < 0 { start.saturating_add(len).max(0) } else { start.min(len) };
    let count = match length {
        None => len - start,
        Some(count) if count < 0 => (len - start).saturating_add(count).max(0),
        Some(count) => count.min(len - start),
    };
    (start as usize, (start + count) as usize)
}

/// `mb_strlen` of UTF-8: how many characters, a broken one counting as one.
pub fn mb_strlen(php: &Php, text: &[u8]) -> usize {
    count(php, utf8(), text)
}

pub(super) fn count(php: &Php, encoding: &'static Encoding, text: &[u8]) -> usize {
    match encoding.size() {
        Some(size) => text.len() / size,
        None if matches!(encoding.kind, Kind::Base64) && !php.since(Version::V8_2) => {
            // Groups of three that were not whole did not count.
            let len = encoding.decode(php, text).len();
            len - len % 3
        }
        None => Units::read(php, encoding, text).len(),
    }
}

/// `mb_substr` of UTF-8: negative numbers count from the end.
pub fn mb_substr(php: &Php, text: &[u8], start: i64, length: Option<i64>) -> Vec<u8> {
    let units = Units::read(php, utf8(), text);
    let (from, to) = range(units.len(), start, length);
    units.bytes(from, to)
}

fn strlen(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match encoding_of(ctx, args, 1, "mb_strlen") {
        Ok(encoding) => ok(count(ctx.php, encoding, args.bytes(0))),
        Err(answer) => answer,
    }
}

fn substr(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 3, "mb_substr") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    if ctx.php.since(Version::V8_2) && [args.opt_int(1), args.opt_int(2)].contains(&Some(i64::MIN)) {
        let message = "mb_substr(): Argument must be between -9223372036854775807 and 9223372036854775807";
        return ctx.value_error((), message);
    }
    let units = Units::read(ctx.php, encoding, args.bytes(0));
    let (from, to) = range(units.len(), args.int(1), args.opt_int(2));
    ok(units.bytes(from, to))
}

fn str_split(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(size) = usize::try_from(args.int(1)).ok().filter(|size| *size > 0) else {
        return ctx.value_error(false, "mb_str_split(): Argument #2 ($length) must be greater than 0");
    };
    let encoding = match encoding_of(ctx, args, 2, "mb_str_split") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let units = Units::to_split(ctx.php, encoding, args.bytes(0));
    let parts = (0..units.len()).step_by(size);
    ok(parts.map(|at| Value::from(units.bytes(at, units.len().min(at + size)))).collect::<Array>())
}

/// `mb_strcut`: so many bytes, but no character is cut through.
fn strcut(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 3, "mb_strcut") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let text = args.bytes(0);
    if args.int(1) > text.len() as i64 {
        return if ctx.php.is_8() { ok("") } else { ok(false) };
    }
    let (from, to) = range(text.len(), args.int(1), args.opt_int(2));
    let count = match args.opt_int(2) {
        None => text.len(),
        Some(count) => usize::try_from(count).unwrap_or(to - from),
    };
    ok(match encoding.size() {
        Some(size) => {
            let from = from - from % size;
            let count = count.min(text.len() - from);
            text[from..from + count - count % size].to_vec()
        }
        None if encoding.is_utf8() && ctx.php.since(Version::V8_4) => cut_utf8(text, from, count).to_vec(),
        None if encoding.unit_len(0).is_some() => cut_units(ctx.php, encoding, text, from, count).to_vec(),
        None => cut_read(ctx.php, encoding, text, from, count.min(text.len() - from)),
    })
}

/// By the bytes that continue a character.
fn cut_utf8(text: &[u8], from: usize, count: usize) -> &[u8] {
    let continues = |at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let back = |at: usize, least: usize| (least..=at).rev().find(|at| !continues(*at)).unwrap_or(least);
    let start = back(from, 0);
    let end = if count >= text.len() - start { text.len() } else { back(start + count, start) };
    &text[start..end]
}

/// By the lengths that the first bytes tell.
fn cut_units<'a>(
    php: &Php,
    encoding: &'static Encoding,
    text: &'a [u8],
    from: usize,
    count: usize,
) -> &'a [u8] {
    let Units::Slices(units) = Units::of(php, encoding, text) else { return text };
    let mut ends = vec![0];
    ends.extend(units.iter().scan(0, |end, unit| {
        *end += unit.len();
        Some(*end)
    }));
    let before = |at: usize| ends[ends.partition_point(|end| *end <= at) - 1];
    let start = before(from);
    let end = if count >= text.len() - start { text.len() } else { before(start + count) };
    &text[start..end]
}

/// Where characters have to be read: as many as fit once they are written again, from the first that ends behind the start.
fn cut_read(php: &Php, encoding: &'static Encoding, text: &[u8], from: usize, count: usize) -> Vec<u8> {
    let encoding = encoding.filtered(php);
    let before = encoding.decode_whole(php, &text[..from]).len();
    let chars = encoding.decode_whole(php, text);
    encoding.encode_within(&chars[before.min(chars.len())..], count)
}
