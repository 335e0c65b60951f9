//! Which lines of legacy's sources compared requests have reached: what nobody has compared, and how often the rest was.
//!
//! The sources are shown to whoever may decide: they may hold more than requests tell. They are text of others': escaped,
//! and what would have a line look like another one (direction marks, control characters) is shown as what it is.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use handover_shadow::{Assessment, Gate};
use icu_properties::props::{BinaryProperty as _, DefaultIgnorableCodePoint};
use maud::{Markup, html};
use serde::Deserialize;

use super::differences::minute;
use super::route;
use super::shell::{Page, counted};
use super::{Failure, Pages};
use crate::admin::people::{Person, Role};
use crate::rehearse::kept::{Reached, Source};
use crate::rehearse::listing::{self, Row};
use crate::route::Route;

/// So many sources are listed at once.
const SOURCES_MAX: usize = 200;

/// So many lines of a source are shown at once.
const LINES_MAX: usize = 600;

/// What the lines shown at once may weigh, in bytes as they are sent.
const WEIGHT_MAX: usize = 60 * 1024;

/// What a line weighs beside its text.
const LINE_WEIGHT: usize = 90;

/// So much is shown of a line, in characters.
const LINE_MAX: usize = 300;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Only sources whose path has this in it.
    file: String,
    /// The source that is shown; the list when empty.
    source: String,
    /// Whether it is shown whole.
    whole: bool,
    /// From which line on.
    from: u32,
}

/// The page.
pub(super) async fn page(
    State(pages): State<Pages>,
    person: Person,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Failure> {
    let route = pages.route(&name)?;
    let of = route.clone();
    let (reached, said) = pages
        .aside(move |control| (control.gate().reached(of.name()), control.gate().assess(&of.spec)))
        .await?;
    let reached = reached.map_err(|why| Failure::Ours(why.into()))?;
    let title = format!("Lines of {name}");
    Ok(Page::new(&pages, &person, "", &title).show(html! {
        @if asked.source.is_empty() {
            p { a href=(format!("/routes/{name}")) { "← " (name) } }
        } @else {
            p { a href=(format!("/routes/{name}/coverage")) { "← Lines of " (name) } }
        }
        @match reached {
            None => { h1 { "Lines of legacy: " (name) } (nothing(&name)) }
            Some(reached) => {
                @let shown = Shown { reached: &reached, route: &route, gate: route.spec.gate.as_ref() };
                @if asked.source.is_empty() {
                    (shown.list(&asked, &said, &person))
                } @else {
                    (shown.source(&asked, &person)?)
                }
            }
        }
    }))
}

fn nothing(name: &str) -> Markup {
    html! {
        p.empty { "Nobody has looked at which lines of PHP the requests of this route reach. Where there are php-fpm and pcov: " }
        pre.document { "handover record " (name) " --out " (name) ".recording\nhandover coverage " (name) " --with " (name) ".recording" }
    }
}

/// What is shown of a route.
struct Shown<'a> {
    reached: &'a Reached,
    route: &'a Route,
    gate: Option<&'a Gate>,
}

/// A source in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    reached: usize,
    never: usize,
    accepted: usize,
}

impl Shown<'_> {
    /// Why a line need not have been reached.
    fn accepted(&self, source: &str, line: u32) -> Option<&str> {
        self.gate.and_then(|gate| gate.accepts_line(source, line))
    }

    fn counts(&self, source: &str, lines: &BTreeMap<u32, u64>) -> Counts {
        let mut counts = Counts::default();
        for (line, hits) in lines {
            match hits {
                1.. => counts.reached += 1,
                0 if self.accepted(source, *line).is_some() => counts.accepted += 1,
                0 => counts.never += 1,
            }
        }
        counts
    }

    /// The address of a source of which something is asked for.
    fn address(&self, source: &str, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("source", source);
        query.extend_pairs(more);
        format!("/routes/{}/coverage?{}", self.route.name(), query.finish())
    }

    /// All sources, those first of which the most was never reached.
    fn list(&self, asked: &Asked, said: &Assessment, person: &Person) -> Markup {
        let wanted = self.reached.lines.iter().filter(|(path, _)| path.contains(&asked.file));
        let mut sources: Vec<(&String, Counts)> =
            wanted.map(|(path, lines)| (path, self.counts(path, lines))).collect();
        sources.sort_by_key(|(path, counts)| (std::cmp::Reverse(counts.never), *path));
        let sum = |of: fn(&Counts) -> usize| sources.iter().map(|(_, counts)| of(counts)).sum::<usize>();
        let (reached, never, accepted) = (sum(|c| c.reached), sum(|c| c.never), sum(|c| c.accepted));
        html! {
            h1 { "Lines of legacy: " (self.route.name()) }
            p { strong { (reached) " of " (reached + never + accepted) } " lines that can run were reached by a request that was compared; "
                strong { (never) } " never were" @if accepted > 0 { ", " (accepted) " more are accepted with a reason" } ". "
                "What a line does that no request has reached, nobody has compared." }
            (self.facts(said))
            form.filters method="get" {
                label { "Only paths with" input name="file" value=(asked.file); }
                button { "Filter" }
            }
            @if !person.may(Role::Reviewer) { p.faint { "The sources themselves are shown to reviewers." } }
            @if sources.is_empty() { p.empty { "No source has such a path." } }
            div.scroll tabindex="0" role="region" aria-label="Sources" { table {
                thead { tr { th { "Source" } th.n { "Can run" } th.n { "Reached" } th.n { "Never" } th.n { "Accepted" } } }
                tbody { @for (path, counts) in sources.iter().take(SOURCES_MAX) { (self.row(path, *counts, person)) } }
            } }
            @if sources.len() > SOURCES_MAX {
                p.faint { (counted((sources.len() - SOURCES_MAX) as u64, "more source")) ", of which less or nothing is missing: filter by a part of their path." }
            }
        }
    }

    fn row(&self, path: &str, counts: Counts, person: &Person) -> Markup {
        let Counts { reached, never, accepted } = counts;
        let there = self.address(path, &[]);
        let may_read = person.may(Role::Reviewer);
        html! {
            tr data-href=[may_read.then_some(&there)] {
                td { @if may_read { a href=(there) { code { (path) } } } @else { code { (path) } } }
                td.n { (reached + never + accepted) } td.n { (reached) }
                td.n.warn[never > 0] { (never) } td.n { (accepted) }
            }
        }
    }

    /// When it was taken, of what, by what; and what the gate asks of it.
    fn facts(&self, said: &Assessment) -> Markup {
        let Reached { at, legacy, sources, requests, made, .. } = self.reached;
        let evidence = said.evidence.as_ref().map(|evidence| evidence.legacy.as_str());
        let is_stale = legacy.as_deref().zip(evidence).is_some_and(|(legacy, of)| legacy != of);
        html! {
            dl.facts {
                dt { "Taken" } dd { @match at { Some(at) => time datetime=(at) { (minute(&at.to_string())) }, None => "by an older version, nobody noted when" } }
                dt { "Legacy" } dd { @match legacy { Some(legacy) => code { (legacy) }, None => "it said no version" }
                    @if is_stale { small.warn { "The evidence is of legacy " code { (evidence.unwrap_or_default()) } ": take it again." } } }
                dt { "Requests" } dd { (requests.saturating_sub(*made)) " recorded (equal ones count once), " (made) " made by " code { "handover fuzz" } }
                dt { "Sources" } dd { code { (sources.display()) } }
            }
            @if let Some(need) = said.needs.iter().find(|need| need.what == "lines") {
                ul.needs { (route::line(need)) }
            } @else {
                p.faint { "The gate asks for no lines: " code { "gate = { lines = [\"includes/rules/*\"] }" } " has it ask for those of such sources." }
            }
        }
    }

    /// One source, line by line.
    fn source(&self, asked: &Asked, person: &Person) -> Result<Markup, Failure> {
        let path = &asked.source;
        if !person.may(Role::Reviewer) {
            let why = "sources are shown to reviewers".to_owned();
            return Err(Failure::Refused(axum::http::StatusCode::FORBIDDEN, why));
        }
        let Some(lines) = self.reached.lines.get(path) else {
            return Err(Failure::Absent(format!("no request reached a source {path}")));
        };
        let Counts { reached, never, accepted } = self.counts(path, lines);
        let text = self.reached.source(path);
        Ok(html! {
            h1 { code { (path) } }
            p { strong { (reached) " of " (reached + never + accepted) } " lines that can run were reached, " strong { (never) } " never"
                @if accepted > 0 { ", " (accepted) " accepted with a reason" } ". "
                @if asked.whole { a href=(self.address(path, &[])) { "Only what was never reached" } }
                @else { a href=(self.address(path, &[("whole", "true")])) { "The whole source" } } }
            @match &text {
                Source::Gone => p.empty { "It is not there any more, or cannot be read from here." },
                Source::Same(text) => (self.text(path, text, lines, asked)),
                Source::Changed(text) => {
                    p.warn role="alert" { "It has changed since this was taken: the counts may be of other lines. Take them again by " code { "handover coverage" } "." }
                    (self.text(path, text, lines, asked))
                }
            }
        })
    }

    fn text(&self, path: &str, text: &str, lines: &BTreeMap<u32, u64>, asked: &Asked) -> Markup {
        let rows: Vec<Row<'_>> = if asked.whole {
            listing::whole(text, lines).collect()
        } else {
            listing::folded(text, lines, |line| self.accepted(path, line).is_none())
        };
        if let [Row::Folded(..)] = rows[..] {
            return html! { p.empty { "Every line that can run was reached, or is accepted." } };
        }
        let (shown, next) = portion(&rows, asked.from);
        let whole = asked.whole.to_string();
        let more = |from: u32| self.address(path, &[("whole", &whole), ("from", &from.to_string())]);
        html! {
            p.faint { "A number says how many requests reached the line; where there is none, nothing can run." }
            div.scroll tabindex="0" role="region" aria-label="The source" { table.source {
                thead { tr { th.n { "Line" } th.n { "Reached" } th { "Source" } } }
                tbody { @for row in shown { (self.line(path, row)) } }
            } }
            nav.pages aria-label="Parts of the source" {
                @if asked.from > 1 { a href=(more(0)) { "← From the beginning" } }
                @if let Some(next) = next { a href=(more(next)) rel="next" { "From line " (next) " →" } }
            }
        }
    }

    fn line(&self, path: &str, row: &Row<'_>) -> Markup {
        let (number, text, hits) = match *row {
            Row::Line { number, text, hits } => (number, text, hits),
            Row::Folded(from, to) => {
                let there = self.address(path, &[("whole", "true"), ("from", &from.to_string())]);
                let which = if from == to { format!("Line {from}") } else { format!("Lines {from} to {to}") };
                return html! { tr.fold { td {} td {} td { a href=(there) { (which) } ": nothing is missing there" } } };
            }
        };
        let accepted = self.accepted(path, number).filter(|_| hits == Some(0));
        let (class, word) = match (hits, accepted) {
            (None, _) => (None, String::new()),
            (Some(0), Some(_)) => (Some("accepted"), "accepted".to_owned()),
            (Some(0), None) => (Some("never"), "never".to_owned()),
            (Some(hits), _) => (None, format!("{hits} ×")),
        };
        html! {
            tr class=[class] id=(format!("L{number}")) {
                td.n { (number) } td.n { (word) }
                td { code { (visible(text)) } @if let Some(why) = accepted { small { "Accepted: " (why) } } }
            }
        }
    }
}

/// The rows from that line on that are shown at once, and the line with which the next ones begin.
fn portion<'r, 't>(rows: &'r [Row<'t>], from: u32) -> (&'r [Row<'t>], Option<u32>) {
    let begins = |row: &Row<'_>| match *row {
        Row::Line { number, .. } => number,
        Row::Folded(from, _) => from,
    };
    let first = rows.partition_point(|row| begins(row) < from);
    let rows = rows.get(first..).unwrap_or_default();
    let mut weight = 0;
    let fits = |row: &&Row<'_>| {
        weight +=
            LINE_WEIGHT + if let Row::Line { text, .. } = row { escaped_len(text) } else { LINE_WEIGHT };
        weight <= WEIGHT_MAX
    };
    // One at least, or nobody would come past it.
    let count = rows.iter().take(LINES_MAX).take_while(fits).count().max(1).min(rows.len());
    let (shown, rest) = rows.split_at(count);
    (shown, rest.first().map(begins))
}

/// How many bytes a line takes at most once it is escaped.
fn escaped_len(text: &str) -> usize {
    let weight = |c: char| match c {
        '"' => 6,
        '&' => 5,
        '<' | '>' => 4,
        c if stand_in(c).is_some() => 12,
        c => c.len_utf8(),
    };
    text.chars().take(LINE_MAX).map(weight).sum()
}

/// A line of others', of which nothing is hidden and nothing moves anything else; its beginning where it is long.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(LINE_MAX * 4));
    let mut chars = text.chars();
    for c in chars.by_ref().take(LINE_MAX) {
        match stand_in(c) {
            Some(name) => shown.push_str(&name),
            None => shown.push(c),
        }
    }
    let left = chars.count();
    if left > 0 {
        shown.push_str(&format!(" … {left} more characters"));
    }
    shown
}

/// What stands for a character that browsers don't show as one: controls, what Unicode says is not to be seen (marks of
/// direction, joiners, tags, hyphens that are none yet), separators of lines, and what encloses annotations.
fn stand_in(c: char) -> Option<String> {
    let is_hidden = !c.is_ascii() && DefaultIgnorableCodePoint::for_char(c);
    let moves_others = matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}');
    ((c.is_control() && c != '\t') || is_hidden || moves_others).then(|| format!("[U+{:04X}]", c as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_moves_text_is_shown_as_what_it_is() {
        assert_eq!(visible("\tif ($a) { // é"), "\tif ($a) { // é");
        assert_eq!(visible("a\u{202e}b\u{1b}[2Jc\u{200b}"), "a[U+202E]b[U+001B][2Jc[U+200B]");
        assert_eq!(visible("a\u{61c}b\u{ad}c\u{e0001}\u{e007f}"), "a[U+061C]b[U+00AD]c[U+E0001][U+E007F]");
        assert_eq!(visible("\u{2028}\u{2069}\u{3164}\u{fffb}"), "[U+2028][U+2069][U+3164][U+FFFB]");
        let tags = ('\u{e0000}'..='\u{e007f}').chain(['\u{61c}', '\u{ad}', '\u{180e}', '\u{feff}']);
        assert!(tags.map(stand_in).all(|shown| shown.is_some()));
        assert_eq!(visible("größer ≥ עברית 日本 – ✓"), "größer ≥ עברית 日本 – ✓");
        let long = "x".repeat(LINE_MAX + 7);
        assert!(visible(&long).ends_with("x … 7 more characters"));
    }

    #[test]
    fn a_large_source_comes_in_portions_that_leave_nothing_out() {
        let text = format!("{}\n", "<&\">".repeat(60)).repeat(3_000);
        let rows: Vec<Row<'_>> = listing::whole(&text, &BTreeMap::new()).collect();
        let (mut from, mut seen) = (0, 0);
        loop {
            let (shown, next) = portion(&rows, from);
            seen += shown.len();
            let weight: usize = shown.iter().map(|row| LINE_WEIGHT + weigh(row)).sum();
            assert!((1..=LINES_MAX).contains(&shown.len()) && weight <= WEIGHT_MAX, "{weight}");
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        assert_eq!(seen, 3_000);
        assert_eq!(portion(&rows, 9_999), (&[][..], None));
        assert_eq!(portion(&[], 0), (&[][..], None));
    }

    fn weigh(row: &Row<'_>) -> usize {
        let Row::Line { text, .. } = row else { return 0 };
        html! { (visible(text)) }.0.len()
    }
}
