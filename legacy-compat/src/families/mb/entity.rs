//! `mb_encode_numericentity`, `mb_decode_numericentity`: characters of some ranges as `&#233;` and back.

use super::{BAD, encoding_of};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};
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
    let (mut out, mut at) = (Vec::with_capacity(chars.len()), 0);
    while at < chars.len() {
        let found = number(ctx.php, &chars[at..]);
        let meaning = found.as_ref().and_then(|found| meant(&rules, u32::try_from(found.value).ok()?));
        let kept = &chars[at..at + found.as_ref().map_or(1, |found| found.len)];
        match meaning {
            Some(code) => out.push(code),
            // Up to 8.0 hexadecimal digits that mean nothing come out large.
            None if found.is_some() && !ctx.php.since(Version::V8_1) => {
                out.extend(kept.iter().map(large_digit))
            }
            None => out.extend_from_slice(kept),
        }
        at += kept.len();
    }
    ok(encoding.encode(&out))
}

fn large_digit(code: &u32) -> u32 {
    if (u32::from(b'a')..=u32::from(b'f')).contains(code) { code - 0x20 } else { *code }
}

/// A number that is written as an entity, and how many characters it takes.
struct Written {
    value: u64,
    len: usize,
}

/// `&#233;` or `&#xE9;`; from 8.1 also without the semicolon.
fn number(php: &Php, chars: &[u32]) -> Option<Written> {
    let is = |at: usize, char: u8| chars.get(at) == Some(&u32::from(char));
    if !is(0, b'&') || !is(1, b'#') {
        return None;
    }
    let (radix, start, most) = if is(2, b'x') || is(2, b'X') { (16, 3, 8) } else { (10, 2, 10) };
    let digit = |code: &u32| char::from_u32(*code).and_then(|char| char.to_digit(radix));
    let digits: Vec<u32> = chars[start.min(chars.len())..].iter().map_while(digit).collect();
    if digits.is_empty() || digits.len() > most {
        return None;
    }
    let value = digits.iter().fold(0u64, |sum, digit| sum * u64::from(radix) + u64::from(*digit));
    let end = start + digits.len();
    let closed = is(end, b';');
    (closed || php.since(Version::V8_1)).then_some(Written { value, len: end + usize::from(closed) })
}

fn meant(rules: &[Rule], number: u32) -> Option<u32> {
    rules.iter().find_map(|[first, last, add, _]| {
        let code = number.wrapping_sub(*add);
        (*first..=*last).contains(&code).then_some(code)
    })
}
