//! Another legacy that is to take a route's legacy's place.

use std::sync::Arc;

use super::legacy::Legacies;
use crate::config::raw::{self, At};
use crate::config::section::Section;
use crate::legacy::spec::Spec;
use crate::route::Stage;

/// The legacy that is named, where the route can be answered by it and by its own.
pub(super) fn candidate(
    raw: &raw::Route,
    legacy: Option<&Arc<Spec>>,
    legacies: &Legacies,
    section: &mut Section<'_>,
) -> Option<Arc<Spec>> {
    let given = raw.candidate.as_ref()?;
    let candidate = section.named("legacy", given, legacies).cloned().flatten()?;
    if legacy.is_some_and(|legacy| legacy.name == candidate.name) {
        let hint = "name another `[legacy.NAME]`".to_owned();
        section.fault_with_hint(given.span(), "its legacy cannot take its own place", hint);
    }
    let is_repeatable = raw.repeatable.as_ref().is_some_and(|given| *given.get());
    if !is_repeatable && candidate.dry_run.is_none() {
        let hint =
            "say `repeatable = true` where asking twice changes nothing, or give the candidate a `dry_run`";
        section.fault_with_hint(
            given.span(),
            "both legacies would do what a request asks for",
            hint.to_owned(),
        );
    }
    alone(raw, section);
    Some(candidate)
}

/// What a route with a candidate cannot have beside it; what takes a native side says so itself.
fn alone(raw: &raw::Route, section: &mut Section<'_>) {
    let mut not = |span: Option<std::ops::Range<usize>>, why: &str| {
        if let Some(span) = span {
            section.fault(span, why);
        }
    };
    let yes = |given: &Option<At<bool>>| given.as_ref().filter(|given| *given.get()).map(At::span);
    not(raw.native.as_ref().map(At::span), "either native takes legacy's place or a `candidate` does");
    not(yes(&raw.cache), "what is kept of legacy's answers says nothing of its candidate's");
    let retired = raw.stage.as_ref().filter(|stage| *stage.get() == Stage::Retired);
    not(
        retired.map(At::span),
        "write the candidate as the route's `legacy`: there is nobody else to retire to",
    );
    let policy = raw.shadow.as_ref();
    // Nobody sees what a candidate does, nor tells it what to choose.
    let looks = policy.filter(|policy| {
        let policy = policy.get();
        policy.effects.is_some() || !policy.observe.is_empty() || !policy.inject.is_empty()
    });
    not(
        looks.map(At::span),
        "`effects`, `observe` and `inject` are for a native side: of two legacies only answers are compared",
    );
}
