//! What legacies are asked beside clients: a second one that is to take the first one's place, and the same once more. Real
//! php-fpm pools, whose applications differ where these tests say so.

mod candidate;
mod noise;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use handover_parts::load::{Outcome, send_all};
use handover_parts::{Handover, PhpFpm, http, process};
use serde_json::Value;

/// Connections that send at once.
const CONNECTIONS: usize = 4;

/// Requests that are sent at once where each is to be compared.
const BATCH: usize = 20;

/// A PHP application of one page.
struct App {
    folder: tempfile::TempDir,
    php: PhpFpm,
}

impl App {
    fn start(page: &str) -> Self {
        let folder = process::folder("app");
        process::write(folder.path().join("index.php"), page);
        let php = PhpFpm::serving(folder.path()).children(CONNECTIONS as u32).start();
        Self { folder, php }
    }

    /// Another page in the place of the one that there was.
    fn replace(&self, page: &str) {
        process::write(self.folder.path().join("index.php"), page);
    }

    /// Its `[legacy.NAME]`.
    fn legacy(&self, name: &str) -> String {
        let (address, root) = (self.php.address(), self.php.root().display());
        format!("[legacy.{name}]\nfastcgi = '{address}'\nroot = '{root}'\nconnections_max = {CONNECTIONS}\n")
    }
}

/// Sends requests for `/n?n=…`.
fn load(clients: SocketAddr, numbers: std::ops::Range<usize>) -> Vec<Outcome> {
    let request = |n: usize| http::request("GET", &format!("/n?n={n}"), &[("Host", "app.example")], b"");
    send_all(clients, CONNECTIONS, &numbers.map(request).collect::<Vec<_>>())
}

/// The same, so few at once that each experiment has room, until all are judged.
fn compare(proxy: &mut Handover, numbers: std::ops::Range<usize>) -> Vec<Outcome> {
    let (admin, clients) = (proxy.admin(), proxy.http());
    let (mut outcomes, before) = (Vec::new(), judged(admin));
    for from in numbers.clone().step_by(BATCH) {
        let to = numbers.end.min(from + BATCH);
        let at = |outcome: Outcome| Outcome { index: outcome.index + from - numbers.start, ..outcome };
        outcomes.extend(load(clients, from..to).into_iter().map(at));
        let sent = before + (to - numbers.start) as u64;
        proxy.wait_until("these are compared", Duration::from_secs(60), || judged(admin) >= sent);
    }
    outcomes
}

fn json(admin: SocketAddr, path: &str) -> Value {
    serde_json::from_slice(&http::get(admin, path).expect("the admin answers").body).expect("JSON")
}

/// The newest evidence; nothing where there is none yet.
fn parity(admin: SocketAddr) -> Value {
    json(admin, "/api/parity").get(0).cloned().unwrap_or_default()
}

/// How many experiments were judged.
fn judged(admin: SocketAddr) -> u64 {
    let parity = parity(admin);
    let classes = ["matched", "ignored", "noise", "mismatched"];
    classes.iter().map(|class| parity[class].as_u64().unwrap_or_default()).sum()
}

/// Each cluster's place, kind and state.
fn clusters(admin: SocketAddr) -> Vec<(String, String, String)> {
    let parity = parity(admin);
    let clusters = parity["clusters"].as_array().cloned().unwrap_or_default();
    let text = |cluster: &Value, key: &str| cluster[key].as_str().unwrap_or_default().to_owned();
    clusters.iter().map(|c| (text(c, "path"), text(c, "kind"), text(c, "state"))).collect()
}

fn cluster(path: &str, kind: &str, state: &str) -> (String, String, String) {
    (path.to_owned(), kind.to_owned(), state.to_owned())
}

/// What a command says in the folder of a proxy: status and standard output.
fn command(proxy: &Handover, arguments: &[&str]) -> (Option<i32>, String) {
    let output =
        Command::new(binary()).args(arguments).current_dir(proxy.folder()).output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_handover"))
}
