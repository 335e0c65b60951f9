//! One cluster: what differs, the pairs that show it side by side, what was decided of it.

use std::collections::HashSet;

use axum::extract::{Path, State};
use handover_shadow::{
    ClusterSummary, Decision, Noise, Reader, StoreError, StoredDifference, StoredEffects, StoredFound,
    StoredOutcome, StoredPair, StoredSide, Trend,
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::chart::bars;
use super::differences::{decision_fields, minute, state};
use super::document::{beside, body};
use super::forms::name_field;
use super::shell::{Page, counted};
use super::{Failure, Pages};
use crate::admin::people::{Person, Role};

/// So many pairs are shown of one cluster, the smallest first.
const PAIRS_MAX: usize = 3;

/// The page.
pub(super) async fn page(
    State(pages): State<Pages>,
    person: Person,
    Path(id): Path<i64>,
) -> Result<Markup, Failure> {
    let found = pages.read(move |reader| {
        let Some((cluster, ignored)) = find(reader, id)? else { return Ok(None) };
        let trend = reader.trend(id, Timestamp::now())?;
        Ok(Some((cluster, trend, ignored, reader.decisions(id)?, reader.pairs(id)?)))
    });
    let Some((cluster, trend, ignored, decisions, pairs)) = found.await?.flatten() else {
        return Err(Failure::Absent(format!("the evidence that there is now has no difference {id}")));
    };
    Ok(Page::new(&pages, &person, "/differences", &cluster.key.path).show(html! {
        p { a href="/differences" { "← Differences" } }
        h1 { code { (cluster.key.path) } }
        (summary(&cluster, &trend))
        @if person.may(Role::Reviewer) { (decide(&person, &cluster, &ignored)) }
        (history(&person, &cluster, &decisions))
        @if pairs.is_empty() {
            p.empty { "No pair is kept of it: it was seen, and counted." }
        }
        @for (index, pair) in pairs.iter().take(PAIRS_MAX).enumerate() { (show(pair, index, pairs.len())) }
    }))
}

/// What ignoring a place would set aside.
struct Ignored {
    clusters: usize,
    seen: u64,
}

fn find(reader: &Reader, id: i64) -> Result<Option<(ClusterSummary, Ignored)>, StoreError> {
    let Some(route) = reader.route_of(id)? else { return Ok(None) };
    let clusters = reader.parity(&route)?.map(|parity| parity.clusters).unwrap_or_default();
    let Some(cluster) = clusters.iter().find(|cluster| cluster.id == id).cloned() else { return Ok(None) };
    let there = clusters.iter().filter(|other| other.key.path == cluster.key.path);
    let ignored = Ignored { clusters: there.clone().count(), seen: there.map(|other| other.count).sum() };
    Ok(Some((cluster, ignored)))
}

fn summary(cluster: &ClusterSummary, trend: &Trend) -> Markup {
    html! {
        dl.facts {
            dt { "What" } dd { (cluster.key.kind.name()) ", " code { (cluster.key.shape) } }
            dt { "Route" } dd { a href=(format!("/routes/{}", cluster.key.route)) { (cluster.key.route) } }
            dt { "Seen" } dd { (counted(cluster.count, "time")) ", from " (minute(&cluster.first)) " to " (minute(&cluster.last)) }
            dt { "Last 24 hours" } dd { (bars(trend)) }
            @if let Some(Noise { of, sides, legacy }) = cluster.noise {
                dt { "Noise" } dd { "Of " (counted(of, "request")) " of which legacy was asked twice, legacy differed so from itself in "
                    (legacy) ", the candidate from it in " (sides) }
            }
            dt { "State" } dd { (state(cluster)) }
        }
    }
}

fn decide(person: &Person, cluster: &ClusterSummary, ignored: &Ignored) -> Markup {
    html! {
        form.decide method="post" action="/review/decide" {
            (person.token.field())
            input type="hidden" name="clusters" value=(cluster.id);
            (decision_fields(person))
        }
        p.faint { "Ignoring this place is the rule " code { "{ path = \"" (cluster.key.path) "\" }" } ": whatever differs there. It sets aside "
            (ignored.clusters) " of this route's differences, seen " (counted(ignored.seen, "time")) " so far; undoing it brings them back." }
    }
}

fn history(person: &Person, cluster: &ClusterSummary, decisions: &[Decision]) -> Markup {
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
        @if can_undo && person.may(Role::Reviewer) {
            form.inline method="post" action="/review/undo" {
                (person.token.field())
                input type="hidden" name="clusters" value=(cluster.id);
                (name_field(person))
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
        div.scroll tabindex="0" role="region" aria-label="What differs" { table.differences {
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
                    @if is_html(sent) && !text.is_empty() { (rendered(text, role)) }
                }
                StoredOutcome::Declined(why) => { p { "declined: " (why) } }
                StoredOutcome::Failed(why) => { p.warn { "failed: " (why) } }
                StoredOutcome::TimedOut => { p.warn { "gave no answer in time" } }
            }
            (effects("", &side.effects))
            @for (kind, of_kind) in &side.own { (effects(kind, of_kind)) }
        }
    }
}

fn is_html(fields: &[(String, String)]) -> bool {
    let mut types = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    types.any(|(_, value)| {
        value.trim_start().get(..9).is_some_and(|start| start.eq_ignore_ascii_case("text/html"))
    })
}

/// What a shown page may load: nothing, not even from here, which the policy of the page around it would let it.
const NOTHING: &str = r#"<meta http-equiv="Content-Security-Policy" content="default-src 'none'">"#;

/// The page as a browser shows it, in a frame that has no origin, and so runs and sends nothing; it loads nothing either.
fn rendered(html: &str, role: &str) -> Markup {
    let html = format!("{NOTHING}{html}");
    html! {
        details {
            summary { "As a page" }
            iframe sandbox="" referrerpolicy="no-referrer" loading="lazy" title=(format!("{role}, as a page")) srcdoc=(html) {}
        }
    }
}

/// Records, or effects of that kind of the application's own.
fn effects(kind: &str, effects: &StoredEffects) -> Markup {
    let said = |what: &str| html! { p.faint { "Effects" @if !kind.is_empty() { " of the kind " (kind) } ": " (what) } };
    match effects {
        StoredEffects::Unobserved => said("nobody looked"),
        StoredEffects::Pending => said("still awaited"),
        StoredEffects::NotComparable(why) => said(why),
        StoredEffects::Known(records) if records.is_empty() => said("none"),
        StoredEffects::Known(records) => html! {
            @for record in records {
                h4 { @if kind.is_empty() { "Record to " code { (record.topic) } } @else { "Effect of the kind " code { (kind) } }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_shown_in_a_frame_that_may_do_nothing() {
        let of = |value: &str| is_html(&[("content-type".to_owned(), value.to_owned())]);
        assert_eq!(
            ["text/html; charset=UTF-8", "TEXT/HTML", "text/plain", ""].map(of),
            [true, true, false, false]
        );
        let shown = rendered("<img src=\"/api/status\">", "Control").0;
        let nothing = "srcdoc=\"&lt;meta http-equiv=&quot;Content-Security-Policy&quot; content=&quot;default-src 'none'&quot;&gt;&lt;img";
        assert!(shown.contains("sandbox=\"\"") && shown.contains(nothing), "{shown}");
    }
}
