//! Decimals: a text of digits in JSON, a two's complement in Avro. Up to 38 digits, which 128 bits hold.

use super::plan::Decimal;

/// The most digits, before and behind the point.
pub(super) const DIGITS_MAX: usize = 38;
/// The most bytes of a `fixed` that holds one: the digits take 16 of them.
pub(super) const SIZE_MAX: usize = 1024;

/// The bytes of a decimal's text; or why there are none.
pub(super) fn encode(text: &str, of: Decimal) -> Result<Vec<u8>, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || digits.ends_with('.') {
        return Err("it is no decimal number".to_owned());
    }
    if fraction.len() > of.scale {
        return Err(format!(
            "it has {} digits behind its point, and the schema {}",
            fraction.len(),
            of.scale
        ));
    }
    let unscaled = format!("{whole}{fraction:0<width$}", width = of.scale);
    let unscaled = unscaled.trim_start_matches('0');
    if unscaled.len() > of.precision.min(DIGITS_MAX) {
        let most = of.precision.min(DIGITS_MAX);
        return Err(format!("it has {} digits, and the schema at most {most}", unscaled.len()));
    }
    let number: i128 =
        if unscaled.is_empty() { 0 } else { unscaled.parse().map_err(|_| "it is too large")? };
    let bytes = (if negative { -number } else { number }).to_be_bytes();
    let sign = if negative && number != 0 { 0xff } else { 0 };
    let mut least = &bytes[..];
    while let [first, second, ..] = least
        && *first == sign
        && (second ^ sign) & 0x80 == 0
    {
        least = &least[1..];
    }
    match of.size {
        None => Ok(least.to_vec()),
        Some(size) if size < least.len() => Err(format!("it does not fit into {size} bytes")),
        Some(size) => Ok([&vec![sign; size - least.len()][..], least].concat()),
    }
}

/// The text of a decimal's bytes; or why there is none.
pub(super) fn decode(bytes: &[u8], of: Decimal) -> Result<String, String> {
    let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { 0xff } else { 0 };
    let extra = bytes.len().saturating_sub(16);
    if bytes[..extra].iter().any(|byte| *byte != sign) || (extra > 0 && (bytes[extra] ^ sign) & 0x80 != 0) {
        return Err(format!("a decimal of more than {DIGITS_MAX} digits"));
    }
    let mut all = [sign; 16];
    all[16 - (bytes.len() - extra)..].copy_from_slice(&bytes[extra..]);
    let number = i128::from_be_bytes(all);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = of.scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - of.scale);
    let minus = if number < 0 { "-" } else { "" };
    let point = if of.scale > 0 { "." } else { "" };
    Ok(format!("{minus}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Decimal = Decimal { precision: 6, scale: 2, size: None };

    #[test]
    fn a_decimal_is_the_shortest_two_s_complement_of_its_digits() {
        for (text, bytes, read) in [
            ("0", &[0][..], "0.00"),
            ("-0.00", &[0], "0.00"),
            ("1.27", &[0x7f], "1.27"),
            ("1.28", &[0, 0x80], "1.28"),
            ("-1.28", &[0x80], "-1.28"),
            ("-0.01", &[0xff], "-0.01"),
            ("9999.99", &[0x0f, 0x42, 0x3f], "9999.99"),
        ] {
            assert_eq!(encode(text, PRICE).as_deref(), Ok(bytes), "{text}");
            assert_eq!(decode(bytes, PRICE).as_deref(), Ok(read));
            let fixed = Decimal { size: Some(20), ..PRICE };
            let wide = encode(text, fixed).unwrap();
            assert_eq!((wide.len(), decode(&wide, fixed).as_deref()), (20, Ok(read)));
        }
        assert_eq!(decode(&[], PRICE).as_deref(), Ok("0.00"));
    }

    #[test]
    fn what_the_schema_has_no_room_for_is_said() {
        for text in ["", ".", "1.", ".5", "1e3", "+1", "1,2", "1.2.3", "--1", "1.234", "10000.00"] {
            assert!(encode(text, PRICE).is_err(), "{text}");
        }
        assert!(encode("1.28", Decimal { size: Some(1), ..PRICE }).is_err());
        assert!(decode(&[1; 17], PRICE).is_err());
    }
}
