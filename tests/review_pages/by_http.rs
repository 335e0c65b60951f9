//! What the pages do by the requests that a browser makes of them, and what no other page may do.

use handover_parts::http;
use serde_json::Value;

use crate::world::{SOON, World, command};

/// The token that the page's forms carry.
fn token(world: &World) -> String {
    let page = world.page("/differences/1").text();
    let (_, rest) = page.split_once("name=\"token\" value=\"").expect("the page has a form");
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn a_difference_is_found_decided_and_the_decision_taken_back() {
    let world = World::open().differs();
    assert!(world.page("/").text().contains("/routes/n"), "the progress names the route");
    assert!(world.page("/routes/n").text().contains("missing"), "its gate says what is missing");
    assert!(world.page("/differences?state=unreviewed").text().contains("/differences/1"));

    let token = token(&world);
    let decided =
        world.post("/review/decide", &format!("token={token}&clusters=1&verb=accept&who=ann&why=wanted"));
    assert_eq!(decided.status, 303, "{}", decided.text());
    let page = world.page("/differences/1").text();
    assert!(page.contains("accepted") && page.contains("by ann: wanted"), "{page}");

    assert_eq!(world.post("/review/undo", &format!("token={token}&clusters=1&who=bob")).status, 303);
    let page = world.page("/differences/1").text();
    assert!(page.contains("unreviewed") && page.contains("taken back by bob"), "{page}");
}

#[test]
fn nothing_from_traffic_is_run_and_no_other_page_can_decide() {
    let world = World::open().differs();
    let page = world.page("/differences/1");
    assert!(
        page.text().contains("&lt;script&gt;") && !page.text().contains("<script>document"),
        "{}",
        page.text()
    );
    let policy = page.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-security-policy"));
    let (_, policy) = policy.expect("a policy");
    let policy = String::from_utf8_lossy(policy);
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");

    for (form, status) in [
        ("token=00000000000000000000000000000000&clusters=1&verb=accept&who=eve&why=x".to_owned(), 403),
        (format!("token={}&clusters=1&verb=accept&who=&why=x", token(&world)), 422),
        (format!("token={}&clusters=&verb=accept&who=ann&why=x", token(&world)), 422),
        (format!("token={}&clusters=1&verb=accept&who=ivy&why=it+is+mine", token(&world)), 403),
        (format!("token={}&clusters=99&verb=bug&who=ann&why=x", token(&world)), 404),
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
fn a_move_is_refused_where_the_file_changed_after_it_was_shown_or_cannot_be_written() {
    let world = World::open().differs();
    let token = token(&world);
    let shown = world.page("/routes/n/move?to=legacy").text();
    let (_, rest) = shown.split_once("name=\"before\" value=\"").expect("the page has a form");
    let before = rest.split('"').next().unwrap().to_owned();
    let form = format!("token={token}&route=n&to=legacy&before={before}&who=ann");
    let routes = world.proxy.routes();
    let text = std::fs::read_to_string(&routes).unwrap();
    std::fs::write(&routes, format!("{text}# another hand\n")).unwrap();
    assert_eq!(world.post("/review/move", &form).status, 409);
    assert_eq!(std::fs::read_to_string(&routes).unwrap(), format!("{text}# another hand\n"));

    let read_only = std::os::unix::fs::PermissionsExt::from_mode(0o444);
    std::fs::set_permissions(&routes, read_only).unwrap();
    let shown = world.page("/routes/n/move?to=legacy").text();
    assert!(shown.contains("cannot be written") && shown.contains("patch -p1"), "{shown}");
    assert!(!shown.contains("name=\"before\""), "no form that could not work");

    for (to, status) in [("canary", 422), ("nowhere", 400)] {
        assert_eq!(world.page(&format!("/routes/n/move?to={to}")).status, status, "{to}");
    }
    assert_eq!(world.page("/routes/none/move?to=legacy").status, 404);
}

#[test]
fn what_no_route_names_is_shown_by_templates() {
    let mut world = World::open();
    world.ask_elsewhere();
    let admin = world.proxy.admin();
    world.proxy.wait_until("it is counted", crate::world::SOON, || {
        handover_parts::http::get(admin, "/inventory").is_ok_and(|page| page.text().contains("/v1/users/{}"))
    });
    let page = world.page("/inventory").text();
    assert!(page.contains("such as /v1/users/7") && page.contains("/style.css"), "{page}");
    world.ask("1");
    assert!(!world.page("/inventory").text().contains("<code>/n</code>"), "a route names it");
}

#[test]
fn everything_goes_back_to_php_by_one_form_and_every_page_says_so() {
    let world = World::open().differs();
    let form = format!("token={}&on=true&who=ann&why=drill", token(&world));
    assert_eq!(world.post("/review/legacy-only", &form).status, 303);
    for path in ["/", "/differences", "/routes/n", "/differences/1"] {
        let page = world.page(path).text();
        assert!(page.contains("Everything goes to legacy") && page.contains("drill"), "{path}: {page}");
        assert!(page.contains("legacy-only --off"), "and how it ends");
    }
}

#[test]
fn everything_goes_back_to_php_step_by_step_where_the_form_says_so() {
    let world = World::open().differs();
    let form = |ramp: &str| format!("token={}&on=true&who=ann&why=drill&ramp_seconds={ramp}", token(&world));
    assert_eq!(world.post("/review/legacy-only", &form("soon")).status, 400);
    assert_eq!(world.post("/review/legacy-only", &form("600")).status, 303);
    let page = world.page("/").text();
    assert!(
        page.contains("Everything goes to legacy, step by step. ") && page.contains("within 10m, 5 %"),
        "{page}"
    );
}

#[test]
fn a_rule_that_was_just_written_holds_for_pages_and_commands_as_for_the_gate() {
    let mut world = World::open().differs();
    let clusters: Value = serde_json::from_slice(&world.page("/api/clusters").body).unwrap();
    let rule = |cluster: &Value| {
        format!(
            "{{ name = 'banner', path = {}, author = 'ann', reason = 'nobody reads it' }}",
            cluster["path"]
        )
    };
    let rules: Vec<String> = clusters.as_array().unwrap().iter().map(rule).collect();
    let file = std::fs::read_to_string(world.proxy.routes()).unwrap();
    let ignoring = format!("shadow = {{ ignore = [{}] }}\nstage = 'shadow'", rules.join(", "));
    std::fs::write(world.proxy.routes(), file.replace("stage = 'shadow'", &ignoring)).unwrap();

    // Not a request has come since.
    let said = command(world.proxy.folder(), &["parity", "n", "--json"]);
    let of = |parity: &Value| (parity["ignored"].as_u64(), parity["mismatched"].as_u64());
    let parity: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(of(&parity[0]), (Some(1), Some(0)), "{said}");
    let listed = command(world.proxy.folder(), &["clusters", "n"]);
    assert!(listed.contains("ignored") && listed.contains("banner"), "{listed}");
    let admin = world.proxy.admin();
    world.proxy.wait_until("the process reads by it", SOON, || {
        let parity = http::get(admin, "/api/parity").expect("an answer");
        serde_json::from_slice::<Value>(&parity.body).is_ok_and(|all| of(&all[0]) == (Some(1), Some(0)))
    });
    assert!(world.page("/differences").text().contains("rule banner"));
    assert!(world.page("/").text().contains("100.000 %"));
}
