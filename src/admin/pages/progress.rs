//! How far the takeover is: each route's stage, who answers it, how far both sides agree, what its gate says.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use handover_shadow::{Assessment, ByState, NeedState, Parity};
use maud::{Markup, html};

use super::chart;
use super::forms::name_field;
use super::shell::{Page, prose};
use super::{Failure, Pages};
use crate::admin::people::{Person, Role};
use crate::observe::AnsweredBy;
use crate::observe::cells::{NO_ROUTE, Sums};
use crate::observe::history::{Load, Share, borne};
use crate::route::Route;

/// What is shown of a route.
struct Line<'a> {
    route: &'a Route,
    sums: Sums,
    parity: Option<&'a Parity<ByState>>,
    gate: Option<&'a Assessment>,
}

/// The page.
pub(super) async fn page(State(pages): State<Pages>, person: Person) -> Result<Markup, Failure> {
    let generation = pages.control.process.generations.load();
    let gates = pages.aside(|control| {
        let generation = control.process.generations.load();
        let gated = generation.config.routes.iter().filter(|route| route.gate.is_some());
        let said = control.gate().assess_all(gated.map(|route| &**route));
        said.into_iter().map(|said| (said.assessment.route.clone(), said)).collect::<BTreeMap<_, _>>()
    });
    let gates = gates.await?;
    // What a gate looked at need not be read again.
    let looked_at = gates.iter().filter(|(_, said)| said.parity.is_some());
    let looked_at: BTreeSet<String> = looked_at.map(|(name, _)| name.clone()).collect();
    let others = pages.read(move |reader| {
        let routes = reader.routes()?.into_iter().filter(|route| !looked_at.contains(route));
        let of = |route: String| Ok(reader.figures(&route)?.map(|parity| (route, parity)));
        routes.filter_map(|route| of(route).transpose()).collect::<Result<BTreeMap<_, _>, _>>()
    });
    let others = others.await?.unwrap_or_default();
    let mut sums: BTreeMap<_, _> = pages.control.process.metrics.sums().into_iter().collect();
    let lines: Vec<Line<'_>> = generation
        .routes()
        .iter()
        .map(|route| Line {
            route,
            sums: sums.remove(route.name()).unwrap_or_default(),
            parity: gates
                .get(route.name())
                .and_then(|said| said.parity.as_ref())
                .or_else(|| others.get(route.name())),
            gate: gates.get(route.name()).map(|said| &said.assessment),
        })
        .collect();
    let unrouted = sums.remove(NO_ROUTE).unwrap_or_default();
    let is_emergency = generation.overrides.legacy_only.is_some();
    let hours = pages.control.history.hours(&pages.control.process.metrics);
    let load = pages.control.history.load(&pages.control.process.metrics);
    Ok(Page::new(&pages, &person, "/", "Progress").show(html! {
        h1 { "Progress" }
        (share(&lines, &unrouted, &hours))
        (table(&lines, &unrouted))
        @if person.may(Role::Operator) { (everything_back(&person, is_emergency, load)) }
    }))
}

/// Which part of all requests native has answered.
fn share(lines: &[Line<'_>], unrouted: &Sums, hours: &BTreeMap<i64, Share>) -> Markup {
    let all = || lines.iter().map(|line| &line.sums).chain([unrouted]);
    let native: u64 = all().map(|sums| sums.answered_by(AnsweredBy::Native)).sum();
    let total: u64 = all().map(total).sum();
    let percent = if total == 0 { 0.0 } else { 100.0 * native as f64 / total as f64 };
    html! {
        section.share #share data-live {
            p { strong { (format!("{percent:.1} %")) } " of " (total) " requests since the start were answered natively." }
            meter min="0" max="100" value=(format!("{percent:.3}")) aria-label="share answered natively" {}
            (chart::draw(hours))
        }
    }
}

fn table(lines: &[Line<'_>], unrouted: &Sums) -> Markup {
    html! {
        div.scroll #routes data-live tabindex="0" role="region" aria-label="Routes" {
            table {
                thead { tr {
                    th { "Route" } th { "Stage" } th.n { "Requests" } th.n { "Native" } th.n { "Fell back" }
                    th.n { "Parity" } th.n { "Differences" } th { "Gate" } th.n { "p99 legacy" } th.n { "p99 native" }
                } }
                tbody {
                    @for line in lines { (row(line)) }
                    tr.faint {
                        td { "no route names" } td { "legacy" } td.n { (total(unrouted)) } td.n { "0" } td.n { "0" }
                        td.n {} td.n {} td {} td.n { (p99(unrouted, AnsweredBy::Legacy)) } td.n {}
                    }
                }
            }
        }
    }
}

fn row(line: &Line<'_>) -> Markup {
    let Line { route, sums, parity, gate } = line;
    let name = route.name();
    let fell_back = sums.answered_by(AnsweredBy::Fallback) + sums.answered_by(AnsweredBy::Declined);
    let unreviewed = parity.map_or(0, |parity| parity.clusters.unreviewed);
    html! {
        tr data-href=(format!("/routes/{name}")) {
            td {
                a href=(format!("/routes/{name}")) { (name) }
                small { (route.spec.pattern) @if let Some(owner) = &route.spec.owner { " · " (owner) } }
            }
            td {
                span.stage.(route.stage.to_string()) { (route.stage) }
                @if let Some(why) = &route.overridden { small.warn { (prose(&why.to_string())) } }
            }
            td.n { (total(sums)) }
            td.n { (sums.answered_by(AnsweredBy::Native)) }
            td.n.warn[fell_back > 0] { (fell_back) }
            td.n { (parity.and_then(|parity| parity.share()).map_or_else(|| "–".to_owned(), |s| format!("{:.3} %", 100.0 * s))) }
            td.n.warn[unreviewed > 0] {
                @if let Some(parity) = parity {
                    a href=(format!("/differences?route={name}")) { (parity.clusters.total()) }
                    @if unreviewed > 0 { small { (unreviewed) " unreviewed" } }
                }
            }
            td { (gate_in_short(*gate)) }
            td.n { (p99(sums, AnsweredBy::Legacy)) }
            td.n { (p99(sums, AnsweredBy::Native)) }
        }
    }
}

fn gate_in_short(gate: Option<&Assessment>) -> Markup {
    let Some(gate) = gate else { return html! { span.faint { "none" } } };
    let missing = gate.needs.iter().filter(|need| need.state.shuts()).count();
    let unmeasurable = gate.needs.iter().any(|need| need.state == NeedState::Unmeasurable);
    html! {
        @if gate.open { span.good { "open" } } @else {
            span.bad { "shut" }
            small { (missing) " of " (gate.needs.len()) " missing" @if unmeasurable { ", some unmeasurable" } }
        }
    }
}

fn everything_back(person: &Person, is_emergency: bool, load: Load) -> Markup {
    let (on, label) = if is_emergency {
        ("false", "End it: routes go back to their stages")
    } else {
        ("true", "Everything back to PHP")
    };
    html! {
        details.emergency {
            summary { (label) }
            form method="post" action="/review/legacy-only" {
                (person.token.field())
                input type="hidden" name="on" value=(on);
                (name_field(person))
                label { "Why" input name="why" required; }
                @if !is_emergency {
                    label { "Within" select name="ramp_seconds" {
                        @for (seconds, text) in RAMPS { option value=(seconds) { (text) } }
                    } }
                    p.faint { (borne(load)) }
                }
                button.alarm { "Yes: " (label) }
            }
        }
    }
}

/// Within how many seconds everything can go back, from the page.
const RAMPS: [(&str, &str); 4] =
    [("", "at once"), ("300", "5 minutes"), ("900", "15 minutes"), ("3600", "an hour")];

fn total(sums: &Sums) -> u64 {
    AnsweredBy::ALL.iter().map(|by| sums.answered_by(*by)).sum()
}

/// In words, to the bucket's upper bound.
pub(super) fn p99(sums: &Sums, by: AnsweredBy) -> String {
    match sums.quantile(by, 0.99) {
        Some(micros) if micros < 10_000 => format!("≤ {:.1} ms", micros as f64 / 1000.0),
        Some(micros) => format!("≤ {} ms", micros / 1000),
        None => String::new(),
    }
}
