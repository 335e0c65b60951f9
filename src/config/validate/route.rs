//! `[[route]]`: what it matches, who answers it, and by which rules.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::candidate::candidate;
use super::evidence::{force, gate, policy, rollback, sources};
use super::idempotency::idempotency;
use super::kafka::Clusters;
use super::legacy::Legacies;
use super::native::native;
use super::{Against, NAME_HINT, Read, is_host};
use crate::config::fault::{Fault, Place};
use crate::config::raw::{self, At};
use crate::config::section::{Section, is_name};
use crate::config::source::Sources;
use crate::config::valid::{Ack, Kafka, RouteSpec, Table};
use crate::legacy::spec::Spec;
use crate::route::canary::{Canary, Share, Sticky};
use crate::route::matcher::Matcher;
use crate::route::pattern::{Method, Pattern};
use crate::route::{Stage, limits};

const SECOND: Duration = Duration::from_secs(1);

/// What routes refer to.
pub(super) struct Known<'a> {
    pub legacies: &'a Legacies,
    pub default: Option<&'a Arc<Spec>>,
    pub clusters: &'a Clusters,
    pub tables: &'a [(String, Option<Arc<Table>>)],
    pub sources: &'a Sources,
    pub against: &'a Against<'a>,
}

/// Validates all routes and compiles their patterns.
pub(super) fn all(
    files: &[Read<'_>],
    known: &Known<'_>,
    faults: &mut Vec<Fault>,
) -> (Vec<Arc<RouteSpec>>, Option<Matcher>) {
    let mut names: HashMap<&str, Place> = HashMap::new();
    let mut patterns: Vec<(Pattern, Place)> = Vec::new();
    let mut routes = Vec::new();
    for file in files {
        for raw in &file.raw.route {
            let mut section = Section::new(file.context, raw.span(), faults);
            let name = name(raw.get(), &mut names, &mut section);
            let pattern = pattern(raw.get(), &mut section);
            if let Some((pattern, place)) = &pattern {
                patterns.push((pattern.clone(), place.clone()));
            }
            routes.extend(
                route(raw.get(), name, pattern.map(|(pattern, _)| pattern), known, &mut section)
                    .map(Arc::new),
            );
        }
    }
    (routes, matcher(&patterns, faults))
}

fn matcher(patterns: &[(Pattern, Place)], faults: &mut Vec<Fault>) -> Option<Matcher> {
    let mut by_shape: HashMap<_, Vec<usize>> = HashMap::new();
    let mut unique = vec![true; patterns.len()];
    for (index, (pattern, place)) in patterns.iter().enumerate() {
        let alike = by_shape.entry((&pattern.host, &pattern.shape)).or_default();
        if let Some((_, other)) =
            alike.iter().map(|i| &patterns[*i]).find(|(other, _)| other.collides(pattern))
        {
            let twice = Fault::at(place.clone(), "another route matches the same requests");
            faults.push(
                twice
                    .related(other.clone(), "this one")
                    .hint("take one out, or let them differ in method, host or headers".to_owned()),
            );
            unique[index] = false;
        }
        alike.push(index);
    }
    let unique: Vec<_> =
        patterns.iter().zip(unique).filter_map(|(pattern, unique)| unique.then_some(pattern)).collect();
    Matcher::new(unique.iter().map(|(pattern, _)| pattern))
        .map_err(|conflicts| {
            for conflict in conflicts {
                let Some((pattern, place)) = unique.get(conflict.index) else { continue };
                let other = unique.iter().find(|(other, _)| other.shape == conflict.with);
                let with = other.map_or(&conflict.with, |(other, _)| &other.path);
                let message = format!("`{}` and `{with}` cannot be told apart", pattern.path);
                let hint = "within one segment, captures with different prefixes and suffixes cannot stand side by side";
                faults.push(Fault::at(place.clone(), message).hint(hint.to_owned()));
            }
        })
        .ok()
}

fn name<'r>(
    raw: &'r raw::Route,
    names: &mut HashMap<&'r str, Place>,
    section: &mut Section<'_>,
) -> Option<Arc<str>> {
    let name = section.required(&raw.name, "name", "what logs, metrics and commands call the route")?;
    let place = section.place(name.span());
    if !is_name(name.get()) {
        section.fault_with_hint(
            name.span(),
            format!("`{}` is no name for a route", name.get()),
            NAME_HINT.to_owned(),
        );
        return None;
    }
    if let Some(first) = names.get(name.get().as_str()) {
        section.push(
            Fault::at(place, format!("there are two routes `{}`", name.get()))
                .related(first.clone(), "the other one"),
        );
        return None;
    }
    names.insert(name.get(), place);
    Some(name.get().as_str().into())
}

fn pattern(raw: &raw::Route, section: &mut Section<'_>) -> Option<(Pattern, Place)> {
    let text = section.required(&raw.matches, "match", "method and path: \"POST /v1/events\"")?;
    let mut pattern = match Pattern::parse(text.get()) {
        Ok(pattern) => pattern,
        Err(why) => {
            section.fault_with_hint(text.span(), why.to_string(), why.hint());
            return None;
        }
    };
    if let Some(host) = &raw.host {
        pattern.host = Some(host.get().to_ascii_lowercase());
        let bare = host.get().trim_start_matches('[').trim_end_matches(']');
        if !is_host(host.get()) && bare.parse::<std::net::Ipv6Addr>().is_err() {
            let hint = "a name without port and wildcard, like \"api.example.com\"".to_owned();
            section.fault_with_hint(host.span(), format!("`{}` is no host", host.get()), hint);
        }
    }
    for (name, value) in &raw.headers {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() || value.get().contains(char::is_control) {
            section.fault(value.span(), format!("`{name}` is no header field"));
        }
        pattern.headers.push((name.to_ascii_lowercase(), value.get().trim().to_owned()));
    }
    pattern.headers.sort();
    Some((pattern, section.place(text.span())))
}

fn route(
    raw: &raw::Route,
    name: Option<Arc<str>>,
    pattern: Option<Pattern>,
    known: &Known<'_>,
    section: &mut Section<'_>,
) -> Option<RouteSpec> {
    let stage = raw.stage.as_ref().map_or(Stage::Legacy, |stage| *stage.get());
    let (native, pipeline) = native(raw, stage, known, section);
    let canary = canary(raw, stage, section);
    let legacy = match &raw.legacy {
        Some(name) => section.named("legacy", name, known.legacies).cloned().flatten(),
        None => known.default.cloned(),
    };
    let candidate = candidate(raw, legacy.as_ref(), known.legacies, section);
    let kafka = cluster(raw, known.clusters, section);
    let own_ack = raw.ack.as_ref().map(|given| given.get().mode());
    Some(RouteSpec {
        authors: raw.authors.clone(),
        owner: raw.owner.as_ref().map(|owner| owner.get().clone()),
        stage,
        native,
        pipeline,
        candidate,
        session: session(raw, legacy.as_deref(), section),
        cache: cache(raw, pattern.as_ref(), section),
        repeatable: raw.repeatable.as_ref().is_some_and(|given| *given.get()),
        canary,
        verify: raw.verify.as_ref().map_or_else(Share::default, |share| section.share(share)),
        shadow: Arc::new(policy(raw, known, section)),
        gate: gate(raw, section),
        force: force(raw, section),
        sources: sources(raw, section),
        rollback: rollback(raw, section),
        idempotency: idempotency(raw, section),
        body_max: section.size(&raw.body_max, 1 << 20),
        timeout: section.duration(&raw.timeout, Duration::from_secs(5)),
        ack: own_ack.or_else(|| kafka.as_ref().map(|kafka| kafka.ack)).unwrap_or(Ack::Delivered),
        kafka,
        limits: limits(raw, section),
        name: name?,
        pattern: pattern?,
        legacy: legacy?,
    })
}

/// A session takes a legacy that says how its sessions are had.
fn session(raw: &raw::Route, legacy: Option<&Spec>, section: &mut Section<'_>) -> bool {
    let Some(given) = raw.session.as_ref().filter(|given| *given.get()) else { return false };
    if let Some(legacy) = legacy.filter(|legacy| legacy.session.is_none()) {
        let message = format!("legacy `{}` does not say how its sessions are had", legacy.name);
        let hint = format!(
            "add, for example:\n[legacy.{}.session]\nsave_path = \"/var/lib/php/sessions\"",
            legacy.name
        );
        section.fault_with_hint(given.span(), message, hint);
    }
    if raw.native.is_none() {
        section.fault(given.span(), "only a native handler sees a session, and this route has none");
    }
    true
}

fn cache(raw: &raw::Route, pattern: Option<&Pattern>, section: &mut Section<'_>) -> bool {
    let Some(given) = raw.cache.as_ref().filter(|given| *given.get()) else { return false };
    if pattern.is_some_and(|pattern| pattern.methods.distance(Method::Get).is_none()) {
        section.fault(given.span(), "only answers to GET are kept, which this route does not match");
    }
    true
}

fn canary(raw: &raw::Route, stage: Stage, section: &mut Section<'_>) -> Canary {
    let none = Canary { share: Share::default(), sticky: Sticky::Ip };
    let Some(given) = &raw.canary else {
        if let (Stage::Canary, Some(stage)) = (stage, &raw.stage) {
            let hint = "say how many: `canary = { share = 0.05, sticky = \"cookie:PHPSESSID\" }`".to_owned();
            section.fault_with_hint(stage.span(), "stage canary needs a share", hint);
        }
        return none;
    };
    let mut section = section.inner(given.span());
    let share = section.required(&given.get().share, "share", "the share that native answers: 0.05 is 5 %");
    let sticky_hint = "what keeps a client on its side: \"cookie:NAME\", \"header:NAME\" or \"ip\"";
    let sticky = section.required(&given.get().sticky, "sticky", sticky_hint);
    Canary {
        share: share.map_or(none.share, |share| section.share(share)),
        sticky: sticky.and_then(|text| section.parse(text, sticky_by, sticky_hint)).unwrap_or(none.sticky),
    }
}

fn sticky_by(text: &str) -> Result<Sticky, String> {
    let is_token = |name: &str| http::HeaderName::from_bytes(name.as_bytes()).is_ok();
    match text.split_once(':') {
        None if text == "ip" => Ok(Sticky::Ip),
        Some(("cookie", name)) if is_token(name) => Ok(Sticky::Cookie(name.to_owned())),
        Some(("header", name)) if is_token(name) => Ok(Sticky::Header(name.to_ascii_lowercase())),
        Some(("json", _)) => Err("sticky by the body is not there yet".to_owned()),
        _ => Err(format!("`{text}` is nothing that stays the same for a client")),
    }
}

fn limits(raw: &raw::Route, section: &mut Section<'_>) -> limits::Spec {
    let Some(given) = &raw.limits else { return limits::Spec::default() };
    let (mut section, given) = (section.inner(given.span()), given.get());
    limits::Spec {
        concurrency: given.concurrency.is_some().then(|| section.count(&given.concurrency, 1)),
        body: given.body.is_some().then(|| section.size(&given.body, u64::MAX)),
        legacy_timeout: given
            .legacy_timeout
            .is_some()
            .then(|| section.duration(&given.legacy_timeout, SECOND)),
        rate: given.rate.as_ref().and_then(|rate| self::rate(rate, &mut section)),
    }
}

fn rate(raw: &At<raw::Rate>, section: &mut Section<'_>) -> Option<limits::Rate> {
    let (mut section, given) = (section.inner(raw.span()), raw.get());
    let burst = given.burst.as_ref().unwrap_or(&given.requests);
    let per = section.duration(&given.per, SECOND);
    match (NonZeroU32::new(*given.requests.get()), NonZeroU32::new(*burst.get())) {
        (Some(requests), Some(burst)) => Some(limits::Rate { requests, per, burst }),
        (requests, _) => {
            let at = if requests.is_none() { &given.requests } else { burst };
            section.fault(at.span(), "there must be at least one");
            None
        }
    }
}

/// The cluster that is named, or the only one.
fn cluster(raw: &raw::Route, clusters: &Clusters, section: &mut Section<'_>) -> Option<Arc<Kafka>> {
    match (&raw.kafka, &clusters[..]) {
        (Some(name), _) => section.named("Kafka cluster", name, clusters).cloned().flatten(),
        (None, [(_, only)]) => only.clone(),
        (None, _) => None,
    }
}
