//! What is wrong with a configuration: all of it at once, each with its place and what to do.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::source::{Source, Sources};

/// The most faults that are shown; the others are counted.
const SHOWN_MAX: usize = 50;

/// A place in one of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which file.
    pub file: usize,
    /// The bytes of its text.
    pub span: Range<usize>,
}

/// Whether a configuration can be used all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// It cannot.
    Error,
    /// It can.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    severity: Severity,
    place: Option<Place>,
    message: String,
    hint: Option<String>,
    related: Option<(Place, String)>,
}

impl Fault {
    /// Something wrong there.
    pub(crate) fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), ..Self::nowhere(message) }
    }

    /// Something wrong that has no place in a file.
    pub(crate) fn nowhere(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, place: None, message: message.into(), hint: None, related: None }
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Another place that has to do with it.
    pub(crate) fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related = Some((place, label.into()));
        self
    }

    /// Only a warning.
    pub(crate) const fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Whether the configuration can be used all the same.
    pub(crate) const fn is_warning(&self) -> bool {
        matches!(self.severity, Severity::Warning)
    }

    fn render(&self, sources: &Sources, renderer: &Renderer) -> String {
        let level = if self.is_warning() { Level::WARNING } else { Level::ERROR };
        let mut group = match &self.place {
            None => Group::with_title(level.primary_title(self.message.as_str())),
            Some(place) => {
                let mut here =
                    snippet(sources, place).annotation(AnnotationKind::Primary.span(place.span.clone()));
                let mut there = None;
                match &self.related {
                    Some((other, label)) if other.file == place.file => {
                        here = here.annotation(
                            AnnotationKind::Context.span(other.span.clone()).label(label.as_str()),
                        );
                    }
                    Some((other, label)) => {
                        let mark = AnnotationKind::Context.span(other.span.clone()).label(label.as_str());
                        there = Some(snippet(sources, other).annotation(mark));
                    }
                    None => {}
                }
                let group = level.primary_title(self.message.as_str()).element(here);
                group.elements(there)
            }
        };
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        renderer.render(&[group])
    }

    fn shown(&self, sources: &Sources) -> Shown<'_> {
        let position = self.place.as_ref().and_then(|place| Position::of(sources, place));
        let related =
            self.related.as_ref().and_then(|(place, label)| Some((Position::of(sources, place)?, label)));
        Shown {
            severity: self.severity,
            position,
            message: &self.message,
            hint: self.hint.as_deref(),
            related: related.map(|(position, label)| Related { position, message: label }),
        }
    }
}

/// As a person who stands in the current folder would write it.
pub(crate) fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_string_lossy().into_owned()
}

fn snippet<'s>(sources: &'s Sources, place: &Place) -> Snippet<'s, annotate_snippets::Annotation<'s>> {
    let source = sources.files().get(place.file);
    let (path, text) = source.map_or_else(Default::default, |s| (shown_path(&s.path), s.text.as_str()));
    Snippet::source(text).path(path)
}

/// A fault, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Shown<'f> {
    severity: Severity,
    #[serde(flatten)]
    position: Option<Position>,
    message: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<Related<'f>>,
}

#[derive(Debug, Serialize)]
struct Related<'f> {
    #[serde(flatten)]
    position: Position,
    message: &'f str,
}

/// A place as people count: from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Position {
    file: String,
    line: usize,
    column: usize,
}

impl Position {
    fn of(sources: &Sources, place: &Place) -> Option<Self> {
        let Source { path, text, .. } = sources.files().get(place.file)?;
        let before = text.get(..place.span.start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(Self {
            file: shown_path(path),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        })
    }
}

/// All faults of a configuration, with the files that they are in. `Display` shows them to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Faults {
    sources: Sources,
    list: Vec<Fault>,
}

impl Faults {
    /// These faults of these files, in the order of their places.
    pub(crate) fn of(sources: Sources, mut list: Vec<Fault>) -> Self {
        list.sort_by_key(|fault| fault.place.as_ref().map(|place| (place.file, place.span.start)));
        list.dedup();
        Self { sources, list }
    }

    /// The files that they are in.
    pub(crate) const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// As text for people: each with its source line and a caret.
    pub(crate) fn render(&self, colours: bool) -> String {
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        let shown = self.list.iter().take(SHOWN_MAX).map(|fault| fault.render(&self.sources, &renderer));
        let mut text = shown.collect::<Vec<_>>().join("\n\n");
        if let Some(more) = self.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
            text.push_str(&format!("\n\n… and {more} more"));
        }
        text
    }

    /// Each as `line:column message (hint)`.
    #[cfg(test)]
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |fault: &Shown<'_>| {
            let at =
                fault.position.as_ref().map_or_else(String::new, |p| format!("{}:{} ", p.line, p.column));
            let hint = fault.hint.map_or_else(String::new, |hint| format!(" ({hint})"));
            format!("{at}{}{hint}", fault.message)
        };
        self.shown().iter().map(line).collect()
    }

    /// For programs.
    pub(crate) fn shown(&self) -> Vec<Shown<'_>> {
        self.list.iter().map(|fault| fault.shown(&self.sources)).collect()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Faults {}
