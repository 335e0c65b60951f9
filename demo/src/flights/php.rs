//! What the rules need of PHP 8.2, on top of `legacy-compat`: its functions with the arguments that are used here,
//! and texts put together as by `.`.

use std::sync::LazyLock;

use legacy_compat::{
    Array, Php, Str, Value, Version, cast, compare,
    families::{
        html, math, round,
        strings::basic::{self, Charset},
    },
    json, numeric,
};

use pcre2::bytes::Regex;

use super::time::HOME;

/// The legacy's PHP: 8.2, `date_default_timezone_set('America/New_York')`.
pub(super) static PHP: LazyLock<Php> = LazyLock::new(|| Php::new(Version::V8_2).in_zone(HOME));

/// A part of a text, as `.` makes one of it.
pub(super) trait Piece {
    /// Appends it.
    fn append(&self, to: &mut Vec<u8>);
}

impl<T: Piece + ?Sized> Piece for &T {
    fn append(&self, to: &mut Vec<u8>) {
        (**self).append(to);
    }
}

impl Piece for str {
    fn append(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.as_bytes());
    }
}

impl Piece for String {
    fn append(&self, to: &mut Vec<u8>) {
        self.as_str().append(to);
    }
}

impl Piece for [u8] {
    fn append(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self);
    }
}

impl Piece for Vec<u8> {
    fn append(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self);
    }
}

impl Piece for Str {
    fn append(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self);
    }
}

impl Piece for i64 {
    fn append(&self, to: &mut Vec<u8>) {
        self.to_string().append(to);
    }
}

/// By `precision`: 14 digits.
impl Piece for f64 {
    fn append(&self, to: &mut Vec<u8>) {
        cast::float_to_str(&PHP, *self).append(to);
    }
}

impl Piece for Value {
    fn append(&self, to: &mut Vec<u8>) {
        cast::to_str(&PHP, self).append(to);
    }
}

/// `$a . $b . …`, as bytes.
macro_rules! text {
    ($($piece:expr),+ $(,)?) => {{
        let mut text: Vec<u8> = Vec::new();
        $($crate::flights::php::Piece::append(&$piece, &mut text);)+
        text
    }};
}
pub(super) use text;

/// An array with string keys.
pub(super) fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    members.into_iter().collect::<Array>().into()
}

/// `to_json()`: `json_encode` with `JSON_PARTIAL_OUTPUT_ON_ERROR`.
pub(super) fn to_json(data: &Value) -> Vec<u8> {
    json::encode(&PHP, data, json::PARTIAL_OUTPUT_ON_ERROR).unwrap_or_default()
}

/// `to_utf8()`: what is no UTF-8 is taken as latin-1.
pub(super) fn to_utf8(s: &[u8]) -> Str {
    match std::str::from_utf8(s) {
        Ok(_) => Str::new(s),
        Err(_) => s.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
    }
}

/// `h()`: `htmlspecialchars($s, ENT_QUOTES, 'UTF-8')`
pub(super) fn h(s: &[u8]) -> Str {
    const ENT_QUOTES: html::Flags = html::Flags(3);
    html::escape(s, ENT_QUOTES, false, html::Charset::Utf8, true).into()
}

/// `trim($s, $chars)`
pub(super) fn trim<'a>(s: &'a [u8], chars: &[u8]) -> &'a [u8] {
    basic::trim(s, &Charset::of(chars), true, true)
}

/// What `trim()` takes away unless told otherwise.
pub(super) const BLANKS: &[u8] = b" \t\n\r\0\x0B";

/// `strtoupper()`, ASCII only from 8.2 on
pub(super) fn upper(s: &[u8]) -> Str {
    basic::strtoupper(s).into()
}

/// `strtolower()`
pub(super) fn lower(s: &[u8]) -> Str {
    basic::strtolower(s).into()
}

/// `ucwords()`
pub(super) fn ucwords(s: &[u8]) -> Str {
    basic::ucwords(s, &Charset::of(b" \t\r\n\x0C\x0B")).into()
}

/// `strpos()`: where it stands; 0 is a place, too, but no truth.
pub(super) fn strpos(s: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() { Some(0) } else { s.windows(needle.len()).position(|window| window == needle) }
}

/// `stripos()`
pub(super) fn stripos(s: &[u8], needle: &[u8]) -> Option<usize> {
    strpos(&s.to_ascii_lowercase(), &needle.to_ascii_lowercase())
}

/// `str_replace()` of bytes by nothing
pub(super) fn without(s: &[u8], bytes: &[u8]) -> Str {
    Str::new(&s.iter().copied().filter(|byte| !bytes.contains(byte)).collect::<Vec<u8>>())
}

/// `strip_tags()`
pub(super) fn strip_tags(s: &[u8]) -> Str {
    html::strip_tags(s, b"", false).into()
}

/// A pattern, compiled by PCRE2 as PHP does it, once; `(?i)` stands for the flag `i`.
pub(super) struct Pattern(LazyLock<Option<Regex>>);

impl Pattern {
    /// For [`pattern!`].
    pub(super) const fn new(compile: fn() -> Option<Regex>) -> Self {
        Pattern(LazyLock::new(compile))
    }

    /// `preg_match()` as a condition
    pub(super) fn matches(&self, subject: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(subject).unwrap_or(false))
    }

    /// `preg_match()`: the groups, empty where one took no part; `None` without a match.
    pub(super) fn groups<const N: usize>(&self, subject: &[u8]) -> Option<[Str; N]> {
        let found = self.0.as_ref()?.captures(subject).ok()??;
        Some(std::array::from_fn(|group| {
            found.get(group).map_or(Str::EMPTY, |part| Str::new(part.as_bytes()))
        }))
    }

    /// `preg_replace()` by a text without references
    pub(super) fn replace(&self, by: &[u8], subject: &[u8]) -> Str {
        Str::from(self.pieces(subject).collect::<Vec<_>>().join(by))
    }

    /// `preg_split($pattern, $subject, -1, PREG_SPLIT_NO_EMPTY)`
    pub(super) fn split(&self, subject: &[u8]) -> Array {
        self.pieces(subject).filter(|piece| !piece.is_empty()).map(Value::string).collect()
    }

    /// What stands between the matches.
    fn pieces<'s>(&'s self, subject: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
        let matches = self.0.iter().flat_map(move |regex| regex.find_iter(subject).flatten());
        let ends = matches.map(|found| (found.start(), found.end())).chain([(subject.len(), subject.len())]);
        ends.scan(0, move |start, (end, next)| Some(&subject[std::mem::replace(start, next)..end]))
    }
}

/// A [`Pattern`] for a `static`.
macro_rules! pattern {
    ($source:expr) => {
        $crate::flights::php::Pattern::new(|| {
            pcre2::bytes::RegexBuilder::new().jit_if_available(true).build($source).ok()
        })
    };
}
pub(super) use pattern;

/// `round()`
pub(super) fn round(number: f64, places: i64) -> f64 {
    round::round(&PHP, number, places, round::Mode::HalfUp)
}

/// `number_format($number, $decimals)`
pub(super) fn number_format(number: f64, decimals: i64) -> Vec<u8> {
    round::number_format(&PHP, number, decimals, b".", b",")
}

/// `number_format($number, 2, '.', '')`
pub(super) fn amount(number: f64) -> Str {
    round::number_format(&PHP, number, 2, b".", b"").into()
}

/// `array_sum()`
pub(super) fn array_sum(array: &Array) -> Value {
    math::sum(&PHP, array)
}

/// `crc32()`
pub(super) fn crc32(s: &[u8]) -> i64 {
    crc32fast::hash(s).into()
}

/// `is_numeric()` of a text
pub(super) fn is_numeric(s: &[u8]) -> bool {
    numeric::whole(&PHP, s).is_some()
}

/// A text as a number, as arithmetic and comparison with numbers see it.
pub(super) fn number(s: &[u8]) -> f64 {
    cast::string_to_number(&PHP, s).to_f64()
}

/// `==`
pub(super) fn loose_eq(a: impl Into<Value>, b: impl Into<Value>) -> bool {
    compare::loose_eq(&PHP, &a.into(), &b.into())
}

/// `<`; `a > b` is `less(b, a)`
pub(super) fn less(a: impl Into<Value>, b: impl Into<Value>) -> bool {
    compare::less(&PHP, &a.into(), &b.into())
}

/// `in_array()`, loosely
pub(super) fn in_array<const N: usize>(needle: impl Into<Value>, haystack: [Value; N]) -> bool {
    let needle = needle.into();
    haystack.iter().any(|value| compare::loose_eq(&PHP, &needle, value))
}
