//! The filters that accept or refuse a text.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Request;
use super::email::email;
use super::sanitize::url_byte;
use crate::call::{Ctx, Outcome};
use crate::cast::{to_float, to_int, to_str};
use crate::families::url::parse_url;
use crate::numeric::{self, Number};
use crate::php::{Php, Version};
use crate::value::Value;

const ALLOW_OCTAL: i64 = 1;
const ALLOW_HEX: i64 = 2;
const ALLOW_THOUSAND: i64 = 8192;
const PATH_REQUIRED: i64 = 1 << 18;
const QUERY_REQUIRED: i64 = 1 << 19;
/// `FILTER_FLAG_IPV4`, `FILTER_FLAG_HOSTNAME` and `FILTER_FLAG_EMAIL_UNICODE` share a number.
const IPV4_HOSTNAME_UNICODE: i64 = 1 << 20;
const IPV6: i64 = 1 << 21;
const NO_RES_RANGE: i64 = 1 << 22;
const NO_PRIV_RANGE: i64 = 1 << 23;
const GLOBAL_RANGE: i64 = 1 << 28;

/// Runs a validating filter; none where the number is not one of them.
pub(super) fn run(
    ctx: &mut Ctx<'_>,
    filter: i64,
    text: &[u8],
    request: &Request,
) -> Result<Option<Value>, crate::Thrown> {
    let php = ctx.php;
    let trimmed = trim(text);
    let passed = |valid: bool, value: &[u8]| if valid { Value::from(value) } else { request.failed() };
    let answer = match filter {
        257 => int(php, trimmed, request).map_or_else(|| request.failed(), Value::Int),
        258 => bool(trimmed).map_or_else(|| request.failed(), Value::Bool),
        259 => match float_separators(ctx, request)? {
            Some((decimal, thousand)) => float(php, trimmed, request, decimal, &thousand),
            None => return Ok(Some(request.failed())),
        },
        272 => return regexp(ctx, text, request).map(Some),
        273 => passed(url(php, text, request), text),
        274 => passed(email(text, request.has(IPV4_HOSTNAME_UNICODE) && php.since(Version::V7_1)), text),
        275 => passed(ip(text, request, php), text),
        276 => match mac_separator(ctx, request)? {
            Ok(separator) => passed(mac(text, separator), text),
            Err(failed) => failed,
        },
        277 if php.since(Version::V7_0) => {
            passed(domain(php, text, request.has(IPV4_HOSTNAME_UNICODE)), text)
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

fn trim(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | b'\n');
    let start = text.iter().take_while(|byte| blank(byte)).count();
    let end = text.len() - text[start..].iter().rev().take_while(|byte| blank(byte)).count();
    &text[start..end]
}

fn int(php: &Php, text: &[u8], request: &Request) -> Option<i64> {
    let value = match text {
        [] => return None,
        [b'0', b'x' | b'X'] if request.has(ALLOW_HEX) && !php.is_8() => 0,
        [b'0', b'x' | b'X', digits @ ..] if request.has(ALLOW_HEX) => unsigned(php, digits, 16)?,
        [b'0', b'o' | b'O', digits @ ..] if request.has(ALLOW_OCTAL) && php.since(Version::V8_1) => {
            unsigned(php, digits, 8)?
        }
        [b'0'] => 0,
        [b'0', digits @ ..] if request.has(ALLOW_OCTAL) => unsigned(php, digits, 8)?,
        [b'0', ..] => return None,
        decimal => signed(decimal).filter(|int| php.int_size.holds(*int))?,
    };
    let bound = |name: &str| request.option(name).map(|bound| to_int(php, bound));
    let inside = bound("min_range").is_none_or(|min| value >= min)
        && bound("max_range").is_none_or(|max| value <= max);
    inside.then_some(value)
}

fn unsigned(php: &Php, digits: &[u8], base: u32) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0u64, |value, digit| {
        let digit = char::from(*digit).to_digit(base)?;
        value.checked_mul(base.into())?.checked_add(digit.into())
    })?;
    (value <= php.int_size.unsigned(-1)).then(|| php.int_size.wrap(value as i64))
}

fn signed(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let canonical = digits == b"0"
        || matches!(digits.first(), Some(b'1'..=b'9')) && digits.iter().all(u8::is_ascii_digit);
    canonical.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

fn bool(text: &[u8]) -> Option<bool> {
    match text.to_ascii_lowercase().as_slice() {
        b"1" | b"on" | b"yes" | b"true" => Some(true),
        b"" | b"0" | b"no" | b"off" | b"false" => Some(false),
        _ => None,
    }
}

fn float_separators(ctx: &mut Ctx<'_>, request: &Request) -> Result<Option<(u8, Vec<u8>)>, crate::Thrown> {
    let mut decimal = b'.';
    if let Some(option) = request.option("decimal") {
        let text = to_str(ctx.php, option);
        if text.len() != 1 {
            let message = "filter_var(): \"decimal\" option must be one character long";
            return ctx.value_error((), message).map(|_| None);
        }
        decimal = text[0];
    }
    let mut thousand = b"',.".to_vec();
    if let Some(option) = request.option("thousand").filter(|_| ctx.php.since(Version::V7_4)) {
        let text = to_str(ctx.php, option);
        if text.is_empty() {
            let message = "filter_var(): \"thousand\" option must not be empty";
            return ctx.value_error((), message).map(|_| None);
        }
        thousand = text.to_vec();
    }
    Ok(Some((decimal, thousand)))
}

fn float(php: &Php, text: &[u8], request: &Request, decimal: u8, thousand: &[u8]) -> Value {
    let Some(number) = float_text(text, request, decimal, thousand).and_then(|text| float_value(php, &text))
    else {
        return request.failed();
    };
    let ranged = php.since(Version::V7_4);
    let bound = |name: &str| request.option(name).filter(|_| ranged).map(|bound| to_float(php, bound));
    let inside = bound("min_range").is_none_or(|min| number >= min)
        && bound("max_range").is_none_or(|max| number <= max);
    if inside { Value::Float(number) } else { request.failed() }
}

/// The number as PHP writes it, without thousands; none where it is misplaced.
fn float_text(text: &[u8], request: &Request, decimal: u8, thousand: &[u8]) -> Option<Vec<u8>> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (mut out, mut rest, mut first) = (Vec::with_capacity(text.len()), text, true);
    if let [sign @ (b'-' | b'+'), after @ ..] = rest {
        out.push(*sign);
        rest = after;
    }
    loop {
        let count = digits(rest);
        out.extend_from_slice(&rest[..count]);
        rest = &rest[count..];
        match rest.first() {
            None => {
                return (first || count == 3).then_some(out);
            }
            Some(byte) if *byte == decimal || matches!(byte, b'e' | b'E') => {
                if !first && count != 3 {
                    return None;
                }
                break;
            }
            Some(byte) if request.has(ALLOW_THOUSAND) && thousand.contains(byte) => {
                if first && !(1..=3).contains(&count) || !first && count != 3 {
                    return None;
                }
                (first, rest) = (false, &rest[1..]);
            }
            Some(_) => return None,
        }
    }
    if rest.first() == Some(&decimal) {
        let count = digits(&rest[1..]);
        out.push(b'.');
        out.extend_from_slice(&rest[1..=count]);
        rest = &rest[1 + count..];
    }
    if let [b'e' | b'E', after @ ..] = rest {
        let sign = usize::from(matches!(after.first(), Some(b'-' | b'+')));
        let count = sign + digits(&after[sign..]);
        out.push(rest[0]);
        out.extend_from_slice(&after[..count]);
        rest = &after[count..];
    }
    rest.is_empty().then_some(out)
}

fn float_value(php: &Php, text: &[u8]) -> Option<f64> {
    let float = match numeric::whole(php, text)?.number {
        Number::Int(int) => return Some(int as f64),
        Number::Float(float) => float,
    };
    // PHP looks for any digit but 0, in the exponent too: `0e5` is refused as something that vanished.
    let vanished = float == 0.0 && text.len() > 1 && text.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    (float.is_finite() && !vanished).then_some(float)
}

fn regexp(ctx: &mut Ctx<'_>, text: &[u8], request: &Request) -> Outcome {
    let Some(pattern) = request.option("regexp").map(|option| to_str(ctx.php, option)) else {
        return ctx.value_error(request.failed(), "filter_var(): \"regexp\" option is missing");
    };
    let Some(regex) = ctx.regex("filter_var", &pattern) else { return Ok(request.failed()) };
    let found = regex.code.find(ctx.php, text, 0, 0);
    Ok(if matches!(found, Ok(Some(_))) { Value::from(text) } else { request.failed() })
}

/// `FILTER_VALIDATE_DOMAIN`: labels of at most 63, 253 in all; `hostname`: letters, digits and inner hyphens only.
pub fn host_name(php: &Php, text: &[u8]) -> bool {
    domain(php, text, true)
}

fn domain(php: &Php, text: &[u8], hostname: bool) -> bool {
    let body = text.strip_suffix(b".").unwrap_or(text);
    if body.len() > 253 || body.is_empty() && hostname || text.first() == Some(&b'.') {
        return false;
    }
    // Up to 8.1 the last of all may end in hyphens.
    let body = match php.since(Version::V8_2) || text.ends_with(b".") {
        true => body,
        false => trim_hyphens(body),
    };
    body.split(|byte| *byte == b'.').enumerate().all(|(index, label)| {
        let ends = [label.first(), label.last()].into_iter().flatten().all(u8::is_ascii_alphanumeric);
        let allowed = label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        (!label.is_empty() || index == 0)
            && label.len() <= 63
            && (!hostname || ends && allowed && !label.is_empty())
    })
}

/// Without the hyphens at its end, unless nothing else is before them.
fn trim_hyphens(text: &[u8]) -> &[u8] {
    let kept = text.len() - text.iter().rev().take_while(|byte| **byte == b'-').count();
    if kept == 0 || text[kept - 1] == b'.' { text } else { &text[..kept] }
}

/// 5.6 looks at the letters alone.
fn host_name_5(text: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.first().is_some_and(u8::is_ascii_alphanumeric) && text.iter().all(allowed)
}

fn url(php: &Php, text: &[u8], request: &Request) -> bool {
    if text.is_empty() || !text.iter().all(|byte| url_byte(*byte)) {
        return false;
    }
    let Some(url) = parse_url(php, text) else { return false };
    let Some(scheme) = url.scheme.as_deref() else { return false };
    if scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https") {
        let Some(host) = url.host.as_deref() else { return false };
        let literal = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
        let is_literal = literal.is_some_and(|ip| ipv6(ip).is_some()) && !php.is_5();
        // Up to 8.0 nothing else is looked at then.
        if is_literal && !php.since(Version::V8_1) {
            return true;
        }
        if !(is_literal || if php.is_5() { host_name_5(host) } else { host_name(php, host) }) {
            return false;
        }
    }
    if url.host.is_none() && !matches!(scheme, b"mailto" | b"news" | b"file") {
        return false;
    }
    let user_info = |part: &Option<Vec<u8>>| part.as_deref().is_none_or(user_info);
    if php.since(Version::V7_2) && (!user_info(&url.user) || !user_info(&url.pass)) {
        return false;
    }
    !(request.has(PATH_REQUIRED) && url.path.is_none() || request.has(QUERY_REQUIRED) && url.query.is_none())
}

fn user_info(text: &[u8]) -> bool {
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = match byte {
            b'%' if after.len() >= 2 && after[..2].iter().all(u8::is_ascii_hexdigit) => &after[2..],
            byte if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(byte) => after,
            _ => return false,
        };
    }
    true
}

/// Four decimal numbers without leading zeros.
pub fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An IPv6 address, also with an IPv4 address at its end; no zone.
pub fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn ip(text: &[u8], request: &Request, php: &Php) -> bool {
    let (wants_4, wants_6) = (request.has(IPV4_HOSTNAME_UNICODE), request.has(IPV6));
    let global = request.has(GLOBAL_RANGE) && php.since(Version::V8_2);
    let (private, reserved) = (request.has(NO_PRIV_RANGE) || global, request.has(NO_RES_RANGE) || global);
    if text.contains(&b':') {
        let Some(ip) = ipv6(text).filter(|_| wants_6 || !wants_4) else { return false };
        let ip = if php.since(Version::V7_4) { as_looked_at(text, ip) } else { ip };
        return !(private && is_private_6(ip)
            || reserved && is_reserved_6(php, text, ip)
            || global && is_special_6(php, ip));
    }
    let Some(ip) = ipv4(text).filter(|_| wants_4 || !wants_6) else { return false };
    let first = ip.octets()[0];
    let is_reserved = first == 0 || first >= 240 || first == 127 || ip.is_link_local();
    !(private && ip.is_private() || reserved && is_reserved || global && is_special_4(ip))
}

/// Of an address that ends in an IPv4 address PHP keeps that alone, as if it were mapped.
fn as_looked_at(text: &[u8], ip: Ipv6Addr) -> Ipv6Addr {
    let [.., high, low] = ip.segments();
    if text.contains(&b'.') { Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low) } else { ip }
}

/// What is neither private nor reserved, and yet not reached from everywhere.
fn is_special_4(ip: Ipv4Addr) -> bool {
    match ip.octets() {
        [100, second, ..] => (64..128).contains(&second),
        [192, 0, third, _] => matches!(third, 0 | 2),
        [198, second, third, _] => matches!(second, 18 | 19) || (second, third) == (51, 100),
        [203, 0, 113, _] => true,
        _ => false,
    }
}

fn is_special_6(php: &Php, ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [0x100, 0, 0, 0, ..] | [0x2001, 0..=0x1ff, ..] => true,
        [0x2001, 0xdb8, ..] | [0x2002, ..] => php.since(Version::V8_3),
        _ => ip.to_ipv4_mapped().is_some(),
    }
}

fn is_private_6(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xfe00 == 0xfc00
}

/// Up to 7.3 how it is written counts.
fn is_reserved_6(php: &Php, text: &[u8], ip: Ipv6Addr) -> bool {
    const WRITTEN: [&[u8]; 8] = [b"fe8", b"fe9", b"fea", b"feb", b"5f", b"3ff3", b"2001:0db8", b"2001:001"];
    if !php.since(Version::V7_4) {
        let text = text.to_ascii_lowercase();
        return matches!(text.as_slice(), b"::" | b"::1")
            || WRITTEN.iter().any(|start| text.starts_with(start));
    }
    let [first, second, ..] = ip.segments();
    let always = ip.is_unspecified() || ip.is_loopback() || first & 0xffc0 == 0xfe80;
    let of_version = match php.since(Version::V8_3) {
        true => ip.to_ipv4_mapped().is_some(),
        false => {
            // In 7.4 the second range is asked for whatever the address begins with.
            first == 0x2001 && second == 0xdb8
                || (0x10..0x20).contains(&second) && (first == 0x2001 || !php.is_8())
                || first == 0x5f
                || first == 0x3ff3
        }
    };
    always || of_version
}

/// The separator that is asked for; `Err` where it is none, which is an error from 8.0.
fn mac_separator(ctx: &mut Ctx<'_>, request: &Request) -> Result<Result<Option<u8>, Value>, crate::Thrown> {
    match request.option("separator") {
        Some(Value::Str(wanted)) => match wanted.as_bytes() {
            [separator] => Ok(Ok(Some(*separator))),
            _ => ctx
                .value_error(
                    request.failed(),
                    "filter_var(): \"separator\" option must be one character long",
                )
                .map(Err),
        },
        _ => Ok(Ok(None)),
    }
}

fn mac(text: &[u8], wanted: Option<u8>) -> bool {
    let (separator, group) = match (text.len(), text.get(2), text.get(4)) {
        (14, _, Some(b'.')) => (b'.', 4),
        (17, Some(b'-'), _) => (b'-', 2),
        (17, Some(b':'), _) => (b':', 2),
        _ => return false,
    };
    wanted.is_none_or(|wanted| wanted == separator)
        && text
            .split(|byte| *byte == separator)
            .all(|part| part.len() == group && part.iter().all(u8::is_ascii_hexdigit))
}
