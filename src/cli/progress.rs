//! How far a long command is, on standard error, where somebody looks.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line that is written anew as work goes on. Nothing is shown where standard error is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of so many; `what` is done with them.
    pub(super) fn of(all: u64, what: &'static str) -> Self {
        let bar = ProgressBar::new(all);
        let style = "{bar:30} {pos} of {len} {msg}, {elapsed}, {per_sec}, {eta} left";
        Self(styled(bar, style).with_message(what))
    }

    /// Where nobody knows how many there are.
    pub(super) fn open(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(styled(bar, "{spinner} {pos} {msg}, {elapsed}, {per_sec}").with_message(what))
    }

    /// So many are done.
    pub(super) fn advance(&mut self, done: u64) {
        self.0.set_position(done);
    }

    /// Says something beside the figures.
    pub(super) fn say(&mut self, what: String) {
        self.0.set_message(what);
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
