//! Files against a real nginx, and what must not be seen.

use std::os::unix::fs::symlink;
use std::sync::Arc;

use handover_parts::{Nginx, PhpFpm};
use tempfile::TempDir;

use crate::legacy::spec::{FastCgi, Kind, Spec};
use crate::legacy::testing::{Body, Client, fastcgi, file, folder, outbound, request, spec};
use crate::legacy::{By, Legacies, Served};

fn site() -> (TempDir, Arc<Spec>) {
    let root = folder();
    for (name, content) in [
        ("index.php", "<?php echo 'front controller';"),
        ("assets/site.css", "body { color: black }\n"),
        ("assets/with space.txt", "spaced"),
        ("empty.txt", ""),
        ("README", "no extension"),
        (".env", "SECRET=1"),
        (".git/config", "[core]"),
        ("assets/.hidden.css", "x"),
        ("config.php", "<?php $password = 1;"),
        ("config.php.bak", "<?php $password = 1;"),
        ("old.PHP", "<?php $password = 1;"),
        ("upload.php.txt", "<?php evil();"),
        ("dump.sql", "INSERT"),
        ("notes.txt~", "x"),
    ] {
        file(root.path(), name, content);
    }
    file(root.path(), "big.bin", &"0123456789abcdef".repeat(40_000));
    let legacy = FastCgi { static_files: true, ..fastcgi(root.path()) };
    (root, Arc::new(spec(Kind::FastCgi(legacy))))
}

async fn ask(spec: &Arc<Spec>, text: &str) -> (Client, Option<Served>) {
    let (head, mut client) = (request(text), Client::default());
    let core = Legacies::new(std::env::temp_dir()).on_core();
    let served = core.exchange(spec, &outbound(&head), &mut Body::none(), &mut client).await;
    (client, served.ok())
}

#[tokio::test]
async fn files_are_answered_as_nginx_answers_them() {
    let (root, spec) = site();
    let php = PhpFpm::serving(root.path()).children(1).start();
    let nginx = Nginx::in_front_of(&php);
    let ask_nginx =
        |text: &[u8]| handover_parts::http::Client::connect(nginx.address()).unwrap().exchange(text);
    let known = ask_nginx(b"GET /assets/site.css HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let (etag, date) = (known.field("ETag").unwrap(), known.field("Last-Modified").unwrap());
    let cases = [
        "GET /assets/site.css".to_owned(),
        "HEAD /assets/site.css".to_owned(),
        "GET /assets/site.css?v=1".to_owned(),
        "GET /assets/with%20space.txt".to_owned(),
        "GET /%61ssets/site.css".to_owned(),
        "GET /empty.txt".to_owned(),
        "GET /README".to_owned(),
        "GET /big.bin".to_owned(),
        "GET /big.bin\r\nRange: bytes=100-199".to_owned(),
        "HEAD /big.bin\r\nRange: bytes=100-199".to_owned(),
        "GET /big.bin\r\nRange: bytes=-16".to_owned(),
        "GET /big.bin\r\nRange: bytes=639999-".to_owned(),
        "GET /big.bin\r\nRange: bytes=640000-".to_owned(),
        "GET /big.bin\r\nRange: bytes=x".to_owned(),
        "GET /big.bin\r\nRange: items=1-2".to_owned(),
        format!("GET /assets/site.css\r\nIf-None-Match: {etag}"),
        format!("GET /assets/site.css\r\nIf-None-Match: \"x\", W/{etag}"),
        "GET /assets/site.css\r\nIf-None-Match: \"x\"".to_owned(),
        "GET /assets/site.css\r\nIf-None-Match: *".to_owned(),
        format!("GET /assets/site.css\r\nIf-Modified-Since: {date}"),
        "GET /assets/site.css\r\nIf-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT".to_owned(),
        format!("GET /assets/site.css\r\nIf-Modified-Since: {date}\r\nIf-None-Match: \"x\""),
        "GET /assets/site.css\r\nIf-Match: \"x\"".to_owned(),
        format!("GET /assets/site.css\r\nIf-Match: {etag}"),
        "GET /assets/site.css\r\nIf-Unmodified-Since: Thu, 01 Jan 1998 00:00:00 GMT".to_owned(),
        format!("GET /assets/site.css\r\nRange: bytes=0-3\r\nIf-Range: {etag}"),
        "GET /assets/site.css\r\nRange: bytes=0-3\r\nIf-Range: \"x\"".to_owned(),
    ];
    for case in cases {
        let (line, fields) = case.split_once("\r\n").unwrap_or((&case, ""));
        let separator = if fields.is_empty() { "" } else { "\r\n" };
        let text = format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}{separator}\r\n");
        let theirs = ask_nginx(text.as_bytes()).unwrap_or_else(|error| panic!("{case}: {error}"));
        let (ours, served) = ask(&spec, &text).await;
        assert_eq!(served.map(|served| served.by), Some(By::File), "{case}");
        assert_eq!(ours.status(), theirs.status, "{case}");
        assert!(ours.finished);
        // nginx has a page for each refusal.
        let names =
            ["Content-Range", "Last-Modified", "ETag", "Accept-Ranges", "Content-Type", "Content-Length"];
        let refused = ours.status() >= 400;
        for name in &names[..if refused { 1 } else { 6 }] {
            assert_eq!(ours.field(name), theirs.field(name), "{case}: {name}");
        }
        if !refused {
            assert_eq!(ours.body, theirs.body, "{case}");
        }
    }
}

#[tokio::test]
async fn what_is_not_meant_for_clients_goes_to_the_front_controller() {
    let (root, spec) = site();
    let outside = folder();
    file(outside.path(), "secret.txt", "secret");
    symlink(outside.path().join("secret.txt"), root.path().join("link.txt")).unwrap();
    symlink("../".repeat(10) + "etc/passwd", root.path().join("climb.txt")).unwrap();
    symlink(outside.path(), root.path().join("folder")).unwrap();
    symlink("assets/site.css", root.path().join("within.css")).unwrap();
    nix::unistd::mkfifo(&root.path().join("pipe.txt"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for target in [
        "/",
        "/nothing.css",
        "/assets",
        "/assets/",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/assets/.hidden.css",
        "/config.php",
        "/config.php.bak",
        "/old.PHP",
        "/upload.php.txt",
        "/dump.sql",
        "/notes.txt~",
        "/index.php",
        "/link.txt",
        "/climb.txt",
        "/folder/secret.txt",
        "/pipe.txt",
        "/assets/../.env",
        "/assets/%2e%2e/.env",
        "//assets/site.css",
        "/assets//site.css",
        "/assets/site.css%00",
        "/assets/site.css/",
        "/assets\\site.css",
        "/assets/..%2f.env",
        "/proc/self/environ",
        "*",
    ] {
        let method = if target == "*" { "OPTIONS" } else { "GET" };
        let (client, served) = ask(&spec, &format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert!(served.is_none() && client.head.is_none(), "{target} was answered by a file");
    }
    let (client, served) = ask(&spec, "GET /within.css HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(served.is_some() && client.text().starts_with("body"), "a link within the root is a file");
    let (_, served) = ask(&spec, "POST /assets/site.css HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(served.is_none());
}
