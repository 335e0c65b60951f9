//! `idempotency` of a route.

use std::time::Duration;

use crate::config::raw::{self, At};
use crate::config::section::Section;
use crate::config::valid::Idempotency;

/// Validates it.
pub(super) fn idempotency(raw: &raw::Route, section: &mut Section<'_>) -> Option<Idempotency> {
    let given = raw.idempotency.as_ref()?;
    if raw.native.is_none() {
        let hint = "legacy answers as it always did".to_owned();
        section.fault_with_hint(given.span(), "idempotency without a native side", hint);
    }
    let mut section = section.inner(given.span());
    let given = given.get();
    let window = section.required(&given.window, "window", "for how long: \"10m\"").is_some();
    let window = window.then(|| section.duration(&given.window, Duration::from_secs(600)));
    let header =
        given.key.as_ref().and_then(|key| section.parse(key, header, "write it like \"header:event-id\""));
    let size_max = section.size(&given.size_max, 64 << 20);
    Some(Idempotency {
        header,
        window: window?,
        keys_max: section.count(&given.keys_max, 100_000),
        size_max: usize::try_from(size_max).unwrap_or(usize::MAX),
        redis: given.redis.as_ref().and_then(|address| redis(address, &mut section)),
    })
}

fn header(text: &str) -> Result<String, String> {
    let name =
        text.strip_prefix("header:").filter(|name| http::HeaderName::from_bytes(name.as_bytes()).is_ok());
    name.map(str::to_ascii_lowercase).ok_or_else(|| format!("`{text}` names no header field"))
}

fn redis(address: &At<String>, section: &mut Section<'_>) -> Option<String> {
    let hint = "write it like \"redis://host:6379/0\", and a password as \"${NAME}\" from the environment";
    section.parse(address, |text| redis::Client::open(text).map(|_| text.to_owned()), hint)
}
