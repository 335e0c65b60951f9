//! `mb_chr`, `mb_ord`, `mb_str_pad`, `mb_trim`, `mb_ltrim`, `mb_rtrim`: single characters, and those at the ends.

use super::encoding::Kind;
use super::{BAD, Encoding, encoding_of};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::Version;

pub(crate) const ROWS: &[Row] = &[
    ("8.0- mb_chr(int $codepoint, ?string $encoding = null)", chr),
    ("7.2-7.4 mb_chr(int $cp, string $encoding = ?)", chr),
    ("8.0- mb_ord(string $string, ?string $encoding = null)", ord),
    ("7.2-7.4 mb_ord(string $str, string $encoding = ?)", ord),
    (
        "8.3- mb_str_pad(string $string, int $length, string $pad_string = \" \", int $pad_type = 1, ?string $encoding = null)",
        str_pad,
    ),
    ("8.4- mb_trim(string $string, ?string $characters = null, ?string $encoding = null)", |c, a| {
        trim(c, a, "mb_trim", true, true)
    }),
    ("8.4- mb_ltrim(string $string, ?string $characters = null, ?string $encoding = null)", |c, a| {
        trim(c, a, "mb_ltrim", true, false)
    }),
    ("8.4- mb_rtrim(string $string, ?string $characters = null, ?string $encoding = null)", |c, a| {
        trim(c, a, "mb_rtrim", false, true)
    }),
];

/// Whether `mb_chr` and `mb_ord` do without the encoding.
fn unsupported(ctx: &mut Ctx<'_>, encoding: &Encoding, function: &str) -> Option<Outcome> {
    let refused =
        encoding.is_transfer() || matches!(encoding.kind, Kind::Utf7 | Kind::Utf7Imap | Kind::Iso2022Jp(_));
    let message = format!("{function}() does not support the \"{}\" encoding", encoding.name);
    refused.then(|| ctx.value_error(false, message))
}

fn chr(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 1, "mb_chr") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    if let Some(answer) = unsupported(ctx, encoding, "mb_chr") {
        return answer;
    }
    let char = u32::try_from(args.int(0)).ok().filter(|code| char::from_u32(*code).is_some());
    match char.and_then(|code| encoding.encode_char(code)) {
        // 7.2 handed it on as C does, up to a NUL.
        Some(bytes) if !ctx.php.since(Version::V7_3) => {
            ok(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
        }
        Some(bytes) => ok(bytes),
        None => ok(false),
    }
}

fn ord(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.bytes(0).is_empty() {
        return ctx.value_error(false, "mb_ord(): Argument #1 ($string) must not be empty");
    }
    let encoding = match encoding_of(ctx, args, 1, "mb_ord") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    if let Some(answer) = unsupported(ctx, encoding, "mb_ord") {
        return answer;
    }
    if !ctx.php.since(Version::V7_3) {
        // 7.2 converted all of it, and read what came out without asking whether it was anything.
        let chars = encoding.decode(ctx.php, args.bytes(0));
        return match chars.contains(&BAD) {
            true => ok(false),
            false => ok(chars.first().copied().unwrap_or(0)),
        };
    }
    match encoding.decode(ctx.php, args.bytes(0)).first() {
        Some(code) if *code != BAD => ok(*code),
        _ => ok(false),
    }
}

fn str_pad(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 4, "mb_str_pad") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let len = |text: &[u8]| super::part::Units::read(ctx.php, encoding, text).len();
    let have = len(args.bytes(0));
    let missing = usize::try_from(args.int(1)).unwrap_or(0).saturating_sub(have);
    if missing == 0 {
        return ok(args.bytes(0));
    }
    if args.bytes(2).is_empty() {
        return ctx.value_error((), "mb_str_pad(): Argument #3 ($pad_string) must not be empty");
    }
    let (left, right) =
        match args.int(3) {
            0 => (missing, 0),
            1 => (0, missing),
            2 => (missing / 2, missing - missing / 2),
            _ => return ctx.value_error(
                (),
                "mb_str_pad(): Argument #4 ($pad_type) must be STR_PAD_LEFT, STR_PAD_RIGHT, or STR_PAD_BOTH",
            ),
        };
    if missing > MOST {
        return ctx
            .value_error((), "mb_str_pad(): Argument #2 ($length) is larger than this process may hold");
    }
    let units = super::part::Units::read(ctx.php, encoding, args.bytes(2));
    let pad = |count: usize| {
        let whole = units.bytes(0, units.len()).repeat(count / units.len());
        [whole, units.bytes(0, count % units.len())].concat()
    };
    ok([&pad(left), args.bytes(0), &pad(right)].concat())
}

/// The longest padding, in characters: PHP's own limit on memory is 128 MB.
const MOST: usize = 16 << 20;

/// What is trimmed without being asked: Unicode's blanks.
const BLANKS: &[u32] = &[
    0x20, 0xc, 0xa, 0xd, 0x9, 0xb, 0x0, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
    0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0x85, 0x180e,
];

fn trim(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, left: bool, right: bool) -> Outcome {
    let encoding = match encoding_of(ctx, args, 2, name) {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let text = encoding.decode(ctx.php, args.bytes(0));
    let set = match args.opt_bytes(1) {
        Some(set) => encoding.decode(ctx.php, set),
        None => BLANKS.to_vec(),
    };
    let trimmed = |code: &&u32| set.contains(code);
    let from = if left { text.iter().take_while(trimmed).count() } else { 0 };
    let behind = if right { text[from..].iter().rev().take_while(trimmed).count() } else { 0 };
    if from == 0 && behind == 0 && ctx.php.since(Version::V8_4) {
        return ok(args.bytes(0));
    }
    ok(encoding.encode(&text[from..text.len() - behind]))
}
