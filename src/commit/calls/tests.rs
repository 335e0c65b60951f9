//! Calls to a server that takes them, refuses them, fails or is away, and records beside them.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handover_api::{Answer, Call, Record, Response};
use handover_kafka::Embedded;
use handover_parts::Backend;
use tokio::runtime::Handle;

use super::CallStats;
use crate::commit::{NotCommitted, Producers};
use crate::config::source::Sources;
use crate::config::valid::Config;
use crate::config::validate::{Against, validate};
use crate::native::application::Names;
use crate::route::Route;

const PATIENCE: Duration = Duration::from_secs(60);
const TAKEN: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const FAILED: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 422 Unprocessable Content\r\nContent-Length: 0\r\n\r\n";

/// A process with a spool, and a Kafka.
struct World {
    kafka: Embedded,
    state: tempfile::TempDir,
    config: Arc<Config>,
    producers: Producers,
}

impl World {
    fn with(spool: &str) -> Self {
        let kafka = Embedded::start(1).unwrap();
        kafka.create_topic("flights", 1).unwrap();
        let state = tempfile::tempdir().unwrap();
        let config = config(kafka.bootstrap(), state.path(), spool);
        let producers = Producers::default();
        producers.prepare(&config, &Handle::current()).unwrap();
        Self { kafka, state, config, producers }
    }

    fn route(&self) -> Arc<Route> {
        crate::commit::tests::route(&self.config, "delivered")
    }

    async fn answer(&self, answer: Answer) -> Result<Response, NotCommitted> {
        tokio::time::timeout(PATIENCE, self.producers.answer(&self.route(), answer, None))
            .await
            .expect("it ends")
    }

    fn calls(&self) -> CallStats {
        self.producers.spooler().unwrap().calls()
    }

    async fn until(&self, what: &str, holds: impl Fn(&CallStats) -> bool) {
        let since = Instant::now();
        while !holds(&self.calls()) {
            assert!(since.elapsed() < PATIENCE, "{what}: {:?}", self.calls());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Frames that were set aside.
    fn set_aside(&self) -> usize {
        let folders = std::fs::read_dir(self.state.path().join("spool/calls")).unwrap();
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
        files
            .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "frame"))
            .count()
    }
}

fn config(bootstrap: &str, state: &Path, spool: &str) -> Arc<Config> {
    let text = format!(
        "[legacy.one]\nhttp = 'http://one'\n{spool}\n[kafka.main]\nbootstrap = '{bootstrap}'\ntimeout = '1s'\n[[route]]\n\
         name = 'delivered'\nmatch = 'POST /'\nstage = 'native'\nnative = 'nothing'\n"
    );
    let against = Against { env: &|_| None, names: &Names::of_handlers(&["nothing"]), state: Some(state) };
    let checked = validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}"));
    Arc::new(checked.config)
}

fn told(server: &str, number: usize) -> Answer {
    let call = Call::post_json(format!("http://{server}/told"), format!("{{\"n\":{number}}}"));
    Answer::new(Response::text(201, "kept")).with(call)
}

fn keys(received: &str) -> Vec<&str> {
    received.lines().filter_map(|line| line.strip_prefix("idempotency-key: ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_made_after_the_commit_and_again_until_it_is_taken() {
    let server = Backend::start({
        let tried = std::sync::atomic::AtomicUsize::new(0);
        move |conversation| loop {
            conversation.request()?;
            let fails = tried.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2;
            conversation.write(if fails { FAILED } else { TAKEN })?;
        }
    });
    let world = World::with("[spool]");
    let answer = told(&server.address().to_string(), 1).with(Record::new("flights", "1"));
    let response = world.answer(answer).await.unwrap();
    assert_eq!(
        response.fields.get("handover-ack"),
        Some(&b"spool"[..]),
        "less than `delivered`, so it says so"
    );
    world.until("it is taken", |calls| calls.taken == 1 && calls.waiting == 0).await;
    assert_eq!(world.calls().tried_again, 2);
    let received = server.received();
    let keys = keys(&received);
    assert_eq!(keys.len(), 3, "{received}");
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert!(received.contains("POST /told HTTP/1.1") && received.ends_with("{\"n\":1}"), "{received}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_good_or_for_too_long_is_set_aside() {
    let (refusing, failing) = (Backend::answering(REFUSED), Backend::answering(FAILED));
    let world = World::with("[spool]\ncalls_for = '1s'");
    _ = world.answer(told(&refusing.address().to_string(), 1)).await.unwrap();
    world.until("it is refused", |calls| calls.set_aside == 1).await;
    assert_eq!(keys(&refusing.received()).len(), 1, "once");
    _ = world.answer(told(&failing.address().to_string(), 2)).await.unwrap();
    world.until("it is given up", |calls| calls.set_aside == 2 && calls.waiting == 0).await;
    assert!(keys(&failing.received()).len() > 1);
    assert_eq!(world.set_aside(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_holds_up_neither_records_nor_other_calls() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let server = Backend::answering(TAKEN);
    let world = World::with("[spool]");
    for number in 1..=20 {
        _ = world.answer(told(&away, number).with(Record::new("flights", "1"))).await.unwrap();
    }
    _ = world.answer(told(&server.address().to_string(), 21)).await.unwrap();
    world.until("the other server's is taken", |calls| calls.taken == 1).await;
    let since = Instant::now();
    while !world.producers.spooler().unwrap().is_drained() {
        assert!(since.elapsed() < PATIENCE, "records wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(world.calls().waiting, 21, "settled in order, once those before are");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_left_the_next_one_calls() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = away.local_addr().unwrap();
    drop(away);
    let mut world = World::with("[spool]");
    for number in 1..=5 {
        _ = world.answer(told(&address.to_string(), number)).await.unwrap();
    }
    world.until("all are taken over", |calls| calls.waiting == 5 && calls.tried_again > 4).await;
    world.producers.spooler().unwrap().stop().await;
    world.producers = Producers::default();
    let server = TcpListener::bind(address).unwrap();
    let served = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let mut bodies = std::collections::BTreeSet::new();
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"}") {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
            bodies.insert(String::from_utf8(request[request.len() - 7..].to_vec()).unwrap());
            if bodies.len() == 5 {
                return bodies;
            }
        }
        bodies
    });
    world.producers.prepare(&world.config, &Handle::current()).unwrap();
    world.until("all are taken", |calls| calls.taken >= 5 && calls.waiting == 0).await;
    assert_eq!(served.join().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_spool_an_answer_with_a_call_is_not_committed() {
    let world = World::with("");
    let error = world.answer(told("127.0.0.1:1", 1)).await.unwrap_err();
    assert!(matches!(error, NotCommitted::Before(_)), "{error:?}");
    assert!(world.kafka.bootstrap().contains(':'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_whose_calls_have_no_room_is_not_accepted() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let world = World::with("[spool]\nsize_max = '64MiB'");
    let large = || {
        let call = Call::post_json(format!("http://{away}/told"), format!("\"{}\"", "x".repeat(2 << 20)));
        Answer::new(Response::text(201, "kept")).with(call)
    };
    let mut accepted = 0;
    let refused = loop {
        match world.answer(large()).await {
            Ok(_) => accepted += 1,
            Err(refused) => break refused,
        }
        assert!(accepted <= 32, "more are accepted than there is room for calls");
        world.until("they are taken over", |calls| calls.waiting == accepted).await;
    };
    assert!(matches!(refused, NotCommitted::Before(_)), "{refused:?}");
    assert!(accepted > 16, "{accepted}");
}
