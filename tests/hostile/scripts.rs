//! Paths that want another script run than the configured one, against a real php-fpm: `x.jpg/a.php`, a line end in the
//! path (CVE-2019-11043), letters whose lower case is longer or shorter before `.php` (Caddy CVE-2026-27590).

use handover_parts::{Handover, PhpFpm, http, process};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");

#[test]
fn only_the_configured_script_runs() {
    let app = process::folder("scripts");
    let evil = "<?php echo 'EVIL', PHP_EOL;";
    process::write(
        app.path().join("index.php"),
        "<?php echo 'front ', $_SERVER['PATH_INFO'] ?? '-', PHP_EOL;",
    );
    process::write(
        app.path().join("admin.php"),
        "<?php echo 'admin ', $_SERVER['PATH_INFO'] ?? '-', PHP_EOL;",
    );
    for upload in
        ["x.jpg", "uploads/a.php", "uploads/\u{23a}\u{23a}.php.txt", "\u{130}.php.jpg", "a.PHP", "a.phtml"]
    {
        process::write(app.path().join(upload), evil);
    }
    let php = PhpFpm::serving(app.path()).start();
    for path_info in [false, true] {
        let proxy = Handover::start(
            BINARY,
            &format!(
                "[limits]\nreport = ['non_ascii_target']\n[legacy.app]\nfastcgi = \"{}\"\nroot = \"{}\"\n\
                 scripts = ['admin.php']\npath_info = {path_info}\n",
                php.address(),
                php.root().display()
            ),
        );
        let ask = |path: &str| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
            let answer = http::Client::connect(proxy.http()).unwrap().exchange(request.as_bytes()).unwrap();
            (answer.status, answer.text())
        };
        for path in [
            "/x.jpg/a.php",
            "/x.jpg/index.php",
            "/x.jpg%00.php",
            "/x.jpg%0a.php",
            "/uploads/a.php",
            "/uploads/a.php/index.php",
            "/uploads/%C8%BA%C8%BA.php.txt.php",
            "/uploads/\u{23a}\u{23a}.php.txt/x.php",
            "/%C4%B0.php.jpg/.php",
            "/\u{130}.php.jpg",
            "/a.PHP",
            "/a.phtml",
            "/index.php%0a/x",
            "/index.php/%0a",
            "/admin.php%0a",
            "/admin.php%2fx",
            "/..%2fscripts/uploads/a.php",
        ] {
            let (status, text) = ask(path);
            assert!(!text.starts_with("EVIL"), "{path} ran an upload ({status})");
            assert!(
                text.starts_with("front ")
                    || text.starts_with("admin ")
                    || text.starts_with("<?php")
                    || status >= 400,
                "{path}: {status} {text}"
            );
        }
        assert_eq!(ask("/admin.php").1, "admin -\n");
        let split = if path_info { "admin /x" } else { "front -" };
        assert_eq!(ask("/admin.php/x").1, format!("{split}\n"));
    }
}
