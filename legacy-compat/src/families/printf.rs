//! `sprintf` and `vsprintf`.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_float, to_int};
use crate::error::{ErrorClass, Thrown};
use crate::families::types::{changed_to_text, printed};
use crate::float;
use crate::php::{Php, Version};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("8.0- sprintf(string $format, mixed ...$values)", |c, a| {
        let values = a.rest(1).to_vec();
        sprintf(c, a.bytes(0), &values, "sprintf")
    }),
    ("-7.4 sprintf(mixed $format, mixed ...$args): false", |c, a| {
        let format = changed_to_text(c, &a.value(0).clone())?;
        let values = a.rest(1).to_vec();
        sprintf(c, &format, &values, "sprintf")
    }),
    ("8.0- vsprintf(string $format, array $values)", vsprintf),
    ("-7.4 vsprintf(mixed $format, mixed $args): false", vsprintf),
];

fn vsprintf(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let format = changed_to_text(ctx, &args.value(0).clone())?;
    let values: Vec<Value> = match args.value(1) {
        Value::Array(array) => array.values().cloned().collect(),
        other => crate::cast::to_array(ctx.php, other).values().cloned().collect(),
    };
    sprintf(ctx, &format, &values, "vsprintf")
}

/// One conversion: `%-'*10.3f`.
#[derive(Clone, Copy, Default)]
struct Spec {
    left: bool,
    plus: bool,
    pad: u8,
    width: usize,
    precision: Option<i64>,
}

/// What reading a format needs.
struct Format<'a> {
    text: &'a [u8],
    at: usize,
    values: &'a [Value],
    next: usize,
    /// The highest place of an argument that is asked for but not there.
    missing: Option<usize>,
    name: &'a str,
}

/// What an argument turns out to be.
enum Found<T> {
    Value(T),
    /// It is missing: the conversion is left.
    Nothing,
    /// It is missing, and PHP up to 7.4 answers this at once.
    Refused(Value),
}

/// The widest field and the longest fraction that are written; PHP refuses an integer overflow.
const MAX_WIDTH: i64 = i32::MAX as i64 - 1;

/// The same where an argument tells.
const MAX_STAR: i64 = i32::MAX as i64;

fn sprintf(ctx: &mut Ctx<'_>, text: &[u8], values: &[Value], name: &str) -> Outcome {
    let mut format = Format { text, at: 0, values, next: 0, missing: None, name };
    let mut out = Vec::with_capacity(text.len() * 2);
    while let Some(byte) = format.text.get(format.at).copied() {
        format.at += 1;
        if byte != b'%' {
            out.push(byte);
        } else if format.text.get(format.at) == Some(&b'%') {
            format.at += 1;
            out.push(b'%');
        } else if let Some(refused) = format.conversion(ctx, &mut out)? {
            return Ok(refused);
        }
        if out.len() > super::strings::basic::MAX_LEN {
            return Err(Thrown::new(ErrorClass::Error, "Allowed memory size of 134217728 bytes exhausted"));
        }
    }
    match format.missing {
        Some(place) => Err(format.too_few(place)),
        None => ok(out),
    }
}

impl Format<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn number(&mut self) -> Option<i64> {
        let len = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = std::str::from_utf8(&self.text[self.at..self.at + len]).ok()?;
        if digits.is_empty() {
            return None;
        }
        self.at += len;
        Some(digits.parse().unwrap_or(i64::MAX))
    }

    /// Reads and writes one conversion; some answer where PHP up to 7.4 gives up.
    fn conversion(&mut self, ctx: &mut Ctx<'_>, out: &mut Vec<u8>) -> Result<Option<Value>, Thrown> {
        let mut spec = Spec { pad: b' ', ..Spec::default() };
        let mut argument = None;
        if !self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            let start = self.at;
            match (self.number(), self.peek()) {
                (Some(number), Some(b'$')) => {
                    if !(1..=MAX_WIDTH).contains(&number) {
                        let message =
                            "Argument number specifier must be greater than zero and less than 2147483647";
                        return ctx.value_error(false, message).map(Some);
                    }
                    argument = Some(number as usize - 1);
                    self.at += 1;
                }
                _ => self.at = start,
            }
            match self.flags(ctx, &mut spec)? {
                Found::Value(()) => {}
                Found::Nothing => return Ok(None),
                Found::Refused(answer) => return Ok(Some(answer)),
            }
        }
        if self.peek() == Some(b'l') {
            self.at += 1;
        }
        let value = match self.argument(ctx, argument)? {
            Found::Value(value) => value,
            Found::Nothing => return Ok(None),
            Found::Refused(answer) => return Ok(Some(answer)),
        };
        let Some(letter) = self.peek() else {
            return match ctx.php.is_8() {
                true => Err(Thrown::new(ErrorClass::ValueError, "Missing format specifier at end of string")),
                false => Ok(None),
            };
        };
        self.at += 1;
        self.write(ctx, out, letter, spec, &value)
    }

    fn refuse<T>(&self, ctx: &mut Ctx<'_>, message: &str) -> Result<Found<T>, Thrown> {
        ctx.value_error(false, message).map(Found::Refused)
    }

    fn flags(&mut self, ctx: &mut Ctx<'_>, spec: &mut Spec) -> Result<Found<()>, Thrown> {
        loop {
            match self.peek() {
                Some(pad @ (b' ' | b'0')) => spec.pad = pad,
                Some(b'-') => spec.left = true,
                Some(b'+') => spec.plus = true,
                Some(b'\'') => match self.text.get(self.at + 1) {
                    Some(pad) => {
                        spec.pad = *pad;
                        self.at += 1;
                    }
                    None if ctx.php.is_8() => return self.refuse(ctx, "Missing padding character"),
                    None => {}
                },
                _ => break,
            }
            self.at += 1;
        }
        if self.star(ctx) {
            match self.star_value(ctx)? {
                Found::Value(width @ 0..=MAX_STAR) => spec.width = width as usize,
                Found::Value(_) => {
                    return self.refuse(ctx, "Width must be greater than zero and less than 2147483647");
                }
                Found::Nothing => return Ok(Found::Nothing),
                Found::Refused(answer) => return Ok(Found::Refused(answer)),
            }
        } else if let Some(width) = self.number() {
            if width > MAX_WIDTH {
                return self.refuse(ctx, "Width must be greater than zero and less than 2147483647");
            }
            spec.width = width as usize;
        }
        if self.peek() != Some(b'.') {
            return Ok(Found::Value(()));
        }
        self.at += 1;
        if self.star(ctx) {
            match self.star_value(ctx)? {
                Found::Value(precision @ -1..=MAX_STAR) => spec.precision = Some(precision),
                Found::Value(_) => {
                    return self.refuse(ctx, "Precision must be greater than zero and less than 2147483647");
                }
                Found::Nothing => return Ok(Found::Nothing),
                Found::Refused(answer) => return Ok(Found::Refused(answer)),
            }
            return Ok(Found::Value(()));
        }
        spec.precision = self.number(); // a point that no number follows says nothing
        if spec.precision.is_some_and(|precision| precision > MAX_WIDTH) {
            return self.refuse(ctx, "Precision must be greater than zero and less than 2147483647");
        }
        Ok(Found::Value(()))
    }

    /// `*`: width or precision from an argument, from 8.0.
    fn star(&mut self, ctx: &Ctx<'_>) -> bool {
        let star = self.peek() == Some(b'*') && ctx.php.is_8();
        self.at += usize::from(star);
        star
    }

    fn star_value(&mut self, ctx: &mut Ctx<'_>) -> Result<Found<i64>, Thrown> {
        let start = self.at;
        let argument = match (self.number(), self.peek()) {
            (Some(number @ 1..), Some(b'$')) => {
                self.at += 1;
                Some(number as usize - 1)
            }
            _ => {
                self.at = start;
                None
            }
        };
        Ok(match self.argument(ctx, argument)? {
            Found::Value(Value::Int(int)) => Found::Value(int),
            Found::Value(_) => return Err(Thrown::new(ErrorClass::ValueError, "Width must be an integer")),
            Found::Nothing => Found::Nothing,
            Found::Refused(answer) => Found::Refused(answer),
        })
    }

    /// The argument of a number, or the next. From 8.0 what is missing is said at the end, and nothing is written for it.
    fn argument(&mut self, ctx: &mut Ctx<'_>, number: Option<usize>) -> Result<Found<Value>, Thrown> {
        let index = number.unwrap_or(self.next);
        if number.is_none() {
            self.next += 1;
        }
        if let Some(value) = self.values.get(index) {
            return Ok(Found::Value(value.clone()));
        }
        if ctx.php.is_8() {
            self.missing = self.missing.max(Some(index));
            return Ok(Found::Nothing);
        }
        ctx.warn(format!("{}(): Too few arguments", self.name));
        Ok(Found::Refused(Value::FALSE))
    }

    fn too_few(&self, place: usize) -> Thrown {
        if self.name == "vsprintf" {
            let (wanted, given) = (place + 1, self.values.len());
            let message = format!("The arguments array must contain {wanted} items, {given} given");
            return Thrown::new(ErrorClass::ValueError, message);
        }
        let (wanted, given) = (place + 2, self.values.len() + 1);
        Thrown::new(ErrorClass::ArgumentCountError, format!("{wanted} arguments are required, {given} given"))
    }

    fn write(
        &self,
        ctx: &mut Ctx<'_>,
        out: &mut Vec<u8>,
        letter: u8,
        spec: Spec,
        value: &Value,
    ) -> Result<Option<Value>, Thrown> {
        match letter {
            b's' => {
                let text = printed(ctx, value)?;
                let cut = spec.precision.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
                pad(out, &text[..text.len().min(cut)], spec, false);
            }
            b'd' => integer(out, to_int(ctx.php, value), spec),
            b'u' => pad(out, bits(ctx.php, value).to_string().as_bytes(), spec, false),
            b'x' => digits(out, &format!("{:x}", bits(ctx.php, value)), spec),
            b'X' => digits(out, &format!("{:X}", bits(ctx.php, value)), spec),
            b'o' => digits(out, &format!("{:o}", bits(ctx.php, value)), spec),
            b'b' => digits(out, &format!("{:b}", bits(ctx.php, value)), spec),
            b'%' => out.push(b'%'), // its argument is passed over
            b'c' => out.push(to_int(ctx.php, value) as u8),
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'h' | b'H'
                if !matches!(letter, b'h' | b'H') || ctx.php.is_8() =>
            {
                let number = to_float(ctx.php, value);
                real(ctx, out, letter, spec, number);
            }
            other if ctx.php.is_8() => {
                let message = format!("Unknown format specifier \"{}\"", char::from(other));
                return Err(Thrown::new(ErrorClass::ValueError, message));
            }
            _ => {}
        }
        Ok(None)
    }
}

/// The bits of an integer.
fn bits(php: &Php, value: &Value) -> u64 {
    php.int_size.unsigned(to_int(php, value))
}

/// Fills up to the width. Zeros go between sign and digits where the text is a number.
fn pad(out: &mut Vec<u8>, text: &[u8], spec: Spec, signed: bool) {
    let missing = spec.width.saturating_sub(text.len()).min(super::strings::basic::MAX_LEN);
    if spec.left {
        out.extend_from_slice(text);
        out.extend(std::iter::repeat_n(spec.pad, missing));
        return;
    }
    let sign = usize::from(signed && spec.pad == b'0' && matches!(text.first(), Some(b'-' | b'+')));
    out.extend_from_slice(&text[..sign]);
    out.extend(std::iter::repeat_n(spec.pad, missing));
    out.extend_from_slice(&text[sign..]);
}

/// Digits to the base of a power of two: filled with zeros on the right too. PHP takes a precision for one of text, of no characters.
fn digits(out: &mut Vec<u8>, text: &str, spec: Spec) {
    let text = if spec.precision.is_some() { "" } else { text };
    pad(out, text.as_bytes(), spec, false);
}

fn integer(out: &mut Vec<u8>, int: i64, mut spec: Spec) {
    let text = if spec.plus && int >= 0 { format!("+{int}") } else { int.to_string() };
    if spec.left && spec.pad == b'0' {
        spec.pad = b' '; // zeros behind an integer would make another number of it
    }
    pad(out, text.as_bytes(), spec, true);
}

fn real(ctx: &mut Ctx<'_>, out: &mut Vec<u8>, letter: u8, spec: Spec, number: f64) {
    if !ctx.php.takes_for_finite(number) {
        // Width does not count here, and the sign only where zeros would follow it: up to 8.3 it stands in the word's first place.
        let mut text: Vec<u8> = match number.is_nan() {
            true => b"NaN".to_vec(),
            false if number < 0.0 && ctx.php.since(Version::V8_4) => return out.extend_from_slice(b"-INF"),
            false => b"INF".to_vec(),
        };
        if spec.pad == b'0' && !spec.left && (spec.plus || number < 0.0) {
            text[0] = if number < 0.0 { b'-' } else { b'+' };
        }
        return out.extend_from_slice(&text);
    }
    let precision = match spec.precision {
        Some(-1) => 17,
        Some(precision) => {
            precision.min(if ctx.php.is_8() || ctx.php.since(Version::V5_6) { 53 } else { 40 })
        }
        None => 6,
    } as usize;
    let text = match letter {
        b'f' | b'F' | b'e' | b'E' if !number.is_finite() => not_finite(number.abs(), usize::MAX),
        _ if !number.is_finite() => not_finite(number, precision.max(1)),
        b'f' | b'F' => fixed(number, precision),
        b'e' | b'E' => exponent(number, precision, letter),
        _ if spec.precision == Some(-1) => general(number, -1, letter),
        _ => general(number, precision.max(1) as i32, letter),
    };
    let text = if spec.plus && !text.starts_with('-') { format!("+{text}") } else { text };
    pad(out, text.as_bytes(), spec, true);
}

/// What a number that is not finite is called, where PHP does not see that it is not.
fn not_finite(number: f64, most: usize) -> String {
    let text = String::from_utf8(float::to_text(number, -1, b'E')).unwrap_or_default();
    text.chars().take(most).collect()
}

/// `%f`: the exact value, rounded; there is no negative zero.
fn fixed(number: f64, precision: usize) -> String {
    let number = if number == 0.0 { 0.0 } else { number };
    format!("{number:.precision$}")
}

fn exponent(number: f64, precision: usize, letter: u8) -> String {
    let number = if number == 0.0 { 0.0 } else { number };
    let text = format!("{number:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if power.starts_with('-') { "" } else { "+" };
    let e = if letter == b'E' { 'E' } else { 'e' };
    format!("{mantissa}{e}{sign}{power}")
}

/// `%g`: as `echo` with this precision; the exponent with a `.0` as PHP writes it.
fn general(number: f64, precision: i32, letter: u8) -> String {
    let e = if letter.is_ascii_uppercase() { b'E' } else { b'e' };
    String::from_utf8(float::to_text(number, precision, e)).unwrap_or_default()
}
