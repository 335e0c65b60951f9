//! An expression as it stands in a file.

use std::ops::Range;

use toml::Spanned;

/// A text of the file, and where each of its bytes stands there.
#[derive(Clone, Debug)]
pub(crate) struct Source<'t> {
    /// The expression.
    pub text: &'t str,
    /// Where its value stands in the file, quotes included.
    span: Range<usize>,
    /// Where its first byte stands; `None` where it was written with escapes.
    start: Option<usize>,
}

impl<'t> Source<'t> {
    /// An expression that stands in `file`.
    pub(crate) fn of(file: &str, value: &'t Spanned<String>) -> Self {
        let text = value.get_ref().as_str();
        let span = value.span();
        let written = file.get(span.clone()).unwrap_or_default();
        let start = written.find(text).filter(|at| *at <= 4 && !text.is_empty()).map(|at| span.start + at);
        Self { text, span, start }
    }

    /// A part of this one.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        Self {
            text: &self.text[range.clone()],
            span: self.span.clone(),
            start: self.start.map(|start| start + range.start),
        }
    }

    /// The same place, whatever part of it is asked for.
    pub(crate) fn whole(&self) -> Self {
        Self { start: None, ..self.clone() }
    }

    /// Where all of it stands.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Where these characters of the expression stand, the last included, as its parser counts them.
    pub(crate) fn place(&self, first: usize, last: usize) -> Range<usize> {
        let byte = |index: usize| self.text.char_indices().nth(index).map_or(self.text.len(), |(at, _)| at);
        match self.start {
            Some(start) => start + byte(first)..start + byte(last + 1).max(byte(first)),
            None => self.span(),
        }
    }

    /// Where that line and column of the expression stand, both counted from 1.
    pub(crate) fn at(&self, line: usize, column: usize) -> Range<usize> {
        let before: usize =
            self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(|l| l.chars().count()).sum();
        self.place(before + column.saturating_sub(1), before + column.saturating_sub(1))
    }
}
