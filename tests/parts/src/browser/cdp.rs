//! Chromium's own protocol (CDP), over two pipes of messages that end in a NUL.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The longest wait for an answer: a page on a loaded machine takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Events that nobody has looked at; the oldest go.
const EVENTS_MAX: usize = 10_000;

/// A connection to one browser.
#[derive(Debug)]
pub(super) struct Cdp {
    to: File,
    from: Receiver<Value>,
    calls: u64,
    events: VecDeque<Value>,
}

impl Cdp {
    /// Talks through the pipes at these paths. The browser may open them later.
    pub(super) fn through(to: &Path, from: PathBuf) -> Self {
        // To read as well, so that opening waits for nobody.
        let to = OpenOptions::new().read(true).write(true).open(to).expect("a pipe of ours");
        let (send, receive) = channel();
        std::thread::spawn(move || {
            let mut messages = BufReader::new(File::open(from).expect("a pipe of ours")).split(0);
            while let Some(Ok(message)) = messages.next() {
                let message = serde_json::from_slice(&message).expect("the browser speaks JSON");
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        Self { to, from: receive, calls: 0, events: VecDeque::new() }
    }

    /// Calls a method, of a page where `session` names one; gives its result, or what went wrong.
    pub(super) fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: &Value,
    ) -> Result<Value, String> {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).map_err(|why| format!("the browser takes no `{method}`: {why}"))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut message = self.next(deadline).ok_or_else(|| format!("no answer to `{method}`"))?;
            if message["id"] == id {
                return match message.get("error") {
                    Some(error) => Err(format!("`{method}`: {error}")),
                    None => Ok(message["result"].take()),
                };
            }
            self.keep(message);
        }
    }

    /// The next event of that name on that page, of those that nobody has taken.
    pub(super) fn event(&mut self, session: &str, method: &str) -> Option<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let is_it = |event: &Value| event["sessionId"] == session && event["method"] == method;
            if let Some(at) = self.events.iter().position(is_it) {
                return self.events.remove(at);
            }
            let message = self.next(deadline)?;
            self.keep(message);
        }
    }

    /// Takes all events that pass, of those that have come.
    pub(super) fn take(&mut self, passes: impl Fn(&Value) -> bool) -> Vec<Value> {
        while let Ok(message) = self.from.try_recv() {
            self.keep(message);
        }
        let (taken, kept) = std::mem::take(&mut self.events).into_iter().partition(|event| passes(event));
        self.events = kept;
        Vec::from_iter::<VecDeque<Value>>(taken)
    }

    fn next(&self, deadline: Instant) -> Option<Value> {
        self.from.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
    }

    fn keep(&mut self, event: Value) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}
