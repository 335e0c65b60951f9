//! Orders in answers, against a real php-fpm behind a real nginx.

use std::sync::Arc;

use handover_parts::{Nginx, PhpFpm};
use tempfile::TempDir;

use crate::legacy::spec::{Address, FastCgi, Kind, Spec};
use crate::legacy::testing::{Body, Client, fastcgi, file, folder, outbound, request, spec};
use crate::legacy::{Accel, Cause, Coding, ExchangeError, Legacies};

/// Sends the fields that its query says, and a body that nobody is to see.
const APPLICATION: &str = r#"<?php
header('Content-Type: application/x-made-up');
header('Content-Disposition: attachment; filename="a"');
header('Cache-Control: private');
header('Expires: Thu, 01 Jan 1998 00:00:00 GMT');
header('Set-Cookie: a=1');
header('X-Own: 1');
header('ETag: "mine"');
foreach ($_GET as $name => $value) { header("$name: $value"); }
echo 'the script';
"#;

struct World {
    root: TempDir,
    php: PhpFpm,
    spec: Arc<Spec>,
}

fn world(accel: bool) -> World {
    let root = folder();
    for (name, content) in [
        ("index.php", APPLICATION),
        ("protected/a b.txt", "a protected text"),
        ("protected/.hidden", "hidden"),
        ("site.css", "body {}"),
    ] {
        file(root.path(), name, content);
    }
    let php = PhpFpm::serving(root.path()).children(4).start();
    let address = Address::Unix(php.address().strip_prefix("unix:").unwrap().into());
    let folder = root.path().join("protected");
    let given = Accel { prefix: "/handed-over/".to_owned(), folder };
    let kind = Kind::FastCgi(FastCgi { address, static_files: true, ..fastcgi(root.path()) });
    let spec = Arc::new(Spec { accel: accel.then_some(given).into_iter().collect(), ..spec(kind) });
    World { root, php, spec }
}

async fn ask(spec: &Arc<Spec>, text: &str) -> (Client, Result<(), ExchangeError>) {
    let (head, mut client) = (request(text), Client::default());
    let core = Legacies::new(std::env::temp_dir()).on_core();
    let served = core.exchange(spec, &outbound(&head), &mut Body::none(), &mut client).await;
    (client, served.map(|_| ()))
}

#[tokio::test]
async fn a_file_is_sent_in_an_answers_place_as_nginx_does() {
    let world = world(true);
    let nginx = Nginx::in_front_of(&world.php);
    let redirect = "/x?X-Accel-Redirect=/handed-over/a%2520b.txt";
    for case in [
        format!("GET {redirect}"),
        format!("HEAD {redirect}"),
        format!("POST {redirect}"),
        format!("GET {redirect}%3Fquery=1"),
        format!("GET {redirect}\r\nRange: bytes=2-5"),
        format!("GET {redirect}\r\nRange: bytes=100-"),
        format!("GET {redirect}\r\nIf-Modified-Since: Thu, 01 Jan 1998 00:00:00 GMT"),
        format!("GET {redirect}\r\nIf-None-Match: *"),
        "GET /x?X-Accel-Redirect=/site.css".to_owned(),
        "GET /x?X-Accel-Redirect=/handed-over/missing.txt".to_owned(),
        "GET /x?X-Accel-Buffering=no&X-Accel-Limit-Rate=0&X-Accel-Charset=utf-8".to_owned(),
    ] {
        let (line, fields) = case.split_once("\r\n").unwrap_or((&case, ""));
        let separator = if fields.is_empty() { "" } else { "\r\n" };
        let text = format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}{separator}\r\n");
        let mut client = handover_parts::http::Client::connect(nginx.address()).unwrap();
        let theirs = client.exchange(text.as_bytes()).unwrap_or_else(|error| panic!("{case}: {error}"));
        let (ours, outcome) = ask(&world.spec, &text).await;
        if theirs.status == 404 {
            assert!(matches!(outcome.unwrap_err().cause, Cause::NoFile(_)), "{case}");
            assert!(ours.head.is_none());
            continue;
        }
        outcome.unwrap();
        assert_eq!(ours.status(), theirs.status, "{case}");
        let names: &[&str] = match theirs.status {
            // nginx has a page for it.
            416 => &["Content-Range", "Set-Cookie"],
            _ => &[
                "Content-Type",
                "Content-Length",
                "Content-Range",
                "Last-Modified",
                "ETag",
                "Accept-Ranges",
                "Content-Disposition",
                "Cache-Control",
                "Expires",
                "Set-Cookie",
                "X-Own",
                "X-Accel-Redirect",
                "X-Accel-Buffering",
                "X-Accel-Limit-Rate",
            ],
        };
        for name in names {
            // A charset that nginx adds by an order is the one that is not obeyed.
            let theirs = theirs.field(name).map(|value| value.replace("; charset=utf-8", ""));
            assert_eq!(ours.field(name), theirs, "{case}: {name}");
        }
        if theirs.status < 400 {
            assert_eq!(ours.body, theirs.body, "{case}");
        }
    }
}

#[tokio::test]
async fn a_file_is_named_by_its_path_too_but_only_in_a_folder_that_was_given() {
    let world = world(true);
    let path = world.root.path().display();
    let send = |name: &str| format!("GET /x?X-Sendfile={path}/{name} HTTP/1.1\r\nHost: a\r\n\r\n");
    let (client, outcome) = ask(&world.spec, &send("protected/a%20b.txt")).await;
    outcome.unwrap();
    assert_eq!((client.status(), client.text().as_str()), (200, "a protected text"));
    assert_eq!(client.field("X-Sendfile"), None);
    for name in [
        "index.php",
        "protected/.hidden",
        "protected/../index.php",
        "protected/none",
        "protected",
        "../../../etc/passwd",
    ] {
        let (client, outcome) = ask(&world.spec, &send(name)).await;
        assert!(matches!(outcome.unwrap_err().cause, Cause::NoFile(_)), "{name}");
        assert!(client.head.is_none());
    }
    for target in [
        "/handed-over/.hidden",
        "/handed-over/../index.php",
        "/handed-over/%252e%252e/index.php",
        "/index.php",
    ] {
        let (_, outcome) =
            ask(&world.spec, &format!("GET /x?X-Accel-Redirect={target} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert!(matches!(outcome.unwrap_err().cause, Cause::NoFile(_)), "{target}");
    }
}

#[tokio::test]
async fn a_path_is_nothing_to_obey_where_no_folder_was_given() {
    let world = world(false);
    let (client, outcome) =
        ask(&world.spec, "GET /x?X-Sendfile=/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n").await;
    outcome.unwrap();
    assert_eq!(
        (client.text().as_str(), client.field("X-Sendfile").as_deref()),
        ("the script", Some("/etc/passwd"))
    );
}

#[tokio::test]
async fn a_compressed_file_is_sent_to_clients_that_take_it() {
    let world = world(false);
    file(world.root.path(), "site.css.gz", "smaller");
    let Kind::FastCgi(fastcgi) = &world.spec.kind else { unreachable!() };
    let precompressed = Box::new([Coding::Brotli, Coding::Gzip]);
    let kind = Kind::FastCgi(FastCgi { precompressed, ..fastcgi.clone() });
    let spec = Arc::new(Spec { kind, ..Spec::clone(&world.spec) });
    let get = |accepts: &str| format!("GET /site.css HTTP/1.1\r\nHost: a\r\n{accepts}\r\n");
    let (small, outcome) = ask(&spec, &get("Accept-Encoding: br, gzip\r\n")).await;
    outcome.unwrap();
    let (large, outcome) = ask(&spec, &get("")).await;
    outcome.unwrap();
    for (client, body, coding) in [(&small, "smaller", Some("gzip")), (&large, "body {}", None)] {
        assert_eq!((client.text().as_str(), client.field("Content-Encoding").as_deref()), (body, coding));
        assert_eq!(client.field("Content-Type").as_deref(), Some("text/css"));
        assert_eq!(client.field("Vary").as_deref(), Some("Accept-Encoding"));
    }
    assert_ne!(small.field("ETag"), large.field("ETag"));
}
