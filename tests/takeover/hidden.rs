//! Rules that only PHP has, on values that no recorded request contains, two conditions deep: `coverage` shows each as
//! never reached, and `fuzz` finds each by its difference, the first three in every run, all ten with `HIDDEN=10`.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use handover_parts::process;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::app;
use crate::world::demo;

/// How long the search may take.
const WITHIN: Duration = Duration::from_secs(600);

/// The rules, as somebody would have written them.
const RULES: &str = r#"<?php
// Rules of the winter of 2014 that nobody wrote down.
function rules_hidden($f)
{
    global $client;
    if ($f['carrier'] == 'OO') {
        if ($f['pax'] == 71) {
            err('H01', 'pax', 'SkyWest has no such plane', $f['pax']);
        }
    }
    if ($f['origin'] == 'SWF' && $f['dest'] == 'DEN') {
        err('H02', 'dest', 'Stewart has no flights west', $f['dest']);
    }
    if ($f['remarks'] !== null && strpos($f['remarks'], 'VIP') === 0) {
        if (strlen($f['remarks']) > 12) {
            err('H03', 'remarks', 'say no more of important people');
        }
    }
    if ($f['source'] == 'ops') {
        if ($f['fuel_kg'] > 99000) {
            err('H04', 'fuel_kg', 'the operations desk files no jumbos', $f['fuel_kg']);
        }
    }
    if (is_array($f['crew']) && isset($f['crew']['purser'])) {
        if (count($f['crew']) > 3) {
            err('H05', 'crew', 'a purser and three more are too many');
        }
    }
    if ($f['currency'] == 'GBP') {
        if ($f['fare'] == 4321) {
            err('H06', 'fare', 'no such fare to London', $f['fare']);
        }
    }
    if ($client['version'] === '2.7.9') {
        if ($client['source'] == 'acars') {
            err('H07', '', 'this client files for itself');
        }
    }
    if ($f['contact'] !== null && preg_match('/@faa\.gov$/i', $f['contact'])) {
        if ($f['gate'] === 'B44') {
            err('H08', 'gate', 'is kept free for the authority');
        }
    }
    switch ($f['aircraft']) {
        case 'A380':
            if ($f['terminal'] == 4) {
                err('H09', 'terminal', 'too narrow for it');
            }
            break;
    }
    if ($f['cancel_code'] == 'D') {
        if ($f['pax'] === 1) {
            err('H10', 'pax', 'one passenger stops no flight');
        }
    }
    return $f;
}
"#;

/// How many rules there are.
const COUNT: usize = 10;

/// How many have to be found: all of them takes minutes, and is asked for by `HIDDEN=10`.
fn wanted() -> usize {
    std::env::var("HIDDEN").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[test]
fn rules_that_only_php_has_are_shown_as_unreached_and_found_by_fuzz() {
    let folder = process::folder("hidden");
    let app = app::with_rules(folder.path(), RULES);
    process::write(folder.path().join("routes.toml"), app::routes(&app));
    app::record(&folder.path().join("traffic.recording"), 60, 2_000);

    let coverage =
        app::run(folder.path(), &["coverage", "create-flight", "--json", "--with", "traffic.recording"]);
    let reached = &coverage["lines"]["includes/rules/900_hidden.php"];
    for (number, line) in (1..).zip(RULES.lines()) {
        let hits = reached[number.to_string()].as_u64();
        match line.trim_start() {
            line if line.starts_with("err(") => assert_eq!(hits, Some(0), "{number}: {line}: {reached}"),
            line if line.starts_with("if ($f['source']") => {
                assert!(hits > Some(0), "{number}: {line}: {reached}")
            }
            _ => {}
        }
    }

    let found = fuzz(folder.path());
    let missing: Vec<_> = codes().filter(|code| !found.contains(code)).collect();
    assert!(found.len() >= wanted(), "not found within {WITHIN:?}: {missing:?}");
}

fn codes() -> impl Iterator<Item = String> {
    (1..=COUNT).map(|number| format!("H{number:02}"))
}

/// Searches until enough are found, or for ten minutes; the codes of what was found.
fn fuzz(folder: &Path) -> Vec<String> {
    let log = File::create(folder.join("fuzz.log")).unwrap();
    let mut child = Command::new(demo())
        .args(["fuzz", "create-flight", "--with", "traffic.recording", "--for", "10m", "--findings", "400"])
        .args(["--seed", "15", "--out", "found.recording"])
        .current_dir(folder)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .stdin(Stdio::null())
        .spawn()
        .expect("it can be started");
    let began = Instant::now();
    let found = || -> Vec<String> {
        let text = fs::read_to_string(folder.join("found.recording")).unwrap_or_default();
        codes().filter(|code| text.contains(&format!("\\\"code\\\":\\\"{code}\\\""))).collect()
    };
    let mut known = 0;
    while known < wanted() && began.elapsed() < WITHIN {
        std::thread::sleep(Duration::from_millis(500));
        let now = found();
        if now.len() > known {
            println!("{:?}: {now:?}", began.elapsed());
        }
        known = now.len();
        if child.try_wait().unwrap().is_some() {
            break;
        }
    }
    let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGINT);
    let status = child.wait().unwrap();
    let said = fs::read_to_string(folder.join("fuzz.log")).unwrap();
    println!("{said}");
    assert_eq!(status.code(), Some(3), "{said}");
    found()
}
