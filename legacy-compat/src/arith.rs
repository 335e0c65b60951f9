//! Operators on mixed types: arithmetic, bits, concatenation, `++` and `--`.

use crate::cast::{to_int, to_str};
use crate::error::{ErrorClass, Thrown};
use crate::numeric::{self, Number};
use crate::php::{Php, Version};
use crate::value::{Array, Str, Value};

type Outcome = Result<Value, Thrown>;

/// The number that an operand is; none where PHP refuses the operand.
fn operand(php: &Php, value: &Value) -> Option<Number> {
    match value {
        Value::Float(float) => Some(Number::Float(*float)),
        Value::Str(text) => match numeric::whole(php, text).or_else(|| numeric::prefix(php, text)) {
            Some(found) => Some(found.number),
            None => (!php.is_8()).then_some(Number::Int(0)),
        },
        Value::Array(_) => None,
        Value::Object(_) if php.is_8() => None,
        other => Some(Number::Int(to_int(php, other))),
    }
}

/// The integer that an operand of `%`, `|`, `<<` … is.
fn int_operand(php: &Php, value: &Value) -> Option<i64> {
    match value {
        Value::Float(float) => Some(numeric::float_to_int(php, *float)),
        Value::Str(text) if php.is_8() && numeric::prefix(php, text).is_none() => None,
        Value::Object(_) if php.is_8() => None,
        Value::Array(_) if php.is_8() => None,
        other => Some(to_int(php, other)),
    }
}

fn unsupported(php: &Php, a: &Value, sign: &str, b: &Value) -> Thrown {
    if php.is_8() {
        let message = format!("Unsupported operand types: {} {sign} {}", a.type_name(), b.type_name());
        return Thrown::new(ErrorClass::TypeError, message);
    }
    Thrown::new(ErrorClass::Error, "Unsupported operand types")
}

fn binary(
    php: &Php,
    a: &Value,
    sign: &str,
    b: &Value,
    calculate: impl Fn(Number, Number) -> Value,
) -> Outcome {
    match (operand(php, a), operand(php, b)) {
        (Some(x), Some(y)) => Ok(calculate(x, y)),
        _ => Err(unsupported(php, a, sign, b)),
    }
}

fn checked(
    php: &Php,
    a: Number,
    b: Number,
    ints: fn(i64, i64) -> Option<i64>,
    floats: fn(f64, f64) -> f64,
) -> Value {
    match (a, b) {
        (Number::Int(x), Number::Int(y)) => match ints(x, y).filter(|int| php.int_size.holds(*int)) {
            Some(int) => Value::Int(int),
            None => Value::Float(floats(x as f64, y as f64)),
        },
        _ => Value::Float(floats(a.to_f64(), b.to_f64())),
    }
}

/// `+`: numbers, or the union of two arrays, where the left one's elements win.
///
/// # Errors
/// What PHP throws: an array with anything else, from 8.0 also strings that are no numbers.
pub fn add(php: &Php, a: &Value, b: &Value) -> Outcome {
    if let (Value::Array(a), Value::Array(b)) = (a, b) {
        return Ok(Value::Array(union(a, b)));
    }
    binary(php, a, "+", b, |x, y| checked(php, x, y, i64::checked_add, |x, y| x + y))
}

fn union(a: &Array, b: &Array) -> Array {
    let mut all = a.clone();
    for (key, value) in b.iter() {
        if !all.contains_key(&key) {
            all.insert(key, value.clone());
        }
    }
    all
}

/// `-`
///
/// # Errors
/// As [`add`].
pub fn sub(php: &Php, a: &Value, b: &Value) -> Outcome {
    binary(php, a, "-", b, |x, y| checked(php, x, y, i64::checked_sub, |x, y| x - y))
}

/// `*`
///
/// # Errors
/// As [`add`].
pub fn mul(php: &Php, a: &Value, b: &Value) -> Outcome {
    binary(php, a, "*", b, |x, y| checked(php, x, y, i64::checked_mul, |x, y| x * y))
}

/// The sign change, which PHP does as `* -1`, in 5.6 as `0 -`: there 0.0 has no negative.
///
/// # Errors
/// As [`add`].
pub fn neg(php: &Php, a: &Value) -> Outcome {
    if php.is_5() { sub(php, &Value::Int(0), a) } else { mul(php, a, &Value::Int(-1)) }
}

/// `/`: an integer where it divides without rest. By zero: false in 5.6, ±INF or NaN in 7, an error from 8.0.
///
/// # Errors
/// As [`add`]; `DivisionByZeroError` from 8.0.
pub fn div(php: &Php, a: &Value, b: &Value) -> Outcome {
    let (Some(x), Some(y)) = (operand(php, a), operand(php, b)) else {
        return Err(unsupported(php, a, "/", b));
    };
    if y.to_f64() == 0.0 {
        return match () {
            () if php.is_8() => Err(Thrown::new(ErrorClass::DivisionByZeroError, "Division by zero")),
            () if php.is_5() => Ok(Value::FALSE),
            () => Ok(Value::Float(x.to_f64() / y.to_f64())),
        };
    }
    Ok(match (x, y) {
        (Number::Int(x), Number::Int(y)) => match (x.checked_rem(y), x.checked_div(y)) {
            (Some(0), Some(whole)) if php.int_size.holds(whole) => Value::Int(whole),
            _ => Value::Float(x as f64 / y as f64),
        },
        _ => Value::Float(x.to_f64() / y.to_f64()),
    })
}

/// `%`, on integers.
///
/// # Errors
/// As [`add`]; `DivisionByZeroError` from 7.0 (false before).
#[doc(alias = "%")]
pub fn modulo(php: &Php, a: &Value, b: &Value) -> Outcome {
    let (x, y) = ints(php, a, "%", b)?;
    match y {
        0 if php.is_5() => Ok(Value::FALSE),
        0 => Err(Thrown::new(ErrorClass::DivisionByZeroError, "Modulo by zero")),
        _ => Ok(Value::Int(x.checked_rem(y).unwrap_or(0))),
    }
}

fn ints(php: &Php, a: &Value, sign: &str, b: &Value) -> Result<(i64, i64), Thrown> {
    match (int_operand(php, a), int_operand(php, b)) {
        (Some(x), Some(y)) => Ok((x, y)),
        _ => Err(unsupported(php, a, sign, b)),
    }
}

/// `**`: an integer while it fits, a float beyond or with a negative exponent.
///
/// # Errors
/// As [`add`].
#[doc(alias = "**")]
pub fn pow(php: &Php, a: &Value, b: &Value) -> Outcome {
    match (a, b) {
        (Value::Array(_), _) if !php.is_8() => return Ok(Value::Int(0)),
        (_, Value::Array(_)) if !php.is_8() => return Ok(Value::Int(1)),
        _ => {}
    }
    binary(php, a, "**", b, |x, y| match (x, y) {
        (Number::Int(base), Number::Int(exponent @ 0..)) => int_pow(php, base, exponent),
        _ => Value::Float(x.to_f64().powf(y.to_f64())),
    })
}

/// By squaring; at the first overflow the rest goes on in floats, which decides the last digits.
fn int_pow(php: &Php, base: i64, exponent: i64) -> Value {
    let times = |a: i64, b: i64| a.checked_mul(b).filter(|int| php.int_size.holds(*int));
    let (mut product, mut square, mut left) = (1i64, base, exponent);
    if left == 0 {
        return Value::Int(1);
    }
    if square == 0 {
        return Value::Int(0);
    }
    while left >= 1 {
        if left % 2 == 1 {
            left -= 1;
            match times(product, square) {
                Some(next) => product = next,
                None => {
                    return Value::Float(product as f64 * square as f64 * (square as f64).powf(left as f64));
                }
            }
        } else {
            left /= 2;
            match times(square, square) {
                Some(next) => square = next,
                None => {
                    let square = square as f64 * square as f64;
                    return Value::Float(product as f64 * square.powf(left as f64));
                }
            }
        }
    }
    Value::Int(product)
}

/// `.`: the texts of both, one after the other. The caller refuses objects and warns of arrays.
pub fn concat(php: &Php, a: &Value, b: &Value) -> Str {
    Str::from([to_str(php, a).as_bytes(), to_str(php, b).as_bytes()].concat())
}

/// An operator on bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bits {
    /// `&`
    And,
    /// `|`
    Or,
    /// `^`
    Xor,
}

/// `&`, `|` and `^`: on integers, or byte by byte on two strings (`|` as long as the longer, the others as the shorter).
///
/// # Errors
/// As [`add`].
pub fn bits(php: &Php, a: &Value, operator: Bits, b: &Value) -> Outcome {
    if let (Value::Str(a), Value::Str(b)) = (a, b) {
        return Ok(Value::from(string_bits(a, operator, b)));
    }
    let sign = match operator {
        Bits::And => "&",
        Bits::Or => "|",
        Bits::Xor => "^",
    };
    let (x, y) = ints(php, a, sign, b)?;
    Ok(Value::Int(match operator {
        Bits::And => x & y,
        Bits::Or => x | y,
        Bits::Xor => x ^ y,
    }))
}

fn string_bits(a: &[u8], operator: Bits, b: &[u8]) -> Vec<u8> {
    let pairs = a.iter().zip(b);
    match operator {
        Bits::And => pairs.map(|(x, y)| x & y).collect(),
        Bits::Xor => pairs.map(|(x, y)| x ^ y).collect(),
        Bits::Or => {
            let longer = if a.len() > b.len() { a } else { b };
            pairs.map(|(x, y)| x | y).chain(longer.iter().skip(a.len().min(b.len())).copied()).collect()
        }
    }
}

/// `~`: of an integer, of a float made one, or of each byte of a string.
///
/// # Errors
/// All other types.
pub fn bit_not(php: &Php, a: &Value) -> Outcome {
    match a {
        Value::Int(int) => Ok(Value::Int(!int)),
        Value::Float(float) => Ok(Value::Int(!numeric::float_to_int(php, *float))),
        Value::Str(text) => Ok(Value::from(text.iter().map(|b| !b).collect::<Vec<u8>>())),
        other if php.is_8() => {
            let message = format!("Cannot perform bitwise not on {}", other.type_name());
            Err(Thrown::new(ErrorClass::TypeError, message))
        }
        _ => Err(Thrown::new(ErrorClass::Error, "Unsupported operand types")),
    }
}

/// `<<` (or, `right`, `>>`): by its size and more nothing of the number is left, but in 5.6 the processor takes the count modulo that.
///
/// # Errors
/// As [`add`]; `ArithmeticError` for a negative count, from 7.0.
#[doc(alias("<<", ">>"))]
pub fn shift(php: &Php, a: &Value, b: &Value, right: bool) -> Outcome {
    let (x, count) = ints(php, a, if right { ">>" } else { "<<" }, b)?;
    let bits = i64::from(php.int_size.bits());
    let count = if php.is_5() { count & (bits - 1) } else { count };
    Ok(Value::Int(php.int_size.wrap(match count {
        ..0 => return Err(Thrown::new(ErrorClass::ArithmeticError, "Bit shift by negative number")),
        _ if count < bits && right => x >> count,
        _ if count < bits => x << count,
        _ if right && x < 0 => -1,
        _ => 0,
    })))
}

/// `++`: null becomes 1, a numeric string its number plus one, other strings go on as `Az` → `Ba`.
///
/// # Errors
/// Arrays and objects, from 8.0.
pub fn increment(php: &Php, value: &Value) -> Outcome {
    match value {
        Value::Null => Ok(Value::Int(1)),
        Value::Int(_) | Value::Float(_) => add(php, value, &Value::Int(1)),
        Value::Str(text) if text.is_empty() => Ok(Value::from("1")),
        Value::Str(text) => match numeric::whole(php, text) {
            Some(found) => Ok(checked(php, found.number, Number::Int(1), i64::checked_add, |x, y| x + y)),
            None => Ok(Value::from(next_string(text))),
        },
        other => step_refused(php, other, "increment"),
    }
}

/// `--`: null stays null, `""` becomes -1, a string that is no number stays.
///
/// # Errors
/// Arrays and objects, from 8.0.
pub fn decrement(php: &Php, value: &Value) -> Outcome {
    match value {
        Value::Int(_) | Value::Float(_) => sub(php, value, &Value::Int(1)),
        Value::Str(text) if text.is_empty() => Ok(Value::Int(-1)),
        Value::Str(text) => match numeric::whole(php, text) {
            Some(found) => Ok(checked(php, found.number, Number::Int(1), i64::checked_sub, |x, y| x - y)),
            None => Ok(value.clone()),
        },
        other => step_refused(php, other, "decrement"),
    }
}

fn step_refused(php: &Php, value: &Value, what: &str) -> Outcome {
    let refused =
        matches!(value, Value::Array(_)) || matches!(value, Value::Object(_)) && php.since(Version::V8_3);
    if refused && php.is_8() {
        return Err(Thrown::new(ErrorClass::TypeError, format!("Cannot {what} {}", value.type_name())));
    }
    Ok(value.clone())
}

/// Perl's increment: letters and digits carry to the left, anything else stops it.
fn next_string(text: &[u8]) -> Vec<u8> {
    let mut next = text.to_vec();
    for at in (0..next.len()).rev() {
        let (wrapped, carry) = match next[at] {
            b'z' => (b'a', b'a'),
            b'Z' => (b'A', b'A'),
            b'9' => (b'0', b'1'),
            byte if byte.is_ascii_alphanumeric() => {
                next[at] = byte + 1;
                return next;
            }
            _ => return next,
        };
        next[at] = wrapped;
        if at == 0 {
            next.insert(0, carry);
            return next;
        }
    }
    next
}
