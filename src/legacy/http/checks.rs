//! Asks each upstream of the legacies that want it, every so often, how it is: one thread, with connections of its own.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use bytes::Bytes;
use handover_http1::{Fields, Leniency, Limits, RequestHead, ResponseHead};
use tokio::sync::watch;
use tokio::task::{AbortHandle, LocalSet};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::exchange::Asked;
use super::upload::Upload;
use super::{Shared, Upstream};
use crate::exchange::nobody::Nothing;
use crate::exchange::{AnswerSink, ClientGone, Switched};
use crate::legacy::spec::{self, Check, Kind, Spec};
use crate::legacy::{Legacies, Outbound};

/// Tells the thread which legacies there are. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Checks(watch::Sender<Vec<Arc<Spec>>>);

impl Checks {
    /// Starts the thread, which has nothing to check yet.
    pub(crate) fn start(legacies: Legacies) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, receiver) = watch::channel(Vec::new());
        std::thread::Builder::new().name("checks".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, run(legacies, receiver));
        })?;
        Ok(Self(sender))
    }

    /// Has these legacies' upstreams checked, and no others. Those that were checked already go on being.
    pub(crate) fn apply(&self, legacies: &[Arc<Spec>]) {
        self.0.send_replace(legacies.to_vec());
    }
}

/// One upstream that is being checked.
struct Checked {
    spec: Arc<Spec>,
    task: AbortHandle,
}

impl Drop for Checked {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(legacies: Legacies, mut specs: watch::Receiver<Vec<Arc<Spec>>>) {
    let mut checked: Vec<Checked> = Vec::new();
    while specs.changed().await.is_ok() {
        let wanted = specs.borrow_and_update().clone();
        checked.retain(|checked| wanted.contains(&checked.spec));
        for spec in wanted {
            let Kind::Http(spec::Http { upstreams, check: Some(check), http2, .. }) = &spec.kind else {
                continue;
            };
            if checked.iter().any(|checked| checked.spec == spec) {
                continue;
            }
            for upstream in upstreams {
                let checker = Checker::new(&legacies, &spec, upstream, check, *http2);
                let task = tokio::task::spawn_local(checker.run()).abort_handle();
                checked.push(Checked { spec: Arc::clone(&spec), task });
            }
        }
    }
}

/// Asks one upstream.
struct Checker {
    upstream: Upstream,
    shared: Arc<Shared>,
    spec: Arc<Spec>,
    check: Check,
    http2: bool,
    head: RequestHead,
}

impl Checker {
    fn new(
        legacies: &Legacies,
        spec: &Arc<Spec>,
        upstream: &spec::Upstream,
        check: &Check,
        http2: bool,
    ) -> Self {
        let shared = legacies.http_shared(&spec.name, &upstream.address);
        // Each check comes by a connection of its own: whether one can be made is part of the question.
        let (keep, limit) = (false, check.timeout);
        let own = Spec { keep, connect_timeout: limit, read_timeout: limit, ..Spec::clone(spec) };
        let asked = legacies.http_upstream(&own, upstream);
        let head = head(check, &asked);
        Self { upstream: asked, shared, spec: Arc::new(own), check: check.clone(), http2, head }
    }

    async fn run(self) {
        let mut ticks = interval(self.check.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let status = timeout(self.check.timeout, self.ask()).await.unwrap_or_default();
            let well = status.is_some_and(|status| status < 400);
            let count = if well { &self.shared.checks_well } else { &self.shared.checks_ill };
            count.fetch_add(1, Relaxed);
            if self.shared.health.checked(well, Instant::now()) {
                let (legacy, upstream) = (&self.spec.name, self.upstream.place.to_string());
                tracing::warn!(
                    legacy,
                    upstream,
                    status,
                    well,
                    "checks have changed what is thought of an upstream"
                );
            }
        }
    }

    /// The answer's status.
    async fn ask(&self) -> Option<u16> {
        let committed = Cell::new(false);
        let request = Outbound { aside: true, ..Outbound::of_ours(&self.head) };
        let (start, upload) = (Instant::now(), Upload::Here(Vec::new()));
        let asked = Asked {
            spec: &self.spec,
            request: &request,
            upload: &upload,
            committed: &committed,
            speaks: &|| {},
            start,
        };
        let mut sink = Status(None);
        // What comes behind the head says nothing more: the sink ends it there.
        let _ = if self.http2 {
            self.upstream.ask_http2(&asked, &mut Nothing, &mut sink).await
        } else {
            self.upstream.ask_http1(&asked, &mut Nothing, &mut sink).await
        };
        sink.0
    }
}

/// What is asked. Its parts were validated with the configuration.
fn head(check: &Check, upstream: &Upstream) -> RequestHead {
    let host = check.host.clone().unwrap_or_else(|| upstream.place.authority());
    let text = format!("GET {} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: handover-check\r\n\r\n", check.path);
    let (limits, leniency) = (Limits::default(), Leniency::default());
    RequestHead::parse(text.as_bytes(), &limits, &leniency).expect("path and host were validated")
}

/// Wants to know the status, and nothing behind it.
struct Status(Option<u16>);

impl Status {
    fn enough(&self) -> ClientGone {
        ClientGone::Answer("the status is known".into())
    }
}

impl AnswerSink for Status {
    async fn informational(&mut self, _: &ResponseHead) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.0 = Some(head.status());
        Err(self.enough())
    }

    async fn data(&mut self, _: Bytes) -> Result<(), ClientGone> {
        Err(self.enough())
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn finish(&mut self, _: Option<&Fields>) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn switch(&mut self, _: &ResponseHead, _: Switched) -> Result<(), ClientGone> {
        Ok(())
    }
}
