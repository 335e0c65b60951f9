//! Who comes in, how far they get, and how slow guessing is.

use handover_parts::http::Response;
use handover_parts::{Browser, http};

use crate::world::{PASSWORD, World, binary, command};

/// The value of a header field.
fn field(response: &Response, name: &str) -> Option<String> {
    let found = response.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

/// The token of the first form of a page.
fn token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"token\" value=\"").expect("the page has a form");
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// Logs in by requests; gives the cookie.
fn session(world: &World, name: &str) -> String {
    let answer = log_in(world, name, PASSWORD);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookie = field(&answer, "set-cookie").expect("a cookie");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

fn log_in(world: &World, name: &str, password: &str) -> Response {
    let token = token(&world.page("/login").text());
    world.post(
        "/review/login",
        &format!("token={token}&name={name}&password={}&to=/", password.replace(' ', "+")),
    )
}

/// A page as somebody sees it.
fn seen_by(world: &World, cookie: &str, path: &str) -> Response {
    let admin = world.proxy.admin();
    let fields = [("Host", "handover.example"), ("Cookie", cookie)];
    let request = http::request("GET", path, &fields, b"");
    http::Client::connect(admin).unwrap().exchange(&request).expect("an answer")
}

/// What `handover coverage` keeps of the application.
fn coverage(world: &World) {
    let folder = world.proxy.folder().join("handover-state/coverage");
    std::fs::create_dir_all(&folder).expect("the state folder");
    let sources = world.app().display();
    let kept = format!(
        r#"{{"legacy":"1","sources":"{sources}","lines":{{"index.php":{{"1":1,"2":0}}}},"requests":1,"made":0}}"#
    );
    std::fs::write(folder.join("n.json"), kept).expect("the state folder");
}

fn form_by(world: &World, cookie: &str, path: &str, form: &str) -> u16 {
    let fields = [("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded")];
    world.send(path, &fields, form).status
}

#[test]
fn strangers_see_the_login_and_the_probes_alone() {
    let world = World::with_people();
    for path in ["/", "/differences", "/routes/n", "/api/status", "/metrics", "/api/ledger", "/nonsense"] {
        let answer = world.page(path);
        assert_eq!(
            (answer.status, field(&answer, "www-authenticate").as_deref()),
            (401, Some("Bearer")),
            "{path}"
        );
    }
    for path in ["/healthz", "/readyz", "/login"] {
        assert_eq!(world.page(path).status, 200, "{path}");
    }
    for path in ["/review/decide", "/review/move", "/review/legacy-only"] {
        assert_eq!(world.post(path, "token=x").status, 401, "{path}");
    }
    assert_eq!(
        world.send("/api/legacy-only", &[("Content-Type", "application/json")], "{\"on\":true}").status,
        401
    );
}

#[test]
fn each_role_does_what_it_may_and_no_more() {
    let world = World::with_people().differs();
    let (ann, bob, eve) = (session(&world, "ann"), session(&world, "bob"), session(&world, "eve"));
    let decide = |token: &str| format!("token={token}&clusters=1&verb=accept&who=mallory&why=x");
    for (name, cookie, decides, moves) in
        [("eve", &eve, 403, 403), ("bob", &bob, 303, 403), ("ann", &ann, 303, 303)]
    {
        assert_eq!(seen_by(&world, cookie, "/differences/1").status, 200);
        let page = seen_by(&world, cookie, "/differences/1").text();
        assert_eq!(
            page.contains("/review/decide"),
            decides == 303,
            "{name} sees the forms that they can send"
        );
        let token = if decides == 303 { token(&page) } else { "0".repeat(32) };
        assert_eq!(form_by(&world, cookie, "/review/decide", &decide(&token)), decides, "{name}");
        let off = format!("token={token}&on=false&why=x");
        assert_eq!(form_by(&world, cookie, "/review/legacy-only", &off), moves, "{name}");
    }
    coverage(&world);
    for (cookie, status) in [(&eve, 403), (&bob, 200)] {
        assert_eq!(seen_by(&world, cookie, "/routes/n/coverage").status, 200);
        let source = seen_by(&world, cookie, "/routes/n/coverage?source=index.php");
        assert_eq!(source.status, status, "PHP's sources may hold more than requests tell");
        assert_eq!(source.text().contains("header_remove"), status == 200);
    }

    let decided = seen_by(&world, &ann, "/differences/1").text();
    assert!(
        decided.contains("by bob") && !decided.contains("mallory"),
        "who it was says the session, not the form"
    );

    let page = seen_by(&world, &bob, "/differences/1").text();
    assert_eq!(form_by(&world, &ann, "/review/decide", &decide(&token(&page))), 403, "another one's token");
    assert_eq!(form_by(&world, &ann, "/review/decide", &decide("")), 403);

    assert_eq!(form_by(&world, &ann, "/review/logout", ""), 303);
    assert_eq!(seen_by(&world, &ann, "/").status, 401, "a session that has ended");
}

#[test]
fn wrong_passwords_are_slowed_down_and_right_ones_with_them() {
    let world = World::with_people();
    let mut refused = 0;
    for _ in 0..8 {
        let answer = log_in(&world, "ann", "a wrong password");
        match answer.status {
            403 => assert!(answer.text().contains("name or the password is wrong")),
            429 => {
                assert!(field(&answer, "retry-after").is_some());
                refused += 1;
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(refused >= 3, "{refused} of 8 had to wait");
    let unknown = log_in(&world, "nobody", PASSWORD);
    assert_eq!(unknown.status, 429, "whatever the name");
}

#[test]
fn programs_and_commands_come_in_by_tokens() {
    let world = World::start(|people| {
        let users = people.join("users");
        let output = std::process::Command::new(binary())
            .args(["user", "prometheus", "--token"])
            .output()
            .expect("it runs");
        let made = String::from_utf8(output.stdout).unwrap();
        assert!(made.starts_with("prometheus:viewer:sha256:"), "{made}");
        let token = String::from_utf8(output.stderr).unwrap();
        let token = token.trim().rsplit(' ').next().unwrap().to_owned();
        handover_parts::process::write(&users, &made);
        format!("[admin]\nusers = '{}'\n# {token}\n", users.display())
    });
    let file = std::fs::read_to_string(world.proxy.routes()).unwrap();
    let token = file.lines().find_map(|line| line.strip_prefix("# ")).unwrap();
    let with = |token: &str, path: &str| {
        let authorization = format!("Bearer {token}");
        let fields = [("Host", "handover.example"), ("Authorization", authorization.as_str())];
        let request = http::request("GET", path, &fields, b"");
        http::Client::connect(world.proxy.admin()).unwrap().exchange(&request).unwrap().status
    };
    assert_eq!((with(token, "/metrics"), with("guessed", "/metrics")), (200, 401));
    assert_eq!(with(token, "/api/record"), 403, "a viewer sees no values that no page shows");
    let said = command(world.proxy.folder(), &["legacy-only", "--reason", "drill"]);
    assert!(said.contains("everything goes to legacy at http"), "the state folder opens the door: {said}");
    let recorded = command(world.proxy.folder(), &["record", "n", "--for", "1s"]);
    assert!(recorded.contains("0 experiments in"), "it lets recordings be made, too: {recorded}");
}

#[test]
fn a_viewer_in_the_browser_sees_all_and_can_press_nothing() {
    let world = World::with_people().differs();
    let browser = Browser::start();
    let page = browser.somebody();
    world.log_in(&page, "eve");
    page.shows("eve · viewer");
    for path in ["/", "/differences", "/differences/1", "/routes/n", "/routes/n/move?to=legacy"] {
        page.open(&world.url(path));
        let forms = page.eval("[...document.querySelectorAll('main form[method=post]')].length").unwrap();
        assert_eq!(forms, 0, "{path}");
    }
    page.press("a");
    let decided = "fetch('/review/decide', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, \
        body: 'token=x&clusters=1&verb=accept&why=x' }).then((answer) => answer.status)";
    assert_eq!(page.eval(decided), Ok(403.into()));
    page.click("header form button");
    page.is_at("/login");
}
