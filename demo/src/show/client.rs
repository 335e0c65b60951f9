//! The intake's clients: real records and old clients' requests in turn, at a steady rate, again and again.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use handover_demo::clients::{OldClients, Request, records, tidy};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

/// Requests under way at once.
const UNDER_WAY: usize = 16;

/// The old clients' seed: the same requests in each run.
const SEED: u64 = 2013;

/// Running clients.
pub(super) struct Clients {
    /// How many real records there are.
    pub records: usize,
    counts: Arc<Cells>,
    task: AbortHandle,
}

/// What clients saw.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Answers of 2xx.
    pub accepted: u64,
    /// Answers of 4xx.
    pub rejected: u64,
    /// Answers of 5xx, and requests without an answer.
    pub failed: u64,
}

#[derive(Default)]
struct Cells {
    accepted: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
}

impl Clients {
    /// Starts to send `rate` requests a second.
    pub(super) fn start(proxy: SocketAddr, data: &Path, rate: u32) -> anyhow::Result<Self> {
        let all = records(&data.join("flights-2013-01.csv.gz")).context("the real records cannot be read")?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        let (counts, count) = (Arc::<Cells>::default(), all.len());
        let cells = Arc::clone(&counts);
        let task = tokio::spawn(async move {
            let base = format!("http://{proxy}");
            let mut tick = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
            let room = Arc::new(Semaphore::new(UNDER_WAY));
            let tidy = all.iter().cycle().map(tidy);
            let old = OldClients::new(SEED, &all);
            for request in tidy.zip(old).flat_map(|(tidy, old)| [tidy, old]) {
                tick.tick().await;
                let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                let (http, cells, url) =
                    (http.clone(), Arc::clone(&cells), format!("{base}{}", request.path));
                tokio::spawn(async move {
                    let _permit = permit;
                    cells.count(send(&http, &url, request).await);
                });
            }
        });
        Ok(Self { records: count, counts, task: task.abort_handle() })
    }

    /// What they saw so far.
    pub(super) fn counts(&self) -> Counts {
        let of = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Counts {
            accepted: of(&self.counts.accepted),
            rejected: of(&self.counts.rejected),
            failed: of(&self.counts.failed),
        }
    }

    /// Ends them.
    pub(super) fn stop(&self) {
        self.task.abort();
    }
}

impl Cells {
    fn count(&self, status: Option<u16>) {
        let cell = match status {
            Some(200..300) => &self.accepted,
            Some(400..500) => &self.rejected,
            _ => &self.failed,
        };
        cell.fetch_add(1, Ordering::Relaxed);
    }
}

async fn send(http: &reqwest::Client, url: &str, request: Request) -> Option<u16> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).ok()?;
    let mut sent = http.request(method, url).body(request.body);
    if let Some(content_type) = request.content_type {
        sent = sent.header("Content-Type", content_type);
    }
    for (name, value) in request.headers {
        sent = sent.header(name, value);
    }
    let answer = sent.send().await.ok()?;
    let status = answer.status().as_u16();
    answer.bytes().await.ok()?;
    Some(status)
}
