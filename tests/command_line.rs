//! The command line of the stock binary, as an operator uses it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const GOOD: &str = r#"
[listen]
admin = "127.0.0.1:9"                # nobody answers there
[legacy.monolith]
http = "http://127.0.0.1:9501"
[[route]]
name = "airport"
owner = "intake"
match = "GET /v1/airports/{faa}"
"#;

fn handover(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
    command.args(arguments).current_dir(folder).env_clear();
    command.output().unwrap()
}

/// Runs in a folder with that `routes.toml`; gives status, standard output and standard error.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = handover(folder, arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn folder(routes: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("routes.toml"), routes).unwrap();
    folder
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(folder, arguments).1).unwrap()
}

#[test]
fn check_says_that_a_good_file_is_good() {
    let folder = folder(GOOD);
    let (status, out, err) = run(folder.path(), &["check"]);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("routes.toml is good: 1 route, 1 legacy, in 1 file"), "{out}");
    assert_eq!(json(folder.path(), &["check", "--json"])["ok"], true);
}

#[test]
fn check_shows_each_fault_and_fails() {
    let folder = folder(&GOOD.replace("owner", "ownr").replace("GET", "GTE"));
    let (status, out, err) = run(folder.path(), &["check"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    for part in
        [" --> routes.toml:8:1", "did you mean `owner`?", " --> routes.toml:9:9", "cannot be used: 2 faults"]
    {
        assert!(err.contains(part), "{part} in\n{err}");
    }
    assert!(!err.contains('\u{1b}'), "no colours where no terminal is");
    let faults = json(folder.path(), &["check", "--json"]);
    assert_eq!((&faults["ok"], &faults["faults"][1]["line"]), (&Value::Bool(false), &Value::from(9)));
}

#[test]
fn a_wrong_command_line_has_a_status_of_its_own() {
    let folder = folder(GOOD);
    for arguments in [&["chekc"][..], &["explain", "GET"], &["explain", "GET", "/", "--header", "x"], &[]] {
        assert_eq!(run(folder.path(), arguments).0, Some(2), "{arguments:?}");
    }
}

#[test]
fn explain_says_where_a_request_goes_and_why() {
    let folder = folder(GOOD);
    let (status, out, _) = run(folder.path(), &["explain", "GET", "/v1/airports/JFK?x=1"]);
    assert_eq!(status, Some(0));
    for part in ["route    airport, owned by intake", "why      its stage is legacy", "capture  faa = JFK"] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
    let (_, out, _) = run(folder.path(), &["explain", "POST", "/v1/airports/JFK"]);
    assert!(out.contains("no route matches") && out.contains("routes of this path take GET, HEAD"), "{out}");
    let unclear = json(folder.path(), &["explain", "GET", "/v1/airports/a%2Fb", "--json"]);
    assert_eq!(unclear["plan"], "legacy");
    assert!(unclear["why"].as_str().unwrap().contains("read in two ways"), "{unclear}");
}

#[test]
fn legacy_only_works_without_a_process_and_without_a_good_file() {
    let folder = folder(GOOD);
    let overridden = || {
        fs::write(folder.path().join("routes.toml"), GOOD).unwrap();
        run(folder.path(), &["routes"]).1
    };
    fs::write(folder.path().join("routes.toml"), GOOD.replace("[[route]]", "[[route]")).unwrap();
    let (status, out, _) = run(folder.path(), &["legacy-only", "--reason", "outage"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("no process answers") && out.contains("handover-state"), "{out}");
    let kept = fs::read_to_string(folder.path().join("handover-state/legacy-only.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap()["why"], "outage");
    assert!(overridden().contains("legacy-only, set by "));
    assert_eq!(run(folder.path(), &["legacy-only", "--off"]).0, Some(0));
    assert!(!overridden().contains("legacy-only"));
}

#[test]
fn legacy_only_counts_the_processes_that_did_it() {
    let folder = folder(GOOD);
    let (status, out, err) =
        run(folder.path(), &["legacy-only", "--admin", "127.0.0.1:9", "--admin", "http://127.0.0.1:10"]);
    assert_eq!(status, Some(1));
    assert!(out.contains("applied by 0 of 2 processes"), "{out}");
    assert!(err.contains("nobody answers at http://127.0.0.1:9\n"), "{err}");
}

#[test]
fn rollback_takes_a_route_below_the_files_stage_and_back() {
    let folder = folder(GOOD);
    let store = folder.path().join("handover-state/overrides.json");
    let set = r#"{"airport": {"stage": "shadow", "who": "x", "why": "y", "when": "2026-01-01T00:00:00Z"}}"#;
    for (arguments, status, part) in [
        (&["rollback", "airport"][..], 1, "airport is at legacy already"),
        (&["rollback", "airprt"], 1, "did you mean airport?"),
        (&["rollback", "airport", "--to", "native"], 1, "to raise it, edit the file"),
        (&["rollback", "airport", "--to", "nowhere"], 2, "possible values: legacy, shadow"),
        (&["rollback", "airport", "--off"], 0, "had no override"),
    ] {
        let (found, out, err) = run(folder.path(), arguments);
        assert_eq!(found, Some(status), "{arguments:?}: {err}");
        assert!(out.contains(part) || err.contains(part), "{part} in\n{out}{err}");
    }
    fs::write(&store, set).unwrap();
    assert!(run(folder.path(), &["routes"]).1.contains("airport: overridden to shadow by x"));
    assert_eq!(run(folder.path(), &["rollback", "airport", "--off"]).0, Some(0));
    assert_eq!(fs::read_to_string(store).unwrap(), "{}");
}

#[test]
fn parity_without_evidence_says_how_to_get_some() {
    let folder = folder(GOOD);
    let (status, _, err) = run(folder.path(), &["parity"]);
    assert_eq!(status, Some(1));
    assert!(err.contains("there is no evidence yet") && err.contains("from stage shadow on"), "{err}");
}

#[test]
fn serve_with_a_broken_file_says_what_is_wrong_with_it() {
    let folder = folder("[listen]\n");
    let (status, _, err) = run(folder.path(), &["serve"]);
    assert_eq!(status, Some(1));
    assert!(err.contains("there is no legacy") && err.contains("cannot be used: 1 fault"), "{err}");
}

#[test]
fn the_schema_knows_every_key_of_the_demos_file() {
    let folder = folder(GOOD);
    let schema = json(folder.path(), &["schema"]);
    let demo: toml::Table = include_str!("../routes.toml").parse().unwrap();
    let keys = |value: &Value| value["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(demo.keys().all(|key| keys(&schema).contains(key)), "{:?}", keys(&schema));
    let route = keys(&schema["$defs"]["Route"]);
    let routes = demo["route"].as_array().unwrap();
    assert!(
        routes.iter().flat_map(|r| r.as_table().unwrap().keys()).all(|key| route.contains(key)),
        "{route:?}"
    );
}
