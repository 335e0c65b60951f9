//! The numbers that `sscanf` reads: as far as they go, at most 63 bytes of them.

use crate::numeric::strtod;
use crate::value::Value;

/// PHP's buffer for a number, in bytes.
const MAX_NUMBER: usize = 63;

/// An integer at the start of a text; base 0 goes by its prefix. Gives it and its length, or how far a text goes that is none.
pub(super) fn scan_int(
    text: &[u8],
    width: usize,
    base: u32,
    unsigned: bool,
) -> Result<(Value, usize), usize> {
    let text = &text[..text.len().min(limit(width))];
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let digits = &text[sign..];
    let (base, prefix) = match digits {
        [b'0', b'x' | b'X', ..] if matches!(base, 0 | 16) && sign == 0 => (16, 2),
        [b'0', ..] if base == 0 => (8, 0),
        _ if base == 0 => (10, 0),
        _ => (base, 0),
    };
    let count = digits[prefix..].iter().take_while(|byte| char::from(**byte).is_digit(base)).count();
    match (prefix, count) {
        (0, 0) => Err(sign),
        // Only the 0 of a prefix that nothing follows.
        (_, 0) => Ok((Value::Int(0), 1)),
        _ => {
            let len = sign + prefix + count;
            Ok((integer(&digits[prefix..prefix + count], base, text[0] == b'-', unsigned), len))
        }
    }
}

fn limit(width: usize) -> usize {
    if width == 0 { MAX_NUMBER } else { width.min(MAX_NUMBER) }
}

/// The value within 64 bits; an unsigned one that PHP's integers cannot hold is a string.
fn integer(digits: &[u8], base: u32, negative: bool, unsigned: bool) -> Value {
    let digit = |byte: &u8| i128::from(char::from(*byte).to_digit(base).unwrap_or(0));
    let size = digits.iter().fold(0i128, |sum, byte| (sum * i128::from(base) + digit(byte)).min(1 << 64));
    let signed = if negative { -size } else { size };
    if !unsigned {
        return Value::Int(signed.clamp(i64::MIN.into(), i64::MAX.into()) as i64);
    }
    let wrapped = if size > i128::from(u64::MAX) { u64::MAX } else { signed as u64 };
    match i64::try_from(wrapped) {
        Ok(int) => Value::Int(int),
        Err(_) => wrapped.to_string().into(),
    }
}

/// A float at the start of a text. Gives it and its length, or how far a text goes that is none.
pub(super) fn scan_float(text: &[u8], width: usize) -> Result<(Value, usize), usize> {
    let text = &text[..text.len().min(limit(width))];
    let digits = |from: usize| text[from.min(text.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let whole = digits(sign);
    let mut len = sign + whole;
    let mut count = whole;
    if text.get(len) == Some(&b'.') {
        let fraction = digits(len + 1);
        count += fraction;
        len += 1 + fraction;
    }
    if count == 0 {
        return Err(len);
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'-' | b'+')));
        let exponent = digits(len + 1 + sign);
        len += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    Ok((Value::Float(strtod(&text[..len])), len))
}
