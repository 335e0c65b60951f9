//! `mb_convert_encoding`, `mb_check_encoding`, `mb_scrub`, `mb_preferred_mime_name`: from encoding to encoding.

use super::check::is_iso_2022_jp;
use super::decode::broken_utf8;
use super::detect::{self, Asked};
use super::encoding::{Jis, Kind};
use super::guess::{guess, is_guessed};
use super::utf7;
use super::{BAD, Encoding, deprecated, encoding_of, find, unknown, utf8};
use crate::call::{Args, Ctx, Outcome, Row, ok, or_false};
use crate::families::types::text_of;
use crate::php::{Php, Version};
use crate::value::{Array, Key, Str, Value, deeper};

pub(crate) const ROWS: &[Row] = &[
    (
        "8.0- mb_convert_encoding(array|string $string, string $to_encoding, array|string|null $from_encoding = null)",
        convert_encoding,
    ),
    (
        "7.2-7.4 mb_convert_encoding(mixed $str, string $to_encoding, mixed $from_encoding = ?)",
        convert_encoding,
    ),
    (
        "-7.1 mb_convert_encoding(string $str, string $to_encoding, mixed $from_encoding = ?)",
        convert_encoding,
    ),
    ("8.0- mb_check_encoding(array|string|null $value = null, ?string $encoding = null)", check_encoding),
    ("7.2-7.4 mb_check_encoding(mixed $var = ?, string $encoding = ?)", check_encoding),
    ("7.0-7.1 mb_check_encoding(string $var = ?, string $encoding = ?)", check_encoding),
    ("-5.6 mb_check_encoding(string $var = ?, string $encoding = ?): false", check_encoding),
    ("8.0- mb_scrub(string $string, ?string $encoding = null)", scrub),
    ("7.2-7.4 mb_scrub(string $str, string $encoding = ?)", scrub),
    ("mb_preferred_mime_name(string $encoding)", preferred_mime_name),
    ("mb_encoding_aliases(string $encoding): false", encoding_aliases),
    ("mb_list_encodings()", |_, _| ok(super::encoding::names().map(Value::from).collect::<Array>())),
];

fn preferred_mime_name(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match find(ctx.php, args.bytes(0)) {
        Some(encoding) => or_false(Some(encoding.mime).filter(|mime| !mime.is_empty())),
        None => unknown(ctx, args.bytes(0), 0, "mb_preferred_mime_name"),
    }
}

fn encoding_aliases(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match find(ctx.php, args.bytes(0)) {
        Some(encoding) => ok(super::encoding::aliases(encoding).map(Value::from).collect::<Array>()),
        None => unknown(ctx, args.bytes(0), 0, "mb_encoding_aliases"),
    }
}

fn scrub(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match encoding_of(ctx, args, 1, "mb_scrub") {
        Ok(encoding) => ok(recode(ctx.php, args.bytes(0), encoding, encoding)),
        Err(answer) => answer,
    }
}

/// Whether a text is what its encoding allows; up to 8.0 it must also come back the same.
pub(super) fn is_valid(php: &Php, encoding: &Encoding, text: &[u8]) -> bool {
    let chars = encoding.decode(php, text);
    let same = || encoding.encode(&chars) == text;
    match encoding.kind {
        Kind::Base64 => same(),
        Kind::Iso2022Jp(sets @ (Jis::Strict | Jis::Full | Jis::KanaAsPairs)) if php.since(Version::V8_2) => {
            is_iso_2022_jp(text, sets != Jis::Strict)
        }
        Kind::Utf7 if php.since(Version::V8_1) => utf7::is_valid(text),
        Kind::Html | Kind::QuotedPrintable | Kind::Uuencode => php.since(Version::V8_1) || same(),
        _ => !chars.contains(&BAD) && (php.since(Version::V8_1) || same()),
    }
}

fn check_encoding(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 1, "mb_check_encoding") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    if args.given() == 0 && !ctx.php.since(Version::V7_3) {
        return ok(false);
    }
    let value = match args.value(0).clone() {
        object @ Value::Object(_) => Value::Str(text_of(ctx, &object)?),
        value => value,
    };
    ok(check(ctx.php, encoding, &value, true))
}

/// Texts and all that arrays hold; the array's keys are texts too.
fn check(php: &Php, encoding: &Encoding, value: &Value, outer: bool) -> bool {
    match value {
        Value::Array(array) => array.iter().all(|(key, value)| {
            let key_fits = match key {
                Key::Str(text) => is_valid(php, encoding, &text),
                Key::Int(_) => true,
            };
            key_fits && deeper(|| check(php, encoding, value, false))
        }),
        Value::Str(text) => is_valid(php, encoding, text),
        Value::Object(_) => false,
        other if outer && !other.is_null() => is_valid(php, encoding, &crate::cast::to_str(php, other)),
        _ => true,
    }
}

fn convert_encoding(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    const NAME: &str = "mb_convert_encoding";
    let mut to = find(ctx.php, args.bytes(1));
    if args.bytes(1).is_empty() && !ctx.php.is_8() {
        to = Some(utf8());
    }
    let Some(to) = to else { return unknown(ctx, args.bytes(1), 1, NAME) };
    if to.is_transfer() && ctx.php.since(Version::V8_2) {
        deprecated(ctx, to, NAME);
    }
    let asked = detect::asked(ctx, &args.value(2).clone(), NAME, 2)?;
    let from = match asked {
        Asked::Default => vec![utf8()],
        Asked::List(list) if list.len() > 1 => list.into_iter().filter(|one| is_guessed(one)).collect(),
        Asked::List(list) => list,
        Asked::Refused(answer) => return answer,
    };
    if from.is_empty() {
        return ctx.value_error(
            false,
            "mb_convert_encoding(): Argument #3 ($from_encoding) must specify at least one encoding",
        );
    }
    if matches!(to.kind, Kind::Uuencode) && !ctx.php.since(Version::V8_2) {
        return no_uuencode(ctx, args.value(0));
    }
    let value = match args.value(0).clone() {
        Value::Array(array) => Value::Array(array),
        object @ Value::Object(_) => {
            text_of(ctx, &object)?;
            Value::from("Object")
        }
        other => Value::Str(crate::cast::to_str(ctx.php, &other)),
    };
    match convert(ctx, &value, to, &from) {
        Some(converted) => Ok(converted),
        None => {
            undetected(ctx);
            ok(false)
        }
    }
}

/// Up to 8.1 mbstring wrote no uuencode: texts stayed as they are, and from 7.3 did not convert.
fn no_uuencode(ctx: &Ctx<'_>, value: &Value) -> Outcome {
    match value {
        Value::Array(array) if ctx.php.since(Version::V7_3) => {
            ok(array.iter().map(|(key, _)| (key, Value::from(""))).collect::<Array>())
        }
        Value::Array(array) => ok(array.clone()),
        _ if ctx.php.since(Version::V7_3) => ok(false),
        text => ok(crate::cast::to_str(ctx.php, text)),
    }
}

fn undetected(ctx: &mut Ctx<'_>) {
    ctx.warn("mb_convert_encoding(): Unable to detect character encoding");
}

fn convert(ctx: &mut Ctx<'_>, value: &Value, to: &Encoding, from: &[&'static Encoding]) -> Option<Value> {
    Some(match value {
        Value::Str(text) => {
            let from = match from {
                [one] => *one,
                many => match guess(ctx.php, text, many, false) {
                    Some(found) => found,
                    // Up to 7.2 the text went on as it was.
                    None if !ctx.php.since(Version::V7_3) => {
                        undetected(ctx);
                        return Some(value.clone());
                    }
                    None => return None,
                },
            };
            Value::from(recode(ctx.php, text, to, from))
        }
        Value::Array(array) => {
            let mut out = Array::new();
            for (key, value) in array.iter() {
                let key = match key {
                    Key::Str(text) => match convert(ctx, &Value::Str(text), to, from)? {
                        Value::Str(text) => ctx.php.int_size.key(Key::from_text(text)),
                        _ => Key::Str(Str::EMPTY),
                    },
                    key => key,
                };
                out.insert(key, convert(ctx, value, to, from)?);
            }
            Value::Array(out)
        }
        other => other.clone(),
    })
}

/// A text in another encoding, `?` for what that does not have.
pub(crate) fn recode(php: &Php, text: &[u8], to: &Encoding, from: &Encoding) -> Vec<u8> {
    // What carries bytes is filled with the bytes as they are, and gives bytes whatever was asked for.
    if to.carries_bytes() {
        let bytes: Vec<u32> = text.iter().map(|byte| u32::from(*byte)).collect();
        return to.encode(&bytes);
    }
    let to = to.direct();
    let mut chars = from.decode_to_convert(php, text);
    if from.carries_bytes() {
        return chars.iter().map(|code| if *code == BAD { b'?' } else { *code as u8 }).collect();
    }
    let low_bytes = to.name == "8bit" && !php.since(Version::V7_3);
    if from.is_utf8() && (low_bytes || matches!(to.kind, Kind::Html) && !php.since(Version::V8_1)) {
        let bad = chars.iter_mut().filter(|code| **code == BAD);
        bad.zip(broken_utf8(text)).for_each(|(code, number)| *code = number);
    }
    match low_bytes {
        true => chars.iter().map(|code| *code as u8).collect(),
        false => to.encode(&chars),
    }
}
