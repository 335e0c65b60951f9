//! A login made in PHP is valid in Rust and the other way round: the demo's back office, through the running proxy, beside the
//! same PHP behind nginx.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use handover_parts::{Handover, Memcached, Nginx, PhpFpm, PhpFpmBuilder, Redis, http, process};

const BINARY: &str = env!("CARGO_BIN_EXE_handover-demo");

/// Where both sides keep sessions.
struct Place {
    /// `[legacy.intake.session]`.
    said: String,
    php: PhpFpmBuilder,
}

impl Place {
    fn of(handler: &str, save_path: &str, more: &str) -> Self {
        let php = PhpFpm::flight_intake("127.0.0.1:1")
            .children(6)
            .setting("session.gc_probability", "0")
            .directive("php_value[session.save_handler]", handler)
            .directive("php_value[session.save_path]", format!("\"{save_path}\""));
        let said = format!("save_handler = '{handler}'\nsave_path = '{save_path}'\n{more}");
        Self { said, php }
    }
}

/// The back office behind nginx and behind the proxy.
struct World {
    php: PhpFpm,
    nginx: Nginx,
    said: String,
}

impl World {
    fn at(Place { said, php }: Place) -> Self {
        let php = php.start();
        let nginx = Nginx::in_front_of(&php);
        Self { php, nginx, said }
    }

    fn in_files(folder: &tempfile::TempDir) -> Self {
        Self::at(Place::of("files", &folder.path().display().to_string(), ""))
    }

    fn php(&self) -> SocketAddr {
        self.nginx.address()
    }

    fn routes(&self, stage: &str, account: &str) -> String {
        format!(
            "[legacy.intake]\nfastcgi = '{}'\nroot = '{}'\nconnections_max = 4\nphp = '8.2'\nversion = '1'\n\
             [legacy.intake.session]\nsid_length = 26\nsid_bits_per_character = 5\n{}\n\
             [[route]]\nname = 'login'\nmatch = 'GET|POST /login'\nstage = '{stage}'\nnative = 'login'\nsession = true\n\
             shadow = {{ alike = [{{ path = 'session:/since', within = 60.0 }}, \
             {{ path = 'header:set-cookie/last_user/expires', within = '60s' }}] }}\n\
             [[route]]\nname = 'account'\nmatch = 'GET /account'\nstage = '{stage}'\nnative = '{account}'\nsession = true\n",
            self.php.address(),
            self.php.root().display(),
            self.said
        )
    }

    fn proxy(&self, stage: &str) -> Handover {
        Handover::start(BINARY, &self.routes(stage, "account"))
    }
}

/// One browser: it keeps its session's cookie.
#[derive(Clone, Default)]
struct Browser(Option<String>);

impl Browser {
    fn ask(&mut self, server: SocketAddr, method: &str, target: &str, body: &str) -> http::Response {
        let cookie = self.0.as_ref().map(|id| format!("theme=dark; PHPSESSID={id}"));
        let mut fields = vec![("Host", "intake.example"), ("Connection", "close")];
        fields.extend(cookie.as_deref().map(|cookie| ("Cookie", cookie)));
        if method == "POST" {
            fields.push(("Content-Type", "application/x-www-form-urlencoded"));
        }
        let request = http::request(method, target, &fields, body.as_bytes());
        let response = http::Client::connect(server).unwrap().exchange(&request).unwrap();
        let cookies = response.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let mut ids = cookies.filter_map(|(_, value)| value.strip_prefix(b"PHPSESSID="));
        if let Some(id) = ids.next_back() {
            let id = id.split(|byte| *byte == b';').next().unwrap_or_default();
            self.0 = Some(String::from_utf8(id.to_vec()).unwrap());
        }
        response
    }

    fn log_in(&mut self, server: SocketAddr) -> http::Response {
        self.ask(server, "POST", "/login", "name=ops&password=runway22")
    }

    /// The visit that the account page says this is.
    fn visit(&mut self, server: SocketAddr) -> Option<u64> {
        let page = self.ask(server, "GET", "/account", "").text();
        assert!(page.contains("<h1>Operations Desk</h1>"), "not logged in: {page}");
        page.split_once("<p>Visit ")?.1.split(' ').next()?.parse().ok()
    }
}

/// An answer as a client sees it, but for what is random or the server's own.
fn seen(response: &http::Response) -> (u16, Vec<(String, String)>, String) {
    let own = ["server", "date", "connection", "transfer-encoding", "content-length"];
    let mut fields: Vec<(String, String)> = response
        .fields
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned()))
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| match value.split_once("PHPSESSID=") {
            Some((_, id)) => {
                let (id, rest) = id.split_once(';').unwrap_or((id, ""));
                (name, format!("PHPSESSID of {} characters;{rest}", id.len()))
            }
            None if value.starts_with("last_user=") => (name, expiry_left_out(&value)),
            None => (name, value),
        })
        .collect();
    fields.sort();
    (response.status, fields, response.text())
}

fn expiry_left_out(cookie: &str) -> String {
    cookie.split("; ").filter(|part| !part.starts_with("expires=")).collect::<Vec<_>>().join("; ")
}

fn a_login_is_valid_on_both_sides(place: Place) {
    let world = World::at(place);
    let proxy = world.proxy("native");
    for (made_at, other) in [(world.php(), proxy.http()), (proxy.http(), world.php())] {
        let mut browser = Browser::default();
        browser.log_in(made_at);
        let visits: Vec<_> = [other, made_at, other].map(|server| browser.visit(server)).into();
        assert_eq!(visits, [Some(1), Some(2), Some(3)]);
    }
    both_count_at_once(&world, &proxy);
    assert_answered_by_native(&proxy);
}

/// Eight clients of one session, half of them at PHP; a lost lock would lose a visit.
fn both_count_at_once(world: &World, proxy: &Handover) {
    const EACH: u64 = 10;
    let mut browser = Browser::default();
    browser.log_in(proxy.http());
    std::thread::scope(|scope| {
        for server in [world.php(), proxy.http()].into_iter().cycle().take(8) {
            let mut browser = browser.clone();
            scope.spawn(move || (0..EACH).for_each(|_| assert!(browser.visit(server).is_some())));
        }
    });
    assert_eq!(browser.visit(world.php()), Some(8 * EACH + 1), "a visit was lost");
}

fn assert_answered_by_native(proxy: &Handover) {
    let status = http::get(proxy.admin(), "/api/status").expect("the admin answers");
    let status: serde_json::Value = serde_json::from_slice(&status.body).expect("JSON");
    for route in status["routes"].as_array().expect("routes") {
        let answered = &route["answered"];
        assert_eq!(answered["fallback"].as_u64().unwrap_or(0), 0, "{status:#}\n{}", proxy.log());
        assert!(answered["native"].as_u64().unwrap_or(0) > 0, "{status:#}");
    }
}

#[test]
fn a_login_is_valid_on_both_sides_in_files() {
    let folder = process::folder("sessions");
    a_login_is_valid_on_both_sides(Place::of("files", &folder.path().display().to_string(), ""));
}

#[test]
fn a_login_is_valid_on_both_sides_in_redis() {
    let server = Redis::start();
    let mut place = Place::of("redis", &format!("tcp://127.0.0.1:{}", server.port()), "locking = true");
    place.php = place
        .php
        .setting("redis.session.locking_enabled", "1")
        .setting("redis.session.lock_retries", "-1")
        .setting("redis.session.lock_wait_time", "2000");
    a_login_is_valid_on_both_sides(place);
}

#[test]
fn a_login_is_valid_on_both_sides_in_memcached() {
    let server = Memcached::start();
    let mut place = Place::of("memcached", &format!("127.0.0.1:{}", server.port()), "");
    place.php = place
        .php
        .setting("memcached.sess_lock_retries", "10000")
        .setting("memcached.sess_lock_wait_min", "2")
        .setting("memcached.sess_lock_wait_max", "2");
    a_login_is_valid_on_both_sides(place);
}

#[test]
fn native_answers_as_php_does_cookies_and_all() {
    let folder = process::folder("sessions");
    let world = World::in_files(&folder);
    let proxy = world.proxy("native");
    let story = |server: SocketAddr| {
        let mut browser = Browser::default();
        let mut all = vec![
            browser.ask(server, "GET", "/login", ""),
            browser.ask(server, "GET", "/account", ""),
            browser.ask(server, "POST", "/login", "name=ops&password=wrong"),
            browser.ask(server, "POST", "/login", "name=%3Cb%3E%22&password[]=x"),
        ];
        let before = browser.clone();
        all.push(browser.log_in(server));
        assert_ne!(before.0, browser.0, "a login has a new id");
        all.push(browser.ask(server, "GET", "/account", ""));
        // The id from before the login is nobody's any more.
        all.push(before.clone().ask(server, "GET", "/account", ""));
        all.push(Browser(Some("fixed-by-somebody".into())).ask(server, "GET", "/account", ""));
        all.iter().map(seen).collect::<Vec<_>>()
    };
    let (expected, given) = (story(world.php()), story(proxy.http()));
    for (at, (expected, given)) in expected.iter().zip(&given).enumerate() {
        assert_eq!(given, expected, "answer {at}");
    }
    assert_answered_by_native(&proxy);
}

#[test]
fn the_lock_is_given_back_before_php_answers_in_native_s_place() {
    let folder = process::folder("sessions");
    let world = World::in_files(&folder);
    let proxy = world.proxy("native");
    let stored = folder.path().join("sess_ghost");
    process::write(&stored, "user|s:5:\"ghost\";visits|i:4;");
    let began = Instant::now();
    let page = Browser(Some("ghost".into())).ask(proxy.http(), "GET", "/account", "");
    assert!(page.text().contains("Visit 5 of this session"), "{}", page.text());
    assert!(began.elapsed() < Duration::from_secs(10), "PHP has waited for native's lock");
}

#[test]
fn shadow_compares_what_the_session_holds_afterwards() {
    let folder = process::folder("sessions");
    let world = World::in_files(&folder);
    let mut proxy = Handover::start(sabotaged(), &world.routes("shadow", "forgets_the_visit"));
    let mut browser = Browser::default();
    browser.log_in(world.php());
    begin_evidence(&mut proxy, &mut browser);
    for _ in 0..20 {
        assert!(browser.visit(proxy.http()).is_some(), "PHP's own answers");
    }
    let judged = parity(&mut proxy, "account", 20);
    assert!(count(&judged, "mismatched") > 0 && count(&judged, "matched") == 0, "{judged:#}");
    let shown = http::get(proxy.admin(), "/api/parity").unwrap().text();
    assert!(shown.contains("session:/visits"), "{shown}");
}

#[test]
fn shadow_finds_both_sides_alike_when_they_are() {
    let folder = process::folder("sessions");
    let world = World::in_files(&folder);
    let mut proxy = world.proxy("shadow");
    // As people do: nobody is quicker with the next request than we are with our look at the session.
    let pause = || std::thread::sleep(Duration::from_millis(20));
    for _ in 0..10 {
        let mut browser = Browser::default();
        browser.ask(proxy.http(), "GET", "/account", "");
        pause();
        browser.ask(proxy.http(), "POST", "/login", "name=ops&password=wrong");
        pause();
        browser.log_in(proxy.http());
        let visits = [1, 2].map(|_| {
            pause();
            browser.visit(proxy.http())
        });
        assert_eq!(visits, [Some(1), Some(2)]);
    }
    let (account, login) = (parity(&mut proxy, "account", 30), parity(&mut proxy, "login", 20));
    let pairs = http::get(proxy.admin(), "/api/parity").unwrap().text();
    assert_eq!(count(&account, "matched"), 30 - dropped(&account), "{account:#}\n{pairs}");
    assert_eq!(count(&login, "matched"), 20 - dropped(&login), "{login:#}\n{pairs}");
    assert!(dropped(&account) + dropped(&login) < 10, "{pairs}");
}

#[test]
fn requests_that_share_a_session_at_the_same_time_are_no_evidence_of_either() {
    let folder = process::folder("sessions");
    let world = World::in_files(&folder);
    let mut proxy = world.proxy("shadow");
    let mut browser = Browser::default();
    browser.log_in(world.php());
    let address = proxy.http();
    begin_evidence(&mut proxy, &mut browser);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut browser = browser.clone();
            scope.spawn(move || (0..20).for_each(|_| assert!(browser.visit(address).is_some())));
        }
    });
    let judged = parity(&mut proxy, "account", 80);
    assert_eq!(count(&judged, "mismatched"), 0, "{judged:#}");
    assert!(dropped(&judged) > 20, "{judged:#}");
}

/// What is dropped counts in evidence, which only a judged visit begins.
fn begin_evidence(proxy: &mut Handover, browser: &mut Browser) {
    let (address, admin) = (proxy.http(), proxy.admin());
    proxy.wait_until("a visit is judged", Duration::from_secs(60), || {
        browser.visit(address);
        std::thread::sleep(Duration::from_millis(300));
        http::get(admin, "/api/parity").is_ok_and(|answer| answer.text().contains("account"))
    });
}

fn count(parity: &serde_json::Value, class: &str) -> u64 {
    parity[class].as_u64().unwrap_or(0)
}

/// Pairs that were dropped: the client was quicker with its next request than we with our look at the session, or a busy machine
/// took too long to read it at all.
fn dropped(parity: &serde_json::Value) -> u64 {
    let reasons = ["session-shared", "session-read-late"];
    reasons.iter().filter_map(|reason| parity["dropped"][reason].as_u64()).sum()
}

/// A route's parity, once that many were judged.
fn parity(proxy: &mut Handover, route: &str, judged: u64) -> serde_json::Value {
    let admin = proxy.admin();
    let mut found = serde_json::Value::Null;
    proxy.wait_until("all are judged", Duration::from_secs(60), || {
        let answer = http::get(admin, "/api/parity").expect("the admin answers");
        let all: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        let of_route =
            all.as_array().into_iter().flatten().find(|parity| parity["evidence"]["route"] == route);
        found = of_route.cloned().unwrap_or_default();
        count(&found, "matched") + count(&found, "mismatched") + dropped(&found) >= judged
    });
    found
}

/// The demo's proxy with broken handlers: an example, built beside the binary.
fn sabotaged() -> PathBuf {
    let built = PathBuf::from(BINARY).with_file_name("examples").join("sabotaged");
    assert!(built.exists(), "{} is not there: cargo build -p handover-demo --examples", built.display());
    built
}
