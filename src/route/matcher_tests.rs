//! Which route a request meets.

use proptest::prelude::*;

use super::*;
use crate::route::decide::testing::Request;

fn matcher(patterns: &[&str]) -> Matcher {
    let patterns: Vec<Pattern> = patterns.iter().map(|text| pattern(text)).collect();
    Matcher::new(&patterns).unwrap_or_else(|conflicts| panic!("{conflicts:?}"))
}

/// `METHOD [host]/path [name: value]`, as patterns are shown.
fn pattern(text: &str) -> Pattern {
    let (text, header) = match text.rsplit_once(" [") {
        Some((text, header)) if header.contains(": ") => {
            (text, header.trim_end_matches(']').split_once(": "))
        }
        _ => (text, None),
    };
    let (method, rest) = text.split_once(' ').unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut pattern = Pattern::parse(&format!("{method} {path}")).unwrap();
    pattern.host = (!host.is_empty()).then(|| host.to_owned());
    pattern.headers = header.map(|(n, v)| (n.to_owned(), v.to_owned())).into_iter().collect();
    pattern
}

fn found(matcher: &Matcher, request: &Request) -> Option<usize> {
    match matcher.find(request) {
        Lookup::Clear(found) => Some(found.index),
        Lookup::Nothing | Lookup::Unclear(..) => None,
    }
}

#[test]
fn the_more_particular_path_wins_whatever_the_order() {
    let matcher = matcher(&[
        "GET /{*rest}",
        "GET /v1/{a}",
        "GET /v1/{a}/c",
        "GET /v1/b/{c}",
        "GET /v1/b",
        "GET /v1/{a}.json",
        "GET /",
        "GET /v1/{*rest}",
    ]);
    for (path, index) in [
        ("/", 6),
        ("/x", 0),
        ("/v1/b", 4),
        ("/v1/x", 1),
        ("/v1/x.json", 5),
        ("/v1/b/c", 3),
        ("/v1/x/c", 2),
        ("/v1/x/y/z", 7),
        ("/v1", 0),
        ("/v1/", 0),
        ("/v1/b/", 7),
    ] {
        assert_eq!(found(&matcher, &Request::get(path)), Some(index), "{path}");
    }
}

#[test]
fn methods_are_matched_as_a_client_means_them() {
    let matcher = matcher(&[
        "GET /a",
        "POST /a",
        "* /b",
        "HEAD /b",
        "OPTIONS /c",
        "PUT|DELETE /a",
        "GET /new/{x}",
        "POST /new/one",
    ]);
    for (method, path, index) in [
        ("GET", "/a", Some(0)),
        ("HEAD", "/a", Some(0)),
        ("POST", "/a", Some(1)),
        ("PUT", "/a", Some(5)),
        ("DELETE", "/a", Some(5)),
        ("PATCH", "/a", None),
        ("OPTIONS", "/a", None),
        ("get", "/a", None),
        ("GET", "/b", Some(2)),
        ("HEAD", "/b", Some(3)),
        ("OPTIONS", "/b", None),
        ("PURGE", "/b", None),
        ("OPTIONS", "/c", Some(4)),
        ("GET", "/new/one", Some(6)),
        ("POST", "/new/one", Some(7)),
    ] {
        assert_eq!(found(&matcher, &Request::new(method, path)), index, "{method} {path}");
    }
}

#[test]
fn a_route_of_the_host_comes_before_those_of_any() {
    let matcher = matcher(&["GET /a", "GET api.example.com/{x}", "GET /b", "GET [::1]/a"]);
    for (host, path, index) in [
        (Some("api.example.com"), "/a", Some(1)),
        (Some("API.Example.COM:8080"), "/a", Some(1)),
        (Some("api.example.com."), "/a", Some(1)),
        (Some("api.example.com"), "/b/c", None),
        (Some("xapi.example.com"), "/a", Some(0)),
        (Some("[::1]:8080"), "/a", Some(3)),
        (Some("[::1]"), "/a", Some(3)),
        (None, "/b", Some(2)),
    ] {
        let request = Request { host: host.map(str::to_owned), ..Request::get(path) };
        assert_eq!(found(&matcher, &request), index, "{host:?} {path}");
    }
    assert_eq!(found(&matcher, &Request::get("/a").host(&"a".repeat(5000))), Some(0));
}

#[test]
fn header_fields_must_be_there_once_with_that_value() {
    let matcher = matcher(&["GET /a", "GET /a [x-version: 2]", "GET /{x} [x-version: 2]"]);
    let request = || Request::get("/a");
    for (request, index) in [
        (request(), 0),
        (request().with("X-Version", "2"), 1),
        (request().with("x-version", "3"), 0),
        (request().with("x-version", "2").with("x-version", "2"), 0),
        (Request::get("/b").with("x-version", "2"), 2),
    ] {
        assert_eq!(found(&matcher, &request), Some(index), "{request:?}");
    }
}

#[test]
fn captures_are_the_bytes_of_the_path() {
    let matcher = matcher(&["GET /{a}/x-{b}.png", "GET /{a}/{*rest}"]);
    let captured = |path: &str| -> Vec<String> {
        match matcher.find(&Request::get(path)) {
            Lookup::Clear(found) => found.captures.ranges().map(|range| path[range].to_owned()).collect(),
            other => panic!("{path}: {other:?}"),
        }
    };
    assert_eq!(captured("/one/x-two.png"), ["one", "two"]);
    assert_eq!(captured("/one/x/y/z"), ["one", "x/y/z"]);
    assert_eq!(captured("/caf%C3%A9/a%20b"), ["caf%C3%A9", "a%20b"]);
}

#[test]
fn a_path_that_legacy_may_read_otherwise_is_never_clear() {
    let matcher = matcher(&["GET /v1/admin", "GET /v1/{name}", "GET /v1/{name}/{*rest}"]);
    let unclear = |path: &str| match matcher.find(&Request::get(path)) {
        Lookup::Unclear(why, index) => (why, index),
        other => panic!("{path}: {other:?}"),
    };
    use Unclear as U;
    for (path, why, index) in [
        ("/v1/%61dmin", U::TwoRoutes, Some(1)),
        ("/v%31/x", U::TwoRoutes, None),
        ("/v1/a%2Fb", U::Encoded(b'/'), Some(1)),
        ("/v1/x/%2e%2e/admin", U::Encoded(b'.'), Some(2)),
        ("/v1/x/../admin", U::DotSegment, Some(2)),
        ("/v1//admin", U::EmptySegment, None),
        ("/v1/a%00", U::Encoded(0), Some(1)),
        ("/nothing/%2F", U::Encoded(b'/'), None),
    ] {
        assert_eq!(unclear(path), (why, index), "{path}");
    }
    assert_eq!(found(&matcher, &Request::get("/v1/caf%C3%A9")), Some(1));
    assert_eq!(found(&matcher, &Request::get("/v1/joe%40example.com")), Some(1));
}

#[test]
fn what_the_tree_cannot_hold_is_a_conflict() {
    let conflicts = |patterns: &[&str]| {
        let patterns: Vec<_> = patterns.iter().map(|p| pattern(p)).collect();
        Matcher::new(&patterns).err().map(|c| c.into_iter().map(|c| c.index).collect::<Vec<_>>())
    };
    assert_eq!(conflicts(&["GET /{a}", "GET /{b}"]), Some(vec![1]));
    assert_eq!(conflicts(&["GET /{a}x", "GET /y{b}"]), Some(vec![1]));
    assert_eq!(
        conflicts(&["GET /{a}", "POST /{b}", "* /{c}", "GET h/{d}", "GET /{e} [x: 1]", "GET /{*f}"]),
        None
    );
}

#[test]
fn each_of_ten_thousand_routes_is_found() {
    let patterns: Vec<Pattern> =
        (0..10_000).map(|i| pattern(&format!("GET /v{}/things/{i}/{{id}}/part", i % 7))).collect();
    let matcher = Matcher::new(&patterns).unwrap_or_else(|c| panic!("{c:?}"));
    for i in 0..10_000 {
        let request = Request::get(format!("/v{}/things/{i}/abc/part", i % 7));
        assert_eq!(found(&matcher, &request), Some(i));
    }
}

proptest! {
    #[test]
    fn no_path_and_no_host_make_it_panic(
        path in proptest::collection::vec(prop_oneof![Just(b'/'), Just(b'%'), Just(b'2'), Just(b'F'), Just(b'.'), any::<u8>()], 0..60),
        host in ".{0,300}",
    ) {
        let matcher = matcher(&["GET /{a}/x-{b}.png", "GET /{*rest}", "GET h/{a}/{b}/{c}", "GET /%/".replace('%', "x").as_str()]);
        let mut request = Request::get(&path).host(&host);
        if let Lookup::Clear(found) = matcher.find(&request) {
            for range in found.captures.ranges() {
                prop_assert!(path.get(range).is_some());
            }
        }
        request.path.insert(0, b'/');
        let _ = matcher.find(&request);
    }

    #[test]
    fn a_clear_path_is_found_alike_however_it_is_encoded(segment in "[a-z@+ é]{1,12}", encode in any::<u64>()) {
        let matcher = matcher(&["GET /v1/{name}"]);
        let encoded: String = segment.bytes().enumerate().map(|(i, b)| {
            if b.is_ascii_alphabetic() && encode >> (i % 64) & 1 == 0 { (b as char).to_string() } else { format!("%{b:02X}") }
        }).collect();
        prop_assert_eq!(found(&matcher, &Request::get(format!("/v1/{encoded}"))), Some(0));
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(text in ".{0,60}", near in "(GET|\\*) /[a-z{}*/.%-]{0,20}") {
        for text in [text, near] {
            if let Ok(pattern) = Pattern::parse(&text) {
                prop_assert!(Matcher::new([&pattern]).is_ok(), "{}", text);
            }
        }
    }
}
