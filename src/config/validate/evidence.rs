//! What a route is compared by, and what its evidence is asked for: `shadow`, `gate`, `force`, `sources` and `rollback`.

use std::time::Duration;

use handover_shadow::{Gate, Policy, PolicyRaw};

use super::route::Known;
use crate::config::document::did_you_mean;
use crate::config::raw::{self, At};
use crate::config::section::Section;
use crate::rollback::Limits;

/// The policy is the judge's own to validate; its faults are found again in the file.
pub(super) fn policy(raw: &raw::Route, known: &Known<'_>, section: &mut Section<'_>) -> Policy {
    let Some(given) = &raw.shadow else { return Policy::default() };
    noise(raw, given, section);
    let observers = &known.against.names.observers;
    for (at, kind) in given.get().observe.iter().enumerate().filter(|(_, kind)| !observers.contains(kind)) {
        let span = section.context.document.locate(given.span().start, &format!("observe[{at}]"));
        let message =
            format!("nobody is registered in this binary who sees legacy's effects of the kind `{kind}`");
        let hint = did_you_mean(kind, observers.iter().map(String::as_str)).map_or_else(
            || {
                format!(
                    "register one by `Proxy::builder().observes(\"{kind}\", …)`, or run the binary that does"
                )
            },
            |near| format!("did you mean `{near}`?"),
        );
        section.fault_with_hint(span.unwrap_or_else(|| given.span()), message, hint);
    }
    given.get().clone().validate().unwrap_or_else(|faults| {
        for fault in faults {
            let span = section.context.document.locate(given.span().start, &fault.field);
            section.fault(span.unwrap_or_else(|| given.span()), fault.to_string());
        }
        Policy::default()
    })
}

/// Noise is learned by asking legacy once more what the client asked: a dry run may well be answered otherwise.
fn noise(raw: &raw::Route, given: &At<PolicyRaw>, section: &mut Section<'_>) {
    if given.get().noise.unwrap_or(0.0) <= 0.0 {
        return;
    }
    let span = section.context.document.locate(given.span().start, "noise").unwrap_or_else(|| given.span());
    let yes = |given: &Option<At<bool>>| given.as_ref().is_some_and(|given| *given.get());
    if !yes(&raw.repeatable) {
        let hint = "say `repeatable = true` where asking twice changes nothing";
        section.fault_with_hint(span.clone(), "noise is learned by asking legacy once more", hint.to_owned());
    }
    if yes(&raw.session) {
        section.fault(span, "legacy cannot be asked once more where it may change a session");
    }
}

/// The gate is the judge's own to validate, too.
pub(super) fn gate(raw: &raw::Route, section: &mut Section<'_>) -> Option<Gate> {
    let given = raw.gate.as_ref()?;
    match given.get().clone().validate() {
        Ok(gate) => Some(gate),
        Err(faults) => {
            for fault in faults {
                let span = section.context.document.locate(given.span().start, &fault.field);
                section.fault(span.unwrap_or_else(|| given.span()), fault.to_string());
            }
            None
        }
    }
}

pub(super) fn force(raw: &raw::Route, section: &mut Section<'_>) -> Option<String> {
    let given = raw.force.as_ref()?;
    if given.get().trim().is_empty() {
        section.fault_with_hint(
            given.span(),
            "a force says why",
            "the ledger keeps it: `force = \"…\"`".to_owned(),
        );
    } else if raw.gate.is_none() {
        let hint = "without a gate the stage simply applies".to_owned();
        section.fault_with_hint(given.span(), "there is no gate to force", hint);
    }
    Some(given.get().clone())
}

pub(super) fn sources(raw: &raw::Route, section: &mut Section<'_>) -> Vec<String> {
    let Some(given) = &raw.sources else { return Vec::new() };
    for text in given.get() {
        if let Err(why) = glob::Pattern::new(text.get()) {
            section.fault(text.span(), format!("`{}` is no pattern: {why}", text.get()));
        }
    }
    given.get().iter().map(|text| text.get().clone()).collect()
}

pub(super) fn rollback(raw: &raw::Route, section: &mut Section<'_>) -> Option<Limits> {
    let given = raw.rollback.as_ref()?;
    let (at, given) = (given.span(), given.get());
    let mut section = section.inner(at.clone());
    let mut share = |given: &Option<At<f64>>| given.as_ref().map(|share| section.share(share).get());
    let (errors, mismatches, declines) =
        (share(&given.errors), share(&given.mismatches), share(&given.declines));
    if let Some(latency) = given.latency.as_ref().filter(|latency| *latency.get() <= 1.0) {
        let hint = "2.0 is twice as long as legacy".to_owned();
        section.fault_with_hint(latency.span(), "native would have to be faster than legacy", hint);
    }
    if [errors, mismatches, declines].iter().all(Option::is_none) && given.latency.is_none() {
        let hint = "give one of `errors`, `latency`, `mismatches`, `declines`".to_owned();
        section.fault_with_hint(at, "nothing here takes the route back", hint);
    }
    if let Some(url) = given.webhook.as_ref().filter(|url| !url.get().starts_with("http")) {
        section.fault(url.span(), format!("`{}` is no URL: write http://… or https://…", url.get()));
    }
    Some(Limits {
        errors,
        latency: given.latency.as_ref().map(|latency| *latency.get()),
        mismatches,
        declines,
        over: section.duration(&given.over, Duration::from_secs(60)),
        least: section.count(&given.least, 20) as u64,
        webhook: given.webhook.as_ref().map(|url| url.get().clone()),
    })
}
