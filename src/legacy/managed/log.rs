//! php-fpm's own log, as lines of ours.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::task::JoinHandle;

use crate::legacy::fastcgi::printable;

/// How many lines are kept to say why a start failed.
const LAST: usize = 8;

/// The longest line that is read whole, in bytes; php-fpm cuts its own at `log_limit`.
const LINE_MAX: u64 = 16 * 1024;

/// What it last said.
#[derive(Clone, Debug, Default)]
pub(super) struct Last(Arc<Mutex<VecDeque<String>>>);

impl Last {
    /// The lines, oldest first.
    pub(super) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("; ")
    }

    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LAST {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Reads a pool's log to its end, in a task of its own.
pub(super) fn follow(
    legacy: String,
    log: impl AsyncRead + Unpin + Send + 'static,
    last: Last,
) -> JoinHandle<()> {
    tokio::spawn(async move { read(&legacy, log, &last).await })
}

async fn read(legacy: &str, log: impl AsyncRead + Unpin, last: &Last) {
    let mut log = BufReader::new(log);
    let mut line = Vec::new();
    while matches!((&mut log).take(LINE_MAX).read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
        let text = printable(&line);
        line.clear();
        if text.is_empty() {
            continue;
        }
        let (level, text) = level(&text);
        match level {
            "DEBUG" => tracing::debug!(legacy, "{text}"),
            "NOTICE" => tracing::info!(legacy, "{text}"),
            "ERROR" | "ALERT" => tracing::error!(legacy, "{text}"),
            _ => tracing::warn!(legacy, "{text}"),
        }
        last.push(text.to_owned());
    }
}

/// Takes `[23-Nov-2026 23:08:53] NOTICE: text` apart. What PHP's children write has no such beginning.
fn level(line: &str) -> (&str, &str) {
    let dated = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    let levelled = dated.and_then(|(_, rest)| rest.split_once(": "));
    levelled.filter(|(level, _)| level.bytes().all(|byte| byte.is_ascii_uppercase())).unwrap_or(("", line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::logged;

    #[test]
    fn lines_keep_their_level_and_lose_their_date() {
        let input = "[23-Nov-2026 23:08:53] NOTICE: ready to handle connections\n\
                     [23-Nov-2026 23:08:53] ERROR: bind failed: in use\n\
                     [a] child: says\u{1b} this\n\n";
        let last = Last::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let log = logged(|| runtime.block_on(read("monolith", input.as_bytes(), &last)));
        let lines: Vec<_> = log.lines().collect();
        for (line, level, text) in [
            (lines[0], " INFO ", ": ready to handle connections"),
            (lines[1], "ERROR ", ": bind failed: in use"),
            (lines[2], " WARN ", ": [a] child: says  this"),
        ] {
            assert!(line.contains(level) && line.contains(text) && line.contains("monolith"), "{line}");
        }
        assert_eq!(last.text(), "ready to handle connections; bind failed: in use; [a] child: says  this");
    }
}
