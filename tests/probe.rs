//! The running pool says which PHP it is: native handlers do as that one does, and evidence belongs to it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use handover_parts::{Handover, PhpFpm, http, process};

const BINARY: &str = env!("CARGO_BIN_EXE_handover-demo");

/// Longer than the pause between two questions.
const PATIENCE: Duration = Duration::from_secs(60);

fn pool() -> PhpFpm {
    PhpFpm::flight_intake("127.0.0.1:1").setting("date.timezone", "Europe/Berlin").start()
}

fn routes(php: &PhpFpm, stage: &str, probe: &str) -> String {
    format!(
        "[legacy.intake]\nfastcgi = '{}'\nroot = '{}'\nconnections_max = 2\nversion = '1'\nprobe = {probe}\n\
         [[route]]\nname = 'login'\nmatch = 'GET|POST /login'\nstage = '{stage}'\nnative = 'login'\n",
        php.address(),
        php.root().display()
    )
}

/// What `handover probe` prints, with its status.
fn probe(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(BINARY).arg("probe").args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn an_operator_asks_a_pool_which_php_it_is() {
    let php = pool();
    let folder = process::folder("probe");
    let with = |probe: &str| {
        let routes = routes(&php, "legacy", probe);
        process::write(
            folder.path().join("routes.toml"),
            format!("{routes}[listen]\nhttp = '127.0.0.1:0'\n"),
        );
    };
    with("true");
    let (status, said, error) = probe(folder.path(), &[]);
    assert_eq!(status, Some(0), "{error}");
    for (name, value) in
        [("version", "8.2."), ("timezone", "Europe/Berlin"), ("precision", "14"), ("tzdata", "")]
    {
        let row = said.lines().find(|line| line.trim_start().starts_with(name));
        assert!(row.is_some_and(|row| row.contains(value)), "{name} in\n{said}");
    }
    assert!(!said.contains("save_path"), "it may hold a password");

    // A pool that cannot read our folder: the script lies where somebody has put it.
    let script = folder.path().join("which-php.php");
    fs::write(&script, probe(folder.path(), &["--script"]).1).unwrap();
    with(&format!("'{}'", script.display()));
    assert_eq!(probe(folder.path(), &[]).1, said);

    with("'/no/such/script.php'");
    let (status, _, error) = probe(folder.path(), &[]);
    assert_eq!(status, Some(1));
    assert!(error.contains("legacy `intake` did not run the probe /no/such/script.php"), "{error}");
}

#[test]
fn a_handler_knows_the_php_once_the_pool_has_said_it() {
    let php = pool();
    let mut proxy = Handover::start(BINARY, &routes(&php, "native", "true"));
    let (address, admin) = (proxy.http(), proxy.admin());
    proxy.wait_until("native answers", PATIENCE, || {
        let page = http::get(address, "/login").expect("whoever answers");
        assert_eq!(page.status, 200, "until then PHP does");
        answered(admin, "native") > 0
    });
}

#[test]
fn another_setting_of_php_begins_evidence_anew() {
    let mut php = pool();
    let mut proxy = Handover::start(BINARY, &routes(&php, "shadow", "true"));
    let (address, admin) = (proxy.http(), proxy.admin());
    let mut seen = Vec::new();
    for zone in ["Europe/Berlin", "Europe/Vienna"] {
        set_zone(&mut php, zone);
        proxy.wait_until("evidence of this PHP", PATIENCE, || {
            // While the pool begins anew there is nobody to answer.
            let _ = http::get(address, "/login");
            let legacies = legacies(admin);
            let new = legacies.iter().find(|legacy| !seen.contains(*legacy)).cloned();
            seen.extend(new.clone());
            new.is_some()
        });
    }
    assert!(seen.iter().all(|legacy| legacy.starts_with("1 on PHP 8.2.")), "{seen:?}");
}

/// Writes the pool's file anew, as an administrator does, and starts it again at the same address.
fn set_zone(php: &mut PhpFpm, zone: &str) {
    let socket = php.address().strip_prefix("unix:").expect("a Unix socket");
    let file = Path::new(socket).with_file_name("fpm.conf");
    let pool = fs::read_to_string(&file).unwrap();
    let others = pool.lines().filter(|line| !line.contains("date.timezone"));
    let pool = others.chain([&*format!("php_value[date.timezone] = {zone}")]).collect::<Vec<_>>().join("\n");
    fs::write(file, pool).unwrap();
    php.kill();
    php.restart();
}

fn answered(admin: std::net::SocketAddr, by: &str) -> u64 {
    let status = http::get(admin, "/api/status").expect("the admin answers");
    let status: serde_json::Value = serde_json::from_slice(&status.body).expect("JSON");
    status["routes"][0]["answered"][by].as_u64().unwrap_or(0)
}

/// The legacies of which there is evidence.
fn legacies(admin: std::net::SocketAddr) -> Vec<String> {
    let parity = http::get(admin, "/api/parity").expect("the admin answers");
    let all: serde_json::Value = serde_json::from_slice(&parity.body).expect("JSON");
    let of = |parity: &serde_json::Value| parity["evidence"]["legacy"].as_str().map(str::to_owned);
    all.as_array().into_iter().flatten().filter_map(of).filter(|legacy| !legacy.is_empty()).collect()
}
