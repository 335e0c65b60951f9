//! Handlers that hold their thread: one that says so keeps nobody waiting, one that doesn't is told by its route.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use handover_parts::{Handover, http};

/// The program whose handlers hold their thread for 3 s.
fn binary() -> PathBuf {
    let proxy = Path::new(env!("CARGO_BIN_EXE_handover"));
    let binary = proxy.with_file_name("examples").join("planted");
    assert!(binary.exists(), "{} is not built: cargo build --examples", binary.display());
    binary
}

/// One core, so that who holds it holds everybody.
const ROUTES: &str = "workers = 1
[legacy.none]
http = 'http://127.0.0.1:1'
[[route]]
name = 'quick'
match = 'GET /quick'
stage = 'native'
native = 'planted'
[[route]]
name = 'still'
match = 'GET /still'
stage = 'native'
native = 'stands'
[[route]]
name = 'patient'
match = 'GET /patient'
stage = 'native'
native = 'blocks'
";

fn answered(address: SocketAddr, target: &str) -> Duration {
    let began = Instant::now();
    assert_eq!(http::get(address, target).unwrap().status, 200, "{target}");
    began.elapsed()
}

#[test]
fn a_handler_that_says_that_it_blocks_keeps_nobody_waiting() {
    let proxy = Handover::start(binary(), ROUTES);
    let address = proxy.http();
    let patient = std::thread::spawn(move || answered(address, "/patient"));
    std::thread::sleep(Duration::from_millis(300));
    let quick = answered(address, "/quick?n=1");
    assert!(!patient.is_finished(), "it was asked while the other one held a thread: {quick:?}");
    let metrics = http::get(proxy.admin(), "/metrics").unwrap().text();
    assert!(metrics.contains("handover_blocking_running 1\n"), "{metrics}");
    assert!(patient.join().unwrap() >= Duration::from_secs(3));
    assert!(!proxy.log().contains("stands still"), "{}", proxy.log());
}

#[test]
fn a_core_that_stands_still_is_told_by_its_route() {
    let mut proxy = Handover::start(binary(), ROUTES);
    let admin = proxy.admin();
    answered(proxy.http(), "/still");
    proxy.wait_until("the watchdog has seen it", Duration::from_secs(5), || {
        let metrics = http::get(admin, "/metrics").unwrap().text();
        metrics.contains("handover_core_stalls_total{http_route=\"still\"} 1\n")
    });
    let log = proxy.log();
    let line = |words: &str| log.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{log}"));
    assert!(line("a core stands still").contains("still"), "{log}");
    answered(proxy.http(), "/quick?n=1");
}
