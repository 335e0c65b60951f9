//! A file with only a legacy makes a complete transparent proxy, started and stopped as operators do.

use handover_parts::{Handover, Nginx, PhpFpm, http, process};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// Fields that two servers may rightly give differently.
const OWN_FIELDS: [&str; 5] = ["server", "date", "connection", "transfer-encoding", "content-length"];

#[test]
fn answers_as_nginx_does_in_front_of_the_same_php() {
    let app = application();
    for php in [PhpFpm::serving(app.path()), PhpFpm::serving(app.path()).tcp()] {
        let php = php.start();
        let nginx = Nginx::in_front_of(&php);
        let proxy = Handover::start(BINARY, &only_legacy(&php));
        for target in ["/", "/any/path?a[]=1&b=%20x", "/static.txt", "/index.php/path/info"] {
            let [expected, given] = [nginx.address(), proxy.http()].map(|address| {
                let fields = [("Host", "shop.example"), ("X-Old", "as ever"), ("Connection", "close")];
                let request = http::request("GET", target, &fields, b"");
                http::Client::connect(address).unwrap().exchange(&request).unwrap()
            });
            assert_eq!((given.status, common(&given)), (expected.status, common(&expected)), "{target}");
            assert_eq!(given.text(), expected.text(), "{target}");
        }
    }
}

#[test]
fn shows_no_hidden_file() {
    let app = application();
    let php = PhpFpm::serving(app.path()).start();
    let proxy = Handover::start(BINARY, &only_legacy(&php));
    assert!(!http::get(proxy.http(), "/.hidden").unwrap().text().contains("not for you"));
}

#[test]
fn stops_in_order_and_starts_again_also_after_a_crash() {
    let app = application();
    let php = PhpFpm::serving(app.path()).start();
    let mut proxy = Handover::start(BINARY, &only_legacy(&php));
    assert_eq!(proxy.stop(), Some(0), "{}", proxy.log());
    proxy.restart();
    proxy.kill();
    proxy.restart();
    assert_eq!(http::get(proxy.http(), "/").unwrap().status, 200);
}

fn only_legacy(php: &PhpFpm) -> String {
    format!("[legacy.app]\nfastcgi = \"{}\"\nroot = \"{}\"\n", php.address(), php.root().display())
}

fn application() -> tempfile::TempDir {
    let folder = process::folder("app");
    process::write(
        folder.path().join("index.php"),
        r#"<?php
        header('X-Method: ' . $_SERVER['REQUEST_METHOD']);
        setcookie('seen', 'yes');
        foreach (['REQUEST_URI', 'QUERY_STRING', 'SCRIPT_NAME', 'HTTP_HOST', 'HTTP_X_OLD'] as $name) {
            echo $name, '=', $_SERVER[$name] ?? '-', "\n";
        }
        var_dump($_GET);"#,
    );
    process::write(folder.path().join("static.txt"), "as it is");
    process::write(folder.path().join(".hidden"), "not for you");
    folder
}

/// The names and values that both servers must give alike, in no order.
fn common(response: &http::Response) -> Vec<(String, String)> {
    let fields = response
        .fields
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned()));
    let mut common: Vec<_> = fields.filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str())).collect();
    common.sort();
    common
}
