//! `round` and `number_format`: PHP's rounding by version.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::to_number;
use crate::numeric::Number;
use crate::php::{Php, Version};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("8.0- round(number $num, int $precision = 0, int $mode = 1)", call_round),
    ("-7.4 round(mixed $val, int $precision = 0, int $mode = 1)", call_round),
    (
        "8.0-8.2 number_format(float $num, int $decimals = 0, ?string $decimal_separator = null, ?string $thousands_separator = null)",
        call_number_format,
    ),
    (
        "8.3- number_format(number $num, int $decimals = 0, ?string $decimal_separator = null, ?string $thousands_separator = null)",
        call_number_format,
    ),
    (
        "-7.4 number_format(float $number, int $decimals = 0, ?string $dec_point = null, ?string $thousands_sep = null)",
        |c, a| {
            if a.given() == 3 {
                c.warn("Wrong parameter count for number_format()");
                return ok(());
            }
            call_number_format(c, a)
        },
    ),
];

/// How halves are rounded: `PHP_ROUND_HALF_UP` and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Away from zero.
    HalfUp,
    /// Towards zero.
    HalfDown,
    /// To the even digit.
    HalfEven,
    /// To the odd digit.
    HalfOdd,
    /// Up, from 8.4.
    Ceiling,
    /// Down, from 8.4.
    Floor,
    /// Towards zero, from 8.4.
    TowardsZero,
    /// Away from zero, from 8.4.
    AwayFromZero,
}

impl Mode {
    /// By PHP's number; anything else counts as `HalfUp`.
    pub fn of(php: &Php, number: i64) -> Self {
        match number {
            5 if php.since(Version::V8_4) => Self::Ceiling,
            6 if php.since(Version::V8_4) => Self::Floor,
            7 if php.since(Version::V8_4) => Self::TowardsZero,
            8 if php.since(Version::V8_4) => Self::AwayFromZero,
            2 => Self::HalfDown,
            3 => Self::HalfEven,
            4 => Self::HalfOdd,
            _ => Self::HalfUp,
        }
    }

    /// Rounds to an integer.
    fn apply(self, value: f64) -> f64 {
        let towards = |up: bool| if up { value.abs().floor() + 1.0 } else { value.abs().floor() };
        let fraction = value.abs() - value.abs().floor();
        let odd = value.abs().floor() % 2.0 != 0.0;
        let made = match self {
            Self::HalfUp => (value.abs() + 0.5).floor(),
            Self::Ceiling => return value.ceil(),
            Self::Floor => return value.floor(),
            Self::TowardsZero => towards(false),
            Self::AwayFromZero => value.abs().ceil(),
            _ if fraction != 0.5 => towards(fraction > 0.5),
            Self::HalfDown => towards(false),
            Self::HalfEven => towards(odd),
            Self::HalfOdd => towards(!odd),
        };
        made.copysign(value)
    }
}

fn call_round(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    if matches!(args.value(0), Value::Array(_)) {
        return ok(false);
    }
    if ctx.php.since(Version::V8_4) && !(1..=8).contains(&args.int(2)) {
        return ctx.value_error(
            false,
            "round(): Argument #3 ($mode) must be a valid rounding mode (RoundingMode::*)",
        );
    }
    let (places, mode) = (args.int(1), Mode::of(ctx.php, args.int(2)));
    match to_number(ctx.php, args.value(0)) {
        Number::Int(int) if places >= 0 => ok(int as f64),
        number => ok(round(ctx.php, number.to_f64(), places, mode)),
    }
}

/// `round`: up to 8.3 the value is first rounded to 15 digits, so that `round(1.005, 2)` is 1.01; from 8.4 the decimal that
/// the float stands for decides.
pub fn round(php: &Php, value: f64, places: i64, mode: Mode) -> f64 {
    if value == 0.0 && !php.since(Version::V7_4) {
        return 0.0;
    }
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let places = places.clamp(-400, 400) as i32;
    if php.since(Version::V8_4) {
        return round_8_4(value, places, mode);
    }
    let digits_before = value.abs().log10().floor() as i32;
    let precise = 14 - digits_before;
    let mut scaled;
    if precise > places && precise - 15 < places {
        let cap = precise.clamp(-4 * 15, 4 * 15);
        scaled = Mode::HalfUp.apply(scale(value, cap));
        // Now drop the digits that are not wanted.
        let shift = (places - cap).max(-4 * 15);
        scaled = scale(scaled, shift);
    } else {
        scaled = scale(value, places);
        if scaled.abs() >= 1e15 {
            return value;
        }
    }
    if scaled.abs() >= 1e15 {
        return value;
    }
    unscale(mode.apply(scaled), places, value)
}

fn scale(value: f64, places: i32) -> f64 {
    let factor = 10f64.powi(places.abs());
    if places >= 0 { value * factor } else { value / factor }
}

/// Back from the integer: by text where the power of ten is not exact.
fn unscale(rounded: f64, places: i32, value: f64) -> f64 {
    if places.abs() < 23 {
        return scale(rounded, -places);
    }
    let text = format!("{rounded:.0}e{}", -places);
    let made: f64 = text.parse().unwrap_or(value);
    if made.is_finite() { made } else { value }
}

fn round_8_4(value: f64, places: i32, mode: Mode) -> f64 {
    if places.abs() > 308 + 15 {
        return if places > 0 { value } else { 0.0f64.copysign(value) };
    }
    let exponent = 10f64.powi(places.abs());
    let scaled = if places > 0 { value * exponent } else { value / exponent };
    if !scaled.is_finite() || scaled.abs() > 1e16 {
        return value;
    }
    let (base, half) = (scaled.abs().floor(), 0.5);
    // Which side of the half the decimal is on, as the float's shortest text has it.
    let edge = |offset: f64| {
        let edge = base + offset;
        let back = if places > 0 { edge / exponent } else { edge * exponent };
        (value.abs() - back, back == value.abs())
    };
    let (difference, equal) = edge(half);
    let up = if equal { None } else { Some(difference > 0.0) };
    let odd = base % 2.0 != 0.0;
    let (_, next) = edge(1.0);
    let rounded = match (up, mode) {
        _ if next => base + 1.0,
        (_, Mode::TowardsZero) => base,
        (_, Mode::AwayFromZero) => away(scaled, base),
        (_, Mode::Ceiling) => {
            if value > 0.0 {
                away(scaled, base)
            } else {
                base
            }
        }
        (_, Mode::Floor) => {
            if value < 0.0 {
                away(scaled, base)
            } else {
                base
            }
        }
        (Some(true), _) | (None, Mode::HalfUp) => base + 1.0,
        (Some(false), _) | (None, Mode::HalfDown) => base,
        (None, Mode::HalfEven) => base + f64::from(u8::from(odd)),
        (None, Mode::HalfOdd) => base + f64::from(u8::from(!odd)),
    };
    unscale(rounded.copysign(value), places, value)
}

/// One more, where anything is left over.
fn away(scaled: f64, base: f64) -> f64 {
    if scaled.abs() > base { base + 1.0 } else { base }
}

fn call_number_format(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let point = args.opt_bytes(2).unwrap_or(b".");
    let thousands = args.opt_bytes(3).unwrap_or(b",");
    let int = match *args.value(0) {
        Value::Int(int) => Some(int),
        Value::Float(float)
            if float.abs() >= 4_503_599_627_370_496.0 && ctx.php.int_size.holds_float(float) =>
        {
            Some(float as i64)
        }
        _ => None,
    };
    match int.filter(|_| ctx.php.since(Version::V8_3)) {
        Some(int) => ok(number_format_int(int, args.int(1), point, thousands)),
        None => ok(number_format(ctx.php, args.float(0), args.int(1), point, thousands)),
    }
}

/// `number_format`: rounded, with grouped thousands. Negative decimals count as 0 up to 8.2, from 8.3 they round to tens.
pub fn number_format(php: &Php, number: f64, decimals: i64, point: &[u8], thousands: &[u8]) -> Vec<u8> {
    let places = if php.since(Version::V8_3) { decimals } else { decimals.max(0) };
    let rounded = round(php, number, places, Mode::HalfUp);
    let decimals = decimals.clamp(0, MAX_DECIMALS) as usize;
    if !rounded.is_finite() {
        return match rounded.is_nan() {
            true if php.takes_for_finite(rounded) => b"NAN".to_vec(),
            true => b"nan".to_vec(),
            false => b"inf".to_vec(),
        };
    }
    let written = decimals.min(MAX_WRITTEN);
    let mut text = format!("{:.*}", written, rounded.abs());
    if rounded == 0.0 && rounded.is_sign_negative() && !php.since(Version::V7_1) {
        return format!("-{text}").into_bytes();
    }
    text.extend(std::iter::repeat_n('0', decimals - written));
    let visible = php.version < Version::V8_0 || text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    grouped(&text, rounded < 0.0 && visible, point, thousands)
}

/// More decimals are not written, though PHP would as far as its memory goes.
const MAX_DECIMALS: i64 = 1 << 20;

/// PHP's printf writes so many decimals, what follows is zeros.
const MAX_WRITTEN: usize = 500;

/// `number_format` of an integer, exact beyond 2^53: PHP from 8.3.
fn number_format_int(int: i64, decimals: i64, point: &[u8], thousands: &[u8]) -> Vec<u8> {
    let mut number = int.unsigned_abs();
    if decimals < 0 {
        match 10u64.checked_pow(decimals.unsigned_abs().min(99) as u32) {
            Some(power) => {
                let rest = number % power;
                number = (number - rest).saturating_add(if rest >= power / 2 { power } else { 0 });
            }
            None => number = 0,
        }
    }
    let mut text = number.to_string();
    if decimals > 0 {
        text.push('.');
        text.extend(std::iter::repeat_n('0', decimals.min(MAX_DECIMALS) as usize));
    }
    grouped(&text, int < 0 && number != 0, point, thousands)
}

fn grouped(text: &str, negative: bool, point: &[u8], thousands: &[u8]) -> Vec<u8> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut out = Vec::with_capacity(text.len() + text.len() / 3 + 1);
    if negative {
        out.push(b'-');
    }
    for (index, digit) in whole.bytes().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.extend_from_slice(thousands);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.extend_from_slice(point);
        out.extend_from_slice(fraction.as_bytes());
    }
    out
}
