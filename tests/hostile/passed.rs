//! What is let through, and how it reaches legacy: framed anew, with nothing of the client's that could mislead.

use super::legacy::Protocol;
use super::world::World;

fn http(rest: &str) -> World {
    World::new(Protocol::Http, "", rest)
}

fn heard(world: &World) -> String {
    String::from_utf8_lossy(&world.legacy.last()).into_owned()
}

#[test]
fn framing_towards_legacy_is_made_anew() {
    let world = http("");
    let sent = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n\
                00003;ext=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(world.send(sent.as_bytes()).statuses, [200]);
    let heard = heard(&world);
    assert!(!heard.contains("ext=1") && !heard.contains("00003"), "{heard}");
    assert!(heard.to_ascii_lowercase().contains("transfer-encoding: chunked\r\n"), "{heard}");
}

#[test]
fn a_path_reaches_legacy_as_it_was_sent_and_matches_no_other_route() {
    let route = "[[route]]\nname = 'guarded'\nmatch = 'GET /a/b'\nstage = 'legacy'\n";
    for path in [
        "/a%2Fb",
        "//a/b",
        "/a//b",
        "/a/..;/b",
        "/x/%2e%2e/a/b",
        "/a%5cb",
        "/a/b%00",
        "/a/%zz",
        "/./a/b",
        "/a/b/.",
        "/a/b;x",
    ] {
        let world = http(route);
        let sent = format!("GET {path}?q=%zz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assert_eq!(world.send(sent.as_bytes()).statuses, [200], "{path}");
        assert!(heard(&world).starts_with(&format!("GET {path}?q=%zz HTTP/1.1\r\n")), "{}", heard(&world));
        let routes = world.counted("handover_requests_total{http_route=\"");
        assert!(!routes.contains_key("guarded"), "{path}: {routes:?}");
    }
    let world = http(route);
    world.send(b"GET /a/b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(world.counted("handover_requests_total{http_route=\"").get("guarded"), Some(&1));
}

#[test]
fn connection_strips_neither_host_nor_what_we_say_of_the_client() {
    for world in World::both("", "[forwarded]\nrequest_id = 'X-Request-Id'\n") {
        let sent = "GET / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\
            Forwarded: for=6.6.6.6\r\nX-Forwarded-Prefix: /6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nProxy: http://6.6.6.6\r\n\
            X-Request-Id: 6.6.6.6\r\nConnection: close, X-Forwarded-For, X-Forwarded-Proto, Host, X-Request-Id\r\n\r\n";
        assert_eq!(world.send(sent.as_bytes()).statuses, [200]);
        let heard = heard(&world).to_ascii_uppercase().replace('-', "_");
        for ours in [
            "X_FORWARDED_FOR",
            "X_FORWARDED_PROTO",
            "X_FORWARDED_HOST",
            "X_REQUEST_ID",
            "HOST",
            "127.0.0.1",
            "SHOP",
        ] {
            assert!(heard.contains(ours), "{ours} is not in {heard}");
        }
        let proxy = if world.legacy.protocol == Protocol::Http { "\nPROXY:" } else { "HTTP_PROXY" };
        assert!(!heard.contains(proxy), "{heard}");
        // An HTTP backend gets the odd name as it is, where it cannot be taken for ours; PHP would take it.
        let theirs = heard.matches("6.6.6.6").count();
        assert_eq!(theirs, usize::from(world.legacy.protocol == Protocol::Http), "{heard}");
    }
}

#[test]
fn an_upgrade_that_is_answered_by_200_leaves_two_requests() {
    let world = http("");
    let sent = "GET /one HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n\
                GET /two HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    assert_eq!(world.send(sent.as_bytes()).statuses, [200, 200]);
    assert_eq!(world.legacy.settle(2), 2);
}

#[test]
fn h2c_is_never_asked_for_at_legacy() {
    let world = http("");
    let sent = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
                HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
    assert_eq!(world.send(sent.as_bytes()).statuses, [200]);
    let heard = heard(&world).to_ascii_lowercase();
    assert!(!heard.contains("h2c") && !heard.contains("http2-settings"), "{heard}");
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    for world in World::both("", "") {
        let one = "GET /p HTTP/1.1\r\nHost: h\r\n\r\n";
        let last = "GET /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        let got = world.send(format!("{}{last}", one.repeat(7)).as_bytes());
        assert_eq!(got.statuses, [200; 8]);
        assert_eq!(world.legacy.settle(8), 8);
    }
}
