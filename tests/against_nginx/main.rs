//! More than a hundred requests to nginx and to the proxy, in front of the same php-fpm: the answers are the same, byte
//! for byte, but for what is listed here with its reason.

mod cases;

use std::collections::BTreeMap;

use cases::{Case, all};
use handover_parts::{Handover, Nginx, PhpFpm, http, process};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// Fields of answers that may differ. The names of all others are compared whatever their case, and their order only
/// within a name: nginx writes some of PHP's names anew and puts them first, and neither means anything (RFC 9110 §5).
const FIELDS: &[(&str, &str)] = &[
    ("server", "nginx names itself; we add no name to an answer"),
    ("connection", "nginx says keep-alive, which HTTP/1.1 means anyway"),
    ("keep-alive", "goes with it"),
    ("transfer-encoding", "an answer that is at hand whole may be sent with its length"),
    ("content-length", "the same"),
];

/// Entries of `$_SERVER` that may differ.
const SERVER: &[(&str, &str)] = &[
    ("SERVER_SOFTWARE", "says what it is"),
    ("SERVER_NAME", "nginx's config names it; ours is the request's host"),
    ("SERVER_PORT", "two servers"),
    ("REMOTE_PORT", "two connections"),
    ("REMOTE_USER", "in Debian's fastcgi.conf, which fastcgi_params lacks"),
    ("REQUEST_TIME", "two moments"),
    ("REQUEST_TIME_FLOAT", "two moments"),
    ("HTTP_X_FORWARDED_FOR", "ours: what the client says of itself is no proof"),
    ("HTTP_X_FORWARDED_PROTO", "ours"),
    ("HTTP_X_FORWARDED_HOST", "ours"),
];

#[test]
fn answers_are_those_of_nginx_and_php_fpm() {
    let app = application();
    let php = PhpFpm::serving(app.path()).start();
    let nginx = Nginx::in_front_of(&php);
    let config =
        format!("[legacy.app]\nfastcgi = \"{}\"\nroot = \"{}\"\n", php.address(), php.root().display());
    let proxy = Handover::start(BINARY, &format!("{config}path_info = false\nscripts = [\"other.php\"]\n"));
    let cases = all();
    assert!(cases.len() >= 100, "{} requests", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let [theirs, ours] = [nginx.address(), proxy.http()].map(|address| ask(address, case));
        match (theirs == ours, case.differs) {
            (true, None) | (false, Some(_)) => {}
            (true, Some(reason)) => wrong.push(format!("{}: no longer differs ({reason})", case.name)),
            (false, None) => wrong.push(format!("{}:\n  nginx {theirs:?}\n  ours  {ours:?}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// An answer, less what may differ.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    interim: Vec<u16>,
    fields: BTreeMap<String, Vec<String>>,
    body: String,
}

fn ask(address: std::net::SocketAddr, case: &Case) -> Answer {
    let mut client = http::Client::connect(address).unwrap();
    let answered = client.exchange(&case.request).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let mut fields = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in &answered.fields {
        let name = name.to_ascii_lowercase();
        if FIELDS.iter().any(|(excused, _)| *excused == name) {
            continue;
        }
        let value = String::from_utf8_lossy(value).into_owned();
        // Two moments: that both say one, once and in the same form, is what can be compared.
        let value = if name == "date" { date_form(&value) } else { value };
        fields.entry(name).or_default().push(value);
    }
    // An error page of the server's own says the same in other words.
    let own_page = matches!(answered.status, 400..=499) && case.own_error_page;
    if own_page {
        fields.remove("content-type");
    }
    let body = if own_page { String::new() } else { without_excused(&answered.text()) };
    Answer { status: answered.status, interim: answered.interim.clone(), fields, body }
}

/// A date with its letters and digits made alike.
fn date_form(date: &str) -> String {
    let alike = |letter| match letter {
        '0'..='9' => '0',
        'a'..='z' | 'A'..='Z' => 'a',
        other => other,
    };
    date.chars().map(alike).collect()
}

/// `$_SERVER` is printed a line an entry.
fn without_excused(body: &str) -> String {
    let kept = body.lines().filter(|line| {
        let name = line.strip_prefix("_SERVER ").and_then(|entry| entry.split('=').next());
        !name.is_some_and(|name| SERVER.iter().any(|(excused, _)| *excused == name))
    });
    kept.collect::<Vec<_>>().join("\n")
}

fn application() -> tempfile::TempDir {
    let folder = process::folder("app");
    let root = folder.path();
    process::write(root.join("index.php"), include_str!("app/index.php"));
    process::write(root.join("other.php"), "<?php echo 'other ', $_SERVER['SCRIPT_NAME'];");
    for (name, content) in [
        ("plain.txt", "0123456789abcdefghijklmnopqrstuvwxyz\n"),
        ("style.css", "body { color: red }\n"),
        ("code.js", "console.log(1)\n"),
        ("data.json", "{\"a\": 1}\n"),
        ("page.html", "<p>page</p>\n"),
        ("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n"),
        ("dot.png", "\u{89}PNG\n"),
        ("empty.txt", ""),
        ("odd.name.xyz", "no known type\n"),
        ("none", "no extension\n"),
        ("with space.txt", "spaced\n"),
        ("folder/inner.txt", "inner\n"),
        (".hidden", "not for you\n"),
    ] {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        process::write(path, content);
    }
    folder
}
