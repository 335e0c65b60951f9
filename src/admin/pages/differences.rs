//! The clusters of differences: unreviewed first, the worst of them on top; several decided at once.

use axum::extract::{Query, State};
use handover_shadow::{ClusterSummary, State as Review, Trend};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::chart;
use super::forms::name_field;
use super::shell::Page;
use super::{Failure, Pages};
use crate::admin::evidence;
use crate::admin::people::{Person, Role};

/// So many are shown on one page.
const SHOWN_MAX: usize = 100;

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    route: String,
    state: String,
    kind: String,
    page: usize,
}

impl Filter {
    /// The address of another page of the same.
    fn page(&self, page: usize) -> String {
        let Self { route, state, kind, .. } = self;
        format!("/differences?route={route}&state={state}&kind={kind}&page={page}")
    }

    /// How many of those that it lets through stand on the pages before.
    fn from(&self) -> usize {
        self.page.saturating_mul(SHOWN_MAX)
    }

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
    person: Person,
    Query(filter): Query<Filter>,
) -> Result<Markup, Failure> {
    let asked = filter.clone();
    let read = pages.read(move |reader| {
        let mut all = evidence::clusters(reader)?;
        // Each route's are in the order of severity and number already.
        all.sort_by(|a, b| (a.state, a.key.severity, b.count).cmp(&(b.state, b.key.severity, a.count)));
        let now = Timestamp::now();
        let shown =
            all.iter().filter(|cluster| asked.lets_through(cluster)).skip(asked.from()).take(SHOWN_MAX);
        let trends = shown.map(|cluster| reader.trend(cluster.id, now)).collect::<Result<Vec<_>, _>>()?;
        Ok((all, trends))
    });
    let (all, trends) = read.await?.unwrap_or_default();
    let found: Vec<_> = all.iter().filter(|cluster| filter.lets_through(cluster)).collect();
    Ok(Page::new(&pages, &person, "/differences", "Differences").show(html! {
        h1 { "Differences" }
        (filters(&filter, &all))
        @if all.is_empty() {
            p.empty { "Nothing differs. Where no route is in shadow, nothing is compared either: see the progress." }
        } @else if found.is_empty() {
            p.empty { "Nothing passes this filter. " a href="/differences" { "Show all " (all.len()) } }
        } @else {
            (list(&found, &trends, &filter))
            @if person.may(Role::Reviewer) { (decide_selected(&person)) }
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
            [Review::Unreviewed, Review::Bug, Review::Accepted, Review::Ignored, Review::Noise]
                .map(Review::name)
                .to_vec(),
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

fn list(found: &[&ClusterSummary], trends: &[Trend], filter: &Filter) -> Markup {
    let (from, of) = (filter.from(), found.len());
    let shown = found.iter().skip(from).zip(trends);
    let to = from.saturating_add(SHOWN_MAX).min(of);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Clusters of differences" {
            table #clusters {
                thead { tr {
                    th { span.hidden { "Selected" } } th { "State" } th { "Where" } th { "What" }
                    th { "Control → candidate" } th.n { "Seen" } th { "Last 24 hours" } th { "Last" } th { "Route" }
                } }
                tbody {
                    @for (cluster, trend) in shown { (row(cluster, trend)) }
                }
            }
        }
        @if of > SHOWN_MAX {
            nav.pages aria-label="Pages of differences" {
                @if from > 0 { a href=(filter.page(filter.page - 1)) rel="prev" { "← Worse" } }
                span { (from + 1) " to " (to) " of " (of) }
                @if to < of { a href=(filter.page(filter.page + 1)) rel="next" { "More →" } }
            }
        }
    }
}

fn row(cluster: &ClusterSummary, trend: &Trend) -> Markup {
    let there = format!("/differences/{}", cluster.id);
    html! {
        tr data-href=(there) data-cluster=(cluster.id) {
            td { input type="checkbox" form="decide" data-select=(cluster.id) aria-label=(format!("select {}", cluster.key.path)); }
            td { (state(cluster)) }
            td { a href=(there) { code { (cluster.key.path) } } }
            td { (cluster.key.kind.name()) @if severity(cluster) != cluster.key.kind.name() { small { (severity(cluster)) } } }
            td { code { (cluster.key.shape) } }
            td.n { (cluster.count) }
            td { (chart::bars(trend)) }
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
        @if let Some(rule) = &cluster.rule { small { "rule " (rule) } }
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

fn decide_selected(person: &Person) -> Markup {
    html! {
        form.decide #decide method="post" action="/review/decide" {
            (person.token.field())
            input type="hidden" name="clusters" data-selected;
            (decision_fields(person))
            button.quiet formaction="/review/undo" formnovalidate data-key="u" { "Undo the latest " kbd { "u" } }
        }
    }
}

/// What every decision takes: who, why, and what.
pub(super) fn decision_fields(person: &Person) -> Markup {
    html! {
        (name_field(person))
        label.wide { "Why" input name="why" required data-why; }
        div.buttons {
            button name="verb" value="accept" data-key="a" { "Accept " kbd { "a" } }
            button name="verb" value="ignore" data-key="i" { "Ignore this place " kbd { "i" } }
            button name="verb" value="bug" data-key="b" { "Bug " kbd { "b" } }
            button name="verb" value="comment" data-key="c" { "Comment " kbd { "c" } }
        }
    }
}
