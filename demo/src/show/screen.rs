//! What the demo shows: steps, hints, and then a few lines that go on changing (on a terminal) or repeat (elsewhere).

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use handover::{Parity, RouteStatus, Status};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::client::Counts;

/// How often the lines are repeated where they cannot change in place.
const REPEAT: Duration = Duration::from_secs(5);

/// Clusters of differences that are shown.
const CLUSTERS: usize = 5;

/// The demo's name.
pub(super) fn title() {
    println!("\nHandover: a legacy PHP backend, and one route handed over from it\n");
}

/// One thing that has been started.
pub(super) fn step(what: &str, how: String) {
    println!("  {what:<8} {how}");
}

/// What to try.
pub(super) fn hints(config: &Path, http: SocketAddr, admin: SocketAddr) {
    let config = config.display();
    println!(
        "\nTry, in another terminal:\n\
         \x20 curl -i http://{http}/v1/airports/JFK                       an answer of PHP's, through the proxy\n\
         \x20 change `stage` of create-flight in {config} to \"native\"   and watch who answers\n\
         \x20 open http://{admin} in a browser                        how far both sides agree, and what differs\n\
         \x20 target/debug/handover-demo explain POST /v1/flights         where a request goes, and why\n\
         \x20 target/debug/handover-demo --state state/demo legacy-only   everything back to PHP, now (--off ends it)\n\
         Ctrl-C ends everything.\n"
    );
}

/// The changing lines.
pub(super) struct Screen {
    lines: Option<Vec<ProgressBar>>,
    began: Instant,
    printed: Option<Instant>,
    before: (Instant, u64),
}

impl Screen {
    /// Nothing drawn yet.
    pub(super) fn new() -> Self {
        let lines = std::io::stdout().is_terminal().then(|| {
            let all = MultiProgress::new();
            let style =
                ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            (0..4 + CLUSTERS).map(|_| all.add(ProgressBar::new(0).with_style(style.clone()))).collect()
        });
        Self { lines, began: Instant::now(), printed: None, before: (Instant::now(), 0) }
    }

    /// How it stands now.
    pub(super) fn draw(&mut self, status: &Status, parities: &[Parity], clients: Counts) {
        let sent = clients.accepted + clients.rejected + clients.failed;
        let (when, before) = std::mem::replace(&mut self.before, (Instant::now(), sent));
        let rate = (sent - before) as f64 / when.elapsed().as_secs_f64().max(0.001);
        let mut lines = vec![format!(
            "{:>5} s  {rate:>4.0} requests/s   accepted {}   rejected {}   failed {}",
            self.began.elapsed().as_secs(),
            clients.accepted,
            clients.rejected,
            clients.failed
        )];
        lines.extend(status.legacy_only.iter().map(|why| format!("         {why}")));
        let watched = status.routes.iter().filter(|route| route.answered.values().any(|count| *count > 0));
        lines.extend(watched.map(answered));
        for parity in parities {
            lines.push(agreement(parity));
            lines.extend(parity.clusters.iter().take(CLUSTERS).map(|cluster| {
                format!(
                    "           differs: {}  {}  ({} times)",
                    cluster.key.path, cluster.key.shape, cluster.count
                )
            }));
        }
        self.show(&lines);
    }

    /// Something is wrong, but may come right.
    pub(super) fn trouble(&mut self, what: &str) {
        self.show(&[what.to_owned()]);
    }

    /// Leaves the last lines standing.
    pub(super) fn end(&self) {
        for line in self.lines.iter().flatten() {
            line.abandon();
        }
        println!("\nEnding the proxy and php-fpm.");
    }

    fn show(&mut self, lines: &[String]) {
        match &self.lines {
            Some(bars) => {
                let mut lines = lines.iter();
                for bar in bars {
                    bar.set_message(lines.next().cloned().unwrap_or_default());
                }
            }
            None if self.printed.is_none_or(|printed| printed.elapsed() >= REPEAT) => {
                self.printed = Some(Instant::now());
                lines.iter().for_each(|line| println!("{line}"));
            }
            None => {}
        }
    }
}

fn answered(route: &RouteStatus) -> String {
    let who: Vec<String> = route
        .answered
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(who, count)| format!("{who} {count}"))
        .collect();
    format!(
        "         {:<24} stage {:<8} answered by: {}",
        route.matches,
        route.stage.to_string(),
        who.join(", ")
    )
}

fn agreement(parity: &Parity) -> String {
    let share = parity.share().map_or("no sample yet".to_owned(), |share| format!("{:.3} %", share * 100.0));
    format!(
        "         {:<24} parity {share}: matched {}, ignored {}, mismatched {}, not comparable {}, pending {}",
        parity.evidence.route,
        parity.matched,
        parity.ignored,
        parity.mismatched,
        parity.not_comparable.values().sum::<u64>(),
        parity.pending
    )
}
