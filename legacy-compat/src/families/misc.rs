//! `version_compare`, IP addresses, and paths.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::error::Thrown;
use crate::php::{Libc, Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    (
        "8.0- version_compare(string $version1, string $version2, ?string $operator = null)",
        call_version_compare,
    ),
    ("-7.4 version_compare(string $version1, string $version2, string $oper = ?)", call_version_compare),
    ("ip2long(string $ip)", |c, a| {
        let Some(text) = address(c, a.bytes(0), "ip2long")? else { return ok(false) };
        ok(super::filter::ipv4(text)
            .map_or(Value::FALSE, |ip| Value::Int(c.php.int_size.wrap(u32::from(ip).into()))))
    }),
    ("8.0- long2ip(int $ip)", |_, a| ok(Ipv4Addr::from(a.int(0) as u32).to_string())),
    ("7.1-7.4 long2ip(int $proper_address)", |_, a| ok(Ipv4Addr::from(a.int(0) as u32).to_string())),
    ("-7.0 long2ip(string $proper_address)", |_, a| {
        ok(Ipv4Addr::from(crate::numeric::strtol(a.bytes(0), 0) as u32).to_string())
    }),
    ("inet_pton(string $ip): false", |c, a| {
        let Some(text) = address(c, a.bytes(0), "inet_pton")? else { return ok(false) };
        let bytes = match (super::filter::ipv4(text), super::filter::ipv6(text)) {
            (Some(ip), _) => ip.octets().to_vec(),
            (_, Some(ip)) => ip.octets().to_vec(),
            _ => {
                c.warn("inet_pton(): Unrecognized address");
                return ok(false);
            }
        };
        ok(bytes)
    }),
    ("inet_ntop(string $ip): false", |c, a| {
        if let Ok(four) = <[u8; 4]>::try_from(a.bytes(0)) {
            return ok(Ipv4Addr::from(four).to_string());
        }
        match <[u8; 16]>::try_from(a.bytes(0)) {
            Ok(sixteen) => ok(ipv6_text(c.php.libc, Ipv6Addr::from(sixteen))),
            Err(_) => ok(false),
        }
    }),
    ("basename(string $path, string $suffix = \"\")", |c, a| ok(basename(c.php, a.bytes(0), a.bytes(1)))),
    ("7.0- dirname(string $path, int $levels = 1)", dirname),
    ("-5.6 dirname(string $path)", dirname),
    ("pathinfo(string $path, int $flags = 15)", pathinfo),
];

/// The text of an address: up to its first NUL, which from 8.1 may not be there.
fn address<'a>(ctx: &mut Ctx<'_>, text: &'a [u8], function: &str) -> Result<Option<&'a [u8]>, Thrown> {
    match memchr::memchr(0, text) {
        Some(_) if ctx.php.since(Version::V8_1) => {
            let message = format!("{function}(): Argument #1 ($ip) must not contain any null bytes");
            ctx.value_error(false, message).map(|_| None)
        }
        end => Ok(Some(&text[..end.unwrap_or(text.len())])),
    }
}

/// As the C library writes it. musl measures runs of zeros with their colons, so that one at an end counts one less.
fn ipv6_text(libc: Libc, ip: Ipv6Addr) -> String {
    if libc == Libc::Glibc || ip.to_ipv4_mapped().is_some() {
        return ip.to_string();
    }
    let parts = ip.segments();
    let zeros = |from: usize| parts[from..].iter().take_while(|part| **part == 0).count();
    let weight =
        |from: usize| 2 * zeros(from) + 1 - usize::from(from == 0) - usize::from(from + zeros(from) == 8);
    let starts = (0..8).filter(|from| zeros(*from) > 1 && (*from == 0 || parts[from - 1] != 0));
    let Some(best) = starts.rev().max_by_key(|from| weight(*from)) else { return ip.to_string() };
    let hex = |parts: &[u16]| parts.iter().map(|part| format!("{part:x}")).collect::<Vec<_>>().join(":");
    format!("{}::{}", hex(&parts[..best]), hex(&parts[best + zeros(best)..]))
}

/// The order of a part: what is unknown, `dev`, `alpha`, `beta`, `RC`, `#`, `pl`.
fn rank(part: &[u8]) -> i32 {
    const FORMS: [(&[u8], i32); 10] = [
        (b"dev", 0),
        (b"alpha", 1),
        (b"a", 1),
        (b"beta", 2),
        (b"b", 2),
        (b"RC", 3),
        (b"rc", 3),
        (b"#", 4),
        (b"pl", 5),
        (b"p", 5),
    ];
    FORMS.iter().find(|(name, _)| part.starts_with(name)).map_or(-1, |(_, rank)| *rank)
}

/// `5.2.0-RC1` as `5.2.0.RC.1`: a point wherever a word or a number begins, and for every other byte; from 8.4 none at the end.
fn canonical(php: &Php, version: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = version.iter().take(1).copied().collect();
    for pair in version.windows(2) {
        let [last, byte] = [pair[0], pair[1]];
        let special = !byte.is_ascii_alphanumeric();
        let begins = last != b'.' && last.is_ascii_digit() != byte.is_ascii_digit();
        if (special || begins) && out.last() != Some(&b'.') {
            out.push(b'.');
        }
        if !special || begins && !matches!(byte, b'-' | b'_' | b'+' | b'.') {
            out.push(byte);
        }
    }
    if out.ends_with(b".") && php.since(Version::V8_4) {
        out.pop();
    }
    out
}

fn compare_parts(a: &[u8], b: &[u8]) -> i32 {
    let digit = |part: &[u8]| part.first().is_some_and(u8::is_ascii_digit);
    match (digit(a), digit(b)) {
        (true, true) => (crate::numeric::strtol(a, 10).cmp(&crate::numeric::strtol(b, 10))) as i32,
        (false, false) => (rank(a) - rank(b)).signum(),
        (true, false) => (rank(b"#N#") - rank(b)).signum(),
        (false, true) => (rank(a) - rank(b"#N#")).signum(),
    }
}

/// `version_compare($a, $b)`: -1, 0 or 1.
pub fn version_compare(php: &Php, a: &[u8], b: &[u8]) -> i32 {
    let until_nul = |text: &'_ [u8]| text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let (a, b) = (&a[..until_nul(a)], &b[..until_nul(b)]);
    if a.is_empty() || b.is_empty() {
        return i32::from(b.is_empty()) - i32::from(a.is_empty());
    }
    let written =
        |version: &[u8]| if version[0] == b'#' { version.to_vec() } else { canonical(php, version) };
    let (a, b) = (written(a), written(b));
    // What is left of each; none behind the last part.
    let (mut left, mut right) = (Some(a.as_slice()), Some(b.as_slice()));
    while let (Some(x @ [_, ..]), Some(y @ [_, ..])) = (left, right) {
        let ((part, more), (other, other_more)) = (split_part(x), split_part(y));
        let order = compare_parts(part, other);
        if order != 0 {
            return order;
        }
        (left, right) = (more, other_more);
    }
    match (left, right) {
        (Some([]), Some(_)) => -1,
        (Some(rest), _) => behind(php, rest),
        (_, Some(rest)) => -behind(php, rest),
        _ => 0,
    }
}

/// How a version with this behind it compares to the one without. PHP compares what is behind to `#N#`, which is a number's place,
/// and then what is behind that, and so on.
fn behind(php: &Php, rest: &[u8]) -> i32 {
    let mut rest = rest;
    loop {
        match rest {
            [] => return -1,
            [b'0'..=b'9', ..] => return 1,
            [b'#', ..] => match split_part(rest).1 {
                Some(more) => rest = more,
                None => return 0,
            },
            _ => return compare_parts(split_part(&canonical(php, rest)).0, b"#N#"),
        }
    }
}

fn split_part(version: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'.', version) {
        Some(at) => (&version[..at], Some(&version[at + 1..])),
        None => (version, None),
    }
}

/// The operators, and whether they hold for less, equal and greater.
const OPERATORS: [(&[&str], [bool; 3]); 6] = [
    (&["<", "lt"], [true, false, false]),
    (&["<=", "le"], [true, true, false]),
    (&[">", "gt"], [false, false, true]),
    (&[">=", "ge"], [false, true, true]),
    (&["==", "=", "eq"], [false, true, false]),
    (&["!=", "<>", "ne"], [true, false, true]),
];

/// Up to 8.0 the start of an operator was enough, even its empty one.
fn call_version_compare(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let order = version_compare(ctx.php, args.bytes(0), args.bytes(1));
    if !args.has(2) || ctx.php.is_8() && !args.is_set(2) {
        return ok(order);
    }
    let (given, whole) = (args.bytes(2), ctx.php.since(Version::V8_1));
    let means =
        |name: &&str| if whole { name.as_bytes() == given } else { name.as_bytes().starts_with(given) };
    match OPERATORS.iter().find(|(names, _)| names.iter().any(means)) {
        Some((_, holds)) => ok(holds[(order + 1) as usize]),
        None => {
            let message = "version_compare(): Argument #3 ($operator) must be a valid comparison operator";
            ctx.value_error((), message)
        }
    }
}

/// `basename`: the last part of a path, without a suffix. Up to 7.4 a part begins with a character of the C library's, and glibc's C
/// locale has none above 127.
pub fn basename<'a>(php: &Php, path: &'a [u8], suffix: &[u8]) -> &'a [u8] {
    let ascii_only = !php.is_8() && php.libc == Libc::Glibc;
    let (mut start, mut end, mut within) = (0, 0, false);
    for (at, byte) in path.iter().enumerate() {
        match byte {
            0x80.. if ascii_only => {}
            b'/' => {
                if within {
                    end = at;
                }
                within = false;
            }
            _ if within => {}
            _ => (start, within) = (at, true),
        }
    }
    let name = &path[start..if within { path.len() } else { end }];
    match name.strip_suffix(suffix) {
        Some(short) if !short.is_empty() && !suffix.is_empty() => short,
        _ => name,
    }
}

/// `dirname($path)`: what is before the last part; `.` where there is none.
pub fn parent(path: &[u8]) -> &[u8] {
    let trim = |path: &'_ [u8]| path.len() - path.iter().rev().take_while(|byte| **byte == b'/').count();
    if path.is_empty() {
        return b"";
    }
    let end = trim(path);
    if end == 0 {
        return b"/";
    }
    match memchr::memrchr(b'/', &path[..end]) {
        None => b".",
        Some(at) => match trim(&path[..at]) {
            0 => b"/",
            end => &path[..end],
        },
    }
}

fn dirname(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let levels = if args.has(1) { args.int(1) } else { 1 };
    if levels < 1 {
        return ctx.value_error((), "dirname(): Argument #2 ($levels) must be greater than or equal to 1");
    }
    let mut path = args.bytes(0);
    for _ in 0..levels {
        let up = parent(path);
        if up == path {
            break;
        }
        path = up;
    }
    ok(path)
}

fn pathinfo(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (path, flags) = (args.bytes(0), args.int(1));
    let name = basename(ctx.php, path, b"");
    let dot = memchr::memrchr(b'.', name);
    let mut out = Array::new();
    let directory = parent(path);
    if flags & 1 != 0 && !directory.is_empty() {
        out.insert("dirname", directory);
    }
    if flags & 2 != 0 {
        out.insert("basename", name);
    }
    if let Some(dot) = dot.filter(|_| flags & 4 != 0) {
        out.insert("extension", &name[dot + 1..]);
    }
    if flags & 8 != 0 {
        out.insert("filename", &name[..dot.unwrap_or(name.len())]);
    }
    if flags == 15 {
        return ok(out);
    }
    ok(out.values().next().cloned().unwrap_or_else(|| "".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_signs_compare_as_in_php() {
        let rows: [(&str, &str, i32, i32); 12] = [
            ("#.#.#", "#", 0, 0),
            ("#.#.1", "#", 1, 1),
            ("#.#.", "#", -1, -1),
            ("#.#.a", "#", -1, -1),
            ("#", "#.#.pl", -1, -1),
            ("#.#.#p", "#", 0, 0),
            ("1.", "1", -1, 0),
            ("1..2", "1.", 1, 1),
            ("#.", "#.1", -1, -1),
            ("#", ".", 1, 0),
            ("-", ".", 1, -1),
            ("1#", "1.0.", 1, 0),
        ];
        for (a, b, before, since) in rows {
            for (version, order) in [(Version::V8_2, before), (Version::V8_4, since)] {
                assert_eq!(
                    version_compare(&Php::new(version), a.as_bytes(), b.as_bytes()),
                    order,
                    "{a} {b} {version}"
                );
            }
        }
    }

    #[test]
    fn a_version_of_many_signs_takes_no_more_stack_than_one_of_few() {
        let signs = b"#.".repeat(500_000);
        assert_eq!(version_compare(&Php::new(Version::V8_2), &signs, b"#"), -1);
        assert_eq!(version_compare(&Php::new(Version::V8_2), b"#", &signs), 1);
    }
}
