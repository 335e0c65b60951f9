//! Decimal digits, added, subtracted and compared one by one: in time linear in how many there are, as PHP does it.

use std::cmp::Ordering;

/// A number as it is written.
#[derive(Clone, Debug)]
pub(super) struct Digits {
    negative: bool,
    /// From the highest on, each 0 to 9.
    digits: Vec<u8>,
    /// How many of them stand behind the point.
    scale: usize,
}

impl Digits {
    /// Reads `-12.50`, `.5` and `1.`; up to the first NUL. None for what is no number; nothing at all is 0.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        let (negative, number) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let mut parts = number.splitn(2, |byte| *byte == b'.');
        let (whole, fraction) = (parts.next()?, parts.next().unwrap_or_default());
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| byte - b'0');
        let digits = whole.iter().chain(fraction).map(digit).collect::<Option<Vec<u8>>>()?;
        Some(Self { negative, digits, scale: fraction.len() })
    }

    /// 0, without digits behind the point.
    pub(super) fn zero() -> Self {
        Self { negative: false, digits: Vec::new(), scale: 0 }
    }

    /// How many digits it has behind the point.
    pub(super) fn scale(&self) -> usize {
        self.scale
    }

    /// The digits, from the highest on, each 0 to 9.
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits
    }

    /// Whether a minus stands before it, which a 0 may have too.
    pub(super) fn has_minus(&self) -> bool {
        self.negative
    }

    /// At most `scale` digits behind the point, the rest cut off.
    pub(super) fn truncated(mut self, scale: usize) -> Self {
        let cut = self.scale.saturating_sub(scale);
        self.digits.truncate(self.digits.len() - cut);
        self.scale -= cut;
        self
    }

    fn is_zero(&self) -> bool {
        self.digits.iter().all(|digit| *digit == 0)
    }

    fn whole(&self) -> usize {
        self.digits.len() - self.scale
    }

    /// The same with so many digits before and behind the point, of which it does not have more.
    fn filled(&self, whole: usize, scale: usize) -> Vec<u8> {
        let mut out = vec![0; whole - self.whole()];
        out.reserve_exact(self.digits.len() + scale - self.scale);
        out.extend_from_slice(&self.digits);
        out.resize(whole + scale, 0);
        out
    }

    /// Both with as many digits before and behind the point, and one place more before it for what carries.
    fn aligned(&self, other: &Self) -> (Vec<u8>, Vec<u8>, usize) {
        let (whole, scale) = (1 + self.whole().max(other.whole()), self.scale.max(other.scale));
        (self.filled(whole, scale), other.filled(whole, scale), scale)
    }

    /// The sum.
    pub(super) fn add(&self, other: &Self) -> Self {
        let (mut a, mut b, scale) = self.aligned(other);
        if self.negative == other.negative {
            add_to(&mut a, &b);
            return Self { negative: self.negative, digits: a, scale };
        }
        let negative = if a < b {
            std::mem::swap(&mut a, &mut b);
            other.negative
        } else {
            self.negative
        };
        take_from(&mut a, &b);
        Self { negative, digits: a, scale }
    }

    /// The difference.
    pub(super) fn sub(&self, other: &Self) -> Self {
        self.add(&Self { negative: !other.negative, ..other.clone() })
    }

    /// -1, 0 or 1.
    pub(super) fn compare(&self, other: &Self) -> i64 {
        let (a, b, _) = self.aligned(other);
        let is_below = |number: &Self| number.negative && !number.is_zero();
        (match (is_below(self), is_below(other)) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => a.cmp(&b),
            (true, true) => b.cmp(&a),
        }) as i64
    }

    /// The number written with `scale` digits behind the point; `keep_sign` writes `-0.00` for -0.001 too.
    pub(super) fn to_text(&self, scale: usize, keep_sign: bool) -> String {
        let (whole, fraction) = self.digits.split_at(self.whole());
        let fraction = &fraction[..fraction.len().min(scale)];
        let leading = whole.iter().take_while(|digit| **digit == 0).count();
        let shown = [&whole[leading..], fraction].concat();
        let counts = if keep_sign { !self.is_zero() } else { shown.iter().any(|digit| *digit != 0) };
        let mut out = String::with_capacity(shown.len() + scale - fraction.len() + 3);
        if self.negative && counts {
            out.push('-');
        }
        let mut put = |digits: &[u8]| out.extend(digits.iter().map(|digit| char::from(b'0' + digit)));
        put(if leading < whole.len() { &whole[leading..] } else { &[0] });
        if scale > 0 {
            out.push('.');
            out.extend(fraction.iter().map(|digit| char::from(b'0' + digit)));
            out.extend(std::iter::repeat_n('0', scale - fraction.len()));
        }
        out
    }
}

/// Adds a number to one that has as many digits and room for the sum.
fn add_to(to: &mut [u8], add: &[u8]) {
    let mut carry = 0;
    for (digit, more) in to.iter_mut().zip(add).rev() {
        let sum = *digit + more + carry;
        (*digit, carry) = (sum % 10, sum / 10);
    }
}

/// Takes a number from one that has as many digits and is not smaller.
fn take_from(from: &mut [u8], less: &[u8]) {
    let mut borrow = 0;
    for (digit, less) in from.iter_mut().zip(less).rev() {
        let (left, is_short) = (10 + *digit - less - borrow, *digit < less + borrow);
        (*digit, borrow) = (left % 10, u8::from(is_short));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Digits {
        Digits::parse(text.as_bytes()).expect(text)
    }

    #[test]
    fn adds_and_takes_away_whatever_the_signs() {
        for (a, b, sum, difference) in [
            ("99.5", "0.75", "100.25", "98.75"),
            ("-99.5", "0.75", "-98.75", "-100.25"),
            ("1", "-1.0", "0.00", "2.00"),
            ("-.5", "-.25", "-0.75", "-0.25"),
            ("", "-7", "-7.00", "7.00"),
            ("0012", "13", "25.00", "-1.00"),
        ] {
            assert_eq!(number(a).add(&number(b)).to_text(2, false), sum, "{a} + {b}");
            assert_eq!(number(a).sub(&number(b)).to_text(2, false), difference, "{a} - {b}");
        }
    }

    #[test]
    fn compares_by_value() {
        for (a, b, order) in [
            ("1.50", "1.5", 0),
            ("-0", "0.00", 0),
            ("-2", "1", -1),
            ("-2", "-3", 1),
            ("10", "9.9", 1),
            (".1", ".11", -1),
        ] {
            assert_eq!(number(a).compare(&number(b)), order, "{a} {b}");
            assert_eq!(number(b).compare(&number(a)), -order, "{b} {a}");
        }
    }

    #[test]
    fn a_minus_stays_on_what_is_cut_to_zero_only_where_it_should() {
        assert_eq!(number("-0.001").to_text(2, false), "0.00");
        assert_eq!(number("-0.001").to_text(2, true), "-0.00");
        assert_eq!(number("-0").to_text(0, true), "0");
    }
}
