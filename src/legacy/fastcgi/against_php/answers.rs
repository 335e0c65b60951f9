//! What goes up and what comes back.

use super::*;

#[tokio::test]
async fn php_answers_over_each_kind_of_connection() {
    for wanted in [KEPT, CLOSED, Wanted { tcp: true, ..KEPT }, Wanted { tcp: true, ..CLOSED }] {
        let world = World::new(&wanted);
        let mut reused = 0;
        for _ in 0..20 {
            let (client, served) = world.get("/answer?status=404").await;
            let served = served.unwrap();
            assert_eq!((client.status(), client.text().as_str()), (404, "body"));
            let two: Vec<_> = client.head.as_ref().unwrap().fields().get_all(b"x-two").collect();
            assert_eq!(two, [b"1", b"2"]);
            assert!(client.finished);
            assert_eq!(served.sent, 4);
            reused += usize::from(served.by == By::FastCgi { reused: true });
        }
        assert!(if wanted.keep { reused >= 16 } else { reused == 0 }, "reused {reused} times");
    }
}

#[tokio::test]
async fn bodies_of_every_size_and_framing_come_back_whole() {
    let world = World::new(&KEPT);
    for size in [1, 10_000, 16_384, 16_385, 65_535, 65_536, 1_000_000] {
        for unknown in [false, true] {
            let (client, served) = world.post("/echo", Body::pieces(&content(size), 9973, unknown)).await;
            served.unwrap();
            assert!(client.body == content(size), "{size} bytes, unknown: {unknown}");
            let (client, _) = world.post("/length", Body::pieces(&content(size), 9973, unknown)).await;
            assert_eq!(client.text(), format!("{size} {size}"));
        }
    }
}

#[tokio::test]
async fn fifty_megabytes_go_up_and_come_down_at_the_same_time() {
    let world = World::new(&KEPT);
    let sent = content(50 << 20);
    let (client, served) = world.post("/echo", Body::pieces(&sent, 50_000, false)).await;
    assert_eq!(served.unwrap().sent, 50 << 20);
    assert!(client.body == sent);
}

#[tokio::test]
async fn an_answer_may_come_before_the_body_has() {
    let world = World::new(&KEPT);
    let body = Body::pieces(&content(3 << 20), 16_384, false).slowly(Duration::from_millis(2));
    let (client, served) = world.post("/early", body).await;
    served.unwrap();
    assert_eq!((client.status(), client.text().as_str()), (413, "no thanks"));
    let (client, served) = world.get("/process").await;
    served.unwrap();
    assert!(client.finished, "the next request is not disturbed");
}

#[tokio::test]
async fn an_answer_reaches_the_client_as_it_is_made() {
    let world = World::new(&KEPT);
    let (client, served) = world.get("/drip").await;
    let served = served.unwrap();
    assert_eq!(client.text(), "drop 0\ndrop 1\ndrop 2\n");
    assert!(client.flushes >= 3, "{} flushes", client.flushes);
    assert!(served.answered < Duration::from_millis(90), "{served:?}");
}

#[tokio::test]
async fn a_large_answer_to_a_slow_client_is_held_within_bounds() {
    let world = World::new(&KEPT);
    let head = get("/big?mb=20");
    let mut client = Client { pause: Duration::from_micros(200), ..Client::default() };
    world.core.exchange(&world.spec, &outbound(&head), &mut Body::none(), &mut client).await.unwrap();
    assert_eq!(client.body.len(), 20 << 20);
}

#[tokio::test]
async fn an_answer_is_cut_at_its_declared_length_or_broken_off() {
    let world = World::new(&KEPT);
    let (client, served) = world.get("/over").await;
    served.unwrap();
    assert_eq!((client.text().as_str(), client.finished), ("four", true));
    until("its connection is gone", Duration::from_secs(1), || world.legacies.loads()[0].1.parked == 0).await;
    let (client, served) = world.get("/under").await;
    let error = served.unwrap_err();
    assert!(matches!(error.cause, Cause::TooShort { missing: 396 }), "{error:?}");
    assert!(error.committed && !client.finished);
}

#[tokio::test]
async fn a_body_that_breaks_off_aborts_the_request() {
    let world = World::new(&KEPT);
    let whole = content(400_000);
    let length = BodyLength::Exact(400_000);
    let body = Body::saying(length, &whole[..200_000], 10_000).breaking_off();
    let (client, served) = world.post("/length", body).await;
    let error = served.unwrap_err();
    assert_eq!(error.leg, Leg::ClientBody);
    assert!(client.head.is_none(), "PHP never saw a whole request");
}

#[tokio::test]
async fn php_sees_what_it_sees_behind_nginx() {
    let world = World::new(&CLOSED);
    let nginx = handover_parts::Nginx::in_front_of(&world._php);
    let fields = [
        ("Host", "shop.example"),
        ("User-Agent", "old client/1.0"),
        ("Cookie", "a=1; b=%20"),
        ("X-Under_score", "dropped"),
        ("X-Odd.Name", "dropped"),
        ("Authorization", "Basic dXNlcjpzZWNyZXQ="),
        ("Accept-Language", "de,\ten"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", "3"),
        ("Connection", "close"),
    ];
    for target in ["/server", "/server?a[]=1&b=%zz&c=%C3%A9", "/server?", "/server?x=y?z"] {
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let text = format!("POST {target} HTTP/1.1\r\n{fields}\r\n");
        let mut direct = handover_parts::http::Client::connect(nginx.address()).unwrap();
        let theirs = direct.exchange(format!("{text}a=b").as_bytes()).unwrap().text();
        let head = request(&text);
        let mut client = Client::default();
        let mut body = Body::pieces(b"a=b", 3, false);
        world.core.exchange(&world.spec, &outbound(&head), &mut body, &mut client).await.unwrap();
        assert_eq!(comparable(&client.text()), comparable(&theirs), "{target}");
    }
}

/// `$_SERVER` without what differs on purpose (see `params`) or by time, sorted.
fn comparable(json: &str) -> Vec<(String, String)> {
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).expect(json);
    let differs = [
        "SERVER_SOFTWARE",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_ADDR",
        "REMOTE_ADDR",
        "REMOTE_PORT",
        "REQUEST_TIME",
        "REQUEST_TIME_FLOAT",
    ];
    let mut pairs: Vec<_> = all
        .into_iter()
        .filter(|(name, _)| !differs.contains(&name.as_str()))
        .map(|(name, value)| (name, value.to_string()))
        .collect();
    pairs.sort();
    pairs
}
