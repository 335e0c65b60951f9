//! One cluster: what differs, the pairs that show it side by side, what was decided of it.

use std::collections::HashSet;

use axum::extract::{Path, State};
use handover_shadow::{
    ClusterSummary, Decision, StoredDifference, StoredEffects, StoredFound, StoredOutcome, StoredPair,
    StoredSide,
};
use maud::{Markup, html};

use super::differences::{decision_fields, minute, state};
use super::document::{beside, body};
use super::forms::Token;
use super::shell::Page;
use super::{Failure, Pages};
use crate::admin::evidence;

/// So many pairs are shown of one cluster, the smallest first.
const PAIRS_MAX: usize = 3;

/// The page.
pub(super) async fn page(State(pages): State<Pages>, Path(id): Path<i64>) -> Result<Markup, Failure> {
    let found = pages.read(move |reader| {
        match evidence::clusters(reader)?.into_iter().find(|cluster| cluster.id == id) {
            Some(cluster) => Ok(Some((cluster, reader.decisions(id)?, reader.pairs(id)?))),
            None => Ok(None),
        }
    });
    let Some((cluster, decisions, pairs)) = found.await?.flatten() else {
        return Err(Failure::Absent(format!("the evidence that there is now has no difference {id}")));
    };
    Ok(Page::new(&pages, "/differences", &cluster.key.path).show(html! {
        p { a href="/differences" data-back { "← Differences" } }
        h1 { code { (cluster.key.path) } }
        (summary(&cluster))
        (decide(pages.token, &cluster))
        (history(pages.token, &cluster, &decisions))
        @if pairs.is_empty() {
            p.empty { "No pair is kept of it: it was seen, and counted." }
        }
        @for (index, pair) in pairs.iter().take(PAIRS_MAX).enumerate() { (show(pair, index, pairs.len())) }
    }))
}

fn summary(cluster: &ClusterSummary) -> Markup {
    html! {
        dl.facts {
            dt { "What" } dd { (cluster.key.kind.name()) ", " code { (cluster.key.shape) } }
            dt { "Route" } dd { a href=(format!("/routes/{}", cluster.key.route)) { (cluster.key.route) } }
            dt { "Seen" } dd { (cluster.count) " times, from " (minute(&cluster.first)) " to " (minute(&cluster.last)) }
            dt { "State" } dd { (state(cluster)) }
        }
    }
}

fn decide(token: Token, cluster: &ClusterSummary) -> Markup {
    html! {
        form.decide method="post" action="/review/decide" {
            (token.field())
            input type="hidden" name="clusters" value=(cluster.id);
            (decision_fields())
        }
    }
}

fn history(token: Token, cluster: &ClusterSummary, decisions: &[Decision]) -> Markup {
    let can_undo = decisions.iter().any(|decision| decision.undone.is_none());
    html! {
        @if !decisions.is_empty() {
            h2 { "Decisions" }
            ol.history {
                @for Decision { verb, who, why, when, undone, .. } in decisions {
                    li.undone[undone.is_some()] {
                        time datetime=(when) { (minute(when)) } " " strong { (verb.name()) } " by " (who) ": " (why)
                        @if let Some((by, at)) = undone { small { "taken back by " (by) ", " (minute(at)) } }
                    }
                }
            }
        }
        @if can_undo {
            form.inline method="post" action="/review/undo" {
                (token.field())
                input type="hidden" name="cluster" value=(cluster.id);
                label { "Your name" input name="who" required autocomplete="username" data-who; }
                button data-key="u" { "Undo the latest " kbd { "u" } }
            }
        }
    }
}

fn show(pair: &StoredPair, index: usize, of: usize) -> Markup {
    html! {
        section.pair {
            h2 { "Pair " (index + 1) " of " (of) small { (minute(&pair.at)) " · " (pair.id) } }
            (differences(&pair.differences))
            @if pair.cut { p { "There were more differences than are kept." } }
            (request(pair))
            div.sides {
                (side("Control", &pair.control, &marks(pair)))
                (side("Candidate", &pair.candidate, &marks(pair)))
            }
        }
    }
}

fn differences(all: &[StoredDifference]) -> Markup {
    let text = |found: &Option<StoredFound>| found.as_ref().map_or(String::new(), |found| found.text.clone());
    let shown = |found: &Option<StoredFound>, other: &str| match found {
        None => html! { em { "nothing" } },
        Some(found) => html! { code { (beside(&found.text, other)) } small { (found.form.name()) } },
    };
    html! {
        div.scroll { table.differences {
            thead { tr { th { "Where" } th { "What" } th { "Control" } th { "Candidate" } } }
            tbody { @for difference in all {
                tr.faint[difference.set_aside_by.is_some()] {
                    td { code { (difference.path) } }
                    td { (difference.kind.name()) @if let Some(rule) = &difference.set_aside_by { small { "set aside by " (rule) } } }
                    td { (shown(&difference.control, &text(&difference.candidate))) }
                    td { (shown(&difference.candidate, &text(&difference.control))) }
                }
            } }
        } }
    }
}

fn request(pair: &StoredPair) -> Markup {
    let request = &pair.request;
    html! {
        details open {
            summary { code { (request.method) " " (request.target) } }
            (fields(&request.fields))
            @if !request.body.is_empty() { (body(&request.body, &HashSet::new())) }
            p { button.quiet type="button" data-copy=(curl(pair)) { "Copy as curl" } }
        }
    }
}

fn side(role: &str, side: &StoredSide, marks: &HashSet<&str>) -> Markup {
    html! {
        section.side aria-label=(role) {
            h3 { (role) ": " (side.who) small { (format!("{:.1} ms", side.latency_us as f64 / 1000.0)) } }
            @match &side.outcome {
                StoredOutcome::Answered { status, fields: sent, body: text } => {
                    p { strong { (status) } }
                    (fields(sent))
                    (body(text, marks))
                }
                StoredOutcome::Declined(why) => { p { "declined: " (why) } }
                StoredOutcome::Failed(why) => { p.warn { "failed: " (why) } }
                StoredOutcome::TimedOut => { p.warn { "gave no answer in time" } }
            }
            (effects(&side.effects))
        }
    }
}

fn effects(effects: &StoredEffects) -> Markup {
    let said = |what: &str| html! { p.faint { "Effects: " (what) } };
    match effects {
        StoredEffects::Unobserved => said("nobody looked"),
        StoredEffects::Pending => said("still awaited"),
        StoredEffects::NotComparable(why) => said(why),
        StoredEffects::Known(records) if records.is_empty() => said("none"),
        StoredEffects::Known(records) => html! {
            @for record in records {
                h4 { "Record to " code { (record.topic) }
                    @if let Some(partition) = record.partition { ", partition " (partition) }
                    @if let Some(key) = &record.key { ", key " code { (key) } }
                }
                (fields(&record.headers))
                @if let Some(value) = &record.value { (body(value, &HashSet::new())) }
            }
        },
    }
}

fn fields(fields: &[(String, String)]) -> Markup {
    html! {
        @if !fields.is_empty() {
            dl.fields { @for (name, value) in fields { dt { (name) } dd { (value) } } }
        }
    }
}

/// The places within the bodies that differ.
fn marks(pair: &StoredPair) -> HashSet<&str> {
    let counts = pair.differences.iter().filter(|difference| difference.set_aside_by.is_none());
    counts
        .filter_map(|difference| {
            difference.path.strip_prefix("body:").or((difference.path == "body").then_some(""))
        })
        .collect()
}

/// The request as a command for a shell. What was redacted stays a placeholder.
fn curl(pair: &StoredPair) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let request = &pair.request;
    let mut command = format!(
        "curl -i -X {} {}",
        request.method,
        quoted(&format!("http://127.0.0.1:8080{}", request.target))
    );
    for (name, value) in &request.fields {
        if !["host", "content-length", "connection"].contains(&name.to_ascii_lowercase().as_str()) {
            command.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}"))));
        }
    }
    if !request.body.is_empty() {
        command.push_str(&format!(" --data-binary {}", quoted(&request.body)));
    }
    command
}
