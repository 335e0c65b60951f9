//! `bcmath`: decimal numbers of any length, written as strings.

mod decimal;
mod digits;

pub use decimal::Decimal;

use crate::call::{Args, Ctx, Outcome, Row};
use crate::error::{ErrorClass, Thrown};
use crate::families::strings::basic::MAX_LEN;
use crate::php::{Php, Version};
use crate::value::Value;
use digits::Digits;

pub(crate) const ROWS: &[Row] = &[
    ("8.0- bcadd(string $num1, string $num2, ?int $scale = null)", bcadd),
    ("-7.4 bcadd(string $left_operand, string $right_operand, int $scale = 0)", bcadd),
    ("8.0- bcsub(string $num1, string $num2, ?int $scale = null)", bcsub),
    ("-7.4 bcsub(string $left_operand, string $right_operand, int $scale = 0)", bcsub),
    ("8.0- bcmul(string $num1, string $num2, ?int $scale = null)", bcmul),
    ("-7.4 bcmul(string $left_operand, string $right_operand, int $scale = 0)", bcmul),
    ("8.0- bcdiv(string $num1, string $num2, ?int $scale = null)", bcdiv),
    ("-7.4 bcdiv(string $left_operand, string $right_operand, int $scale = 0)", bcdiv),
    ("8.0- bcmod(string $num1, string $num2, ?int $scale = null)", bcmod),
    ("7.2-7.4 bcmod(string $left_operand, string $right_operand, int $scale = 0)", bcmod),
    ("-7.1 bcmod(string $left_operand, string $right_operand)", bcmod),
    ("8.0- bcpow(string $num, string $exponent, ?int $scale = null)", bcpow),
    ("-7.4 bcpow(string $x, string $y, int $scale = 0)", bcpow),
    ("8.0- bcpowmod(string $num, string $exponent, string $modulus, ?int $scale = null)", bcpowmod),
    ("-7.4 bcpowmod(string $x, string $y, string $mod, int $scale = 0)", bcpowmod),
    ("8.0- bcsqrt(string $num, ?int $scale = null)", bcsqrt),
    ("-7.4 bcsqrt(string $operand, int $scale = 0)", bcsqrt),
    ("8.0- bccomp(string $num1, string $num2, ?int $scale = null)", bccomp),
    ("-7.4 bccomp(string $left_operand, string $right_operand, int $scale = 0)", bccomp),
];

/// More digits than this are not computed: PHP runs out of memory or time there.
const MAX_DIGITS: u64 = 1 << 20;

/// What goes wrong with arguments: thrown from 8.0, answered before.
enum Refused {
    Answer(Value),
    Thrown(Thrown),
}

impl From<Thrown> for Refused {
    fn from(thrown: Thrown) -> Self {
        Self::Thrown(thrown)
    }
}

fn settle(answer: Result<Value, Refused>) -> Outcome {
    match answer {
        Ok(answer) | Err(Refused::Answer(answer)) => Ok(answer),
        Err(Refused::Thrown(thrown)) => Err(thrown),
    }
}

/// The number of an argument. What is no number is 0 up to 7.4.
fn written(ctx: &mut Ctx<'_>, args: &Args<'_>, index: usize) -> Result<Digits, Refused> {
    match Digits::parse(args.bytes(index)) {
        Some(number) => Ok(number),
        None => {
            ctx.value_error((), format!("Argument #{} is not well-formed", index + 1))?;
            Ok(Digits::zero())
        }
    }
}

/// The same to multiply and divide, which makes it binary: that takes time by the square of its digits, as PHP's multiplication.
fn number(ctx: &mut Ctx<'_>, args: &Args<'_>, index: usize) -> Result<Decimal, Refused> {
    written(ctx, args, index).map(|digits| Decimal::from(&digits))
}

/// How many digits stand behind the point; fewer than none is none up to 7.4.
fn scale(ctx: &mut Ctx<'_>, args: &Args<'_>, index: usize) -> Result<usize, Refused> {
    let given = args.int(index);
    if ctx.php.is_8() && !(0..=i64::from(i32::MAX)).contains(&given) {
        let message = format!("Argument #{} ($scale) must be between 0 and 2147483647", index + 1);
        return Err(Thrown::new(ErrorClass::ValueError, message).into());
    }
    let scale = given.clamp(0, i64::from(i32::MAX)) as usize;
    if scale > MAX_LEN {
        return Err(Thrown::out_of_memory().into());
    }
    Ok(scale)
}

fn division_by_zero(ctx: &mut Ctx<'_>, before: Value) -> Refused {
    match ctx.error(ErrorClass::DivisionByZeroError, before, "Division by zero") {
        Ok(answer) => Refused::Answer(answer),
        Err(thrown) => Refused::Thrown(thrown),
    }
}

/// The answer's text: filled up to the scale from 7.3, with the digits that were computed before.
fn text(php: &Php, number: &Decimal, scale: usize) -> Value {
    let since_7_3 = php.since(Version::V7_3);
    let scale = if since_7_3 { scale } else { scale.min(number.scale()) };
    number.to_text(scale, !since_7_3).into()
}

/// An operation on two numbers and a scale.
fn binary(
    ctx: &mut Ctx<'_>,
    args: &Args<'_>,
    operation: fn(&Decimal, &Decimal, usize) -> Option<Decimal>,
) -> Outcome {
    settle((|| {
        let scale = scale(ctx, args, 2)?;
        let (left, right) = (number(ctx, args, 0)?, number(ctx, args, 1)?);
        match operation(&left, &right, scale) {
            Some(answer) => Ok(text(ctx.php, &answer, scale)),
            None => Err(division_by_zero(ctx, Value::Null)),
        }
    })())
}

/// An operation that goes digit by digit; up to 7.2 a minus stays on what is cut to zero.
fn by_digits(ctx: &mut Ctx<'_>, args: &Args<'_>, operation: fn(&Digits, &Digits) -> Digits) -> Outcome {
    settle((|| {
        let scale = scale(ctx, args, 2)?;
        let (left, right) = (written(ctx, args, 0)?, written(ctx, args, 1)?);
        Ok(operation(&left, &right).to_text(scale, !ctx.php.since(Version::V7_3)).into())
    })())
}

fn bcadd(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    by_digits(ctx, args, Digits::add)
}

fn bcsub(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    by_digits(ctx, args, Digits::sub)
}

fn bcmul(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    binary(ctx, args, |left, right, scale| Some(left.mul(right, scale)))
}

fn bcdiv(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    binary(ctx, args, Decimal::div)
}

/// Up to 7.1 of integers only: what stands behind the point is cut off.
fn bcmod(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match ctx.php.since(Version::V7_2) {
        true => binary(ctx, args, Decimal::rem),
        false => binary(ctx, args, |left, right, _| left.truncated(0).rem(&right.truncated(0), 0)),
    }
}

fn bcpow(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    settle((|| {
        let scale = scale(ctx, args, 2)?;
        let (base, exponent) = (number(ctx, args, 0)?, number(ctx, args, 1)?);
        if exponent.scale() > 0 {
            ctx.value_error((), "bcpow(): Argument #2 ($exponent) cannot have a fractional part")?;
        }
        let power = match exponent.to_i64() {
            Some(power) => power,
            None => {
                ctx.value_error((), "bcpow(): Argument #2 ($exponent) is too large")?;
                0
            }
        };
        Ok(text(ctx.php, &raise(ctx.php, &base, power, scale)?, scale))
    })())
}

fn raise(php: &Php, base: &Decimal, power: i64, scale: usize) -> Result<Decimal, Refused> {
    if power == 0 {
        return Ok(Decimal::one());
    }
    let exponent = match power.unsigned_abs() {
        // Of 0, 1 and -1 all even powers are the same, and all odd ones.
        even_or_odd if base.bits() <= 1 && base.scale() == 0 => 2 - even_or_odd % 2,
        exponent => exponent,
    };
    let exponent = u32::try_from(exponent).map_err(|_| Thrown::out_of_memory())?;
    if base.bits().max(base.scale() as u64).saturating_mul(exponent.into()) > MAX_DIGITS * 4 {
        return Err(Thrown::out_of_memory().into());
    }
    let raised = base.pow(exponent);
    if power > 0 {
        let wanted = scale.max(base.scale());
        return Ok(raised.truncated(wanted));
    }
    match Decimal::one().div(&raised, scale) {
        Some(answer) => Ok(answer),
        None if php.since(Version::V8_4) => {
            let message = "Negative power of zero";
            Err(Thrown::new(ErrorClass::DivisionByZeroError, message).into())
        }
        None => Ok(Decimal::zero(0)),
    }
}

fn bcpowmod(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    settle((|| {
        let scale = scale(ctx, args, 3)?;
        let (mut base, exponent) = (number(ctx, args, 0)?, number(ctx, args, 1)?);
        let mut modulus = number(ctx, args, 2)?;
        let fractional = [&base, &exponent, &modulus].iter().position(|number| number.scale() > 0);
        if let Some(index) = fractional {
            ctx.value_error((), format!("Argument #{} cannot have a fractional part", index + 1))?;
        }
        if exponent.is_negative() {
            let answer = ctx.value_error(
                false,
                "bcpowmod(): Argument #2 ($exponent) must be greater than or equal to 0",
            )?;
            return Ok(answer);
        }
        let exponent = exponent.truncated(0);
        if !ctx.php.is_5() {
            (base, modulus) = (base.truncated(0), modulus.truncated(0));
        }
        if modulus.is_zero() {
            return Err(division_by_zero(ctx, Value::FALSE));
        }
        Ok(text(ctx.php, &raise_modulo(ctx.php, base, exponent, &modulus, scale)?, scale))
    })())
}

/// Squares and multiplies, every product reduced at once; 5.6 reduced by a quotient with digits behind the point.
fn raise_modulo(
    php: &Php,
    base: Decimal,
    exponent: Decimal,
    modulus: &Decimal,
    scale: usize,
) -> Result<Decimal, Refused> {
    if modulus.abs() == Decimal::one() && !php.is_5() {
        return Ok(Decimal::zero(scale));
    }
    if exponent.bits().saturating_mul(modulus.bits()) > MAX_DIGITS * 64 {
        return Err(Thrown::out_of_memory().into());
    }
    let two = Decimal::one().add(&Decimal::one(), 0);
    let work = scale.max(base.scale());
    let (mut power, mut exponent, mut answer) = (base, exponent, Decimal::one());
    let digits = if php.is_5() { scale } else { 0 };
    let reduced = |number: Decimal| number.rem_by(modulus, digits, scale).unwrap_or_else(|| Decimal::zero(0));
    while let (false, Some(half), Some(odd)) =
        (exponent.is_zero(), exponent.div(&two, 0), exponent.rem(&two, 0))
    {
        if !odd.is_zero() {
            answer = reduced(answer.mul(&power, work));
        }
        exponent = half;
        if !exponent.is_zero() {
            power = reduced(power.mul(&power, work));
        }
    }
    Ok(answer)
}

fn bcsqrt(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    settle((|| {
        let scale = scale(ctx, args, 1)?;
        let radicand = number(ctx, args, 0)?;
        if radicand.is_zero() || radicand == Decimal::one() {
            return Ok(text(ctx.php, &radicand.truncated(0), scale));
        }
        match radicand.sqrt(scale.max(radicand.scale())) {
            Some(root) => Ok(text(ctx.php, &root, scale)),
            None => {
                Ok(ctx.value_error((), "bcsqrt(): Argument #1 ($num) must be greater than or equal to 0")?)
            }
        }
    })())
}

fn bccomp(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    settle((|| {
        let scale = scale(ctx, args, 2)?;
        let (left, right) = (written(ctx, args, 0)?, written(ctx, args, 1)?);
        Ok(left.truncated(scale).compare(&right.truncated(scale)).into())
    })())
}
