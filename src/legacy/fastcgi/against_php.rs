//! The exchange against a real php-fpm.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handover_parts::PhpFpm;
use tempfile::TempDir;

use crate::exchange::BodyLength;
use crate::legacy::spec::{Address, FastCgi, Kind, Spec};
use crate::legacy::testing::{Body, Client, fastcgi, file, folder, get, outbound, request, spec};
use crate::legacy::{By, Cause, CoreLegacies, ExchangeError, Leg, Legacies, Served};

/// An application that does what its path says.
const APPLICATION: &str = r#"<?php
parse_str($_SERVER['QUERY_STRING'], $q);
switch (strtok($_SERVER['REQUEST_URI'], '?')) {
case '/server': header('Content-Type: application/json'); echo json_encode($_SERVER); break;
case '/echo': stream_copy_to_stream(fopen('php://input', 'r'), fopen('php://output', 'w')); break;
case '/length': echo $_SERVER['CONTENT_LENGTH'], ' ', strlen(file_get_contents('php://input')); break;
case '/sleep': usleep(1000 * $q['ms']); echo 'slept'; break;
case '/process': echo getmypid(); break;
case '/early': http_response_code(413); echo 'no thanks'; break;
case '/answer': http_response_code((int) $q['status']); header('X-Two: 1'); header('X-Two: 2', false); echo 'body'; break;
case '/over': header('Content-Length: 4'); echo 'four and more'; break;
case '/under': header('Content-Length: 400'); echo 'four'; break;
case '/log': error_log('something odd'); echo 'logged'; break;
case '/big': $block = str_repeat('0123456789abcdef', 4096); for ($i = 0; $i < $q['mb'] * 16; $i++) { echo $block; } break;
case '/drip': for ($i = 0; $i < 3; $i++) { echo "drop $i\n"; ob_flush(); flush(); usleep(100000); } break;
case '/loop':
    ignore_user_abort(false);
    register_shutdown_function(function () use ($q) { file_put_contents($q['mark'], connection_status()); });
    for ($i = 0; $i < 1000; $i++) { echo "more\n"; @ob_flush(); flush(); usleep(10000); }
    break;
case '/finish': echo 'done'; fastcgi_finish_request(); usleep(1000 * $q['ms']); break;
case '/die': posix_kill(getmypid(), 9); break;
default: http_response_code(404); echo 'nothing here';
}
"#;

/// A pool, its application, and one core's way to it.
struct World {
    _php: PhpFpm,
    root: TempDir,
    spec: Arc<Spec>,
    legacies: Legacies,
    core: CoreLegacies,
}

struct Wanted {
    keep: bool,
    tcp: bool,
    max_requests: u32,
}

const KEPT: Wanted = Wanted { keep: true, tcp: false, max_requests: 0 };
const CLOSED: Wanted = Wanted { keep: false, tcp: false, max_requests: 0 };

impl World {
    fn new(wanted: &Wanted) -> Self {
        let root = folder();
        file(root.path(), "index.php", APPLICATION);
        let builder = PhpFpm::serving(root.path())
            .children(4)
            .setting("error_log", "")
            .setting("log_errors", "1")
            .directive("pm.max_requests", wanted.max_requests.to_string());
        let php = if wanted.tcp { builder.tcp().start() } else { builder.start() };
        let address = match php.address().strip_prefix("unix:") {
            Some(path) => Address::Unix(PathBuf::from(path)),
            None => Address::Tcp(php.address().to_owned()),
        };
        let kind = Kind::FastCgi(FastCgi { address, ..fastcgi(root.path()) });
        let spec = Arc::new(Spec { keep: wanted.keep, ..spec(kind) });
        let legacies = Legacies::new(std::env::temp_dir());
        let core = legacies.on_core();
        Self { _php: php, root, spec, legacies, core }
    }

    /// The same pool, with other limits.
    fn with(&self, change: impl FnOnce(&mut Spec)) -> Arc<Spec> {
        let mut spec = Spec::clone(&self.spec);
        change(&mut spec);
        Arc::new(spec)
    }

    async fn get(&self, path: &str) -> (Client, Result<Served, ExchangeError>) {
        ask(&self.core, &self.spec, path).await
    }

    async fn post(&self, path: &str, mut body: Body) -> (Client, Result<Served, ExchangeError>) {
        let head = request(&format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n\r\n"
        ));
        let mut client = Client::default();
        let served = self.core.exchange(&self.spec, &outbound(&head), &mut body, &mut client).await;
        (client, served)
    }

    /// How many connections the kernel sees at the pool's socket.
    fn open(&self) -> usize {
        let path = self._php.address().strip_prefix("unix:").unwrap();
        let sockets = std::fs::read_to_string("/proc/net/unix").unwrap();
        // Num RefCount Protocol Flags Type St Inode Path: connected is 03, waiting to be accepted 02.
        let is_open =
            |line: &&str| line.ends_with(path) && matches!(line.split_whitespace().nth(5), Some("02" | "03"));
        sockets.lines().filter(is_open).count()
    }

    fn busy(&self) -> usize {
        self.legacies.loads()[0].1.busy
    }
}

async fn ask(core: &CoreLegacies, spec: &Arc<Spec>, path: &str) -> (Client, Result<Served, ExchangeError>) {
    let head = get(path);
    let mut client = Client::default();
    let served = core.exchange(spec, &outbound(&head), &mut Body::none(), &mut client).await;
    (client, served)
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

async fn until(what: &str, within: Duration, mut check: impl FnMut() -> bool) {
    let start = Instant::now();
    while !check() {
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

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
async fn a_thousand_requests_meet_no_child_that_closes_at_its_fiftieth() {
    let world = World::new(&Wanted { max_requests: 50, ..KEPT });
    let mut reused = 0;
    for turn in 0..1000 {
        let (client, served) = world.get("/process").await;
        let served = served.unwrap_or_else(|error| panic!("request {turn}: {error:?}"));
        reused += usize::from(served.by == By::FastCgi { reused: true });
        assert!(client.finished);
    }
    assert!(reused > 900, "kept connections were used: {reused}");
}

#[tokio::test]
async fn concurrent_clients_meet_no_closing_child_either() {
    let world = World::new(&Wanted { max_requests: 20, ..KEPT });
    for _ in 0..25 {
        let requests = (0..40).map(|_| world.get("/process"));
        for (client, served) in futures_of(requests).await {
            served.unwrap();
            assert!(client.finished);
        }
    }
}

/// Runs futures side by side on this task.
async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(Box::pin).map(Some).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        for (slot, output) in running.iter_mut().zip(&mut done) {
            if let Some(future) = slot
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(cx)
            {
                (*output, *slot) = (Some(ready), None);
            }
        }
        if running.iter().any(Option::is_some) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(done.iter_mut().map(|output| output.take().unwrap()).collect())
    })
    .await
}

#[test]
fn sixty_four_clients_on_eight_cores_share_four_children_and_none_starves() {
    for wanted in [KEPT, CLOSED] {
        let world = World::new(&wanted);
        let until = Instant::now() + Duration::from_secs(3);
        let cores: Vec<_> = (0..8)
            .map(|_| {
                let (legacies, spec) = (world.legacies.clone(), Arc::clone(&world.spec));
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let core = legacies.on_core();
                    runtime.block_on(futures_of((0..8).map(|_| async {
                        let mut answers = 0;
                        while Instant::now() < until {
                            ask(&core, &spec, "/process").await.1.unwrap();
                            answers += 1;
                        }
                        answers
                    })))
                })
            })
            .collect();
        let mut most_open = 0;
        while Instant::now() < until {
            most_open = most_open.max(world.open());
            std::thread::sleep(Duration::from_millis(2));
        }
        let answers: Vec<u32> = cores.into_iter().flat_map(|core| core.join().unwrap()).collect();
        let (least, most) = (*answers.iter().min().unwrap(), *answers.iter().max().unwrap());
        let total: u32 = answers.iter().sum();
        println!("keep {}: {total} answers, {least} to {most} a client", wanted.keep);
        // A child that closes may not have done so when the next connection is opened.
        assert!(most_open <= if wanted.keep { 4 } else { 8 }, "{most_open} connections");
        assert!(least > 0 && least * 2 >= most, "unfair: {least} to {most}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_child() {
    for wanted in [KEPT, CLOSED] {
        let world = World::new(&wanted);
        let mark = world.root.path().join("ended");
        let path = format!("/loop?mark={}", mark.display());
        let mut client = Client { leaves_after: Some(10), ..Client::default() };
        let head = get(&path);
        let served = world.core.exchange(&world.spec, &outbound(&head), &mut Body::none(), &mut client).await;
        let error = served.unwrap_err();
        assert_eq!((error.leg, error.committed), (Leg::ClientAnswer, true));
        until("PHP ends the script as aborted", Duration::from_secs(3), || {
            std::fs::read_to_string(&mark).is_ok_and(|status| status == "1")
        })
        .await;
        until("the permit is back", Duration::from_secs(3), || world.busy() == 0).await;
    }
}

#[tokio::test]
async fn dropping_an_exchange_frees_its_child() {
    let world = World::new(&KEPT);
    let mark = world.root.path().join("ended");
    let path = format!("/loop?mark={}", mark.display());
    let dropped = tokio::time::timeout(Duration::from_millis(300), world.get(&path)).await;
    assert!(dropped.is_err());
    until("PHP ends the script", Duration::from_secs(3), || mark.exists()).await;
    assert_eq!(world.busy(), 0);
}

#[tokio::test]
async fn a_child_that_works_on_after_its_answer_is_not_asked_meanwhile() {
    for wanted in [KEPT, CLOSED] {
        let world = World::new(&wanted);
        let one = world.with(|spec| spec.connections_max = 1);
        for _ in 0..2 {
            let start = Instant::now();
            let (client, served) = ask(&world.core, &one, "/finish?ms=400").await;
            served.unwrap();
            assert_eq!(client.text(), "done");
            assert!(start.elapsed() < Duration::from_millis(300), "the answer does not wait");
            assert_eq!(world.busy(), 1, "its child is counted");
            let (_, served) = ask(&world.core, &one, "/process").await;
            assert!(
                served.unwrap().waited > Duration::from_millis(200),
                "the next one waits for a free child"
            );
        }
    }
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
async fn a_slow_client_does_not_hold_a_child_for_a_small_answer() {
    let world = World::new(&KEPT);
    let head = get("/drip");
    let mut client = Client { pause: Duration::from_millis(700), ..Client::default() };
    let mut body = Body::none();
    let outbound = outbound(&head);
    let exchange = world.core.exchange(&world.spec, &outbound, &mut body, &mut client);
    let watch = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(world.busy(), 0);
    };
    let (served, ()) = tokio::join!(exchange, watch);
    served.unwrap();
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
async fn a_dead_child_is_a_failure_that_is_never_asked_again_by_itself() {
    let world = World::new(&KEPT);
    for _ in 0..2 {
        let (client, served) = world.get("/die").await;
        let error = served.unwrap_err();
        assert_eq!((error.leg, error.committed, error.retry_safe), (Leg::ReadHead, false, false));
        assert!(client.head.is_none());
    }
    world.get("/process").await.1.unwrap();
}

#[tokio::test]
async fn silence_and_full_queues_end_in_their_own_errors() {
    let world = World::new(&KEPT);
    let patient = world.with(|spec| spec.connections_max = 1);
    let hasty = world.with(|spec| {
        spec.connections_max = 1;
        spec.queue_max = 1;
        spec.read_timeout = Duration::from_millis(300);
    });
    let (_, silent) = ask(&world.core, &hasty, "/sleep?ms=600").await;
    let error = silent.unwrap_err();
    assert_eq!((error.leg, error.retry_safe), (Leg::ReadHead, false));
    assert!(matches!(error.cause, Cause::TimedOut(_)));
    let specs = [&patient, &hasty, &hasty];
    let outcomes = futures_of(specs.iter().map(|spec| ask(&world.core, spec, "/sleep?ms=600"))).await;
    outcomes[0].1.as_ref().unwrap();
    let waited = outcomes[1].1.as_ref().unwrap_err();
    assert!(matches!((waited.leg, &waited.cause), (Leg::Wait, Cause::TimedOut(_))), "{waited:?}");
    let refused = outcomes[2].1.as_ref().unwrap_err();
    assert!(matches!((refused.leg, &refused.cause), (Leg::Wait, Cause::QueueFull(1))), "{refused:?}");
    assert!(waited.retry_safe && refused.retry_safe);
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
async fn a_legacy_that_is_not_there_says_where_it_was_looked_for() {
    let world = World::new(&KEPT);
    let nowhere = world.with(|spec| {
        spec.kind =
            Kind::FastCgi(FastCgi { address: Address::Unix("/nowhere/fpm.sock".into()), ..fastcgi("/srv") });
    });
    let (_, served) = ask(&world.core, &nowhere, "/").await;
    let error = served.unwrap_err();
    assert_eq!((error.leg, error.retry_safe), (Leg::Connect, true));
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
