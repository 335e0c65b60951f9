//! Comparing strings: `strcmp` and its kin, natural order, `levenshtein`, `similar_text`.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("strcmp(string $string1, string $string2)", |c, a| ok(strcmp(c.php, a.bytes(0), a.bytes(1)))),
    ("strcoll(string $string1, string $string2)", |_, a| ok(strcoll(a.bytes(0), a.bytes(1)))),
    ("strcasecmp(string $string1, string $string2)", |c, a| ok(strcasecmp(c.php, a.bytes(0), a.bytes(1)))),
    ("strncmp(string $string1, string $string2, int $length)", |c, a| limited(c, a, "strncmp", Case::Counts)),
    ("strncasecmp(string $string1, string $string2, int $length)", |c, a| {
        limited(c, a, "strncasecmp", Case::Ignored)
    }),
    ("strnatcmp(string $string1, string $string2)", |c, a| ok(call_strnatcmp(c, a, false))),
    ("strnatcasecmp(string $string1, string $string2)", |c, a| ok(call_strnatcmp(c, a, true))),
    (
        "8.0- levenshtein(string $string1, string $string2, int $insertion_cost = 1, int $replacement_cost = 1, int $deletion_cost = 1)",
        call_levenshtein,
    ),
    (
        "-7.4 levenshtein(string $str1, string $str2, mixed $cost_ins = 1, int $cost_rep = 1, int $cost_del = 1)",
        call_levenshtein,
    ),
    ("similar_text(string $string1, string $string2, mixed &$percent = ?)", |_, a| {
        let (x, y) = (a.bytes(0), a.bytes(1));
        let (same, total) = (similar_text(x, y), x.len() + y.len());
        if a.has(2) {
            let percent = if total == 0 { 0.0 } else { same as f64 * 2.0 * 100.0 / total as f64 };
            a.set(2, percent);
        }
        ok(same)
    }),
];

/// Whether case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// It does.
    Counts,
    /// It does not, for A to Z.
    Ignored,
}

/// The difference of the first bytes that differ within `limit`, else of the lengths, of which from 8.2 only the sign.
pub fn binary_compare(php: &Php, a: &[u8], b: &[u8], limit: usize, case: Case) -> i64 {
    let (a, b) = (&a[..a.len().min(limit)], &b[..b.len().min(limit)]);
    let fold = |byte: &u8| if case == Case::Ignored { byte.to_ascii_lowercase() } else { *byte };
    let differing =
        a.iter().zip(b).map(|(x, y)| i64::from(fold(x)) - i64::from(fold(y))).find(|order| *order != 0);
    match differing {
        Some(order) => order,
        None if php.since(Version::V8_2) => (a.len() as i64 - b.len() as i64).signum(),
        None => a.len() as i64 - b.len() as i64,
    }
}

/// `strcmp`: byte by byte; the number is a difference, see [`binary_compare`].
pub fn strcmp(php: &Php, a: &[u8], b: &[u8]) -> i64 {
    binary_compare(php, a, b, usize::MAX, Case::Counts)
}

/// `strcoll` in the C locale: up to the first NUL.
pub fn strcoll(a: &[u8], b: &[u8]) -> i64 {
    let text = |bytes: &[u8]| {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        [&bytes[..end], b"\0"].concat()
    };
    let (a, b) = (text(a), text(b));
    a.iter().zip(&b).map(|(x, y)| i64::from(*x) - i64::from(*y)).find(|order| *order != 0).unwrap_or(0)
}

/// `strcasecmp`
pub fn strcasecmp(php: &Php, a: &[u8], b: &[u8]) -> i64 {
    binary_compare(php, a, b, usize::MAX, Case::Ignored)
}

fn limited(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, case: Case) -> Outcome {
    match usize::try_from(args.int(2)) {
        Ok(limit) => ok(binary_compare(ctx.php, args.bytes(0), args.bytes(1), limit, case)),
        Err(_) => {
            let message = format!("{name}(): Argument #3 ($length) must be greater than or equal to 0");
            ctx.value_error(false, message)
        }
    }
}

fn call_strnatcmp(ctx: &Ctx<'_>, args: &Args<'_>, ignore_case: bool) -> i64 {
    let (a, b) = (args.bytes(0), args.bytes(1));
    if ctx.php.is_5() && (a.is_empty() || b.is_empty()) {
        return a.len() as i64 - b.len() as i64;
    }
    strnatcmp(a, b, ignore_case)
}

/// `strnatcmp`: digits compare as numbers, so `img12` comes after `img2`; blanks do not count; leading zeros do not either,
/// but behind a zero digits compare as a fraction.
pub fn strnatcmp(a: &[u8], b: &[u8], ignore_case: bool) -> i64 {
    if a.is_empty() || b.is_empty() {
        let order = i64::from(a.len() > b.len()) - i64::from(b.len() > a.len());
        return order;
    }
    let (mut x, mut y) = (skip_zeros(a), skip_zeros(b));
    loop {
        x += blanks(&a[x.min(a.len())..]);
        y += blanks(&b[y.min(b.len())..]);
        let (mut c, mut d) = (byte(a, x), byte(b, y));
        if c.is_ascii_digit() && d.is_ascii_digit() {
            let fractional = c == b'0' || d == b'0';
            let order = if fractional {
                compare_left(a, &mut x, b, &mut y)
            } else {
                compare_right(a, &mut x, b, &mut y)
            };
            if order != 0 {
                return order;
            }
            match (x >= a.len(), y >= b.len()) {
                (true, true) => return 0,
                (true, false) => return -1,
                (false, true) => return 1,
                (false, false) => {}
            }
            (c, d) = (byte(a, x), byte(b, y));
        }
        if ignore_case {
            (c, d) = (c.to_ascii_uppercase(), d.to_ascii_uppercase());
        }
        if c != d {
            return if c < d { -1 } else { 1 };
        }
        (x, y) = (x + 1, y + 1);
        match (x >= a.len(), y >= b.len()) {
            (true, true) => return 0,
            (true, false) => return -1,
            (false, true) => return 1,
            (false, false) => {}
        }
    }
}

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| crate::numeric::is_blank(**byte)).count()
}

/// Zeros at the start that a digit follows.
fn skip_zeros(text: &[u8]) -> usize {
    let mut at = 0;
    while byte(text, at) == b'0' && at + 1 < text.len() && byte(text, at + 1).is_ascii_digit() {
        at += 1;
    }
    at
}

/// Numbers aligned right: the longer is greater, else the first difference decides.
fn compare_right(a: &[u8], x: &mut usize, b: &[u8], y: &mut usize) -> i64 {
    let mut bias = 0;
    loop {
        let (c, d) = (byte(a, *x), byte(b, *y));
        match (c.is_ascii_digit(), d.is_ascii_digit()) {
            (false, false) => return bias,
            (false, true) => return -1,
            (true, false) => return 1,
            (true, true) if bias == 0 => bias = (i64::from(c) - i64::from(d)).signum(),
            (true, true) => {}
        }
        (*x, *y) = (*x + 1, *y + 1);
    }
}

/// Numbers aligned left, as fractions: the first difference decides.
fn compare_left(a: &[u8], x: &mut usize, b: &[u8], y: &mut usize) -> i64 {
    loop {
        let (c, d) = (byte(a, *x), byte(b, *y));
        match (c.is_ascii_digit(), d.is_ascii_digit()) {
            (false, false) => return 0,
            (false, true) => return -1,
            (true, false) => return 1,
            (true, true) if c != d => return if c < d { -1 } else { 1 },
            (true, true) => (*x, *y) = (*x + 1, *y + 1),
        }
    }
}

/// Whether a value is taken for a cost up to 7.4, where with three arguments the third could be anything.
fn is_cost(php: &Php, value: &Value) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) => false,
        Value::Str(text) => crate::numeric::prefix(php, text).is_some(),
        _ => true,
    }
}

fn call_levenshtein(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (a, b) = (args.bytes(0), args.bytes(1));
    if !ctx.php.is_8() {
        match args.given() {
            3 if matches!(args.value(2), Value::Array(_) | Value::Object(_)) => return ok(()),
            3 => return ok(-1),
            4 => return ok(()),
            5 if !is_cost(ctx.php, args.value(2)) => {
                ctx.warn("levenshtein() expects parameter 3 to be int");
                return ok(());
            }
            _ => {}
        }
        if a.len() > 255 || b.len() > 255 {
            ctx.warn("levenshtein(): Argument string(s) too long");
            return ok(-1);
        }
    }
    let insert = crate::cast::to_int(ctx.php, args.value(2));
    ok(levenshtein(a, b, insert, args.int(3), args.int(4)))
}

/// `levenshtein`: the least cost of turning one string into the other, byte by byte.
pub fn levenshtein(a: &[u8], b: &[u8], insert: i64, replace: i64, delete: i64) -> i64 {
    if a.is_empty() {
        return (b.len() as i64).wrapping_mul(insert);
    }
    if b.is_empty() {
        return (a.len() as i64).wrapping_mul(delete);
    }
    let mut row: Vec<i64> = (0..=b.len() as i64).map(|count| count.wrapping_mul(insert)).collect();
    for x in a {
        let mut next = Vec::with_capacity(row.len());
        next.push(row[0].wrapping_add(delete));
        for (at, y) in b.iter().enumerate() {
            let mut cost = row[at].wrapping_add(if x == y { 0 } else { replace });
            cost = cost.min(row[at + 1].wrapping_add(delete));
            cost = cost.min(next[at].wrapping_add(insert));
            next.push(cost);
        }
        row = next;
    }
    row[b.len()]
}

/// `similar_text`: bytes in common, found as the longest common part and then left and right of it.
pub fn similar_text(a: &[u8], b: &[u8]) -> usize {
    let mut open = vec![(a, b)];
    let mut sum = 0;
    while let Some((a, b)) = open.pop() {
        let (len, x, y) = longest_common(a, b);
        if len > 0 {
            sum += len;
            open.push((&a[..x], &b[..y]));
            open.push((&a[x + len..], &b[y + len..]));
        }
    }
    sum
}

/// The first longest part that both have: its length and where it starts in each.
fn longest_common(a: &[u8], b: &[u8]) -> (usize, usize, usize) {
    let (mut best, mut row) = ((0, 0, 0), vec![0usize; b.len() + 1]);
    let mut starts = Vec::new();
    for (x, left) in a.iter().enumerate() {
        for y in (0..b.len()).rev() {
            row[y + 1] = if *left == b[y] { row[y] + 1 } else { 0 };
            if row[y + 1] > best.0 {
                starts.clear();
                best = (row[y + 1], x + 1 - row[y + 1], y + 1 - row[y + 1]);
            }
            if row[y + 1] == best.0 && best.0 > 0 {
                starts.push((x + 1 - best.0, y + 1 - best.0));
            }
        }
    }
    match starts.iter().min() {
        Some((x, y)) => (best.0, *x, *y),
        None => best,
    }
}
