//! A takeover through its gate, and back by itself: real php-fpm, a real process, requests all the time.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use handover_parts::load::{Outcome, drive};
use handover_parts::{Handover, PhpFpm, http, process};
use serde_json::Value;

/// How soon a route must be back once its fault was planted.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// A PHP application, a proxy in front of it, a place for faults.
struct World {
    app: tempfile::TempDir,
    php: PhpFpm,
}

impl World {
    fn start() -> Self {
        let app = process::folder("app");
        let page = "<?php header_remove('X-Powered-By'); header('Content-Type: text/plain'); echo 'n=', $_GET['n'] ?? '';";
        process::write(app.path().join("index.php"), page);
        let php = PhpFpm::serving(app.path()).children(4).start();
        Self { app, php }
    }

    fn routes(&self, stage: &str) -> String {
        format!(
            "[legacy.app]\nfastcgi = '{}'\nroot = '{}'\nversion = '1'\nconnections_max = 4\n\
             [[route]]\nname = 'n'\nmatch = 'GET /n'\nnative = 'planted'\nstage = '{stage}'\nverify = 0.3\n\
             gate = {{ samples = 60, age = '1s', mismatches = 0.1, statuses = ['2xx'], waive = {{ effects = 'it has none' }} }}\n\
             rollback = {{ errors = 0.05, mismatches = 0.05, declines = 0.2, over = '5s', least = 10 }}\n",
            self.php.address(),
            self.php.root().display()
        )
    }

    fn planted(&self) -> PathBuf {
        self.app.path().join("planted")
    }

    fn plant(&self, fault: &str) {
        process::write(self.planted(), fault);
    }

    fn proxy(&self, stage: &str) -> Handover {
        let planted = self.planted();
        Handover::start_with(binary(), &self.routes(stage), |command| {
            command.env("PLANTED", planted);
        })
    }
}

/// Requests all the time while `story` is told; gives what became of them.
fn under_load(address: SocketAddr, story: impl FnOnce()) -> Vec<Outcome> {
    /// Ends the load also where the story ends in a panic.
    struct End<'a>(&'a AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            drive(address, 4, |index| {
                std::thread::sleep(Duration::from_millis(10));
                (!done.load(Ordering::Relaxed)).then(|| request(index))
            })
        });
        let end = End(&done);
        story();
        drop(end);
        load.join().expect("the load ends")
    })
}

fn request(index: usize) -> Vec<u8> {
    http::request("GET", &format!("/n?n={index}"), &[("Host", "app.example")], b"")
}

fn assert_none_failed(outcomes: &[Outcome]) {
    assert!(outcomes.len() > 50, "{} requests are no load", outcomes.len());
    for outcome in outcomes {
        let response = outcome.response();
        assert_eq!((response.status, response.text()), (200, format!("n={}", outcome.index)));
    }
}

fn stage(admin: SocketAddr) -> String {
    json(admin, "/api/status")["routes"][0]["stage"].as_str().expect("a stage").to_owned()
}

fn json(admin: SocketAddr, path: &str) -> Value {
    serde_json::from_slice(&http::get(admin, path).expect("the admin answers").body).expect("JSON")
}

/// What a command says in the folder of a proxy: status and standard output.
fn command(proxy: &Handover, arguments: &[&str]) -> (Option<i32>, String) {
    let output =
        Command::new(binary()).args(arguments).current_dir(proxy.folder()).output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Brings a route through its gate, to native.
fn promoted(world: &World) -> Handover {
    let mut proxy = world.proxy("shadow");
    let (admin, clients) = (proxy.admin(), proxy.http());
    let (status, said) = command(&proxy, &["gate", "n"]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("evidence, unmeasurable"), "{said}");
    let (status, _) = command(&proxy, &["set", "n", "native", "--yes"]);
    assert_eq!(status, Some(3), "what the gate refuses is not written");
    assert!(std::fs::read_to_string(proxy.routes()).unwrap().contains("stage = 'shadow'"));

    proxy.replace_routes(&world.routes("native"));
    proxy.wait_until("the file is read", Duration::from_secs(20), || {
        json(admin, "/api/status")["routes"][0]["overridden"]
            .as_str()
            .is_some_and(|why| why.contains("is shut"))
    });
    assert_eq!(stage(admin), "shadow", "a raise whose gate is shut does not apply");
    let (status, _) = command(&proxy, &["check"]);
    assert_eq!(status.filter(|status| *status == 3), status, "check says so");

    let outcomes = under_load(clients, || {
        proxy.wait_until("the gate opens", Duration::from_secs(60), || stage(admin) == "native");
    });
    assert_none_failed(&outcomes);
    proxy
}

#[test]
fn a_planted_fault_takes_the_route_back_within_ten_seconds_without_a_failed_request() {
    let world = World::start();
    let mut proxy = promoted(&world);
    let (admin, clients) = (proxy.admin(), proxy.http());
    let outcomes = under_load(clients, || {
        std::thread::sleep(Duration::from_secs(3));
        world.plant("panics");
        let began = Instant::now();
        proxy.wait_until("the route is back", Duration::from_secs(60), || stage(admin) != "native");
        assert!(began.elapsed() < BACK_WITHIN, "it took {:?}", began.elapsed());
    });
    assert_none_failed(&outcomes);
    assert_eq!(stage(admin), "shadow", "there is no canary share to be a canary by");
    let metrics = http::get(admin, "/metrics").expect("the admin answers").text();
    assert!(metrics.contains("handover_rollbacks_total{http_route=\"n\"} 1"), "{metrics}");

    // The file still says native, and the fault is gone: whoever took it back must be answered first.
    std::fs::remove_file(world.planted()).unwrap();
    proxy.stop();
    proxy.restart();
    assert_eq!(stage(admin), "shadow");
    proxy.replace_routes(&format!("{}\n# touched\n", world.routes("native")));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(stage(admin), "shadow");

    let (status, ledger) = command(&proxy, &["ledger", "n", "--json"]);
    assert_eq!(status, Some(0), "{ledger}");
    let entries: Value = serde_json::from_str(&ledger).unwrap();
    let moves: Vec<_> = entries.as_array().unwrap().iter().map(|e| (text(e, "who"), text(e, "to"))).collect();
    assert_eq!(moves, [("file", "shadow"), ("gate", "native"), ("automatic rollback", "shadow")]);
    assert!(entries[1]["evidence"]["samples"].as_u64() >= Some(60), "the promotion's evidence is frozen");
    let file = proxy.folder().join("handover-state/ledger.jsonl");
    let forged = std::fs::read_to_string(&file).unwrap().replace("automatic rollback", "automatic r0llback");
    std::fs::write(&file, forged).unwrap();
    assert_eq!(command(&proxy, &["ledger"]).0, Some(1), "what was changed is found");
}

#[test]
fn a_route_that_begins_to_differ_or_to_decline_is_taken_back_too() {
    let world = World::start();
    for fault in ["differs", "declines"] {
        let _ = std::fs::remove_file(world.planted());
        let mut proxy = promoted(&world);
        let (admin, clients) = (proxy.admin(), proxy.http());
        under_load(clients, || {
            std::thread::sleep(Duration::from_secs(2));
            world.plant(fault);
            proxy.wait_until("the route is back", Duration::from_secs(30), || stage(admin) != "native");
        });
        let why =
            json(admin, "/api/status")["routes"][0]["overridden"].as_str().unwrap_or_default().to_owned();
        let word = if fault == "differs" { "mismatched" } else { "declined" };
        assert!(why.contains("automatic rollback") && why.contains(word), "{fault}: {why}");
    }
}

#[test]
fn a_native_route_goes_on_being_compared_with_what_legacy_says_beside_it() {
    let world = World::start();
    let page = "<?php header_remove('X-Powered-By'); header('Content-Type: text/plain'); \
        file_put_contents(__DIR__ . '/asked', ($_SERVER['HTTP_X_DRY_RUN'] ?? 'live') . \"\\n\", FILE_APPEND | LOCK_EX); \
        echo 'n=', $_GET['n'] ?? '';";
    process::write(world.app.path().join("index.php"), page);
    let routes = format!(
        "[legacy.app]\nfastcgi = '{}'\nroot = '{}'\nversion = '1'\nconnections_max = 4\ndry_run = 'X-Dry-Run: yes'\n\
         [[route]]\nname = 'n'\nmatch = 'GET /n'\nnative = 'planted'\nstage = 'native'\nverify = 1\n",
        world.php.address(),
        world.php.root().display()
    );
    let planted = world.planted();
    let mut proxy = Handover::start_with(binary(), &routes, |command| {
        command.env("PLANTED", planted);
    });
    let (admin, clients) = (proxy.admin(), proxy.http());
    let parity = |key: &str| json(admin, "/api/parity")[0][key].as_u64().unwrap_or_default();
    let answered = |by: &str| json(admin, "/api/status")["routes"][0]["answered"][by].as_u64();
    let ask = |n: usize| http::Client::connect(clients).unwrap().exchange(&request(n)).unwrap();
    for n in 0..10 {
        assert_eq!(ask(n).text(), format!("n={n}"));
    }
    proxy.wait_until("all are compared", Duration::from_secs(30), || parity("matched") == 10);
    assert_eq!((answered("native"), answered("legacy")), (Some(10), Some(0)));
    let asked = std::fs::read_to_string(world.app.path().join("asked")).unwrap();
    assert_eq!(asked, "yes\n".repeat(10), "legacy was asked for a dry run each time");

    world.plant("differs");
    assert_eq!(ask(11).text(), "m=11");
    proxy.wait_until("what differs is seen", Duration::from_secs(30), || parity("mismatched") == 1);
    world.plant("panics");
    assert_eq!(ask(12).text(), "n=12", "legacy answers in its place");
    proxy.wait_until("a failure is a mismatch", Duration::from_secs(30), || parity("failed") == 1);
    world.plant("declines");
    let claimed = [("Host", "app.example"), ("x-dry-run", "yes")];
    let claims = http::request("GET", "/n?n=13", &claimed, b"");
    let answer = http::Client::connect(clients).unwrap().exchange(&claims).unwrap();
    assert_eq!(answer.text(), "n=13");
    proxy.wait_until("a decline is counted", Duration::from_secs(30), || {
        json(admin, "/api/parity")[0]["declined"]["a planted fault"].as_u64() == Some(1)
    });
    let asked = std::fs::read_to_string(world.app.path().join("asked")).unwrap();
    assert!(
        asked.ends_with("yes\nlive\nlive\n"),
        "whom legacy answers for is no dry run, whatever the client says: {asked}"
    );
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_handover")).with_file_name("examples").join("planted");
    assert!(binary.exists(), "{} is not built: run `cargo test`, which builds examples", binary.display());
    binary
}
