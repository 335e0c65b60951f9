//! Numeric strings: what PHP reads as a number, and how much of the string that is.

use crate::int_size::IntSize;
use crate::php::{Php, Version};

/// An integer or a float: what arithmetic gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Number {
    /// The number as a float.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

/// The number at the start of a string.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prefix {
    /// The number read.
    pub number: Number,
    /// How many bytes it took, leading blanks included.
    pub len: usize,
    /// Written as an integer, but too large for one: 1 above, -1 below, 0 where it is not so.
    pub overflow: i8,
}

/// The blanks that PHP skips before a number, and from 8.0 also behind it.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Reads the number at the start of a string, after blanks: `" 12abc"` gives 12 and 3 bytes.
pub fn prefix(php: &Php, bytes: &[u8]) -> Option<Prefix> {
    let start = bytes.iter().take_while(|b| is_blank(**b)).count();
    let text = &bytes[start..];
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let (len, is_float) = float_span(&text[sign..])?;
    let literal = ascii(&text[..sign + len]);
    let negative = literal.starts_with('-');
    let (number, overflow) = match literal.parse::<i64>() {
        Ok(int) if !is_float && php.int_size.holds(int) => (Number::Int(int), 0),
        _ => {
            let overflow = if is_float {
                0
            } else if negative {
                -1
            } else {
                1
            };
            (Number::Float(literal.parse().unwrap_or(0.0)), overflow)
        }
    };
    Some(Prefix { number, len: start + sign + len, overflow })
}

/// The length of `12`, `1.5`, `.5`, `1.`, `1e3`, and whether it is written as a float.
fn float_span(text: &[u8]) -> Option<(usize, bool)> {
    let whole = digits(text);
    let mut len = whole;
    let mut is_float = false;
    if text.get(len) == Some(&b'.') {
        let fraction = digits(&text[len + 1..]);
        if whole + fraction > 0 {
            len += 1 + fraction;
            is_float = true;
        }
    }
    if len == 0 {
        return None;
    }
    if let Some(b'e' | b'E') = text.get(len) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'-' | b'+')));
        let exponent = digits(&text[len + 1 + sign..]);
        if exponent > 0 {
            len += 1 + sign + exponent;
            is_float = true;
        }
    }
    Some((len, is_float))
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("0")
}

/// The number that the whole string is, or none: `is_numeric`'s rule.
///
/// Blanks before it are allowed, blanks behind it from 8.0; hexadecimal (`0x1A`) in 5.6 only.
pub fn whole(php: &Php, bytes: &[u8]) -> Option<Prefix> {
    if php.is_5()
        && let Some(hex) = hexadecimal(php, bytes)
    {
        return Some(hex);
    }
    let found = prefix(php, bytes)?;
    let rest = &bytes[found.len..];
    let ends = rest.is_empty() || php.is_8() && rest.iter().all(|b| is_blank(*b));
    ends.then_some(found)
}

/// `0x1A`, as PHP 5 read it, without a sign.
fn hexadecimal(php: &Php, bytes: &[u8]) -> Option<Prefix> {
    let start = bytes.iter().take_while(|b| is_blank(**b)).count();
    let text = &bytes[start..];
    let [b'0', b'x' | b'X', hex @ ..] = text else { return None };
    if hex.is_empty() || !hex.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let value = hex.iter().fold(0.0, |sum, b| sum * 16.0 + f64::from(hex_digit(*b)));
    let number = match i64::from_str_radix(ascii(hex), 16) {
        Ok(int) => php.int_size.number(int),
        Err(_) => Number::Float(value),
    };
    Some(Prefix { number, len: bytes.len(), overflow: 0 })
}

fn hex_digit(byte: u8) -> u8 {
    char::from(byte).to_digit(16).unwrap_or(0) as u8
}

/// C's `strtol` in a base from 2 to 36 (0: by prefix): reads as far as it goes, stops at the limits of 64 bits.
pub fn strtol(bytes: &[u8], base: u32) -> i64 {
    let start = bytes.iter().take_while(|b| is_blank(**b)).count();
    let (negative, mut text) = match &bytes[start..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut base = base;
    let hex = matches!(text, [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit());
    if (base == 0 || base == 16) && hex {
        (base, text) = (16, &text[2..]);
    } else if base == 0 {
        base = if text.first() == Some(&b'0') { 8 } else { 10 };
    }
    let mut value: i128 = 0;
    for digit in text.iter().map_while(|b| char::from(*b).to_digit(base)) {
        value = (value * i128::from(base) + i128::from(digit)).min(1 << 64);
    }
    let value = if negative { -value } else { value };
    value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// C's `strtod`: the float at the start of a string, 0 where there is none. Blanks are not skipped.
pub fn strtod(bytes: &[u8]) -> f64 {
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    match float_span(&bytes[sign..]) {
        Some((len, _)) => ascii(&bytes[..sign + len]).parse().unwrap_or(0.0),
        None => 0.0,
    }
}

/// A float made an integer as PHP's cast does: truncated, its lower bits, 0 for what is not finite. In 5.6 NaN is the least integer.
pub fn float_to_int(php: &Php, float: f64) -> i64 {
    if float.is_nan() && php.is_5() {
        return php.int_size.min();
    }
    if !float.is_finite() {
        return 0;
    }
    if php.int_size.holds_float(float) {
        return float as i64;
    }
    if php.int_size == IntSize::Four && php.version == Version::V7_0 && float < 0.0 {
        return 0; // 7.0 leaves these to C, where they are undefined
    }
    let modulus = (php.int_size.bits() as f64).exp2();
    let rest = float.trunc() % modulus;
    let rest = if rest < 0.0 { rest + modulus } else { rest };
    php.int_size.wrap((rest as u64) as i64)
}

/// The float of a numeric string made an integer: at the limits where it is too large, 0 where it is not finite.
pub fn float_to_int_capped(php: &Php, float: f64) -> i64 {
    if float.is_finite() { php.int_size.clamp(float as i64) } else { 0 }
}

/// A string made an integer as `(int)` does: up to 7.0 it stops at the first byte that is no digit, later it knows
/// `1e3`.
pub fn string_to_int(php: &Php, bytes: &[u8]) -> i64 {
    if php.version < Version::V7_1 {
        return php.int_size.clamp(strtol(bytes, 10));
    }
    match prefix(php, bytes).map(|found| found.number) {
        Some(Number::Int(int)) => int,
        Some(Number::Float(float)) => float_to_int_capped(php, float),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_number_at_the_start() {
        let php = Php::new(Version::V8_2);
        let rows: [(&str, Number, usize); 9] = [
            ("12abc", Number::Int(12), 2),
            (" 1.5 ", Number::Float(1.5), 4),
            ("1.", Number::Float(1.0), 2),
            (".5x", Number::Float(0.5), 2),
            ("1e3", Number::Float(1000.0), 3),
            ("1e+", Number::Int(1), 1),
            ("-0", Number::Int(0), 2),
            ("9223372036854775808", Number::Float(9.223_372_036_854_776e18), 19),
            ("-9223372036854775808", Number::Int(i64::MIN), 20),
        ];
        for (text, number, len) in rows {
            let found = prefix(&php, text.as_bytes()).expect(text);
            assert_eq!((found.number, found.len), (number, len), "{text}");
        }
        for text in ["", " ", "abc", ".", "+", "-.", "e3"] {
            assert_eq!(prefix(&php, text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn casts_a_float_modulo_two_to_the_64() {
        let php = Php::new(Version::V8_2);
        assert_eq!(float_to_int(&php, 1e19), -8446744073709551616);
        assert_eq!(float_to_int(&php, -1.9), -1);
        assert_eq!(float_to_int(&php, f64::NAN), 0);
    }
}
