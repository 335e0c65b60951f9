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

/// `IDNA_NONTRANSITIONAL_TO_ASCII`
const NONTRANSITIONAL_TO_ASCII: i64 = 16;
/// `IDNA_NONTRANSITIONAL_TO_UNICODE`
const NONTRANSITIONAL_TO_UNICODE: i64 = 32;

/// Transitional processing, PHP's default up to 8.3: `ß` is `ss`, a final sigma is a sigma, joiners are dropped.
fn prepared(ctx: &Ctx<'_>, args: &Args<'_>, nontransitional: i64) -> Vec<u8> {
    let domain = args.bytes(0);
    let by_default = args.given() < 2 && ctx.php.since(Version::V8_4);
    if args.int(1) & nontransitional != 0 || by_default {
        return domain.to_vec();
    }
    let Ok(text) = std::str::from_utf8(domain) else { return domain.to_vec() };
    text.replace('ß', "ss").replace('ς', "σ").replace(['\u{200c}', '\u{200d}'], "").into_bytes()
}

fn to_ascii(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    if let Some(answer) = refused(ctx, args, "idn_to_ascii") {
        return answer;
    }
    let deny = if args.int(1) & STD3 != 0 { AsciiDenyList::STD3 } else { AsciiDenyList::EMPTY };
    let domain = prepared(ctx, args, NONTRANSITIONAL_TO_ASCII);
    let name = Uts46::new().to_ascii(&domain, deny, Hyphens::Check, DnsLength::VerifyAllowRootDot);
    or_false(name.ok().map(|name| name.into_owned()))
}

fn to_utf8(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    if let Some(answer) = refused(ctx, args, "idn_to_utf8") {
        return answer;
    }
    let deny = if args.int(1) & STD3 != 0 { AsciiDenyList::STD3 } else { AsciiDenyList::EMPTY };
    let domain = prepared(ctx, args, NONTRANSITIONAL_TO_UNICODE);
    let (name, result) = Uts46::new().to_unicode(&domain, deny, Hyphens::Check);
    let has_empty = name.starts_with('.') || name.contains("..");
    or_false(result.ok().filter(|()| !has_empty).map(|()| name.into_owned()))
}
