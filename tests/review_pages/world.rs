//! A PHP application and a proxy in front of it, with one route in shadow, for people to review.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use handover_parts::http::{self, Response};
use handover_parts::{Handover, Page, PhpFpm, process};
use serde_json::Value;

/// How long a thing may take that the proxy does by itself.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A page whose answer is native's, but for what is odd: then it has what would be a script to a browser.
const PAGE: &str =
    "<?php header_remove('X-Powered-By'); header('Content-Type: text/plain'); echo 'n=', $_GET['n'] ?? '';
    if (str_starts_with($_GET['n'] ?? '', 'odd')) { echo '<script>document.title = \"run\"</script>'; }";

/// The route, before its stage.
const ROUTE: &str = "[[route]]\nname = 'n'\nowner = 'intake'\nauthors = ['ivy']\nmatch = 'GET /n'\nnative = 'planted'\n\
    gate = { samples = 60, age = '1s', mismatches = 0.1, statuses = ['2xx'], waive = { effects = 'it has none' } }\n";

pub(crate) struct World {
    _php: PhpFpm,
    app: tempfile::TempDir,
    _people: tempfile::TempDir,
    pub(crate) proxy: Handover,
}

impl World {
    /// Nobody is asked who they are.
    pub(crate) fn open() -> Self {
        Self::start(|_| String::new())
    }

    /// Ann is an operator, bob a reviewer, eve a viewer; and there is a program.
    pub(crate) fn with_people() -> Self {
        Self::start(|people| {
            let users = people.join("users");
            let lines = [("ann", "operator"), ("bob", "reviewer"), ("eve", "viewer")]
                .map(|(name, role)| user(name, role));
            process::write(&users, lines.concat());
            format!("[admin]\nusers = '{}'\n", users.display())
        })
    }

    /// Nobody is asked, and there are so many routes, `n0` on, of which `/n` is the first.
    pub(crate) fn with_routes(count: usize) -> Self {
        let app = process::folder("app");
        process::write(app.path().join("index.php"), PAGE);
        let php = PhpFpm::serving(app.path()).children(4).start();
        let mut routes = backend(&php);
        for n in 0..count {
            let path = if n == 0 { "/n".to_owned() } else { format!("/n{n}") };
            let route = ROUTE.replace("'n'", &format!("'n{n}'")).replace("/n'", &format!("{path}'"));
            routes.push_str(&format!("{route}stage = 'shadow'\n"));
        }
        let proxy = Handover::start(binary(), &routes);
        Self { _php: php, app, _people: process::folder("people"), proxy }
    }

    /// `admin`: what the file says of people.
    pub(crate) fn start(admin: impl FnOnce(&Path) -> String) -> Self {
        let (app, people) = (process::folder("app"), process::folder("people"));
        process::write(app.path().join("index.php"), PAGE);
        let php = PhpFpm::serving(app.path()).children(4).start();
        let routes = format!("{}{}", admin(people.path()), file(&php, "shadow"));
        let proxy = Handover::start(binary(), &routes);
        Self { _php: php, app, _people: people, proxy }
    }

    /// The application's folder.
    pub(crate) fn app(&self) -> &Path {
        self.app.path()
    }

    /// Asks as a client.
    pub(crate) fn ask(&self, n: &str) -> String {
        let answer = http::get(self.proxy.http(), &format!("/n?n={n}")).expect("an answer");
        assert_eq!(answer.status, 200);
        answer.text()
    }

    /// Asks for an odd one, until the difference is judged.
    pub(crate) fn differs(mut self) -> Self {
        assert!(self.ask("odd").contains("<script>"));
        self.judged("mismatched", 1);
        self
    }

    /// Asks for what no route names.
    pub(crate) fn ask_elsewhere(&self) {
        for path in ["/v1/users/7", "/v1/users/8", "/style.css"] {
            assert_eq!(http::get(self.proxy.http(), path).expect("an answer").status, 200);
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Waits until as many of its requests came to that.
    pub(crate) fn judged(&mut self, verdict: &str, count: u64) {
        let file = self.proxy.folder().to_owned();
        self.proxy.wait_until("all are judged", SOON, || {
            let parity = command(&file, &["parity", "n", "--json"]);
            serde_json::from_str::<Value>(&parity).is_ok_and(|parity| {
                let found = parity.as_array().map_or(&parity, |all| &all[0]);
                found[verdict].as_u64() >= Some(count)
            })
        });
    }

    /// The address of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.proxy.admin())
    }

    /// A page as a program gets it.
    pub(crate) fn page(&self, path: &str) -> Response {
        http::get(self.proxy.admin(), path).expect("an answer")
    }

    /// Sends something to the admin.
    pub(crate) fn send(&self, path: &str, fields: &[(&str, &str)], body: &str) -> Response {
        let admin = self.proxy.admin();
        let host = admin.to_string();
        let fields = [&[("Host", host.as_str())], fields].concat();
        let request = http::request("POST", path, &fields, body.as_bytes());
        http::Client::connect(admin).unwrap().exchange(&request).expect("an answer")
    }

    /// Sends a form.
    pub(crate) fn post(&self, path: &str, form: &str) -> Response {
        self.send(path, &[("Content-Type", "application/x-www-form-urlencoded")], form)
    }

    /// Logs in on a page of the browser.
    pub(crate) fn log_in(&self, page: &Page<'_>, name: &str) {
        page.open(&self.url("/"));
        page.is_at("/login?to=/");
        page.fill("[name=name]", name);
        page.fill("[name=password]", PASSWORD);
        page.press("Enter");
        page.is_at("/");
    }
}

fn file(php: &PhpFpm, stage: &str) -> String {
    format!("{}{ROUTE}stage = '{stage}'   # until May\n", backend(php))
}

fn backend(php: &PhpFpm) -> String {
    format!(
        "[legacy.app]\nfastcgi = '{}'\nroot = '{}'\nversion = '1'\nconnections_max = 4\n\n",
        php.address(),
        php.root().display()
    )
}

/// A line of the users' file, by the command that makes them.
pub(crate) fn user(name: &str, role: &str) -> String {
    let mut made = Command::new(binary())
        .args(["user", name, "--role", role])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    made.stdin.take().expect("a pipe").write_all(PASSWORD.as_bytes()).expect("it reads");
    let output = made.wait_with_output().expect("it ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

/// What a command says in a folder.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary()).args(arguments).current_dir(folder).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_handover")).with_file_name("examples").join("planted");
    assert!(binary.exists(), "{} is not built: run `cargo build --examples`", binary.display());
    binary
}
