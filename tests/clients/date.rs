//! Whoever answers, a client is told when: once, and by legacy's own `Date` where it has one (RFC 9110 §6.6.1).

use handover_parts::{Backend, http};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

use crate::world::{ask, connect, in_front_of, in_front_of_php, php, request, run};

/// What legacy says where it says one.
const OWN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn dates(answer: &http::Response) -> Vec<String> {
    let named = answer.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("date"));
    named.map(|(_, value)| String::from_utf8(value.clone()).unwrap()).collect()
}

/// Whether that is the one date that was said, and now.
fn is_now(dates: &[String]) -> bool {
    let [date] = dates else { return false };
    let said = DateTimeParser::new().parse_timestamp(date).expect("a date as RFC 9110 has it");
    date.ends_with(" GMT") && Timestamp::now().duration_since(said).abs() < SignedDuration::from_secs(30)
}

#[test]
fn an_answer_without_a_date_gets_one_whoever_gives_it() {
    let (php, _app) = php("<?php http_response_code(201); echo 'ok';", 2);
    let proxy = in_front_of_php(&php);
    for (asked, status) in
        [("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 201), ("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400)]
    {
        let answer = http::Client::connect(proxy.http()).unwrap().exchange(asked.as_bytes()).unwrap();
        assert_eq!(answer.status, status);
        assert!(is_now(&dates(&answer)), "{asked:?}: {:?}", answer.fields);
    }
    run(async {
        let answer = ask(&mut connect(proxy.http()).await, request("GET", "/"), b"").await.unwrap();
        let said = answer.fields.get_all("date").iter().map(|date| date.to_str().unwrap().to_owned());
        let dates: Vec<_> = said.collect();
        assert_eq!(answer.status, 201);
        assert!(is_now(&dates), "{dates:?}");
    });
}

#[test]
fn the_date_that_legacy_says_stays_the_only_one() {
    let backend =
        Backend::answering(format!("HTTP/1.1 200 OK\r\ndate: {OWN}\r\nContent-Length: 2\r\n\r\nok"));
    let proxy = in_front_of(&backend);
    let answer = http::get(proxy.http(), "/").unwrap();
    assert_eq!(dates(&answer), [OWN]);
    run(async {
        let answer = ask(&mut connect(proxy.http()).await, request("GET", "/"), b"").await.unwrap();
        assert_eq!(answer.fields.get_all("date").iter().collect::<Vec<_>>(), [OWN]);
    });
}
