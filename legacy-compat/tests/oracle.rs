//! The oracle's calls, answered by this crate: every function may fail no more than `known.tsv` lists.
//!
//! `SHOW=substr cargo test -p legacy-compat --test oracle -- --nocapture` shows what fails, `SHOW=substr@8.2` of one version.
//! `UPDATE=1` writes `known.tsv` anew; it may only shrink.

mod oracle_support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use legacy_compat::{Php, Version};
use oracle_support::codec::encode;
use oracle_support::vectors::{self, Call, Expected};

#[derive(Default, Clone, Copy)]
struct Score {
    passed: usize,
    total: usize,
}

type Scores = BTreeMap<(String, String), Score>;

fn main_php(version: Version) -> Php {
    vectors::php(version, vectors::clock(version).unwrap_or(1_750_000_000))
}

/// Prints a call that fails, where `SHOW` asks for it: `substr`, `substr@8.2`, or `all` for what the crate has at all.
fn show(call: &Call, version: Version, wanted: &Expected, got: &serde_json::Value) {
    let Ok(show) = std::env::var("SHOW") else { return };
    let (function, only) = show.split_once('@').unwrap_or((&show, ""));
    let asked = function == call.function || function == "all" && got.get("absent").is_none();
    if asked && (only.is_empty() || only == version.to_string()) {
        let php = Php::new(version);
        let args: Vec<String> = call.args.iter().map(|arg| encode(&php, arg).to_string()).collect();
        println!("FAIL {version} {}({})\t{wanted}\t{got}", call.function, args.join(", "));
    }
}

fn score(scores: &mut Scores, set: &str, calls: &[Call], width: &[bool], version: Version, file: &str) {
    let php = main_php(version);
    let answers = vectors::answers(set, file);
    let mut state = oracle_support::run::State::default();
    for (number, call) in calls.iter().enumerate() {
        let got = oracle_support::run::run(&php, call, &mut state);
        let Some(wanted) = answers.get(&number).filter(|wanted| **wanted != Expected::None) else { continue };
        if call.volatile || file.ends_with("wasm32") && width[number] {
            continue;
        }
        let got_outcome = vectors::expected(&got);
        let passed = got_outcome == *wanted || vectors::reads_clock(call) && got_outcome.is_near(wanted);
        if !passed {
            show(call, version, wanted, &got);
        }
        let score = scores.entry((call.function.clone(), version.to_string())).or_default();
        score.total += 1;
        score.passed += usize::from(passed);
    }
}

fn scores() -> Scores {
    let mut all = Scores::new();
    for set in vectors::SETS {
        let calls = vectors::calls(set);
        let width = vectors::width_dependent(set);
        std::thread::scope(|scope| {
            let (calls, width) = (&calls, &width);
            let parts: Vec<_> = vectors::VERSIONS
                .iter()
                .map(|(version, file)| {
                    let run = move || {
                        let mut part = Scores::new();
                        score(&mut part, set, calls, width, *version, file);
                        part
                    };
                    std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, run).unwrap()
                })
                .collect();
            for part in parts {
                for (key, score) in part.join().unwrap() {
                    let sum = all.entry(key).or_default();
                    sum.passed += score.passed;
                    sum.total += score.total;
                }
            }
        });
    }
    all
}

fn known_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/known.tsv")
}

/// `function<TAB>version<TAB>failures`, what is known not to pass yet.
fn known() -> BTreeMap<(String, String), usize> {
    let text = std::fs::read_to_string(known_path()).unwrap_or_default();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let key = (fields.next()?.to_owned(), fields.next()?.to_owned());
            Some((key, fields.next()?.parse().ok()?))
        })
        .collect()
}

fn write_known(scores: &Scores) {
    let mut text =
        String::from("# function, version, calls that do not pass yet; the test only lets it shrink\n");
    for ((function, version), score) in scores.iter().filter(|(_, score)| score.passed < score.total) {
        writeln!(text, "{function}\t{version}\t{}", score.total - score.passed).unwrap();
    }
    std::fs::write(known_path(), text).unwrap();
}

#[test]
fn answers_as_the_real_ones_did() {
    let scores = scores();
    let known = known();
    let mut worse = Vec::new();
    let mut by_version: BTreeMap<&str, Score> = BTreeMap::new();
    for ((function, version), score) in &scores {
        let failures = score.total - score.passed;
        let allowed = known.get(&(function.clone(), version.clone())).copied().unwrap_or(0);
        let mark = if failures > allowed { "  WORSE" } else { "" };
        if failures > 0 || std::env::var("ALL").is_ok() {
            println!("{function} {version}: {} of {}{mark}", score.passed, score.total);
        }
        if failures > allowed {
            worse.push(format!("{function} {version}: {failures} fail, known are {allowed}"));
        }
        let sum = by_version.entry(version).or_default();
        sum.passed += score.passed;
        sum.total += score.total;
    }
    for (version, score) in by_version {
        println!("PHP {version}: {} of {}", score.passed, score.total);
    }
    if std::env::var("SHOW").is_ok() {
        return;
    }
    if std::env::var("UPDATE").is_ok() {
        return write_known(&scores);
    }
    assert!(worse.is_empty(), "{} got worse:\n{}", worse.len(), worse.join("\n"));
}
