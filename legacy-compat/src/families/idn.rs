//! `idn_to_ascii`, `idn_to_utf8`: international names of hosts, by UTS #46.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::call::{Args, Ctx, Outcome, Row, ok, or_false};
use crate::php::Version;

pub(crate) const ROWS: &[Row] = &[
    ("7.4- idn_to_ascii(string $domain, int $flags = 0, int $variant = 1, mixed &$idna_info = ?)", to_ascii),
    (
        "7.4- idn_to_utf8(string $domain, int $flags = 0, int $variant = 1, mixed &$idna_info = ?): false",
        to_utf8,
    ),
];

/// `INTL_IDNA_VARIANT_UTS46`
const UTS46: i64 = 1;
/// `IDNA_USE_STD3_RULES`
const STD3: i64 = 2;

fn refused(ctx: &mut Ctx<'_>, args: &Args<'_>, name: &str) -> Option<Outcome> {
    // Up to 7.4 IDNA 2003 was a variant too; here it answers alike.
    if args.int(2) != UTS46 && (ctx.php.is_8() || args.int(2) != 0) {
        return Some(match ctx.php.since(Version::V8_4) {
            true => ctx.value_error(
                false,
                format!("{name}(): Argument #3 ($variant) must be INTL_IDNA_VARIANT_UTS46"),
            ),
            false => ok(false),
        });
    }
    if args.bytes(0).is_empty() {
        return Some(match ctx.php.since(Version::V8_4) {
            true => ctx.value_error(false, format!("{name}(): Argument #1 ($domain) cannot be empty")),
            false => ok(false),
        });
    }
    None
}

/// `IDNA_ALLOW_UNASSIGNED`
const ALLOW_UNASSIGNED: i64 = 1;
/// `IDNA_CHECK_CONTEXTJ`
const CHECK_JOINERS: i64 = 8;
/// `IDNA_NONTRANSITIONAL_TO_ASCII`
const NONTRANSITIONAL_TO_ASCII: i64 = 16;
/// `IDNA_NONTRANSITIONAL_TO_UNICODE`
const NONTRANSITIONAL_TO_UNICODE: i64 = 32;

/// Where no flags are given, 8.4 leaves the old way.
fn flags(ctx: &Ctx<'_>, args: &Args<'_>) -> i64 {
    let by_default = args.given() < 2 && ctx.php.since(Version::V8_4);
    if by_default { NONTRANSITIONAL_TO_ASCII | NONTRANSITIONAL_TO_UNICODE } else { args.int(1) }
}

const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Transitional processing, and IDNA 2003: `ß` is `ss`, a final sigma is a sigma, joiners are dropped.
fn transitional(domain: &str) -> String {
    domain.replace('ß', "ss").replace('ς', "σ").replace(JOINERS, "")
}

/// Emoji and other pictures, which Unicode 3.2 did not have and IDNA 2003 does not know.
fn is_newer_than_2003(char: char) -> bool {
    matches!(char, '\u{1f000}'..='\u{1faff}')
}

fn to_ascii(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    if let Some(answer) = refused(ctx, args, "idn_to_ascii") {
        return answer;
    }
    let (flags, old) = (flags(ctx, args), args.int(2) != UTS46);
    let Ok(domain) = std::str::from_utf8(args.bytes(0)) else { return ok(false) };
    if old && flags & ALLOW_UNASSIGNED == 0 && domain.contains(is_newer_than_2003) {
        return ok(false);
    }
    let deny = if flags & STD3 != 0 { AsciiDenyList::STD3 } else { AsciiDenyList::EMPTY };
    let domain =
        if old || flags & NONTRANSITIONAL_TO_ASCII == 0 { transitional(domain) } else { domain.to_owned() };
    or_false(match domain.contains(JOINERS) && flags & CHECK_JOINERS == 0 {
        true => domain
            .split('.')
            .map(|label| label_to_ascii(label, deny))
            .collect::<Option<Vec<_>>>()
            .map(|labels| labels.join("."))
            .filter(|name| name.len() <= LONGEST_NAME),
        false => name_to_ascii(&domain, deny),
    })
}

fn name_to_ascii(domain: &str, deny: AsciiDenyList) -> Option<String> {
    let name = Uts46::new().to_ascii(domain.as_bytes(), deny, Hyphens::Check, DnsLength::VerifyAllowRootDot);
    name.ok().map(|name| name.into_owned())
}

/// The longest name of a host, in bytes.
const LONGEST_NAME: usize = 253;

/// A label whose joiners are written in Punycode, whatever they stand between.
fn label_to_ascii(label: &str, deny: AsciiDenyList) -> Option<String> {
    if !label.contains(JOINERS) {
        return name_to_ascii(label, deny);
    }
    let mut mapped = String::new();
    for part in label.split_inclusive(JOINERS) {
        let text = part.trim_end_matches(JOINERS);
        let (made, result) = Uts46::new().to_unicode(text.as_bytes(), deny, Hyphens::Allow);
        result.ok()?;
        mapped.push_str(&made);
        mapped.push_str(&part[text.len()..]);
    }
    // Each character takes one of Punycode at least; its time is quadratic.
    if mapped.chars().nth(LONGEST_CODE).is_some() {
        return None;
    }
    idna::punycode::encode_str(&mapped)
        .filter(|code| code.len() <= LONGEST_CODE)
        .map(|code| format!("xn--{code}"))
}

/// What a label of 63 bytes has room for behind its `xn--`.
const LONGEST_CODE: usize = 59;

fn to_utf8(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    if let Some(answer) = refused(ctx, args, "idn_to_utf8") {
        return answer;
    }
    let flags = flags(ctx, args);
    let deny = if flags & STD3 != 0 { AsciiDenyList::STD3 } else { AsciiDenyList::EMPTY };
    let domain = match std::str::from_utf8(args.bytes(0)) {
        Ok(domain) if flags & NONTRANSITIONAL_TO_UNICODE == 0 => transitional(domain).into_bytes(),
        _ => args.bytes(0).to_vec(),
    };
    let (name, result) = Uts46::new().to_unicode(&domain, deny, Hyphens::Check);
    let has_empty = name.starts_with('.') || name.contains("..");
    or_false(result.ok().filter(|()| !has_empty).map(|()| name.into_owned()))
}
