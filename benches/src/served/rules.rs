//! Forty rules over an event. php/rules.php has the same, in the same order.

use std::net::Ipv4Addr;

use handover_api::Row;
use serde::Serialize;

use crate::event::Event;

/// A rule that an event breaks.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Broken {
    /// The rule.
    pub code: &'static str,
    /// The field that it speaks of.
    pub field: &'static str,
}

const TYPES: [&str; 4] = ["click", "view", "install", "purchase"];
const DEVICES: [&str; 4] = ["phone", "tablet", "desktop", "tv"];
const SYSTEMS: [&str; 6] = ["android", "ios", "windows", "macos", "linux", "other"];
const CURRENCIES: [&str; 7] = ["EUR", "USD", "GBP", "JPY", "CHF", "SEK", "PLN"];
const CONSENT: [&str; 7] = ["DE", "FR", "IT", "ES", "NL", "PL", "SE"];

/// The rules that an event breaks.
pub(crate) fn check(e: &Event<'_>, campaign: Option<Row<'_>>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut rule = |code, field, breaks: bool| {
        if breaks {
            broken.push(Broken { code, field });
        }
    };
    let cell = |column| campaign.and_then(|row| row.get(column));
    let mobile = matches!(&*e.device, "phone" | "tablet");

    rule("R01", "id", e.id.is_empty());
    rule("R02", "id", e.id.len() > 64);
    rule("R03", "id", !e.id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')));
    rule("R04", "type", !TYPES.contains(&&*e.kind));
    rule("R05", "campaign", e.campaign.is_empty());
    rule("R06", "campaign", !is_campaign(&e.campaign));
    rule("R07", "campaign", campaign.is_none());
    rule("R08", "campaign", cell("active").is_some_and(|active| active != b"1"));
    rule("R09", "country", !is_upper(&e.country, 2));
    rule(
        "R10",
        "country",
        cell("countries").is_some_and(|countries| !contains(countries, e.country.as_bytes())),
    );
    rule("R11", "device", !DEVICES.contains(&&*e.device));
    rule("R12", "os", !SYSTEMS.contains(&&*e.os));
    rule("R13", "os", mobile && !matches!(&*e.os, "android" | "ios" | "other"));
    rule("R14", "ts", e.ts < 946_684_800);
    rule("R15", "ts", e.ts > 4_102_444_800);
    rule("R16", "price", e.price < 0.0);
    rule("R17", "price", e.price > 10_000.0);
    rule("R18", "price", e.kind == "purchase" && e.price <= 0.0);
    rule("R19", "currency", e.currency.len() != 3);
    rule("R20", "currency", !CURRENCIES.contains(&&*e.currency));
    rule("R21", "price", e.currency == "JPY" && e.price.fract() != 0.0);
    rule("R22", "width", !(1..=10_000).contains(&e.width));
    rule("R23", "height", !(1..=10_000).contains(&e.height));
    rule("R24", "width", e.width.saturating_mul(e.height) > 4_000_000);
    rule("R25", "referrer", !e.referrer.starts_with("https://") && !e.referrer.starts_with("http://"));
    rule("R26", "referrer", e.referrer.len() > 2048);
    rule("R27", "user.id", e.user.id.is_empty());
    rule("R28", "user.id", e.user.id.len() > 64);
    rule("R29", "user.age", !(0..=130).contains(&e.user.age));
    rule("R30", "user.consent", e.user.age < 13 && !e.user.consent);
    rule("R31", "user.consent", CONSENT.contains(&&*e.country) && !e.user.consent);
    rule("R32", "tags", e.tags.len() > 20);
    rule("R33", "tags", e.tags.iter().any(|tag| tag.len() > 32));
    rule("R34", "tags", e.tags.iter().enumerate().any(|(at, tag)| e.tags[..at].contains(tag)));
    rule("R35", "ip", e.ip.parse::<Ipv4Addr>().is_err());
    rule("R36", "ip", e.ip.starts_with("10."));
    rule("R37", "lang", !is_language(&e.lang));
    rule("R38", "session", !matches!(e.session.len(), 1..=128) || !e.session.bytes().all(is_hex));
    rule("R39", "version", !is_version(&e.version));
    rule("R40", "state", e.country == "US" && e.state.len() != 2);
    broken
}

fn is_campaign(text: &str) -> bool {
    let digits = text.strip_prefix('c');
    digits.is_some_and(|digits| matches!(digits.len(), 1..=9) && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_upper(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_language(text: &str) -> bool {
    let (language, country) = text.split_once('-').map_or((text, None), |(l, c)| (l, Some(c)));
    language.len() == 2
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && country.is_none_or(|country| is_upper(country, 2))
}

fn is_version(text: &str) -> bool {
    let parts = text.split('.');
    parts.clone().count() == 3
        && parts.into_iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}
