//! The clusters of differences: unreviewed first, the worst of them on top; several decided at once.

use axum::extract::{Query, State};
use handover_shadow::{ClusterSummary, State as Review};
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::Token;
use super::shell::Page;
use super::{Failure, Pages};
use crate::admin::evidence;

/// So many are shown; the filter leads to the others.
const SHOWN_MAX: usize = 200;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    route: String,
    state: String,
    kind: String,
}

impl Filter {
    fn lets_through(&self, cluster: &ClusterSummary) -> bool {
        let is = |wanted: &str, there: &str| wanted.is_empty() || wanted == there;
        is(&self.route, &cluster.key.route)
            && is(&self.state, cluster.state.name())
            && is(&self.kind, cluster.key.kind.name())
    }
}

/// The page.
pub(super) async fn page(
    State(pages): State<Pages>,
    Query(filter): Query<Filter>,
) -> Result<Markup, Failure> {
    let mut all = pages.read(evidence::clusters).await?.unwrap_or_default();
    // Each route's are in the order of severity and number already.
    all.sort_by(|a, b| (a.state, a.key.severity, b.count).cmp(&(b.state, b.key.severity, a.count)));
    let found: Vec<_> = all.iter().filter(|cluster| filter.lets_through(cluster)).collect();
    Ok(Page::new(&pages, "/differences", "Differences").show(html! {
        h1 { "Differences" }
        (filters(&filter, &all))
        @if all.is_empty() {
            p.empty { "Nothing differs. Where no route is in shadow, nothing is compared either: see the progress." }
        } @else if found.is_empty() {
            p.empty { "Nothing passes this filter. " a href="/differences" { "Show all " (all.len()) } }
        } @else {
            (list(&found))
            (decide_selected(pages.token))
        }
    }))
}

fn filters(filter: &Filter, all: &[ClusterSummary]) -> Markup {
    let distinct = |of: fn(&ClusterSummary) -> &str| {
        let mut names: Vec<&str> = all.iter().map(of).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let choices = [
        ("route", "Route", &filter.route, distinct(|cluster| &cluster.key.route)),
        (
            "state",
            "State",
            &filter.state,
            [Review::Unreviewed, Review::Bug, Review::Accepted, Review::Ignored].map(Review::name).to_vec(),
        ),
        ("kind", "Kind", &filter.kind, distinct(|cluster| cluster.key.kind.name())),
    ];
    html! {
        form.filters method="get" action="/differences" {
            @for (name, label, chosen, names) in choices {
                label { (label) " "
                    select name=(name) {
                        option value="" { "all" }
                        @for name in names { option value=(name) selected[name == chosen.as_str()] { (name) } }
                    }
                }
            }
            button { "Filter" }
        }
    }
}

fn list(found: &[&ClusterSummary]) -> Markup {
    html! {
        div.scroll {
            table #clusters {
                thead { tr {
                    th { span.hidden { "Selected" } } th { "State" } th { "Where" } th { "What" }
                    th { "Legacy → native" } th.n { "Seen" } th { "Last" } th { "Route" }
                } }
                tbody {
                    @for cluster in found.iter().take(SHOWN_MAX) { (row(cluster)) }
                }
            }
        }
        @if found.len() > SHOWN_MAX {
            p { (found.len() - SHOWN_MAX) " more: narrow the filter to see them." }
        }
    }
}

fn row(cluster: &ClusterSummary) -> Markup {
    let there = format!("/differences/{}", cluster.id);
    html! {
        tr data-href=(there) data-cluster=(cluster.id) {
            td { input type="checkbox" form="decide" data-select=(cluster.id) aria-label=(format!("select {}", cluster.key.path)); }
            td { (state(cluster)) }
            td { a href=(there) { code { (cluster.key.path) } } }
            td { (cluster.key.kind.name()) small { (severity(cluster)) } }
            td { code { (cluster.key.shape) } }
            td.n { (cluster.count) }
            td { time datetime=(cluster.last) { (minute(&cluster.last)) } }
            td { a href=(format!("/routes/{}", cluster.key.route)) { (cluster.key.route) } }
        }
    }
}

/// How a cluster stands, and by whom.
pub(super) fn state(cluster: &ClusterSummary) -> Markup {
    html! {
        span.state.(cluster.state.name()) { (cluster.state.name()) }
        @if let Some(decision) = &cluster.decision { small { (decision.who) ": " (decision.why) } }
    }
}

fn severity(cluster: &ClusterSummary) -> String {
    serde_json::to_value(cluster.key.severity)
        .ok()
        .and_then(|name| name.as_str().map(|name| name.replace('-', " ")))
        .unwrap_or_default()
}

/// `2026-01-31 12:34`, of RFC 3339.
pub(super) fn minute(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ")
}

fn decide_selected(token: Token) -> Markup {
    html! {
        form.decide #decide method="post" action="/review/decide" {
            (token.field())
            input type="hidden" name="clusters" data-selected;
            (decision_fields())
        }
    }
}

/// What every decision takes: who, why, and what.
pub(super) fn decision_fields() -> Markup {
    html! {
        label { "Your name" input name="who" required autocomplete="username" data-who; }
        label.wide { "Why" input name="why" required data-why; }
        div.buttons {
            button name="verb" value="accept" data-key="a" { "Accept " kbd { "a" } }
            button name="verb" value="ignore" data-key="i" { "Ignore this place " kbd { "i" } }
            button name="verb" value="bug" data-key="b" { "Bug " kbd { "b" } }
            button name="verb" value="comment" data-key="c" { "Comment " kbd { "c" } }
        }
    }
}
