//! `mb_encode_numericentity`, `mb_decode_numericentity`: characters of some ranges as `&#233;` and back.

use super::{BAD, encoding_of};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::Version;
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    (
        "8.0- mb_encode_numericentity(string $string, array $map, ?string $encoding = null, bool $hex = false)",
        encode,
    ),
    (
        "-7.4 mb_encode_numericentity(string $str, array $convmap, ?string $encoding = ?, bool $is_hex = false)",
        encode,
    ),
    ("8.0- mb_decode_numericentity(string $string, array $map, ?string $encoding = null)", decode),
    (
        "-7.4 mb_decode_numericentity(string $str, array $convmap, ?string $encoding = ?, bool $is_hex = false)",
        decode,
    ),
];

/// A row of the map: first, last, what is added, the bits kept.
type Rule = [u32; 4];

fn rules(ctx: &mut Ctx<'_>, args: &Args<'_>, name: &str) -> Result<Vec<Rule>, Outcome> {
    let php = ctx.php;
    let map = args.array(1);
    let numbers: Vec<u32> =
        map.values().map(|value: &Value| crate::cast::to_int(php, value) as u32).collect();
    if !numbers.len().is_multiple_of(4) && php.is_8() {
        let message = format!("{name}(): Argument #2 ($map) must have a multiple of 4 elements");
        return Err(ctx.value_error(false, message));
    }
    if numbers.is_empty() && !php.is_8() {
        return Err(ok(false));
    }
    Ok(numbers.as_chunks::<4>().0.to_vec())
}

fn encode(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 2, "mb_encode_numericentity") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let rules = match rules(ctx, args, "mb_encode_numericentity") {
        Ok(rules) => rules,
        Err(answer) => return answer,
    };
    let mut out = Vec::new();
    for code in encoding.decode(ctx.php, args.bytes(0)) {
        let rule = rules.iter().find(|[first, last, ..]| code != BAD && (*first..=*last).contains(&code));
        match rule {
            Some([_, _, add, mask]) => {
                let number = code.wrapping_add(*add) & mask;
                let text = if args.bool(3) { format!("&#x{number:X};") } else { format!("&#{number};") };
                out.extend(text.bytes().map(u32::from));
            }
            None => out.push(code),
        }
    }
    ok(encoding.encode(&out))
}

fn decode(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 2, "mb_decode_numericentity") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let rules = match rules(ctx, args, "mb_decode_numericentity") {
        Ok(rules) => rules,
        Err(answer) => return answer,
    };
    let chars = encoding.decode(ctx.php, args.bytes(0));
    ok(encoding.encode(&match ctx.php.since(Version::V8_2) {
        true => decoded(&rules, &chars),
        false => decoded_old(&rules, &chars),
    }))
}

/// `&#233;` or `&#xe9;`, also without the semicolon.
fn decoded(rules: &[Rule], chars: &[u32]) -> Vec<u32> {
    let (mut out, mut rest) = (Vec::with_capacity(chars.len()), chars);
    while let Some(first) = rest.first() {
        let found = Written::read(rest).filter(|found| found.digits <= if found.hex { 8 } else { 10 });
        let meaning = found.as_ref().and_then(|found| meant(rules, u32::try_from(found.value).ok()?));
        let len = found.as_ref().map_or(1, |found| found.len + usize::from(found.behind == Some(SEMICOLON)));
        match meaning {
            Some(code) => out.push(code),
            None if len == 1 => out.push(*first),
            None => out.extend_from_slice(&rest[..len]),
        }
        rest = &rest[len..];
    }
    out
}

/// Up to 8.1 something has to stand behind the digits, which begins no other entity; where they mean nothing, they come out large.
fn decoded_old(rules: &[Rule], chars: &[u32]) -> Vec<u32> {
    let (mut out, mut rest) = (Vec::with_capacity(chars.len()), chars);
    while let Some(first) = rest.first() {
        let len = match Written::read(rest) {
            Some(found) => {
                let fits = found.hex || found.digits <= 10;
                let meaning = i32::try_from(found.value).ok().filter(|_| fits && found.behind.is_some());
                match meaning.and_then(|number| meant(rules, number as u32)) {
                    Some(code) => {
                        out.push(code);
                        out.extend(found.behind.filter(|code| *code != SEMICOLON));
                    }
                    None if !found.hex && found.digits >= MOST_DIGITS => {
                        out.extend_from_slice(&rest[..2]);
                        write_most_digits(&rest[2..2 + MOST_DIGITS], &mut out);
                        out.extend(rest.get(2 + MOST_DIGITS));
                        rest = &rest[rest.len().min(3 + MOST_DIGITS)..];
                        continue;
                    }
                    None => {
                        out.extend(rest[..found.len].iter().map(large_digit));
                        out.extend(found.behind);
                    }
                }
                found.len + 1
            }
            // What breaks an entity off is no beginning of one.
            None if *first == u32::from(b'&') => {
                let hash = rest.get(1) == Some(&u32::from(b'#'));
                let hex = hash && rest.get(2) == Some(&u32::from(b'x'));
                let len = rest.len().min(2 + usize::from(hash) + usize::from(hex));
                out.extend_from_slice(&rest[..len]);
                len
            }
            None => {
                out.push(*first);
                1
            }
        };
        rest = &rest[len.min(rest.len())..];
    }
    out
}

const SEMICOLON: u32 = b';' as u32;

/// Up to 8.1 decimal digits behind so many are no part of an entity.
const MOST_DIGITS: usize = 10;

/// Writes so many digits that mean nothing: up to 8.1 in 32 bits, where the power of ten that takes them apart does not fit.
fn write_most_digits(digits: &[u32], out: &mut Vec<u32>) {
    let mut power = 10i64.pow(MOST_DIGITS as u32) as i32;
    let number =
        digits.iter().fold(0i64, |number, digit| number * 10 + i64::from(digit - u32::from(b'0'))) as i32;
    let mut rest = number.unsigned_abs() as i32 % power;
    while power >= 10 {
        power /= 10;
        out.extend(b"0123456789ABCDEF".get((rest / power) as usize).copied().map(u32::from));
        rest %= power;
    }
}

fn large_digit(code: &u32) -> u32 {
    if (u32::from(b'a')..=u32::from(b'f')).contains(code) { code - 0x20 } else { *code }
}

/// A number that is written as an entity.
struct Written {
    value: u64,
    hex: bool,
    digits: usize,
    /// How many characters it takes.
    len: usize,
    /// The character behind it.
    behind: Option<u32>,
}

impl Written {
    fn read(chars: &[u32]) -> Option<Self> {
        let is = |at: usize, char: u8| chars.get(at) == Some(&u32::from(char));
        if !is(0, b'&') || !is(1, b'#') {
            return None;
        }
        let hex = is(2, b'x');
        let (radix, start) = if hex { (16, 3) } else { (10, 2) };
        let digit = |code: &u32| char::from_u32(*code).and_then(|char| char.to_digit(radix));
        let (mut value, mut digits) = (0u64, 0);
        for digit in chars[start.min(chars.len())..].iter().map_while(digit) {
            value = value.saturating_mul(radix.into()).saturating_add(digit.into());
            digits += 1;
        }
        let len = start + digits;
        (digits > 0).then_some(Self { value, hex, digits, len, behind: chars.get(len).copied() })
    }
}

fn meant(rules: &[Rule], number: u32) -> Option<u32> {
    rules.iter().find_map(|[first, last, add, _]| {
        let code = number.wrapping_sub(*add);
        (*first..=*last).contains(&code).then_some(code)
    })
}
