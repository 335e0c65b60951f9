//! `ctype_*`, in the C locale: whether a string is made of one kind of bytes.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("ctype_alnum(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_alphanumeric(), Old::AlNum)),
    ("ctype_alpha(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_alphabetic(), Old::None)),
    ("ctype_cntrl(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_control(), Old::None)),
    ("ctype_digit(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_digit(), Old::AlNum)),
    ("ctype_graph(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_graphic(), Old::AlNum)),
    ("ctype_lower(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_lowercase(), Old::None)),
    ("ctype_print(mixed $text)", |c, a| ctype(c, a, |b| matches!(b, b' '..=b'~'), Old::AlNum)),
    ("ctype_punct(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_punctuation(), Old::None)),
    ("ctype_space(mixed $text)", |c, a| ctype(c, a, |b| crate::numeric::is_blank(*b), Old::None)),
    ("ctype_upper(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_uppercase(), Old::None)),
    ("ctype_xdigit(mixed $text)", |c, a| ctype(c, a, |b| b.is_ascii_hexdigit(), Old::AlNum)),
];

/// What an integer beyond a byte counts as: its digits are of the kind, or not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    AlNum,
    None,
}

/// A string: not empty, and every byte fits. An integer from -128 to 255 is that byte, others are their digits.
fn ctype(_: &mut Ctx<'_>, args: &mut Args<'_>, fits: fn(&u8) -> bool, digits: Old) -> Outcome {
    match args.value(0) {
        Value::Str(text) => ok(!text.is_empty() && text.iter().all(fits)),
        Value::Int(int @ 0..=255) => ok(fits(&(*int as u8))),
        Value::Int(int @ -128..0) => ok(fits(&((*int + 256) as u8))),
        Value::Int(int @ 256..) if *int > 0 => ok(digits == Old::AlNum),
        Value::Int(_) => ok(digits == Old::AlNum && fits(&b'-')),
        _ => ok(false),
    }
}
