//! How a client writes everything it sends.

use super::super::draft::Format;
use crate::clients::{Draft, Rng};

const FORM: &str = "application/x-www-form-urlencoded";

type Dialect = fn(&mut Draft);

const DIALECTS: &[Dialect] = &[
    |_| {},
    texts,
    nulls,
    gaps_left_out,
    form,
    nested_form,
    wrapped,
    no_type,
    wrong_type,
    pretty_modern,
    modern,
];

/// Lets one of the clients write the draft.
pub(super) fn apply(draft: &mut Draft, rng: &mut Rng) {
    rng.pick(DIALECTS)(draft);
}

/// Numbers as strings.
fn texts(draft: &mut Draft) {
    for (_, source) in &mut draft.fields {
        if !source.starts_with('"') {
            *source = format!("\"{source}\"");
        }
    }
}

/// `null` for what the feed calls `NA`.
fn nulls(draft: &mut Draft) {
    for (_, source) in &mut draft.fields {
        if source == "\"NA\"" {
            "null".clone_into(source);
        }
    }
}

fn gaps_left_out(draft: &mut Draft) {
    draft.fields.retain(|(name, source)| source != "\"NA\"" && name != "hour" && name != "minute");
}

fn form(draft: &mut Draft) {
    draft.format = Format::Form;
    draft.content_type = Some(FORM.to_owned());
}

fn nested_form(draft: &mut Draft) {
    draft.format = Format::Wrapped(true);
    draft.content_type = Some(format!("{FORM}; charset=UTF-8"));
}

fn wrapped(draft: &mut Draft) {
    draft.format = Format::Wrapped(false);
    draft.content_type = Some("text/json".to_owned());
}

fn no_type(draft: &mut Draft) {
    draft.content_type = None;
}

/// JSON under the type that curl sends by itself.
fn wrong_type(draft: &mut Draft) {
    draft.content_type = Some(FORM.to_owned());
}

/// The current client: everything it knows, and right.
fn modern(draft: &mut Draft) {
    draft.header("X-Client-Version", "3.1.0");
    draft.header("User-Agent", "FlightWire/3.1 (caf\u{e9})");
    let flown = draft.number("air_time").is_some();
    let late = draft.number("arr_delay").filter(|minutes| *minutes >= 15);
    let reasons =
        late.map(|minutes| format!("{{\"carrier\":{}.5,\"weather\":\"{}\",\"nas\":0}}", minutes - 10, 9.5));
    for (name, source) in [
        ("pax", if flown { "2" } else { "0" }),
        ("fuel_kg", "5400.255"),
        ("fare", "\"1,234.565\""),
        ("currency", "\"eur\""),
        ("codeshares", "[\"LH7601\",\"ac 3011\",\"LH7601\",\"SQ5\"]"),
        ("crew", "{\"captain\":\"MARY O'NEILL\",\"first officer\":\"josé de la cruz\"}"),
        ("source", "\"ACARS\""),
        ("contact", "\"ops+jfk@example.com\""),
        ("filed_at", "\"2012-12-30T10:00:00Z\""),
        ("gate", "\"b-12\""),
        ("remarks", "\"Caf\\u00e9 <b>closed</b> & 5 > 4 \\\"ok\\\"\""),
        ("delay_reasons", reasons.as_deref().unwrap_or("")),
    ] {
        draft.set(name, source);
    }
}

/// The same on several lines.
fn pretty_modern(draft: &mut Draft) {
    modern(draft);
    draft.format = Format::Pretty;
    draft.content_type = Some("Application/JSON; Charset=\"utf-8\"".to_owned());
}
