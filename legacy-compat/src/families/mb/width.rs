//! `mb_strwidth`, `mb_strimwidth`: how many columns a text takes.

use super::part::count;
use super::{Encoding, encoding_of};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- mb_strwidth(string $string, ?string $encoding = null)", strwidth),
    ("-7.4 mb_strwidth(string $str, string $encoding = ?)", strwidth),
    (
        "8.0- mb_strimwidth(string $string, int $start, int $width, string $trim_marker = \"\", ?string $encoding = null)",
        strimwidth,
    ),
    (
        "-7.4 mb_strimwidth(string $str, int $start, int $width, string $trimmarker = \"\", string $encoding = ?)",
        strimwidth,
    ),
];

/// What takes two columns: Unicode's wide and full-width characters, first and last of each run.
const WIDE: &[(u32, u32)] = &[
    (0x1100, 0x115f),
    (0x231a, 0x231b),
    (0x2329, 0x232a),
    (0x23e9, 0x23ec),
    (0x23f0, 0x23f0),
    (0x23f3, 0x23f3),
    (0x25fd, 0x25fe),
    (0x2614, 0x2615),
    (0x2648, 0x2653),
    (0x267f, 0x267f),
    (0x2693, 0x2693),
    (0x26a1, 0x26a1),
    (0x26aa, 0x26ab),
    (0x26bd, 0x26be),
    (0x26c4, 0x26c5),
    (0x26ce, 0x26ce),
    (0x26d4, 0x26d4),
    (0x26ea, 0x26ea),
    (0x26f2, 0x26f3),
    (0x26f5, 0x26f5),
    (0x26fa, 0x26fa),
    (0x26fd, 0x26fd),
    (0x2705, 0x2705),
    (0x270a, 0x270b),
    (0x2728, 0x2728),
    (0x274c, 0x274c),
    (0x274e, 0x274e),
    (0x2753, 0x2755),
    (0x2757, 0x2757),
    (0x2795, 0x2797),
    (0x27b0, 0x27b0),
    (0x27bf, 0x27bf),
    (0x2b1b, 0x2b1c),
    (0x2b50, 0x2b50),
    (0x2b55, 0x2b55),
    (0x2e80, 0x2e99),
    (0x2e9b, 0x2ef3),
    (0x2f00, 0x2fd5),
    (0x2ff0, 0x2ffb),
    (0x3000, 0x303e),
    (0x3041, 0x3096),
    (0x3099, 0x30ff),
    (0x3105, 0x312f),
    (0x3131, 0x318e),
    (0x3190, 0x31e3),
    (0x31f0, 0x321e),
    (0x3220, 0x3247),
    (0x3250, 0x4dbf),
    (0x4e00, 0xa48c),
    (0xa490, 0xa4c6),
    (0xa960, 0xa97c),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe10, 0xfe19),
    (0xfe30, 0xfe52),
    (0xfe54, 0xfe66),
    (0xfe68, 0xfe6b),
    (0xff01, 0xff60),
    (0xffe0, 0xffe6),
    (0x16fe0, 0x16fe4),
    (0x16ff0, 0x16ff1),
    (0x17000, 0x187f7),
    (0x18800, 0x18cd5),
    (0x18d00, 0x18d08),
    (0x1aff0, 0x1aff3),
    (0x1aff5, 0x1affb),
    (0x1affd, 0x1affe),
    (0x1b000, 0x1b122),
    (0x1b150, 0x1b152),
    (0x1b164, 0x1b167),
    (0x1b170, 0x1b2fb),
    (0x1f004, 0x1f004),
    (0x1f0cf, 0x1f0cf),
    (0x1f18e, 0x1f18e),
    (0x1f191, 0x1f19a),
    (0x1f200, 0x1f202),
    (0x1f210, 0x1f23b),
    (0x1f240, 0x1f248),
    (0x1f250, 0x1f251),
    (0x1f260, 0x1f265),
    (0x1f300, 0x1f320),
    (0x1f32d, 0x1f335),
    (0x1f337, 0x1f37c),
    (0x1f37e, 0x1f393),
    (0x1f3a0, 0x1f3ca),
    (0x1f3cf, 0x1f3d3),
    (0x1f3e0, 0x1f3f0),
    (0x1f3f4, 0x1f3f4),
    (0x1f3f8, 0x1f43e),
    (0x1f440, 0x1f440),
    (0x1f442, 0x1f4fc),
    (0x1f4ff, 0x1f53d),
    (0x1f54b, 0x1f54e),
    (0x1f550, 0x1f567),
    (0x1f57a, 0x1f57a),
    (0x1f595, 0x1f596),
    (0x1f5a4, 0x1f5a4),
    (0x1f5fb, 0x1f64f),
    (0x1f680, 0x1f6c5),
    (0x1f6cc, 0x1f6cc),
    (0x1f6d0, 0x1f6d2),
    (0x1f6d5, 0x1f6d7),
    (0x1f6dd, 0x1f6df),
    (0x1f6eb, 0x1f6ec),
    (0x1f6f4, 0x1f6fc),
    (0x1f7e0, 0x1f7eb),
    (0x1f7f0, 0x1f7f0),
    (0x1f90c, 0x1f93a),
    (0x1f93c, 0x1f945),
    (0x1f947, 0x1f9ff),
    (0x1fa70, 0x1fa74),
    (0x1fa78, 0x1fa7c),
    (0x1fa80, 0x1fa86),
    (0x1fa90, 0x1faac),
    (0x1fab0, 0x1faba),
    (0x1fac0, 0x1fac5),
    (0x1fad0, 0x1fad9),
    (0x1fae0, 0x1fae7),
    (0x1faf0, 0x1faf6),
    (0x20000, 0x2fffd),
    (0x30000, 0x3fffd),
];

/// How many columns a character takes; up to 8.0 emoji take one.
fn width(php: &Php, code: u32) -> i64 {
    if !php.since(Version::V8_1) && (0x1_f000..0x2_0000).contains(&code) {
        return 1;
    }
    let at = WIDE.partition_point(|(_, last)| *last < code);
    1 + i64::from(WIDE.get(at).is_some_and(|(first, _)| *first <= code))
}

fn width_of(php: &Php, chars: &[u32]) -> i64 {
    chars.iter().map(|code| width(php, *code)).sum()
}

fn strwidth(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match encoding_of(ctx, args, 1, "mb_strwidth") {
        Ok(encoding) => ok(width_of(ctx.php, &encoding.decode(ctx.php, args.bytes(0)))),
        Err(answer) => answer,
    }
}

fn strimwidth(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 4, "mb_strimwidth") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let text = encoding.decode(ctx.php, args.bytes(0));
    let (mut start, mut width) = (args.int(1), args.int(2));
    if ctx.php.version < Version::V7_1 && (start < 0 || width < 0) {
        ctx.warn("mb_strimwidth(): Width is negative value");
        return ok(false);
    }
    if width < 0 && ctx.php.since(Version::V8_3) {
        ctx.note(
            crate::call::Level::Deprecated,
            "mb_strimwidth(): passing a negative integer to argument #3 ($width) is deprecated",
        );
    }
    // From 8.2 a start counts characters in either direction, before that columns from the end.
    let new = ctx.php.since(Version::V8_2);
    if start < 0 {
        let len = if new { count(ctx.php, encoding, args.bytes(0)) as i64 } else { width_of(ctx.php, &text) };
        start = start.saturating_add(len);
    }
    let room = longest_start(ctx.php, encoding, args.bytes(0), &text);
    if start < 0 || start > room {
        return ctx.value_error(false, "mb_strimwidth(): Argument #2 ($start) is out of range");
    }
    if width < 0 {
        let skipped = if new { width_of(ctx.php, &text[..(start as usize).min(text.len())]) } else { start };
        width = width.saturating_add(width_of(ctx.php, &text)).saturating_sub(skipped);
    }
    if width < 0 {
        return ctx.value_error(false, "mb_strimwidth(): Argument #3 ($width) is out of range");
    }
    let marker = encoding.decode(ctx.php, args.bytes(3));
    if !ctx.php.since(Version::V8_1) {
        let text = &text[(start as usize).min(text.len())..];
        return ok(encoding.encode(&trimmed_old(ctx.php, text, width, &marker)));
    }
    let text = &text[(start as usize).min(text.len())..];
    let kept = kept(ctx.php, text, width, &marker);
    let marker = match ctx.php.since(Version::V8_2) {
        // The marker as it is, be it in the encoding or not.
        true => args.bytes(3).to_vec(),
        false => encoding.encode(&marker),
    };
    let mut out = encoding.encode(&text[..kept]);
    if kept < text.len() {
        out.extend(marker);
    }
    ok(out)
}

/// How far a start may lie: up to 8.1 bytes are counted.
fn longest_start(php: &Php, encoding: &'static Encoding, bytes: &[u8], chars: &[u32]) -> i64 {
    match php.since(Version::V8_2) {
        true => count(php, encoding, bytes).max(chars.len()) as i64,
        false => bytes.len() as i64,
    }
}

/// Up to 8.0 the marker's width was taken off first, and what goes beyond that alone stays where it fits the width; up to 7.2 one
/// character stayed anyhow. From 7.3 a marker wider than the room leaves all.
fn trimmed_old(php: &Php, text: &[u32], width: i64, marker: &[u32]) -> Vec<u32> {
    let marker_width = width_of(php, marker);
    if php.since(Version::V7_3) && marker_width > width {
        return text.to_vec();
    }
    let mut taken = 0;
    let ends: Vec<i64> = text
        .iter()
        .map(|code| {
            taken += self::width(php, *code);
            taken
        })
        .collect();
    let Some(kept) = ends.iter().position(|end| *end > width - marker_width) else { return text.to_vec() };
    let last = kept + usize::from(!php.since(Version::V7_3));
    if !marker.is_empty() && ends[last..].iter().all(|end| *end <= width) {
        return text.to_vec();
    }
    [&text[..kept], marker].concat()
}

/// How much of the text is kept: all where it fits, else what fits beside the marker.
fn kept(php: &Php, text: &[u32], width: i64, marker: &[u32]) -> usize {
    if width_of(php, text) <= width {
        return text.len();
    }
    let mut room = width - width_of(php, marker);
    let fits = |code: &&u32| {
        room -= self::width(php, **code);
        room >= 0
    };
    text.iter().take_while(fits).count()
}
