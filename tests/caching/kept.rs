//! What is kept, given, asked for anew and thrown out.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use handover_parts::http;
use jiff::fmt::rfc2822::DateTimeParser;

use super::world::World;

const MINUTE: &str = "Cache-Control: max-age=60\r\n";

fn until(what: &str, check: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !check() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_fresh_answer_is_given_again_with_its_age() {
    let world = World::new(&format!("X-Case: Kept\r\n{MINUTE}"), "");
    let first = world.ask("GET /a", "");
    assert_eq!(
        (first.text().as_str(), first.field("Age")),
        ("answer 1", None),
        "nothing is added on the way"
    );
    let second = world.ask("GET /a", "");
    assert_eq!((second.text().as_str(), second.field("Age").as_deref()), ("answer 1", Some("0")));
    assert!(second.raw.windows(12).any(|bytes| bytes == b"X-Case: Kept"), "names keep their case");
    let head = world.ask("HEAD /a", "");
    assert_eq!((head.status, head.field("Content-Length").as_deref(), head.body.len()), (200, Some("8"), 0));
    assert_eq!((world.asked(), world.lookups("fresh"), world.lookups("missed")), (1, 2, 1));
    // What is counted of a request is counted behind its answer.
    until("both count as the cache's", || {
        let metrics = http::get(world.proxy.admin(), "/metrics").unwrap().text();
        metrics.contains("answered_by=\"cache\",status_class=\"2xx\"} 2")
    });
}

#[test]
fn an_answer_that_says_no_date_is_given_again_with_that_on_which_it_came() {
    let world = World::new(MINUTE, "");
    let dates = |answer: &http::Response| -> Vec<String> {
        let named = answer.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("date"));
        named.map(|(_, value)| String::from_utf8(value.clone()).unwrap()).collect()
    };
    let came = dates(&world.ask("GET /a", ""));
    assert_eq!(came.len(), 1);
    thread::sleep(Duration::from_millis(2_100));
    let again = world.ask("GET /a", "");
    let [said] = &dates(&again)[..] else { panic!("{:?}", again.fields) };
    let second = |date: &str| DateTimeParser::new().parse_timestamp(date).unwrap().as_second();
    let later = second(said) - second(&came[0]);
    assert!((0..=1).contains(&later), "{came:?} and {said}, with {:?}", again.field("Age"));
    assert_eq!(again.text(), "answer 1");
}

#[test]
fn what_says_nothing_of_its_age_is_asked_for_each_time() {
    let world = World::new("", "");
    assert_eq!([world.get("/a"), world.get("/a")], ["answer 1", "answer 2"]);
}

#[test]
fn a_route_that_does_not_ask_has_no_cache() {
    let world = World::new(MINUTE, "[[route]]\nname = 'plain'\nmatch = 'GET /plain'\n");
    assert_eq!([world.get("/plain"), world.get("/plain")], ["answer 1", "answer 2"]);
}

#[test]
fn what_legacy_confirms_is_given_again_with_what_it_says_anew() {
    let world = World::new("Cache-Control: no-cache\r\nETag: \"same\"\r\nX-Number: 0\r\n", "");
    assert_eq!(world.get("/a"), "answer 1");
    let confirmed = world.ask("GET /a", "");
    assert_eq!((confirmed.text().as_str(), confirmed.field("X-Number").as_deref()), ("answer 1", Some("2")));
    let had = world.ask("GET /a", "If-None-Match: \"other\", W/\"same\"\r\n");
    assert_eq!((had.status, had.body.len(), had.field("ETag").as_deref()), (304, 0, Some("\"same\"")));
    assert_eq!(world.lookups("validated"), 2);
}

#[test]
fn a_stale_answer_is_given_while_legacy_is_asked_anew() {
    let world = World::new("Cache-Control: max-age=1, stale-while-revalidate=60\r\n", "");
    assert_eq!(world.get("/a"), "answer 1");
    thread::sleep(Duration::from_millis(1100));
    world.change(|script| script.takes = Duration::from_millis(500));
    let began = Instant::now();
    assert_eq!([world.get("/a"), world.get("/a")], ["answer 1", "answer 1"]);
    assert!(began.elapsed() < Duration::from_millis(450), "nobody waits: {:?}", began.elapsed());
    until("it is never asked anew", || world.get("/a") == "answer 2");
    assert_eq!(world.asked(), 2, "one question for all of them");
}

#[test]
fn a_stale_answer_stands_in_for_a_failure_where_it_says_so() {
    for (directive, status, answer) in [("stale-if-error=60", 200, "answer 1"), ("x", 503, "answer 2")] {
        let world = World::new(&format!("Cache-Control: max-age=1, {directive}\r\nETag: \"a\"\r\n"), "");
        assert_eq!(world.get("/a"), "answer 1");
        thread::sleep(Duration::from_millis(1100));
        world.change(|script| script.status = 503);
        let got = world.ask("GET /a", "");
        assert_eq!((got.status, got.text().as_str()), (status, answer), "{directive}");
    }
}

#[test]
fn of_many_who_want_the_same_one_asks() {
    let world = World::new(MINUTE, "");
    world.change(|script| script.takes = Duration::from_millis(300));
    let answers: BTreeSet<String> = thread::scope(|scope| {
        let clients: Vec<_> = (0..20).map(|_| scope.spawn(|| world.get("/a"))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(answers, BTreeSet::from(["answer 1".to_owned()]));
    assert_eq!(world.asked(), 1);
}

#[test]
fn what_is_not_kept_makes_nobody_wait_in_line() {
    let world = World::new("Cache-Control: no-store\r\n", "");
    assert_eq!(world.get("/a"), "answer 1");
    world.change(|script| script.takes = Duration::from_millis(400));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| world.get("/a"));
        }
    });
    assert_eq!(world.asked(), 11);
    assert!(began.elapsed() < Duration::from_secs(3), "side by side: {:?}", began.elapsed());
}

#[test]
fn a_variant_is_given_to_those_who_asked_alike() {
    let world = World::new(&format!("Vary: Accept-Language, X-A\r\n{MINUTE}"), "");
    let ask = |language: &str| world.ask("GET /a", &format!("Accept-Language: {language}\r\n")).text();
    assert_eq!(
        [ask("de"), ask("en"), ask("de"), ask("en")],
        ["answer 1", "answer 2", "answer 1", "answer 2"]
    );
}

#[test]
fn a_change_throws_out_what_was_kept() {
    let world = World::new(MINUTE, "");
    assert_eq!([world.get("/a"), world.get("/a")], ["answer 1", "answer 1"]);
    world.change(|script| script.status = 500);
    assert_eq!(world.ask("POST /a", "Content-Length: 0\r\n").status, 500);
    assert_eq!(world.get("/a"), "answer 1", "a change that failed is none");
    world.change(|script| script.status = 200);
    assert_eq!(world.ask("POST /a", "Content-Length: 0\r\n").status, 200);
    assert_eq!(world.get("/a"), "answer 4");
}

#[test]
fn an_operator_throws_out_by_host_and_path() {
    let world = World::new(MINUTE, "");
    let fill = || ["/a?x=1", "/a?x=2", "/b"].map(|path| world.get(path));
    let first = fill();
    assert_eq!(fill(), first);
    let purge = |what: &str| {
        let request = http::request(
            "POST",
            "/api/cache/purge",
            &[("Host", "127.0.0.1"), ("Content-Type", "application/json")],
            what.as_bytes(),
        );
        http::Client::connect(world.proxy.admin()).unwrap().exchange(&request).unwrap().text()
    };
    assert_eq!(purge(r#"{"host": "other"}"#), r#"{"purged":0}"#);
    assert_eq!(purge(r#"{"host": "h", "path": "/a"}"#), r#"{"purged":2}"#);
    let again = fill();
    assert_eq!((again[2].as_str(), again == first), (first[2].as_str(), false));
    assert_eq!(purge("{}"), r#"{"purged":3}"#);
}

#[test]
fn memory_is_bounded_and_large_answers_are_not_kept() {
    let world = World::new(MINUTE, "[cache]\nsize = '256KiB'\n");
    for number in 0..2000 {
        world.get(&format!("/{number}"));
    }
    let text = http::get(world.proxy.admin(), "/metrics").unwrap().text();
    let bytes = text.lines().find_map(|line| line.strip_prefix("handover_cache_bytes ")?.parse::<u64>().ok());
    // 2000 answers would be more than 1 MiB.
    assert!(bytes.is_some_and(|bytes| (64 << 10..=256 << 10).contains(&bytes)), "{bytes:?}");
    assert_eq!(world.get("/small"), world.get("/small"));
    let world = World::new(MINUTE, "[cache]\nentry_max = '7B'\n");
    // `answer 1` has eight bytes.
    assert_ne!(world.get("/large"), world.get("/large"));
}

#[test]
fn only_if_cached_asks_nobody() {
    let world = World::new(MINUTE, "");
    let only = || world.ask("GET /a", "Cache-Control: only-if-cached\r\n");
    assert_eq!(only().status, 504);
    assert_eq!(world.get("/a"), "answer 1");
    assert_eq!(only().text(), "answer 1");
    assert_eq!(world.asked(), 1);
}
