//! What no route names: which templates of paths, how often, how they are answered. What to take over next.

use axum::extract::State;
use maud::{Markup, html};

use super::shell::{Page, counted};
use super::{Failure, Pages};
use crate::admin::people::Person;
use crate::cli::short;
use crate::inventory::templates::Row;

/// So many are shown.
const SHOWN_MAX: usize = 200;

/// The page.
pub(super) async fn page(State(pages): State<Pages>, person: Person) -> Result<Markup, Failure> {
    let rows = pages.aside(|control| control.process.unrouted.rows()).await?;
    let refused = pages.control.process.refusals.all();
    let all: u64 = rows.iter().map(|row| row.counts.requests).sum();
    Ok(Page::new(&pages, &person, "/inventory", "Traffic").show(html! {
        h1 { "Traffic that no route names" }
        p { "Since the start, " (counted(all, "request")) " that legacy answered because no route names them. "
            "The same of the time before, from access logs: " code { "handover inventory access.log" } "." }
        @if rows.is_empty() {
            p.empty { "There was none." }
        } @else {
            div.scroll #inventory data-live tabindex="0" role="region" aria-label="Templates" { (table(&rows, all)) }
        }
        @if rows.len() > SHOWN_MAX { p { (counted((rows.len() - SHOWN_MAX) as u64, "more template")) ", each with less." } }
        @if !refused.is_empty() {
            h2 { "Refused before they could be routed" }
            ul.needs { @for (why, count) in &refused { li { strong { (why) } ": " (count) } } }
        }
    }))
}

fn table(rows: &[Row], all: u64) -> Markup {
    html! {
        table {
            thead { tr {
                th { "Template" } th { "Methods" } th.n { "Requests" } th.n { "Share" } th { "Statuses" }
                th.n { "p99" } th { "Last" }
            } }
            tbody { @for Row { template, counts } in rows.iter().take(SHOWN_MAX) { tr {
                td { code { (template) } @if *template != counts.example { small { "such as " (counts.example) } } }
                td { @for method in counts.methods.keys() { (method) " " } }
                td.n { (counts.requests) }
                td.n { (format!("{:.1} %", 100.0 * counts.requests as f64 / all.max(1) as f64)) }
                td { @for (class, count) in &counts.statuses { (class) "xx: " (count) " " } }
                td.n { @if let Some(took) = counts.quantile(0.99) { "≤ " (short(took)) } }
                td { @if let Some(last) = counts.last { time datetime=(last) { (last.strftime("%F %H:%M").to_string()) } } }
            } } }
        }
    }
}
