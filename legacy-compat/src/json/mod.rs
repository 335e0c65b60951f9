//! JSON as PHP reads and writes it: duplicate keys, big integers, floats by version, flags and errors.

mod decode;
mod encode;
mod string;

use std::fmt;

pub use decode::{Decode, decode};
pub use encode::{Encoded, encode, encode_with};

use crate::call::{Ctx, Level, Outcome, Row, ok};
use crate::error::{ErrorClass, Thrown};
use crate::php::{Php, Version};
use crate::value::Value;

/// `JSON_HEX_TAG`: `<` and `>` as `\u003C` and `\u003E`.
pub const HEX_TAG: i64 = 1;
/// `JSON_HEX_AMP`
pub const HEX_AMP: i64 = 2;
/// `JSON_HEX_APOS`
pub const HEX_APOS: i64 = 4;
/// `JSON_HEX_QUOT`
pub const HEX_QUOT: i64 = 8;
/// `JSON_FORCE_OBJECT`: lists as objects too.
pub const FORCE_OBJECT: i64 = 16;
/// `JSON_NUMERIC_CHECK`: numeric strings as numbers.
pub const NUMERIC_CHECK: i64 = 32;
/// `JSON_UNESCAPED_SLASHES`
pub const UNESCAPED_SLASHES: i64 = 64;
/// `JSON_PRETTY_PRINT`
pub const PRETTY_PRINT: i64 = 128;
/// `JSON_UNESCAPED_UNICODE`
pub const UNESCAPED_UNICODE: i64 = 256;
/// `JSON_PARTIAL_OUTPUT_ON_ERROR`: null or 0 in place of what cannot be written.
pub const PARTIAL_OUTPUT_ON_ERROR: i64 = 512;
/// `JSON_PRESERVE_ZERO_FRACTION`: `10.0` stays `10.0`, from 5.6.6.
pub const PRESERVE_ZERO_FRACTION: i64 = 1024;
/// `JSON_UNESCAPED_LINE_TERMINATORS`, from 7.1.
pub const UNESCAPED_LINE_TERMINATORS: i64 = 2048;
/// `JSON_OBJECT_AS_ARRAY`, to decode.
pub const OBJECT_AS_ARRAY: i64 = 1;
/// `JSON_BIGINT_AS_STRING`, to decode.
pub const BIGINT_AS_STRING: i64 = 2;
/// `JSON_INVALID_UTF8_IGNORE`, from 7.2.
pub const INVALID_UTF8_IGNORE: i64 = 1 << 20;
/// `JSON_INVALID_UTF8_SUBSTITUTE`, from 7.2.
pub const INVALID_UTF8_SUBSTITUTE: i64 = 1 << 21;
/// `JSON_THROW_ON_ERROR`, from 7.3.
pub const THROW_ON_ERROR: i64 = 1 << 22;

/// PHP's depth where none is given.
pub const DEFAULT_DEPTH: i64 = 512;

/// What went wrong, as `json_last_error()` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[repr(i64)]
pub enum JsonError {
    /// `JSON_ERROR_DEPTH`
    Depth = 1,
    /// `JSON_ERROR_STATE_MISMATCH`: a bracket of the other kind.
    StateMismatch = 2,
    /// `JSON_ERROR_CTRL_CHAR`
    ControlCharacter = 3,
    /// `JSON_ERROR_SYNTAX`
    Syntax = 4,
    /// `JSON_ERROR_UTF8`
    Utf8 = 5,
    /// `JSON_ERROR_INF_OR_NAN`
    InfOrNan = 7,
    /// `JSON_ERROR_UNSUPPORTED_TYPE`
    UnsupportedType = 8,
    /// `JSON_ERROR_INVALID_PROPERTY_NAME`
    InvalidPropertyName = 9,
    /// `JSON_ERROR_UTF16`: half of a pair of `\u` escapes.
    Utf16 = 10,
}

impl JsonError {
    /// What `json_last_error()` answers.
    #[doc(alias = "json_last_error")]
    pub fn code(self) -> i64 {
        self as i64
    }
}

impl fmt::Display for JsonError {
    /// As `json_last_error_msg()` words it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Depth => "Maximum stack depth exceeded",
            Self::StateMismatch => "State mismatch (invalid or malformed JSON)",
            Self::ControlCharacter => "Control character error, possibly incorrectly encoded",
            Self::Syntax => "Syntax error",
            Self::Utf8 => "Malformed UTF-8 characters, possibly incorrectly encoded",
            Self::InfOrNan => "Inf and NaN cannot be JSON encoded",
            Self::UnsupportedType => "Type is not supported",
            Self::InvalidPropertyName => "The decoded property name is invalid",
            Self::Utf16 => "Single unpaired UTF-16 surrogate in unicode escape",
        })
    }
}

pub(crate) const ROWS: &[Row] = &[
    ("-7.1 json_decode(string $json, bool $assoc = false, int $depth = 512, int $options = 0)", call_decode),
    (
        "7.2- json_decode(string $json, ?bool $associative = null, int $depth = 512, int $flags = 0)",
        call_decode,
    ),
    ("json_encode(mixed $value, int $flags = 0, int $depth = 512)", call_encode),
    ("json_last_error()", |c, _| ok(c.json_error)),
];

fn call_decode(ctx: &mut Ctx<'_>, args: &mut crate::call::Args<'_>) -> Outcome {
    let (depth, flags) = (args.int(2), args.int(3));
    let throws = flags & THROW_ON_ERROR != 0 && ctx.php.since(Version::V7_3);
    if !throws {
        ctx.json_error = 0;
    }
    if args.bytes(0).is_empty() {
        return match ctx.php.is_5() {
            true => ok(()),
            false => failed(ctx, throws, JsonError::Syntax).map(|()| Value::Null),
        };
    }
    if depth <= 0 {
        return ctx.value_error((), "json_decode(): Argument #3 ($depth) must be greater than 0");
    }
    if depth > i64::from(i32::MAX) {
        return ctx.value_error((), "json_decode(): Argument #3 ($depth) must be less than 2147483647");
    }
    let assoc = match args.value(1) {
        Value::Bool(assoc) if args.given() > 1 => *assoc,
        _ => flags & OBJECT_AS_ARRAY != 0,
    };
    let options = Decode { assoc, depth: depth as usize, flags };
    match decode(ctx.php, args.bytes(0), options) {
        Ok(value) => Ok(value),
        Err(error) => failed(ctx, throws, error).map(|()| Value::Null),
    }
}

fn call_encode(ctx: &mut Ctx<'_>, args: &mut crate::call::Args<'_>) -> Outcome {
    let (flags, depth) = (args.int(1), args.int(2));
    let throws =
        flags & THROW_ON_ERROR != 0 && ctx.php.since(Version::V7_3) && flags & PARTIAL_OUTPUT_ON_ERROR == 0;
    let Encoded { text, error } = encode_with(ctx.php, args.value(0), flags, depth);
    if !throws {
        ctx.json_error = error.map_or(0, JsonError::code);
    }
    if error == Some(JsonError::InfOrNan) && ctx.php.is_5() {
        ctx.note(Level::Warning, "json_encode(): Inf and NaN cannot be JSON encoded");
    }
    match error {
        Some(error) if throws => failed(ctx, true, error).map(|()| Value::FALSE),
        Some(_) if flags & PARTIAL_OUTPUT_ON_ERROR == 0 => ok(false),
        _ => ok(text),
    }
}

fn failed(ctx: &mut Ctx<'_>, throws: bool, error: JsonError) -> Result<(), Thrown> {
    if throws {
        return Err(Thrown::new(ErrorClass::JsonException, error.to_string()));
    }
    ctx.json_error = error.code();
    Ok(())
}

/// `json_decode($json, true)`: objects as arrays, 512 levels.
///
/// # Errors
/// What `json_last_error()` then says.
pub fn json_decode(php: &Php, json: &[u8]) -> Result<Value, JsonError> {
    decode(php, json, Decode::assoc())
}

/// `json_encode($value)` without flags; none where PHP answers false.
pub fn json_encode(php: &Php, value: &Value) -> Option<Vec<u8>> {
    encode(php, value, 0).ok()
}
