//! `[forwarded]`, `[limits]` and `[cache]`: what is believed of clients, what is borne of them, and what is kept for them.

use std::sync::Arc;

use handover_http1::{LeastRate, Leniency, Limits, MAX_FIELDS, ServerTimeouts, server};

use super::Read;
use crate::config::fault::Fault;
use crate::config::raw::At;
use crate::config::raw::front::{self, Unusual};
use crate::config::section::Section;
use crate::config::units;
use crate::config::valid::CacheLimits;
use crate::legacy::forwarded::Forwarding;

/// Validates `[forwarded]`.
pub(super) fn forwarded(main: &Read<'_>, faults: &mut Vec<Fault>) -> Forwarding {
    let none = front::Forwarded::default();
    let raw = main.raw.forwarded.as_ref();
    let mut section = Section::new(main.context, raw.map_or(0..0, At::span), faults);
    let raw = raw.map_or(&none, At::get);
    let trusted = raw.trusted.as_ref().map(|texts| section.networks(texts)).unwrap_or_default();
    Forwarding {
        trusted,
        standard: raw.standard.as_ref().is_some_and(|standard| *standard.get()),
        client_cert: raw.client_cert.as_ref().is_some_and(|told| *told.get()),
        request_id: raw
            .request_id
            .as_ref()
            .and_then(|name| field_name(name, "carry a request's id", &mut section)),
        trace: raw.trace.as_ref().map(|share| section.share(share)),
    }
}

/// A field of the application's own: not one that frames a message or that is made here anyway.
pub(super) fn field_name(name: &At<String>, what: &str, section: &mut Section<'_>) -> Option<String> {
    let is_free = http::HeaderName::from_bytes(name.get().as_bytes()).is_ok()
        && handover_http1::Name::of(name.get().as_bytes()) == handover_http1::Name::Other;
    if !is_free {
        let hint = "a field like \"X-Request-Id\"".to_owned();
        section.fault_with_hint(name.span(), format!("`{}` cannot {what}", name.get()), hint);
    }
    is_free.then(|| name.get().clone())
}

/// Validates `[limits]`.
pub(super) fn limits(main: &Read<'_>, faults: &mut Vec<Fault>) -> Arc<server::Config> {
    let none = front::Limits::default();
    let raw = main.raw.limits.as_ref();
    let mut section = Section::new(main.context, raw.map_or(0..0, At::span), faults);
    let raw = raw.map_or(&none, At::get);
    let (limits, timeouts) = (Limits::default(), ServerTimeouts::default());
    let fields = section.count(&raw.fields, limits.fields);
    if let Some(given) = raw.fields.as_ref().filter(|_| fields > MAX_FIELDS) {
        section.fault(given.span(), format!("a head has at most {MAX_FIELDS} fields"));
    }
    let limits = Limits {
        head: short(&raw.head, limits.head, &mut section),
        fields: fields.min(MAX_FIELDS),
        target: short(&raw.target, limits.target, &mut section),
        ..limits
    };
    let timeouts = ServerTimeouts {
        head: section.duration(&raw.head_timeout, timeouts.head),
        idle: section.duration(&raw.idle_timeout, timeouts.idle),
        body: LeastRate {
            bytes: section.size(&raw.body_least, timeouts.body.bytes),
            window: section.duration(&raw.body_window, timeouts.body.window),
        },
        write: section.duration(&raw.write_timeout, timeouts.write),
        ..timeouts
    };
    let reported: Vec<Unusual> = match &raw.report {
        Some(list) => list.get().iter().map(|unusual| *unusual.get()).collect(),
        None => vec![Unusual::Http10WithoutHost],
    };
    let leniency = Leniency {
        non_ascii_target: reported.contains(&Unusual::NonAsciiTarget),
        http10_without_host: reported.contains(&Unusual::Http10WithoutHost),
        slow_body: reported.contains(&Unusual::SlowBody),
    };
    Arc::new(server::Config { limits, leniency, timeouts, ..server::Config::default() })
}

/// Validates `[cache]`. `asked` says whether a route asks for one.
pub(super) fn cache(main: &Read<'_>, asked: bool, faults: &mut Vec<Fault>) -> Option<CacheLimits> {
    let raw = main.raw.cache.as_ref();
    let mut section = Section::new(main.context, raw.map_or(0..0, At::span), faults);
    if let (Some(given), false) = (raw, asked) {
        let hint = "write `cache = true` into the routes whose answers are to be kept".to_owned();
        section.fault_with_hint(given.span(), "no route asks for a cache", hint);
    }
    let (none, usual) = (front::Cache::default(), CacheLimits::default());
    let raw = raw.map_or(&none, At::get);
    let size = section.size(&raw.size, usual.size);
    let entry_max = section.size(&raw.entry_max, usual.entry_max.min(size / 8));
    if let Some(given) = raw.entry_max.as_ref().filter(|_| entry_max > size / 8) {
        section.fault(given.span(), "more than an eighth of what all of them may take");
    }
    asked.then_some(CacheLimits { size, entry_max })
}

/// A size that fits into 16 bits, as the engine's indices do.
fn short(text: &Option<At<String>>, default: u16, section: &mut Section<'_>) -> u16 {
    let parse = |text: &str| {
        let size = units::size(text)?;
        u16::try_from(size).map_err(|_| format!("`{text}` is more than {} bytes", u16::MAX))
    };
    let hint = "write it like \"32KiB\"";
    text.as_ref().and_then(|text| section.parse(text, parse, hint)).unwrap_or(default)
}
