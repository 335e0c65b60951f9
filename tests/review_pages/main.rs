//! QA's way through the review pages, by the requests that a browser makes of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use handover_parts::http::{self, Response};
use handover_parts::{Handover, PhpFpm, process};

/// A PHP page whose answer differs from native's, with what would be a script to a browser.
const PAGE: &str =
    "<?php header('Content-Type: text/plain'); echo 'n=', $_GET['n'], '<script>alert(1)</script>';";

struct World {
    _php: PhpFpm,
    _app: tempfile::TempDir,
    proxy: Handover,
}

impl World {
    /// One route in shadow, of which one pair differs.
    fn with_a_difference() -> Self {
        let app = process::folder("app");
        process::write(app.path().join("index.php"), PAGE);
        let php = PhpFpm::serving(app.path()).start();
        let routes = format!(
            "[legacy.app]\nfastcgi = '{}'\nroot = '{}'\nversion = '1'\n\
             [[route]]\nname = 'n'\nmatch = 'GET /n'\nnative = 'planted'\nstage = 'shadow'\n",
            php.address(),
            php.root().display()
        );
        let proxy = Handover::start(binary(), &routes);
        let mut world = Self { _php: php, _app: app, proxy };
        assert_eq!(http::get(world.proxy.http(), "/n?n=7").unwrap().status, 200);
        let admin = world.proxy.admin();
        world.proxy.wait_until("the difference is judged", Duration::from_secs(30), || {
            http::get(admin, "/differences").is_ok_and(|page| page.text().contains("/differences/1"))
        });
        world
    }

    fn page(&self, path: &str) -> Response {
        http::get(self.proxy.admin(), path).unwrap()
    }

    fn post(&self, path: &str, form: &str) -> Response {
        let admin = self.proxy.admin();
        let host = admin.to_string();
        let fields = [("Host", host.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let request = http::request("POST", path, &fields, form.as_bytes());
        http::Client::connect(admin).unwrap().exchange(&request).unwrap()
    }

    /// The token that the page's forms carry.
    fn token(&self) -> String {
        let page = self.page("/differences/1").text();
        let (_, rest) = page.split_once("name=\"token\" value=\"").expect("the page has a form");
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_difference_is_found_decided_and_the_decision_taken_back() {
    let world = World::with_a_difference();
    assert!(world.page("/").text().contains("/routes/n"), "the progress names the route");
    assert!(world.page("/routes/n").text().contains("unmeasurable"), "its gate says what is missing");
    assert!(world.page("/differences?state=unreviewed").text().contains("/differences/1"));

    let token = world.token();
    let decided =
        world.post("/review/decide", &format!("token={token}&clusters=1&verb=accept&who=ann&why=wanted"));
    assert_eq!(decided.status, 303, "{}", decided.text());
    let page = world.page("/differences/1").text();
    assert!(page.contains("accepted") && page.contains("by ann: wanted"), "{page}");

    assert_eq!(world.post("/review/undo", &format!("token={token}&cluster=1&who=bob")).status, 303);
    let page = world.page("/differences/1").text();
    assert!(page.contains("unreviewed") && page.contains("taken back by bob"), "{page}");
}

#[test]
fn nothing_from_traffic_is_run_and_no_other_page_can_decide() {
    let world = World::with_a_difference();
    let page = world.page("/differences/1");
    assert!(
        page.text().contains("&lt;script&gt;") && !page.text().contains("<script>alert"),
        "{}",
        page.text()
    );
    let policy = page.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-security-policy"));
    let (_, policy) = policy.expect("a policy");
    assert!(String::from_utf8_lossy(policy).contains("script-src 'self'"));

    for (form, status) in [
        ("token=00000000000000000000000000000000&clusters=1&verb=accept&who=eve&why=x".to_owned(), 403),
        (format!("token={}&clusters=1&verb=accept&who=&why=x", world.token()), 422),
        (format!("token={}&clusters=&verb=accept&who=ann&why=x", world.token()), 422),
        (format!("token={}&clusters=99&verb=bug&who=ann&why=x", world.token()), 404),
    ] {
        assert_eq!(world.post("/review/decide", &form).status, status, "{form}");
    }
    assert_eq!(
        world.post("/api/legacy-only", "on=true").status,
        415,
        "forms change nothing but by the pages"
    );
    assert!(world.page("/differences/1").text().contains("unreviewed"));
}

#[test]
fn everything_goes_back_to_php_by_one_form_and_every_page_says_so() {
    let world = World::with_a_difference();
    let form = format!("token={}&on=true&who=ann&why=drill", world.token());
    assert_eq!(world.post("/review/legacy-only", &form).status, 303);
    for path in ["/", "/differences", "/routes/n"] {
        let page = world.page(path).text();
        assert!(page.contains("Everything goes to legacy") && page.contains("drill"), "{path}: {page}");
    }
}

fn binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_handover")).with_file_name("examples").join("planted");
    assert!(binary.exists(), "{} is not built: run `cargo build --examples`", binary.display());
    binary
}
