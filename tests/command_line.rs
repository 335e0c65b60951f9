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
fn legacy_only_can_take_its_time() {
    let folder = folder(GOOD);
    let (status, _, err) = run(folder.path(), &["legacy-only", "--ramp", "soon"]);
    assert!(status == Some(2) && err.contains("`soon` is no duration"), "{err}");
    for (ramp, within) in [(&["--ramp", "1h"][..], "1h"), (&["--ramp"], "5m")] {
        let asked = [&["legacy-only", "--reason", "PHP is small"], ramp].concat();
        assert_eq!(run(folder.path(), &asked).0, Some(0));
        let said = run(folder.path(), &["routes"]).1;
        let expected = format!("legacy-only within {within}, 5 % of what was native by now, set by ");
        assert!(said.contains(&expected), "{said}");
    }
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

#[test]
fn inventory_groups_what_clients_asked_for() {
    let folder = folder(GOOD);
    let line = |request: &str, status: u16, tail: &str| {
        format!(
            "10.0.0.7 - - [31/Jan/2026:10:11:12 +0100] \"{request} HTTP/1.1\" {status} 12 \"-\" \"curl\"{tail}\n"
        )
    };
    let mut log = String::from("not a request at all\n");
    for n in 0..30 {
        log.push_str(&line(&format!("GET /v1/users/{n}?x=1"), 200, " 0.020"));
        log.push_str(&line(&format!("GET /v1/airports/A{n}"), 200, " 0.001"));
    }
    log.push_str(&line("POST /v1/users", 422, " 0.300"));
    log.push_str(&line("GET /caf\\xC3\\xA9", 404, " 0.002"));
    fs::write(folder.path().join("access.log"), log).unwrap();
    let (status, out, err) = run(folder.path(), &["inventory", "access.log"]);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    let users = out.lines().find(|line| line.contains("/v1/users/{}")).unwrap_or_else(|| panic!("{out}"));
    for part in ["30", "GET", "2xx:30", "≤ 32 ms", "2026-01-31 09:11"] {
        assert!(users.contains(part), "{part} in {users}");
    }
    assert!(!out.contains("/v1/airports"), "a route names it: {out}");
    assert!(!out.contains("not logged"), "{out}");
    assert!(out.contains("1 would be refused") && out.contains("1 line left out"), "{out}");
    let all = json(folder.path(), &["inventory", "access.log", "--all", "--json"]);
    let templates = all["templates"].as_array().unwrap();
    let airports = templates.iter().find(|row| row["routes"]["airport"] == 30).expect("the route's");
    assert_eq!(airports["template"], "/v1/airports/{}");
    fs::write(folder.path().join("default.log"), line("GET /", 200, "")).unwrap();
    let (_, out, _) = run(folder.path(), &["inventory", "default.log"]);
    assert!(out.contains("not logged") && out.contains("`$request_time` (nginx)"), "{out}");
    fs::write(folder.path().join("empty.log"), "nothing\n").unwrap();
    assert_eq!(run(folder.path(), &["inventory", "empty.log"]).0, Some(1));
    assert_eq!(run(folder.path(), &["inventory", "none.log"]).0, Some(1));
}

#[test]
fn completions_are_for_the_binary_that_was_called() {
    let folder = folder(GOOD);
    for (shell, part) in
        [("bash", "complete -F _handover"), ("zsh", "#compdef handover"), ("fish", "complete -c handover")]
    {
        let (status, out, _) = run(folder.path(), &["completions", shell]);
        assert_eq!(status, Some(0));
        assert!(out.contains(part) && out.contains("legacy-only"), "{shell}");
    }
}

#[test]
fn an_admin_that_others_can_reach_needs_people_to_log_in() {
    let open = GOOD.replace("127.0.0.1:9", "0.0.0.0:9");
    let folder = folder(&open);
    let (status, _, err) = run(folder.path(), &["check"]);
    assert_eq!(status, Some(1));
    assert!(err.contains("could change stages") && err.contains("[admin] users"), "{err}");
    let with = |admin: &str| {
        fs::write(folder.path().join("routes.toml"), format!("{admin}\n{open}")).unwrap();
        run(folder.path(), &["check"])
    };
    fs::write(folder.path().join("users"), "ann:operator:nonsense\n").unwrap();
    let (status, _, err) = with("[admin]\nusers = 'users'");
    assert_eq!(status, Some(1));
    assert!(err.contains("line 1: the secret is neither"), "{err}");
    fs::write(folder.path().join("users"), "# nobody yet\n").unwrap();
    assert_eq!(with("[admin]\nusers = 'users'").0, Some(0));
    let proxy = "[admin.proxy]\nfrom = '10.0.0.7'\nheader = 'X-User'\nothers = 'viewer'";
    assert_eq!(with(proxy).0, Some(0));
    let (status, _, err) = with(&proxy.replace("10.0.0.7", "everywhere").replace("X-User", "X User"));
    assert_eq!(status, Some(1));
    assert!(err.contains("no address or network") && err.contains("no header field"), "{err}");
    assert_eq!(run(folder.path(), &["user", "a b"]).0, Some(1));
}

#[test]
fn scaffold_makes_a_route_a_handler_and_tests_and_overwrites_nothing() {
    let folder = folder(GOOD);
    let recorded = r#"{"id":"1","route":"x","at":"2026-01-31T10:00:00Z","request":{"method":"POST","target":"/v1/users/7?x=1","fields":[["Content-Type","application/json"],["Host","h"]],"body":"{\"n\":1}"},"control":{"who":"legacy","version":"1","outcome":{"answered":{"status":202,"fields":[],"body":"ok"}}},"candidate":{"who":"native"}}"#;
    let again = recorded.replace(r#"["Host","h"]"#, r#"["Host","h"],["X-Forwarded-For","10.0.0.7"]"#);
    let other = recorded.replace("/v1/users/7", "/other");
    let recording = format!("{{\"handover-recording\":1}}\n{recorded}\n{again}\n{other}\n");
    fs::write(folder.path().join("r.jsonl"), recording).unwrap();
    let arguments = ["scaffold", "post", "/v1/users/{}", "--name", "change-user", "--with", "r.jsonl"];
    let (status, out, err) = run(folder.path(), &arguments);
    assert_eq!(status, Some(0), "{err}");
    assert!(
        out.contains("match  = \"POST /v1/users/{id}\"") && out.contains("native = \"change_user\""),
        "{out}"
    );
    assert!(err.contains("1 recorded example in the tests"), "{err}");
    let handler = fs::read_to_string(folder.path().join("src/change_user.rs")).unwrap();
    for part in ["pub struct ChangeUser;", "recorded_1_is_answered_202", ".param(\"id\", \"7\")", "\"ok\""] {
        assert!(handler.contains(part), "{part} in\n{handler}");
    }
    assert!(!handler.contains("\"Host\"") && !handler.contains("X-Forwarded"), "{handler}");
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("schemas/change-user.json")).unwrap())
            .unwrap();
    assert_eq!(schema["properties"]["n"]["type"], "integer");
    assert_eq!(run(folder.path(), &arguments).0, Some(1), "nothing is overwritten");
    assert_eq!(run(folder.path(), &["scaffold", "GET", "users"]).0, Some(1));
    assert_eq!(run(folder.path(), &["scaffold", "GET", "/a", "--with", "routes.toml"]).0, Some(1));
}

#[test]
fn erase_says_where_a_value_is_left() {
    let folder = folder(GOOD);
    let spool = folder.path().join("handover-state/spool");
    fs::create_dir_all(&spool).unwrap();
    fs::write(spool.join("frames"), "…ann@example.org…").unwrap();
    let socket = folder.path().join("handover-state/php-fpm-app.sock");
    let _managed = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let (status, out, err) = run(folder.path(), &["erase", "ann@example.org"]);
    assert_eq!(status, Some(1));
    assert!(out.contains("there is none") && err.contains("spool/frames still has it"), "{out}{err}");
    assert_eq!(run(folder.path(), &["erase", "bob@example.org"]).0, Some(0));
    assert_eq!(run(folder.path(), &["erase", "ab"]).0, Some(1), "that would match everything");
}
