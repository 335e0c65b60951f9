//! Floats made text: `%.14G` for `echo`, the shortest form that reads back for the rest.

/// The significant digits of a positive finite float and where its point stands: value = 0.DIGITS × 10^point.
pub(crate) struct Digits {
    pub digits: Vec<u8>,
    pub point: i32,
}

/// At most `count` significant digits, rounded to even on the exact value; without trailing zeros.
pub(crate) fn rounded(float: f64, count: usize) -> Digits {
    let text = format!("{:.*e}", count.max(1) - 1, float.abs());
    split(&text)
}

/// The fewest digits that read back as the same float; of two as near the even ones.
pub(crate) fn shortest(float: f64) -> Digits {
    let found = split(&format!("{:e}", float.abs()));
    // Only where the last digits are halves and quarters can two be as near.
    match TIES.contains(&float.abs()) {
        true => rounded(float, found.digits.len()),
        false => found,
    }
}

/// From 2^43 to 2^54.
const TIES: std::ops::Range<f64> = 8_796_093_022_208.0..18_014_398_509_481_984.0;

fn split(text: &str) -> Digits {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    Digits { digits, point: exponent.parse::<i32>().unwrap_or(0) + 1 }
}

/// A float as text with `precision` significant digits, -1 for as many as needed (then as with 17).
///
/// `exponent` is the letter before the exponent: `1.0E+25` by `echo`, `1.0e+25` by `json_encode`. Infinities and NaN are
/// `INF`, `-INF` and `NAN`.
pub fn to_text(float: f64, precision: i32, exponent: u8) -> Vec<u8> {
    if float.is_nan() {
        return b"NAN".to_vec();
    }
    if float.is_infinite() {
        return if float > 0.0 { b"INF".to_vec() } else { b"-INF".to_vec() };
    }
    let (found, limit) = match precision {
        ..0 => (shortest(float), 17),
        _ => (rounded(float, precision.max(1) as usize), precision.max(1)),
    };
    let mut out = Vec::with_capacity(24);
    if float.is_sign_negative() {
        out.push(b'-');
    }
    if float == 0.0 {
        out.push(b'0');
        return out;
    }
    let Digits { digits, point } = found;
    if point < -3 || point > limit {
        scientific(&mut out, &digits, point - 1, exponent);
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + point.unsigned_abs() as usize, b'0');
        out.extend_from_slice(&digits);
    } else {
        let point = point as usize;
        let whole = point.min(digits.len());
        out.extend_from_slice(&digits[..whole]);
        out.resize(out.len() + point - whole, b'0');
        if whole < digits.len() {
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    }
    out
}

fn scientific(out: &mut Vec<u8>, digits: &[u8], power: i32, exponent: u8) {
    out.push(digits[0]);
    out.push(b'.');
    out.extend_from_slice(if digits.len() > 1 { &digits[1..] } else { b"0" });
    out.push(exponent);
    out.push(if power < 0 { b'-' } else { b'+' });
    out.extend_from_slice(power.unsigned_abs().to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_floats_as_php_does() {
        let rows: [(f64, i32, &str); 16] = [
            (0.1 + 0.2, 14, "0.3"),
            (0.1 + 0.2, 17, "0.30000000000000004"),
            (0.1 + 0.2, -1, "0.30000000000000004"),
            (1e15, 14, "1.0E+15"),
            (1e14, 14, "1.0E+14"),
            (1e13, 14, "10000000000000"),
            (123456789012345.0, 14, "1.2345678901234E+14"),
            (1e16, -1, "10000000000000000"),
            (1e17, -1, "1.0E+17"),
            (1e15 + 0.25, -1, "1000000000000000.2"),
            (1.5e-7, 14, "1.5E-7"),
            (0.0001, 14, "0.0001"),
            (-0.0, 14, "-0"),
            (f64::NEG_INFINITY, 14, "-INF"),
            (f64::NAN, 14, "NAN"),
            (100000.0, 14, "100000"),
        ];
        for (float, precision, text) in rows {
            let got = String::from_utf8(to_text(float, precision, b'E')).unwrap();
            assert_eq!(got, text, "{float} at {precision}");
        }
    }
}
