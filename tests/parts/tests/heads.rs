//! What `header()`, `http_response_code()`, and `setcookie()` make of a head: the crate's is php-fpm's, byte by byte.

use std::time::{SystemTime, UNIX_EPOCH};

use handover_parts::PhpFpm;
use handover_parts::fastcgi::FastCgi;
use legacy_compat::families::serialize::serialize;
use legacy_compat::response::{Cookie, Head, SameSite};
use legacy_compat::{Array, Php, Value, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/php/head.php");

/// One call that a script makes.
#[derive(Clone, Debug)]
enum Call {
    Header(Vec<u8>, bool, u16),
    Remove(&'static str),
    Status(u16),
    SetCookie(Cookie, bool),
}

#[test]
fn heads_are_built_alike() {
    let fpm = PhpFpm::serving(concat!(env!("CARGO_MANIFEST_DIR"), "/php"))
        .children(1)
        .setting("expose_php", "0")
        .setting("log_errors", "0")
        .setting("output_buffering", "0")
        .start();
    let mut connection = FastCgi::connect(fpm.address());
    let cases = std::env::var("PARITY_REQUESTS").map_or(2_000, |text| text.parse().expect("a number"));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let connection = std::cell::RefCell::new(&mut connection);
    let outcome = runner.run(&vec(call(), 0..6), |calls| {
        let before = sent(&calls, now());
        let seen = ask(&mut connection.borrow_mut(), &calls);
        // A cookie's Max-Age hangs on the second in which it is sent.
        let expected = if seen == before { before } else { sent(&calls, now()) };
        prop_assert!(seen == expected, "\nPHP   {}\ncrate {}", seen.escape_ascii(), expected.escape_ascii());
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, calls)) => panic!("built differently: {calls:?}\n{why}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs() as i64
}

/// The head that PHP sends.
fn ask(connection: &mut FastCgi, calls: &[Call]) -> Vec<u8> {
    let php = Php::new(Version::V8_2);
    let body = serialize(&php, &calls.iter().map(written).collect::<Array>().into());
    let length = body.len().to_string();
    let params: [(&[u8], &[u8]); 4] = [
        (b"SCRIPT_FILENAME", SCRIPT.as_bytes()),
        (b"REQUEST_METHOD", b"POST"),
        (b"CONTENT_TYPE", b"application/octet-stream"),
        (b"CONTENT_LENGTH", length.as_bytes()),
    ];
    connection.ask(&params, &body).expect("php-fpm answers").stdout
}

fn written(call: &Call) -> Value {
    let call: Array = match call {
        Call::Header(line, replace, status) => {
            [Value::from("header"), line.clone().into(), (*replace).into(), i64::from(*status).into()]
                .into_iter()
                .collect()
        }
        Call::Remove(name) => [Value::from("header_remove"), (*name).into()].into_iter().collect(),
        Call::Status(status) => {
            [Value::from("http_response_code"), i64::from(*status).into()].into_iter().collect()
        }
        Call::SetCookie(cookie, raw) => {
            let same_site = cookie.same_site.map_or("", SameSite::name);
            let options: Array = [
                ("expires", cookie.expires.into()),
                ("path", cookie.path.clone().into()),
                ("domain", cookie.domain.clone().into()),
                ("secure", cookie.secure.into()),
                ("httponly", cookie.http_only.into()),
                ("samesite", Value::from(same_site)),
            ]
            .into_iter()
            .collect();
            let function = if *raw { "setrawcookie" } else { "setcookie" };
            [Value::from(function), cookie.name.clone().into(), cookie.value.clone().into(), options.into()]
                .into_iter()
                .collect()
        }
    };
    call.into()
}

/// The head that the crate builds.
fn sent(calls: &[Call], now: i64) -> Vec<u8> {
    let php = Php::new(Version::V8_2).at(now);
    let mut head = Head::new(&php);
    for call in calls {
        // What is refused changes nothing.
        match call {
            Call::Header(line, true, status) => drop(head.header_with(line, *status)),
            Call::Header(line, false, status) => drop(head.add_with(line, *status)),
            Call::Remove(name) => head.remove(name),
            Call::Status(status) => head.set_status(*status),
            Call::SetCookie(cookie, true) => drop(head.set_raw_cookie(cookie)),
            Call::SetCookie(cookie, false) => drop(head.set_cookie(cookie)),
        }
    }
    head.finish().to_fastcgi()
}

fn call() -> impl Strategy<Value = Call> {
    let statuses = select(&[200, 201, 204, 301, 302, 304, 404, 418, 500, 599][..]);
    let header = (line(), prop::bool::weighted(0.7), prop_oneof![3 => Just(0u16), 1 => statuses.clone()]);
    prop_oneof![
        6 => header.prop_map(|(line, replace, status)| Call::Header(line, replace, status)),
        1 => select(&["X-A", "content-type", "Location", "Status", "Set-Cookie", "nothing"][..]).prop_map(Call::Remove),
        1 => statuses.prop_map(Call::Status),
        2 => (cookie(), any::<bool>()).prop_map(|(cookie, raw)| Call::SetCookie(cookie, raw)),
    ]
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let lines: &[&str] = &[
        "X-A: 1",
        "x-a: 2",
        "X-A:3",
        "X-B",
        "",
        " ",
        "X-C: a ",
        "X-D: a\r\nX-E: b",
        "X-D: a\n",
        "X-D: \0",
        "Location: /a",
        "location: b",
        "WWW-Authenticate: Basic",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.0 200 Fine",
        "HTTP/1.1 204",
        "HTTP/1.1",
        "HTTP/2  503 x",
        "http/1.1 410 y",
        "HTTP/1.1 abc",
        "Status: 403 No",
        "Status: 200",
        "status:",
        "Content-Type: text/plain",
        "Content-Type: text/css; charset=x",
        "content-type:  text/xml",
        "Content-Type: image/png",
        "Content-Type:",
        "Content-Length: 0",
        "Set-Cookie: own=1",
        ": x",
        "X Y: z",
    ];
    select(lines).prop_map(|line| line.as_bytes().to_vec())
}

fn cookie() -> impl Strategy<Value = Cookie> {
    let names = select(&["a", "b.c", "", "a=b", "a b", "\u{e9}", "a[x]"][..]);
    let values = prop_oneof![
        select(&["", "1", "a b", "a;b", "x+y%", "\u{e9}~", "a,b"][..]).prop_map(|v| v.as_bytes().to_vec()),
        vec(any::<u8>(), 0..4)
    ];
    let expiries = select(&[0, -1, 1, 1_709_210_096, 253_402_300_799, 253_402_300_800, i64::MAX / 2][..]);
    let paths = select(&["", "/", "/a;b", "/p q", "/x"][..]);
    let same_sites =
        select(&[None, None, Some(SameSite::Lax), Some(SameSite::Strict), Some(SameSite::None)][..]);
    (
        names,
        values,
        expiries,
        paths,
        select(&["", "example.org", "a\tb"][..]),
        any::<bool>(),
        any::<bool>(),
        same_sites,
    )
        .prop_map(|(name, value, expires, path, domain, secure, http_only, same_site)| Cookie {
            name: name.into(),
            value,
            expires,
            path: path.into(),
            domain: domain.into(),
            secure,
            http_only,
            same_site,
        })
}
