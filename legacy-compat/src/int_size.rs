//! Integers by the size they have in a PHP: which there are, and what becomes of the others.

use crate::numeric::Number;
use crate::value::{Key, Str};

/// How large an integer is (`PHP_INT_SIZE`).
#[doc(alias = "PHP_INT_SIZE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntSize {
    /// Four bytes: on 32-bit machines, and in PHP 5 on Windows everywhere.
    Four,
    /// Eight bytes.
    Eight,
}

impl IntSize {
    /// How many bits that is.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Four => 32,
            Self::Eight => 64,
        }
    }

    /// The least integer.
    #[doc(alias = "PHP_INT_MIN")]
    pub const fn min(self) -> i64 {
        match self {
            Self::Four => i32::MIN as i64,
            Self::Eight => i64::MIN,
        }
    }

    /// The largest integer.
    #[doc(alias = "PHP_INT_MAX")]
    pub const fn max(self) -> i64 {
        match self {
            Self::Four => i32::MAX as i64,
            Self::Eight => i64::MAX,
        }
    }

    /// Whether there is this integer.
    pub const fn holds(self, int: i64) -> bool {
        self.min() <= int && int <= self.max()
    }

    /// Whether a float lies within the integers; of the 64-bit ones its fraction does not matter.
    pub fn holds_float(self, float: f64) -> bool {
        const TWO_63: f64 = 9_223_372_036_854_775_808.0;
        match self {
            Self::Four => (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&float),
            Self::Eight => (-TWO_63..TWO_63).contains(&float),
        }
    }

    /// The nearest integer there is.
    pub fn clamp(self, int: i64) -> i64 {
        int.clamp(self.min(), self.max())
    }

    /// What is left of an integer: its lower bits.
    pub const fn wrap(self, int: i64) -> i64 {
        match self {
            Self::Four => int as i32 as i64,
            Self::Eight => int,
        }
    }

    /// The bits of an integer, as `%x` shows them.
    pub const fn unsigned(self, int: i64) -> u64 {
        match self {
            Self::Four => int as u32 as u64,
            Self::Eight => int as u64,
        }
    }

    /// The number that an integer is: one that is too large is a float.
    pub const fn number(self, int: i64) -> Number {
        if self.holds(int) { Number::Int(int) } else { Number::Float(int as f64) }
    }

    /// The key that a text became: an integer that is too large is a text still.
    pub fn key(self, key: Key) -> Key {
        match key {
            Key::Int(int) if !self.holds(int) => Key::Str(Str::from(int.to_string())),
            key => key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_of_four_bytes_ends_where_those_of_eight_go_on() {
        let four = IntSize::Four;
        assert!(four.holds(-2_147_483_648) && !four.holds(2_147_483_648));
        assert!(four.holds_float(2_147_483_647.0) && !four.holds_float(2_147_483_647.5));
        assert_eq!(four.number(2_147_483_648), Number::Float(2_147_483_648.0));
        assert_eq!((four.wrap(2_147_483_648), four.clamp(2_147_483_648)), (-2_147_483_648, 2_147_483_647));
        assert_eq!(four.unsigned(-1), 0xffff_ffff);
        assert_eq!(four.key(Key::from("2147483648")), Key::Str("2147483648".into()));
        assert_eq!(IntSize::Eight.key(Key::from("2147483648")), Key::Int(2_147_483_648));
    }
}
