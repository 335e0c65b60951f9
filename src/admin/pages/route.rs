//! One route: its stage and why, what its gate asks for, where it was before.

use axum::extract::{Path, State};
use handover_shadow::{Assessment, ByState, Estimate, Need, NeedState, Parity};
use maud::{Markup, html};

use super::differences::minute;
use super::forms::name_field;
use super::shell::{Page, counted, prose};
use super::{Failure, Pages};
use crate::admin::people::{Person, Role};
use crate::admin::rules;
use crate::gate::ledger::Entry;
use crate::legacy::spec::Kind;
use crate::route::overrides::Overridden;
use crate::route::{Route, Stage};

/// The page.
pub(super) async fn page(
    State(pages): State<Pages>,
    person: Person,
    Path(name): Path<String>,
) -> Result<Markup, Failure> {
    let route = pages.route(&name)?;
    let wanted = name.clone();
    let parity = pages.read(move |reader| reader.figures(&wanted)).await?.flatten();
    let asked = route.clone();
    let (gate, entries) = pages
        .aside(move |control| (control.gate().assess(&asked.spec), control.gate().ledger().read()))
        .await?;
    let (entries, broken) = match entries? {
        Ok(entries) => (entries, None),
        Err((entries, broken)) => (entries, Some(broken.to_string())),
    };
    let own: Vec<&Entry> = entries.iter().filter(|entry| entry.moved.route == name).collect();
    Ok(Page::new(&pages, &person, "", &name).show(html! {
        p { a href="/" { "← Progress" } }
        h1 { (name) }
        (facts(&route))
        (moves(&person, &route))
        div #evidence data-live {
            @match &parity {
                Some(parity) => (evidence(parity)),
                None => p.empty { "There is no evidence yet: in shadow, every request that is compared is some." },
            }
            (needs(&gate, route.spec.gate.is_some()))
            @if matches!(route.spec.legacy.kind, Kind::FastCgi(_)) {
                p { a href=(format!("/routes/{name}/coverage")) { "Lines of PHP that no compared request has reached" } }
            }
            (untouched(&rules::untouched(&pages.control.process, &name)))
        }
        (ledger(&own, broken.as_deref()))
    }))
}

fn facts(route: &Route) -> Markup {
    let spec = &route.spec;
    html! {
        dl.facts {
            dt { "Matches" } dd { code { (spec.pattern) } }
            dt { "Stage" } dd { span.stage.(route.stage.to_string()) { (route.stage) }
                @if route.stage != spec.stage { " (the file says " (spec.stage) ")" }
                @if let Some(why) = &route.overridden { small.warn { (prose(&why.to_string())) } }
            }
            @if spec.canary.share.get() > 0.0 {
                dt { "Canary" } dd { (format!("{} %", 100.0 * spec.canary.share.get())) " of the clients" }
            }
            @if spec.verify.get() > 0.0 {
                dt { "Verified" } dd { (format!("{} %", 100.0 * spec.verify.get())) " go on being compared once native" }
            }
            dt { "Owner" } dd { (spec.owner.as_deref().unwrap_or("nobody is named")) }
            @if let Some(candidate) = &spec.candidate {
                dt { "Candidate" } dd { code { (candidate.name) } ", a legacy that is to take the place of " code { (spec.legacy.name) } }
            }
            dt { "Repeatable" } dd { (if spec.repeatable { "yes" } else { "no: legacy is never asked twice" }) }
        }
    }
}

/// What can be done with it, each to be confirmed on a page of its own; back to less is done at once.
fn moves(person: &Person, route: &Route) -> Markup {
    let (name, spec) = (route.name(), &route.spec);
    let (up, down, back) = (spec.after(spec.stage), spec.before(spec.stage), route.one_back());
    let to = |stage: Stage| format!("/routes/{name}/move?to={stage}");
    html! {
        div.moves {
            @if up != spec.stage { a.button href=(to(up)) { "Promote to " (up) } }
            @if down != spec.stage { a.button href=(to(down)) { "Demote to " (down) } }
        }
        @if person.may(Role::Operator) {
            @if matches!(route.overridden, Some(Overridden::Stage(_) | Overridden::NoNative(_))) {
                form.inline method="post" action="/review/override" {
                    (person.token.field())
                    input type="hidden" name="route" value=(name);
                    (name_field(person))
                    button { "End the override: back to " (spec.stage) ", as its gate lets it" }
                }
            } @else if spec.stage > Stage::Legacy {
                details.emergency {
                    summary { "Back to " (back) " at once, whatever the file says" }
                    form method="post" action="/review/override" {
                        (person.token.field())
                        input type="hidden" name="route" value=(name);
                        input type="hidden" name="to" value=(back);
                        (name_field(person))
                        label.wide { "Why" input name="why" required; }
                        button.alarm { "Yes: back to " (back) }
                    }
                }
            }
        }
    }
}

/// Rules that nothing was compared of.
fn untouched(rules: &[String]) -> Markup {
    html! {
        @if !rules.is_empty() {
            h2 { "Rules that no request has needed" }
            p { "Since the pipeline was loaded, nothing was compared of these: " @for rule in rules { code { (rule) } " " } }
        }
    }
}

fn evidence(parity: &Parity<ByState>) -> Markup {
    let sum = |by: &std::collections::BTreeMap<String, u64>| by.values().sum::<u64>();
    let figures = [
        ("matched", parity.matched),
        ("ignored", parity.ignored),
        ("noise", parity.noise),
        ("mismatched", parity.mismatched),
        ("declined", sum(&parity.declined)),
        ("not comparable", sum(&parity.not_comparable)),
        ("pending", parity.pending),
        ("dropped", sum(&parity.dropped)),
        ("unattributed records", sum(&parity.unattributed)),
    ];
    html! {
        h2 { "Evidence" }
        dl.figures { @for (name, count) in figures { div { dt { (name) } dd { (count) } } } }
        @if !parity.dropped.is_empty() {
            p.warn { "Not compared: " @for (why, count) in &parity.dropped { (count) " (" (why) ") " } }
        }
        p { a href=(format!("/differences?route={}", parity.evidence.route)) { (counted(parity.clusters.total(), "difference")) }
            " · legacy " code { (parity.evidence.legacy) } " · " (parity.evidence.tried()) " " code { (parity.evidence.on_trial) } }
    }
}

pub(super) fn needs(gate: &Assessment, has_gate: bool) -> Markup {
    html! {
        h2 { "Gate: " @if gate.open { span.good { "open" } } @else { span.bad { "shut" } }
            @if !has_gate { small { "the route has none; this is what profile `standard` would say" } } }
        p { (counted(gate.samples, "sample")) ", " (gate.counted) " of them counted, " (gate.mismatches) " mismatching: the rate is shown to be below " (format!("{:.3} %", 100.0 * gate.bound)) ". " (prose(&estimate(&gate.estimate))) }
        ul.needs { @for need in &gate.needs { (line(need)) } }
    }
}

pub(super) fn line(need: &Need) -> Markup {
    let (class, word) = match need.state {
        NeedState::Met => ("good", "met"),
        NeedState::Missing => ("bad", "missing"),
        NeedState::Unmeasurable => ("bad", "unmeasurable"),
        NeedState::Waived => ("faint", "waived"),
    };
    html! {
        li { span.(class) { (word) } " " strong { (need.what) } ": " (prose(&need.found))
            @if let Some(how) = &need.how { small { (prose(how)) } } }
    }
}

fn estimate(estimate: &Estimate) -> String {
    match estimate {
        Estimate::Open => String::new(),
        Estimate::In(seconds) if *seconds < 7200 => {
            format!("It would open in about {} minutes.", seconds.div_ceil(60))
        }
        Estimate::In(seconds) => format!("It would open in about {} hours.", seconds.div_ceil(3600)),
        Estimate::Unknown(why) => format!("When it would open can't be said: {why}."),
    }
}

fn ledger(own: &[&Entry], broken: Option<&str>) -> Markup {
    html! {
        h2 { "Ledger" }
        @if let Some(why) = broken { p.warn role="alert" { (why) } }
        @if own.is_empty() { p.empty { "It was never moved." } }
        ol.history { @for entry in own.iter().rev() {
            li value=(entry.n) { time { (minute(&entry.at.to_string())) } " "
                @if let Some(from) = entry.moved.from { (from) " → " } strong { (entry.moved.to) }
                " by " (entry.moved.who) ": " (entry.moved.why)
                @if let Some(gate) = &entry.moved.evidence { small { "on " (gate.samples) " samples" } } }
        } }
    }
}
