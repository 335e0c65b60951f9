//! `money_format`, which went with 8.0: `strfmon` of the C library, in the C locale.

use crate::call::{Args, Ctx, Level, Outcome, Row, ok};
use crate::php::{Libc, Version};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[("-7.4 money_format(string $format, float $value)", money_format)];

fn money_format(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    if ctx.php.since(Version::V7_4) {
        ctx.note(Level::Deprecated, "Function money_format() is deprecated");
    }
    let (format, value) = (args.bytes(0), args.float(1));
    if conversions(format) > 1 {
        ctx.warn("money_format(): Only a single %i or %n token can be used");
        return ok(false);
    }
    let made = strfmon(ctx.php.libc, format, value);
    ok(made.filter(|text| text.len() < format.len() + ROOM).map_or(Value::FALSE, Value::from))
}

/// How much longer than its format PHP lets the answer be.
const ROOM: usize = 1024;

/// How many conversions a format has, as PHP counts them.
fn conversions(format: &[u8]) -> usize {
    let (mut count, mut rest) = (0, format);
    while let Some(at) = memchr::memchr(b'%', rest) {
        let is_text = rest.get(at + 1) == Some(&b'%');
        count += usize::from(!is_text);
        rest = &rest[at + 1 + usize::from(is_text)..];
    }
    count
}

/// The format up to its first NUL with the value in place of its conversion; none where the C library refuses.
fn strfmon(libc: Libc, format: &[u8], value: f64) -> Option<Vec<u8>> {
    let mut rest = &format[..memchr::memchr(0, format).unwrap_or(format.len())];
    let mut out = Vec::new();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match (first, behind.first()) {
            (b'%', Some(b'%')) => {
                out.push(b'%');
                rest = &behind[1..];
            }
            (b'%', _) => {
                let (spec, behind) = Spec::read(libc, behind)?;
                match libc {
                    Libc::Glibc => spec.write_as_glibc(&mut out, value),
                    Libc::Musl | Libc::Emscripten => spec.write_as_musl(&mut out, value),
                }
                rest = behind;
            }
            (byte, _) => out.push(*byte),
        }
    }
    Some(out)
}

/// One conversion: `%=*(-12#10.2n`.
struct Spec {
    fill: u8,
    /// Negative amounts stand in brackets.
    brackets: bool,
    left: bool,
    width: usize,
    /// Digits before the point, where it is said.
    whole: Option<usize>,
    fraction: usize,
}

impl Spec {
    /// The conversion, and what follows it. musl takes any letter for a conversion, even the end; glibc refuses.
    fn read(libc: Libc, mut text: &[u8]) -> Option<(Self, &[u8])> {
        let strict = libc == Libc::Glibc;
        let mut spec = Self { fill: b' ', brackets: false, left: false, width: 0, whole: None, fraction: 2 };
        let mut plus = false;
        while let Some((flag, behind)) = text.split_first() {
            text = match flag {
                b'=' => {
                    spec.fill = *behind.first()?;
                    &behind[1..]
                }
                b'(' if strict && plus => return None,
                b'+' if strict && spec.brackets => return None,
                b'(' => {
                    spec.brackets = true;
                    behind
                }
                b'-' => {
                    spec.left = true;
                    behind
                }
                b'+' => {
                    plus = true;
                    behind
                }
                b'^' | b'!' => behind,
                _ => break,
            };
        }
        spec.width = number(&mut text);
        if let Some(mut behind) = text.strip_prefix(b"#") {
            spec.whole = Some(number(&mut behind));
            text = behind;
        }
        if let Some(mut behind) = text.strip_prefix(b".") {
            spec.fraction = number(&mut behind);
            text = behind;
        }
        match text.split_first() {
            Some((b'i' | b'n', behind)) => Some((spec, behind)),
            Some((_, behind)) if !strict => Some((spec, behind)),
            None if !strict => Some((spec, text)),
            _ => None,
        }
    }

    /// As wide as the field or, if that is more, as the digits asked for and a point; to the left means no field at all.
    fn write_as_musl(&self, out: &mut Vec<u8>, value: f64) {
        let least = self.whole.unwrap_or(0) + 1 + self.fraction;
        let width = if self.left { least } else { least.max(self.width) };
        let text = fixed(value, self.fraction);
        out.resize(out.len() + width.saturating_sub(text.len()), b' ');
        out.extend_from_slice(&text);
    }

    /// Where digits before the point are asked for, the number is filled up to them and a sign has its place.
    fn write_as_glibc(&self, out: &mut Vec<u8>, value: f64) {
        let negative = value.is_sign_negative() && !value.is_nan();
        let digits = fixed(value.abs(), self.fraction);
        let point = if self.fraction > 0 { self.fraction + 1 } else { 0 };
        let least = self.whole.map_or(0, |whole| whole + point);
        let mut text = Vec::new();
        match (negative, self.brackets) {
            (true, true) => text.push(b'('),
            (true, false) => text.push(b'-'),
            (false, true) => text.push(b' '),
            (false, false) => {}
        }
        text.resize(text.len() + least.saturating_sub(digits.len()), self.fill);
        text.extend_from_slice(&digits);
        if negative && self.brackets {
            text.push(b')');
        }
        let missing = self.width.saturating_sub(text.len());
        let at = if self.left { text.len() } else { 0 };
        text.splice(at..at, std::iter::repeat_n(b' ', missing));
        out.extend_from_slice(&text);
    }
}

/// A width that no answer has room for, and the most that Rust's own formatting takes: it panics beyond.
const MOST: usize = u16::MAX as usize;

/// The digits that come next; more than fit anywhere count as that many.
fn number(text: &mut &[u8]) -> usize {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number =
        text[..len].iter().fold(0, |number, digit| (number * 10 + usize::from(digit - b'0')).min(MOST));
    *text = &text[len..];
    number
}

fn fixed(value: f64, fraction: usize) -> Vec<u8> {
    match value {
        _ if value.is_nan() => b"nan".to_vec(),
        _ if value.is_infinite() => {
            if value > 0.0 {
                b"inf".to_vec()
            } else {
                b"-inf".to_vec()
            }
        }
        _ => format!("{value:.fraction$}").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_width_is_too_large_to_be_refused() {
        for libc in [Libc::Glibc, Libc::Musl] {
            for format in ["%.65536n", "%.99999999999999999999n", "%99999999#99999999.99999999n"] {
                assert!(
                    strfmon(libc, format.as_bytes(), 1.5).is_some_and(|text| text.len() > ROOM),
                    "{format}"
                );
            }
        }
    }
}
