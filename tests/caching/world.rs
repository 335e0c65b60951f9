//! The proxy with a cache, in front of a backend that answers as each request asks it to.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use handover_parts::{Backend, Conversation, Handover, http};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// What the backend does from now on.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The fields of a 200.
    pub(crate) fields: String,
    /// How long an answer takes.
    pub(crate) takes: Duration,
    /// The status of all answers, instead of 200.
    pub(crate) status: u16,
}

/// The proxy and its backend, whose answers count themselves: `answer 1`, `answer 2`, …
pub(crate) struct World {
    pub(crate) proxy: Handover,
    pub(crate) backend: Backend,
    script: Arc<Mutex<Script>>,
    asked: Arc<AtomicUsize>,
}

impl World {
    /// With answers that have these fields, and `more` of the file.
    pub(crate) fn new(fields: &str, more: &str) -> Self {
        let script =
            Arc::new(Mutex::new(Script { fields: fields.to_owned(), takes: Duration::ZERO, status: 200 }));
        let asked = Arc::<AtomicUsize>::default();
        let (by_script, count) = (Arc::clone(&script), Arc::clone(&asked));
        let backend = Backend::start(move |conversation| {
            loop {
                answer(conversation, &by_script, &count)?;
            }
        });
        let routes = format!(
            "workers = 2\n{}[[route]]\nname = 'kept'\nmatch = 'GET /{{*rest}}'\ncache = true\n{more}\n",
            backend.as_legacy()
        );
        Self { proxy: Handover::start(BINARY, &routes), backend, script, asked }
    }

    /// Has the backend do something else.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// How many requests the backend has answered.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Asks by a connection of its own, with these fields beside Host.
    pub(crate) fn ask(&self, line: &str, fields: &str) -> http::Response {
        let fields =
            if fields.starts_with("Host:") { fields.to_owned() } else { format!("Host: h\r\n{fields}") };
        let request = format!("{line} HTTP/1.1\r\n{fields}\r\n");
        http::Client::connect(self.proxy.http()).unwrap().exchange(request.as_bytes()).unwrap()
    }

    /// The body of a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "").text()
    }

    /// How often lookups came out so.
    pub(crate) fn lookups(&self, outcome: &str) -> u64 {
        let text = http::get(self.proxy.admin(), "/metrics").unwrap().text();
        let start = format!("handover_cache_lookups_total{{outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok()).expect("the metric is there")
    }
}

fn answer(conversation: &mut Conversation, script: &Mutex<Script>, count: &AtomicUsize) -> io::Result<()> {
    let asked = conversation.request()?;
    let Script { fields, takes, status } = script.lock().unwrap().clone();
    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
    std::thread::sleep(takes);
    let holds = asked.contains("If-None-Match: \"same\"");
    if holds && status == 200 {
        return conversation
            .write(format!("HTTP/1.1 304 Not Modified\r\nETag: \"same\"\r\nX-Number: {number}\r\n\r\n"));
    }
    let body = if asked.starts_with("HEAD ") { String::new() } else { format!("answer {number}") };
    let length = format!("answer {number}").len();
    conversation.write(format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {length}\r\n\r\n{body}"))
}
