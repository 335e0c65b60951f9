//! A decimal number of any length, as `bcmath` counts: an integer and how many of its digits stand behind the point.

use num_bigint::{BigInt, BigUint, Sign};

use super::digits::Digits;

/// The number `units / 10^scale`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    units: BigInt,
    scale: usize,
}

fn power_of_ten(exponent: usize) -> BigInt {
    BigInt::from(10).pow(exponent as u32)
}

impl From<&Digits> for Decimal {
    fn from(number: &Digits) -> Self {
        let units = BigUint::from_radix_be(number.digits(), 10).unwrap_or_default();
        let sign = if number.has_minus() { Sign::Minus } else { Sign::Plus };
        Self { units: BigInt::from_biguint(sign, units), scale: number.scale() }
    }
}

impl Decimal {
    /// The number 1, without digits behind the point.
    pub fn one() -> Self {
        Self { units: BigInt::from(1), scale: 0 }
    }

    /// The number 0 with `scale` digits behind the point.
    pub fn zero(scale: usize) -> Self {
        Self { units: BigInt::ZERO, scale }
    }

    /// Reads `-12.50`, `.5` and `1.`; up to the first NUL. None for what is no number; nothing at all is 0.
    pub fn parse(text: &[u8]) -> Option<Self> {
        Digits::parse(text).map(|digits| Self::from(&digits))
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.units == BigInt::ZERO
    }

    /// Whether it is below 0.
    pub fn is_negative(&self) -> bool {
        self.units.sign() == Sign::Minus
    }

    /// The number without its sign.
    pub fn abs(&self) -> Self {
        Self { units: self.units.magnitude().clone().into(), scale: self.scale }
    }

    /// How many digits it has behind the point.
    pub fn scale(&self) -> usize {
        self.scale
    }

    /// The integer, where it fits into 64 bits; digits behind the point are cut off.
    pub fn to_i64(&self) -> Option<i64> {
        i64::try_from(self.truncated(0).units).ok()
    }

    /// How many bits the number takes.
    pub fn bits(&self) -> u64 {
        self.units.bits()
    }

    /// At most `scale` digits behind the point, the rest cut off.
    pub fn truncated(&self, scale: usize) -> Self {
        if scale >= self.scale {
            return self.clone();
        }
        Self { units: &self.units / power_of_ten(self.scale - scale), scale }
    }

    /// The units at a scale that is not smaller.
    fn units_at(&self, scale: usize) -> BigInt {
        &self.units * power_of_ten(scale.saturating_sub(self.scale))
    }

    /// The sum, with at least `scale` digits behind the point.
    pub fn add(&self, other: &Self, scale: usize) -> Self {
        let scale = self.scale.max(other.scale).max(scale);
        Self { units: self.units_at(scale) + other.units_at(scale), scale }
    }

    /// The difference, with at least `scale` digits behind the point.
    pub fn sub(&self, other: &Self, scale: usize) -> Self {
        let scale = self.scale.max(other.scale).max(scale);
        Self { units: self.units_at(scale) - other.units_at(scale), scale }
    }

    /// The product, with as many digits behind the point as the factors have, or `scale` if that is more, or all.
    pub fn mul(&self, other: &Self, scale: usize) -> Self {
        let full = self.scale + other.scale;
        let product = Self { units: &self.units * &other.units, scale: full };
        product.truncated(full.min(scale.max(self.scale).max(other.scale)))
    }

    /// The quotient, cut off behind `scale` digits; none where the divisor is 0.
    pub fn div(&self, other: &Self, scale: usize) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let numerator = &self.units * power_of_ten(other.scale + scale);
        let denominator = &other.units * power_of_ten(self.scale);
        Some(Self { units: numerator / denominator, scale })
    }

    /// What is left of a division whose quotient is an integer; none where the divisor is 0.
    pub fn rem(&self, other: &Self, scale: usize) -> Option<Self> {
        self.rem_by(other, 0, scale)
    }

    /// The same for a quotient with `digits` behind the point.
    pub fn rem_by(&self, other: &Self, digits: usize, scale: usize) -> Option<Self> {
        let scale = self.scale.max(other.scale + scale);
        let quotient = self.div(other, digits)?;
        Some(self.sub(&quotient.mul(other, scale), scale))
    }

    /// The power, with all its digits.
    pub fn pow(&self, exponent: u32) -> Self {
        Self { units: self.units.pow(exponent), scale: self.scale * exponent as usize }
    }

    /// The square root with `scale` digits behind the point; none for a number below 0.
    pub fn sqrt(&self, scale: usize) -> Option<Self> {
        if self.is_negative() {
            return None;
        }
        // The units of the root are the root of the units at twice its scale.
        let squared = match (2 * scale).checked_sub(self.scale) {
            Some(more) => &self.units * power_of_ten(more),
            None => &self.units / power_of_ten(self.scale - 2 * scale),
        };
        Some(Self { units: squared.sqrt(), scale })
    }

    /// -1, 0 or 1.
    pub fn compare(&self, other: &Self) -> i64 {
        let scale = self.scale.max(other.scale);
        self.units_at(scale).cmp(&other.units_at(scale)) as i64
    }

    /// The number written with `scale` digits behind the point; `keep_sign` writes `-0.00` for -0.001 too.
    pub fn to_text(&self, scale: usize, keep_sign: bool) -> String {
        let cut = self.truncated(scale);
        let digits = cut.units.magnitude().to_string();
        let (whole, fraction) = match digits.len().checked_sub(cut.scale) {
            Some(at) => digits.split_at(at),
            None => ("", digits.as_str()),
        };
        let sign = if cut.is_negative() || keep_sign && self.is_negative() { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        if scale == 0 {
            return format!("{sign}{whole}");
        }
        let (leading, trailing) = (cut.scale - fraction.len(), scale - cut.scale);
        format!("{sign}{whole}.{}{fraction}{}", "0".repeat(leading), "0".repeat(trailing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text.as_bytes()).expect(text)
    }

    #[test]
    fn reads_and_writes_numbers() {
        let rows =
            [("-12.50", 1, "-12.5"), (".5", 0, "0"), ("1.", 2, "1.00"), ("", 0, "0"), ("-0.001", 2, "0.00")];
        for (text, scale, written) in rows {
            assert_eq!(number(text).to_text(scale, false), written, "{text}");
        }
        for text in ["abc", " 1", "1 ", "1e3", "--1", "1.2.3"] {
            assert_eq!(Decimal::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn divides_and_takes_roots_without_rounding() {
        assert_eq!(number("-7").div(&number("3"), 2).unwrap().to_text(2, false), "-2.33");
        assert_eq!(number("7.5").rem(&number("2.1"), 3).unwrap().to_text(3, false), "1.200");
        assert_eq!(number("2").sqrt(10).unwrap().to_text(10, false), "1.4142135623");
        assert_eq!(number("0.0001").sqrt(1).unwrap().to_text(1, false), "0.0");
        assert_eq!(number("1").div(&number("0.0"), 2), None);
    }
}
