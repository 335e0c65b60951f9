//! What is told of a request: its line in the access log, the field that explains it, the field that forces a stage.

use std::fs;
use std::path::Path;

use handover_parts::http::Client;
use handover_parts::{Backend, Handover, http, process};
use serde_json::Value;

use crate::world::{BINARY, request};

const KEY: &str = "0123456789abcdef0123456789abcdef";

const PIPELINE: &str = r#"
semantics = "strict"
[[step]]
name = "read"
decode = { as = ["json"], into = "body", fail = "unreadable" }
[response.pass]
status = 200
json = "{'native': true}"
[response.fail]
status = 422
json = "{'errors': errors}"
[response.unreadable]
status = 400
json = "{'error': decode_error.message}"
"#;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlegacy";

/// A legacy and a route with a pipeline, at that stage, with these sections.
fn routes(folder: &Path, backend: &Backend, stage: &str, sections: &str) -> String {
    process::write(folder.join("take.toml"), PIPELINE);
    process::write(folder.join("key"), format!("{KEY}\n"));
    format!(
        "{}\n{sections}\n[[route]]\nname = 'take'\nmatch = 'POST /take'\nstage = '{stage}'\n\
         native = {{ pipeline = '{}' }}\n",
        backend.as_legacy(),
        folder.join("take.toml").display()
    )
}

#[test]
fn each_request_has_a_line_that_says_who_answered_and_how_long_each_leg_took() {
    let (folder, backend) = (process::folder("access"), Backend::answering(OK));
    let log = folder.path().join("access.log");
    let sections = format!("[access_log]\nto = 'file:{}'\n", log.display());
    let mut proxy = Handover::start(BINARY, &routes(folder.path(), &backend, "native", &sections));
    let mut client = Client::connect(proxy.http()).unwrap();
    client.exchange(&request("GET", "/page?secret=1", "")).unwrap();
    client.exchange(&request("POST", "/take", "{}")).unwrap();
    drop(client);
    assert_eq!(proxy.stop(), Some(0));

    let text = fs::read_to_string(&log).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let [page, take] = &lines[..] else { panic!("{text}") };
    for (line, name, value) in [
        (page, "http.request.method", "GET"),
        (page, "url.path", "/page"),
        (page, "server.address", "shop.example"),
        (page, "client.address", "127.0.0.1"),
        (page, "handover.answered_by", "legacy"),
        (page, "handover.why", "no_route"),
        (take, "handover.answered_by", "native"),
        (take, "handover.stage", "native"),
        (take, "handover.why", "stage"),
        (take, "http.route", "take"),
    ] {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    assert_eq!(
        (&page["http.response.status_code"], &page["http.response.body.size"]),
        (&200.into(), &6.into())
    );
    assert!(page["answered_us"].is_u64() && page["native_us"].is_null(), "{page}");
    assert!(take["native_us"].is_u64() && take["answered_us"].is_null(), "{take}");
    assert!(page["duration_us"].as_u64() >= page["legacy_us"].as_u64(), "{page}");
}

#[test]
fn answers_say_why_and_who_has_the_key_forces_a_stage() {
    let (folder, backend) = (process::folder("explain"), Backend::answering(OK));
    let sections = format!(
        "[explain]\nfield = 'X-Handover'\nforce = {{ field = 'X-Stage', key_file = '{}' }}\n",
        folder.path().join("key").display()
    );
    let proxy = Handover::start(BINARY, &routes(folder.path(), &backend, "legacy", &sections));
    let mut client = Client::connect(proxy.http()).unwrap();
    let mut take = |stage: Option<String>| {
        let stage = stage.as_deref().map(|stage| ("X-Stage", stage));
        let fields: Vec<_> = [("Host", "shop.example")].into_iter().chain(stage).collect();
        let response = client.exchange(&http::request("POST", "/take", &fields, b"{}")).unwrap();
        (response.text(), response.field("X-Handover").unwrap())
    };
    let explained = |by, why| format!("by={by}, why={why}, route=\"take\", stage=legacy, generation=1");
    assert_eq!(take(None), ("legacy".into(), explained("legacy", "stage")));
    assert_eq!(
        take(Some(format!("native {KEY}"))),
        ("{\"native\":true}".into(), explained("native", "forced"))
    );
    assert_eq!(take(Some("native 0123456789abcdef".into())), ("legacy".into(), explained("legacy", "stage")));
    assert_eq!(take(Some(format!("legacy {KEY}"))), ("legacy".into(), explained("legacy", "forced")));
    let page = client.exchange(&request("GET", "/", "")).unwrap();
    assert_eq!(page.field("X-Handover").unwrap(), "by=legacy, why=no_route, generation=1");
    let seen = backend.received().to_ascii_lowercase();
    assert!(!seen.contains("x-stage"), "nobody's travels on: {seen}");
}
