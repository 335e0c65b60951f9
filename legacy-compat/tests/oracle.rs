//! The oracle's calls, answered by this crate: every function may fail no more than `known.tsv` lists, each row with its reason.
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

impl Score {
    fn failures(&self) -> usize {
        self.total - self.passed
    }
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
        let width = vectors::width_dependent(set, &calls);
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

/// What is known not to pass.
struct Known {
    failures: usize,
    reason: String,
}

/// The reason of a row that somebody still works at: the only one that may stand for more than the share allowed.
const OPEN: &str = "open";

/// The share of a function's calls that may fail for a reason, in percent.
const ALLOWED_PERCENT: f64 = 0.5;

/// `function<TAB>version<TAB>failures<TAB>reason`
fn known() -> BTreeMap<(String, String), Known> {
    let text = std::fs::read_to_string(known_path()).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(known_row).collect()
}

fn known_row(line: &str) -> ((String, String), Known) {
    let fields: Vec<&str> = line.split('\t').collect();
    let [function, version, failures, reason] = fields.as_slice() else {
        panic!("known.tsv: not four fields: {line}")
    };
    let failures = failures.parse().unwrap_or_else(|_| panic!("known.tsv: not a count: {line}"));
    assert!(!reason.is_empty(), "known.tsv: without a reason: {line}");
    ((function.to_string(), version.to_string()), Known { failures, reason: reason.to_string() })
}

/// Writes the failures of this run with the reasons that were known; new ones are open.
fn write_known(scores: &Scores) {
    let known = known();
    let mut text = String::from(
        "# function, version, calls that do not pass, why (\"open\": somebody works at it); the test only lets it shrink\n",
    );
    for (key, score) in scores.iter().filter(|(_, score)| score.failures() > 0) {
        let reason = known.get(key).map_or(OPEN, |known| &known.reason);
        writeln!(text, "{}\t{}\t{}\t{reason}", key.0, key.1, score.failures()).unwrap();
    }
    std::fs::write(known_path(), text).unwrap();
}

/// What is wrong with a score: more failures than are known, or more than a reason may excuse.
fn fault(score: &Score, known: Option<&Known>) -> Option<String> {
    let (failures, total) = (score.failures(), score.total);
    let allowed = known.map_or(0, |known| known.failures);
    if failures > allowed {
        return Some(format!("{failures} fail, known are {allowed}"));
    }
    let settled = known.is_some_and(|known| known.reason != OPEN);
    (settled && failures as f64 * 100.0 > total as f64 * ALLOWED_PERCENT)
        .then(|| format!("{failures} of {total} are more than {ALLOWED_PERCENT} %"))
}

/// `N of M` for each function and version, and for each version.
fn report(scores: &Scores) {
    let mut by_version: BTreeMap<&str, Score> = BTreeMap::new();
    for of_function in scores.iter().collect::<Vec<_>>().chunk_by(|a, b| a.0.0 == b.0.0) {
        let mut line = String::new();
        for ((function, version), score) in of_function {
            let comma = if line.is_empty() { function } else { "," };
            write!(line, "{comma} {version}: {} of {}", score.passed, score.total).unwrap();
            let sum = by_version.entry(version).or_default();
            sum.passed += score.passed;
            sum.total += score.total;
        }
        println!("{line}");
    }
    for (version, score) in by_version {
        println!("PHP {version}: {} of {}", score.passed, score.total);
    }
}

#[test]
fn answers_as_the_real_ones_did() {
    let scores = scores();
    let known = known();
    report(&scores);
    if std::env::var("SHOW").is_ok() {
        return;
    }
    if std::env::var("UPDATE").is_ok() {
        return write_known(&scores);
    }
    let faults: Vec<String> = scores
        .iter()
        .filter_map(|(key, score)| Some(format!("{} {}: {}", key.0, key.1, fault(score, known.get(key))?)))
        .collect();
    assert!(faults.is_empty(), "{} functions fall short:\n{}", faults.len(), faults.join("\n"));
}
