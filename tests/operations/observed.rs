//! What is told of a request: its line in the access log, the field that explains it, the field that forces a stage, its span.

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

#[test]
fn a_recorded_request_has_a_span_whose_trace_legacy_is_told() {
    let (folder, backend) = (process::folder("traces"), Backend::answering(OK));
    let collector = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let sections = format!(
        "[traces]\notlp = 'http://{}/v1/traces'\nservice = 'shop'\n[forwarded]\ntrusted = '127.0.0.1'\n",
        collector.address()
    );
    let mut proxy = Handover::start(BINARY, &routes(folder.path(), &backend, "native", &sections));
    let mut client = Client::connect(proxy.http()).unwrap();
    let mut ask = |method, target, parent| {
        let fields = [("Host", "shop.example"), ("traceparent", parent)];
        client.exchange(&http::request(method, target, &fields, b"{}")).unwrap();
    };
    let recorded = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ask("GET", "/page?secret=1", recorded);
    ask("POST", "/take", recorded);
    ask("GET", "/other", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    let seen = backend.received();
    let told: Vec<_> = seen.lines().filter_map(|line| line.strip_prefix("traceparent: ")).collect();
    assert_eq!(told.len(), 2, "{seen}");
    assert!(told.iter().all(|told| told.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")), "{told:?}");
    assert!(!seen.contains("00f067aa0ba902b7"), "its span is ours: {seen}");
    drop(client);
    assert_eq!(proxy.stop(), Some(0));

    let received = collector.received();
    assert!(!received.contains("secret"), "{received}");
    let bodies = received.split("\r\n\r\n").filter_map(|text| {
        let end = text.rfind('}')?;
        serde_json::from_str::<Value>(&text[..=end]).ok()
    });
    let spans: Vec<Value> = bodies
        .flat_map(|body| {
            body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned().unwrap_or_default()
        })
        .collect();
    assert_eq!(spans.len(), 2, "{received}");
    for (span, name) in spans.iter().zip(["GET", "POST take"]) {
        assert_eq!(
            (&span["name"], &span["parentSpanId"]),
            (&name.into(), &"00f067aa0ba902b7".into()),
            "{span}"
        );
        assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        let [start, end] = ["startTimeUnixNano", "endTimeUnixNano"]
            .map(|name| span[name].as_str().unwrap().parse::<u64>().unwrap());
        assert!(start < end, "{span}");
    }
    let id = |at: usize| spans[at]["spanId"].as_str().unwrap();
    assert!(told[0].contains(id(0)) && id(0) != id(1), "{told:?}");
    assert!(received.contains("\"service.name\"") && received.contains("\"shop\""));
}
