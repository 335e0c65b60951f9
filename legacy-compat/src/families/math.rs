//! Numbers: `abs`, `floor`, `max`, `intdiv`, `fmod`, bases, logarithms.

use crate::arith;
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_int, to_number};
use crate::compare;
use crate::error::{ErrorClass, Thrown};
use crate::numeric::Number;
use crate::php::{Libc, Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- abs(number $num)", |c, a| ok(abs(c.php, to_number(c.php, a.value(0))))),
    ("-7.4 abs(mixed $number)", |c, a| old_number(c, a, abs)),
    ("8.0- ceil(number $num)", |c, a| ok(to_number(c.php, a.value(0)).to_f64().ceil())),
    ("-7.4 ceil(mixed $value)", |c, a| old_number(c, a, |_, n| Number::Float(n.to_f64().ceil()))),
    ("8.0- floor(number $num)", |c, a| ok(to_number(c.php, a.value(0)).to_f64().floor())),
    ("-7.4 floor(mixed $value)", |c, a| old_number(c, a, |_, n| Number::Float(n.to_f64().floor()))),
    ("sqrt(float $num)", |_, a| ok(a.float(0).sqrt())),
    ("sin(float $num)", |_, a| ok(a.float(0).sin())),
    ("cos(float $num)", |_, a| ok(a.float(0).cos())),
    ("asin(float $num)", |_, a| ok(a.float(0).asin())),
    ("deg2rad(float $num)", |_, a| ok(a.float(0) / 180.0 * std::f64::consts::PI)),
    ("exp(float $num)", |_, a| ok(a.float(0).exp())),
    ("log10(float $num)", |c, a| ok(log10(c.php, a.float(0)))),
    ("log(float $num, float $base = 2.718281828459045)", |c, a| log(c, a)),
    ("hypot(float $x, float $y)", |c, a| ok(hypot(c.php, a.float(0), a.float(1)))),
    ("fmod(float $num1, float $num2)", |_, a| ok(a.float(0) % a.float(1))),
    ("8.0- fdiv(float $num1, float $num2)", |_, a| ok(a.float(0) / a.float(1))),
    ("7.0- intdiv(int $num1, int $num2)", |c, a| intdiv(c.php, a.int(0), a.int(1))),
    ("8.0- pow(mixed $num, mixed $exponent)", |c, a| arith::pow(c.php, a.value(0), a.value(1))),
    ("-7.4 pow(mixed $base, mixed $exp)", |c, a| arith::pow(c.php, a.value(0), a.value(1))),
    ("is_nan(float $num)", |c, a| ok(a.float(0).is_nan() && !c.php.takes_for_finite(a.float(0)))),
    ("is_finite(float $num)", |_, a| ok(a.float(0).is_finite())),
    ("is_infinite(float $num)", |c, a| ok(a.float(0).is_infinite() && !c.php.takes_for_finite(a.float(0)))),
    ("max(mixed ...$values)", |c, a| extreme(c, a, "max")),
    ("min(mixed ...$values)", |c, a| extreme(c, a, "min")),
    ("8.0- decbin(int $num)", |c, a| ok(format!("{:b}", bits(c.php, a.value(0))))),
    ("8.0- dechex(int $num)", |c, a| ok(format!("{:x}", bits(c.php, a.value(0))))),
    ("8.0- decoct(int $num)", |c, a| ok(format!("{:o}", bits(c.php, a.value(0))))),
    ("-7.4 decbin(mixed $num)", |c, a| ok(format!("{:b}", bits(c.php, a.value(0))))),
    ("-7.4 dechex(mixed $num)", |c, a| ok(format!("{:x}", bits(c.php, a.value(0))))),
    ("-7.4 decoct(mixed $num)", |c, a| ok(format!("{:o}", bits(c.php, a.value(0))))),
    ("8.0- bindec(string $binary_string)", |c, a| from_base(c, a.bytes(0), 2).map(Value::from)),
    ("8.0- hexdec(string $hex_string)", |c, a| from_base(c, a.bytes(0), 16).map(Value::from)),
    ("8.0- octdec(string $octal_string)", |c, a| from_base(c, a.bytes(0), 8).map(Value::from)),
    ("-7.4 bindec(mixed $binary_number)", |c, a| old_base(c, a, 2)),
    ("-7.4 hexdec(mixed $hexadecimal_number)", |c, a| old_base(c, a, 16)),
    ("-7.4 octdec(mixed $octal_number)", |c, a| old_base(c, a, 8)),
    ("8.0- base_convert(string $num, int $from_base, int $to_base)", base_convert),
    ("-7.4 base_convert(mixed $number, int $frombase, int $tobase)", base_convert),
];

/// The argument as a number; up to 7.4 arrays give false.
fn old_number(ctx: &mut Ctx<'_>, args: &mut Args<'_>, calculate: fn(&Php, Number) -> Number) -> Outcome {
    match args.value(0) {
        Value::Array(_) => ok(false),
        value => ok(calculate(ctx.php, to_number(ctx.php, value))),
    }
}

/// The bits of an integer.
fn bits(php: &Php, value: &Value) -> u64 {
    php.int_size.unsigned(to_int(php, value))
}

/// `abs`: the least integer becomes a float.
pub fn abs(php: &Php, number: Number) -> Number {
    match number {
        Number::Int(int) => {
            int.checked_abs().map_or(Number::Float(-(int as f64)), |int| php.int_size.number(int))
        }
        Number::Float(float) => Number::Float(float.abs()),
    }
}

/// `log10`, whose last bit is the C library's.
pub fn log10(php: &Php, number: f64) -> f64 {
    if php.libc == Libc::Glibc { number.log10() } else { libm::log10(number) }
}

/// `hypot`, whose last bit is the C library's: glibc's own way came with 2.35, which PHP 8.1 is the first to stand on as a rule.
pub fn hypot(php: &Php, x: f64, y: f64) -> f64 {
    match php.libc {
        Libc::Glibc if php.since(Version::V8_1) => x.hypot(y),
        _ => libm::hypot(x, y),
    }
}

fn log(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (number, base) = (args.float(0), args.float(1));
    if !args.has(1) {
        return ok(number.ln());
    }
    if base == 2.0 && ctx.php.is_8() {
        return ok(number.log2());
    }
    if base == 10.0 && !ctx.php.is_5() {
        return ok(log10(ctx.php, number));
    }
    if base == 1.0 {
        return ok(f64::NAN);
    }
    if base <= 0.0 {
        return ctx.value_error(false, "log(): Argument #2 ($base) must be greater than 0");
    }
    ok(number.ln() / base.ln())
}

fn intdiv(php: &Php, a: i64, b: i64) -> Outcome {
    if b == 0 {
        return Err(Thrown::new(ErrorClass::DivisionByZeroError, "Division by zero"));
    }
    match a.checked_div(b).filter(|quotient| php.int_size.holds(*quotient)) {
        Some(quotient) => ok(quotient),
        None => {
            let message = "Division of PHP_INT_MIN by -1 is not an integer";
            Err(Thrown::new(ErrorClass::ArithmeticError, message))
        }
    }
}

fn extreme(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str) -> Outcome {
    let values = match (args.given(), args.value(0)) {
        (0, _) if ctx.php.is_8() => {
            let message = format!("{name}() expects at least 1 argument, 0 given");
            return ctx.error(ErrorClass::ArgumentCountError, (), message);
        }
        (0, _) => return ok(()),
        (1, Value::Array(array)) => array.values().cloned().collect::<Vec<_>>(),
        (1, other) => {
            let message =
                format!("{name}(): Argument #1 ($value) must be of type array, {} given", other.type_name());
            return ctx.type_error((), message);
        }
        _ => args.rest(0).to_vec(),
    };
    if values.is_empty() {
        return ctx
            .value_error(false, format!("{name}(): Argument #1 ($value) must contain at least one element"));
    }
    Ok(pick(ctx.php, &values, name == "max"))
}

/// The greatest or least; of equal ones the first. NaN follows the version's comparison.
fn pick(php: &Php, values: &[Value], greatest: bool) -> Value {
    let mut best = &values[0];
    for value in &values[1..] {
        let better = match greatest {
            true if php.since(Version::V8_3) && is_number(best) && is_number(value) => {
                compare::less(php, best, value)
            }
            true => compare::spaceship(php, value, best) > 0,
            false => compare::spaceship(php, value, best) < 0,
        };
        if better {
            best = value;
        }
    }
    best.clone()
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_))
}

/// `bindec`, `hexdec`, `octdec`: other characters are skipped; a float where it is too large.
fn from_base(ctx: &mut Ctx<'_>, text: &[u8], base: u32) -> Result<Number, Thrown> {
    let (number, invalid) = digits_to_number(ctx.php, skip_prefix(text, base), base);
    if invalid && ctx.php.since(Version::V7_4) {
        ctx.note(
            crate::call::Level::Deprecated,
            "Invalid characters passed for attempted conversion, these have been ignored",
        );
    }
    Ok(number)
}

fn skip_prefix(text: &[u8], base: u32) -> &[u8] {
    match (base, text) {
        (16, [b'0', b'x' | b'X', rest @ ..])
        | (8, [b'0', b'o' | b'O', rest @ ..])
        | (2, [b'0', b'b' | b'B', rest @ ..]) => rest,
        _ => text,
    }
}

fn digits_to_number(php: &Php, text: &[u8], base: u32) -> (Number, bool) {
    let mut invalid = false;
    let mut number = Number::Int(0);
    for byte in text {
        let Some(digit) = char::from(*byte).to_digit(base) else {
            invalid = true;
            continue;
        };
        number = match number {
            Number::Int(int) => {
                let next = int.checked_mul(base.into()).and_then(|int| int.checked_add(digit.into()));
                match next.filter(|int| php.int_size.holds(*int)) {
                    Some(int) => Number::Int(int),
                    None => Number::Float(int as f64 * f64::from(base) + f64::from(digit)),
                }
            }
            Number::Float(float) => Number::Float(float * f64::from(base) + f64::from(digit)),
        };
    }
    (number, invalid)
}

fn old_base(ctx: &mut Ctx<'_>, args: &mut Args<'_>, base: u32) -> Outcome {
    let text = super::types::changed_to_text(ctx, &args.value(0).clone())?;
    from_base(ctx, &text, base).map(Value::from)
}

fn base_convert(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let text = super::types::changed_to_text(ctx, &args.value(0).clone())?;
    let base = |value: i64| u32::try_from(value).ok().filter(|base| (2..=36).contains(base));
    let (Some(from), Some(to)) = (base(args.int(1)), base(args.int(2))) else {
        return ctx.value_error(false, "base_convert(): Argument must be between 2 and 36 (inclusive)");
    };
    let (number, _) = digits_to_number(ctx.php, skip_prefix(&text, from), from);
    ok(to_base(ctx.php, number, to))
}

fn to_base(php: &Php, number: Number, base: u32) -> String {
    let mut digits = Vec::new();
    let digit = |rest: u32| char::from_digit(rest, base).unwrap_or('0');
    match number {
        Number::Int(int) => {
            let mut rest = php.int_size.unsigned(int);
            loop {
                digits.push(digit((rest % u64::from(base)) as u32));
                rest /= u64::from(base);
                if rest == 0 {
                    break;
                }
            }
        }
        Number::Float(float) if float.is_finite() => {
            let mut rest = float.floor();
            while rest.abs() >= 1.0 {
                digits.push(digit((rest % f64::from(base)) as u32));
                rest /= f64::from(base);
                if php.since(Version::V8_4) {
                    rest = rest.floor();
                } else if digits.len() == 64 {
                    break;
                }
            }
        }
        Number::Float(_) => {}
    }
    digits.iter().rev().collect()
}

/// `array_sum` of numbers and numeric strings, for those who sum.
pub fn sum(php: &Php, array: &Array) -> Value {
    array.values().fold(Value::Int(0), |sum, value| {
        let number = Value::from(to_number(php, value));
        arith::add(php, &sum, &number).unwrap_or_else(|_| Value::Int(to_int(php, &sum)))
    })
}
