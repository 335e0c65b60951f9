//! Schemas of a registry and the configuration that they belong to: one is in effect with the other.

use std::time::{Duration, Instant};

use handover_parts::{Backend, Handover, http};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");
const PATIENCE: Duration = Duration::from_secs(60);

/// A registry in which each subject's newest schema is 7, and which has a schema 8.
fn registry() -> Backend {
    Backend::start(|conversation| {
        loop {
            let request = conversation.request()?;
            let body = if request.starts_with("GET /subjects/") {
                r#"{"id":7,"schema":"\"string\""}"#
            } else {
                r#"{"schema":"\"long\""}"#
            };
            let length = body.len();
            conversation.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"))?;
        }
    })
}

#[test]
fn a_configuration_that_is_refused_does_not_bring_its_schemas() {
    let (registry, legacy) = (registry(), Backend::answering("HTTP/1.1 204 No Content\r\n\r\n"));
    let routes = |schema: &str, more: &str| {
        format!(
            "{}default = true\n{more}\n[kafka.main]\nbootstrap = '127.0.0.1:1'\nregistry = {{ url = 'http://{}' }}\n\
             [kafka.main.topic.t]\nschema = {schema}\n",
            legacy.as_legacy(),
            registry.address()
        )
    };
    let mut proxy = Handover::start(BINARY, &routes("'latest'", ""));
    let admin = proxy.admin();
    let id_is = |id: &str| {
        let metrics = http::get(admin, "/metrics").expect("the admin answers").text();
        metrics.contains(&format!("handover_schema_id{{cluster=\"main\",topic=\"t\"}} {id}\n"))
    };
    proxy.wait_until("the newest schema is there", PATIENCE, || id_is("7"));

    proxy.replace_routes(&routes("8", "[legacy.other]\nmanaged = { root = '/nowhere' }"));
    let since = Instant::now();
    while !proxy.log().contains("what it needs cannot be had") {
        assert!(since.elapsed() < PATIENCE, "{}", proxy.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(id_is("7"), "{}", proxy.log());
    assert!(registry.received().contains("GET /schemas/ids/8 "), "it was asked for beforehand");

    proxy.replace_routes(&routes("8", ""));
    proxy.wait_until("the other schema is in effect", PATIENCE, || id_is("8"));
}
