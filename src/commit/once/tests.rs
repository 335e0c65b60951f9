//! Repeated events against Kafka: within a process, and in two that share a real Redis.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use handover_api::{Answer, Once, Record, Response};
use handover_kafka::{Connection, Embedded, Start, Tap, TapConfig, Tapped};
use handover_parts::Redis;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::*;
use crate::commit::Producers;
use crate::commit::event::EVENT_ID;
use crate::commit::parts::Parts;
use crate::config::source::Sources;
use crate::config::valid::Config;
use crate::config::validate::{Against, validate};
use crate::native::application::Names;

const PATIENCE: Duration = Duration::from_secs(60);

/// A Kafka, and what processes share.
struct World {
    kafka: Embedded,
    state: tempfile::TempDir,
    idempotency: String,
    timeout: &'static str,
}

/// One process.
struct Process {
    producers: Producers,
    route: Arc<Route>,
}

impl World {
    fn with(idempotency: &str) -> Self {
        let kafka = Embedded::start(1).unwrap();
        kafka.create_topic("flights", 1).unwrap();
        let state = tempfile::tempdir().unwrap();
        Self { kafka, state, idempotency: idempotency.to_owned(), timeout: "30s" }
    }

    fn config(&self) -> Arc<Config> {
        config(self.kafka.bootstrap(), self.state.path(), &self.idempotency, self.timeout)
    }

    async fn process(&self) -> Process {
        let config = self.config();
        let producers = Producers::default();
        producers.prepare(&config, &Handle::current()).unwrap();
        let process = Process { producers, route: crate::commit::tests::route(&config, "delivered") };
        while process.event("connects", "").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process
    }

    /// The values that are in the topic, each with its event id, up to `last`, without those that made the connection.
    async fn read_to(&self, last: &str) -> Vec<(String, String)> {
        let config = TapConfig::new(Connection::plaintext(self.kafka.bootstrap()), ["flights"]);
        let mut tap = Tap::start(TapConfig { start: Start::Beginning, ..config }).unwrap();
        let text = |bytes: Option<&bytes::Bytes>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
        let mut found = Vec::new();
        while found.last().is_none_or(|(value, _)| value != last) {
            if let Tapped::Record(record) = timeout(PATIENCE, tap.next()).await.expect("it comes").unwrap() {
                let id = record.headers.iter().find(|(name, _)| name == EVENT_ID).unwrap().1.as_ref();
                found.push((text(record.value.as_ref()), text(id)));
            }
        }
        found.retain(|(value, _)| !value.is_empty());
        found
    }
}

impl Process {
    /// Commits an event: a record of that value, a response that is new each time.
    async fn event(&self, key: &str, value: &'static str) -> Result<Response, NotCommitted> {
        let response = Response::text(201, format!("{value} {}", fastrand::u64(..)));
        let answer = Answer::new(response).with(Record::new("flights", value)).with(Once::by(key.to_owned()));
        timeout(PATIENCE, self.producers.answer(&self.route, answer, None)).await.expect("a commit ends")
    }
}

fn config(bootstrap: &str, state: &Path, idempotency: &str, timeout: &str) -> Arc<Config> {
    let text = format!(
        "[legacy.one]\nhttp = 'http://one'\n[kafka.main]\nbootstrap = '{bootstrap}'\ntimeout = '{timeout}'\n[[route]]\n\
         name = 'delivered'\nmatch = 'POST /'\nstage = 'native'\nnative = 'nothing'\ntimeout = '30s'\n{idempotency}\n"
    );
    let against = Against { env: &|_| None, names: &Names::of_handlers(&["nothing"]), state: Some(state) };
    let checked = validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}"));
    Arc::new(checked.config)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_event_is_committed_once_and_answered_alike_however_many_come_at_once() {
    let world = World::with("idempotency = { window = '1m' }");
    let process = Arc::new(world.process().await);
    let events = (0..20).map(|_| {
        let process = Arc::clone(&process);
        tokio::spawn(async move { process.event("e-1", "one").await.unwrap() })
    });
    let mut answers = Vec::new();
    for event in events.collect::<Vec<_>>() {
        answers.push(event.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    _ = process.event("e-2", "two").await.unwrap();
    let values: Vec<_> = world.read_to("two").await.into_iter().map(|(value, _)| value).collect();
    assert_eq!(values, ["one", "two"]);
    let (_, stats) = process.producers.marks().stats().remove(0);
    assert_eq!((stats.keys, stats.repeated, stats.forgotten), (3, 19, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_committed_is_tried_again_under_the_same_event_id() {
    let world = World { timeout: "1s", ..World::with("idempotency = { window = '1m' }") };
    let process = world.process().await;
    world.kafka.delay(Duration::from_secs(4)).unwrap();
    let unknown = process.event("e-1", "one").await.unwrap_err();
    assert!(matches!(unknown, NotCommitted::Unknown(_)), "{unknown:?}");
    world.kafka.delay(Duration::ZERO).unwrap();
    while process.event("e-1", "one").await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    _ = process.event("e-2", "two").await.unwrap();
    let mut ids: Vec<_> =
        world.read_to("two").await.into_iter().filter(|(value, _)| value == "one").collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "however often it came: {ids:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_without_a_window_commits_nothing() {
    let world = World::with("");
    let config = world.config();
    let producers = Producers::default();
    producers.prepare(&config, &Handle::current()).unwrap();
    let process = Process { producers, route: crate::commit::tests::route(&config, "delivered") };
    let error = process.event("e-1", "one").await.unwrap_err();
    assert!(matches!(error, NotCommitted::Before(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_field_is_the_key_where_the_file_says_so() {
    let world = World::with("idempotency = { window = '1m', key = 'header:Event-Id' }");
    let config = world.config();
    let route = crate::commit::tests::route(&config, "delivered");
    let marked = |fields: &[(&'static str, &'static str)], mut effects: Vec<Effect>| {
        let request = Request::builder(http::Method::POST, "/");
        let request = fields.iter().fold(request, |request, (name, value)| request.field(*name, *value));
        mark(&route, &request.build().unwrap(), &mut effects);
        let once = Parts::of(effects).unwrap().once;
        once.map(|once| String::from_utf8(once.key.to_vec()).unwrap())
    };
    assert_eq!(marked(&[("EVENT-ID", "e-1")], vec![]).as_deref(), Some("e-1"));
    let own = vec![Once::by("the handler's").into()];
    assert_eq!(marked(&[("event-id", "e-1")], own).as_deref(), Some("the handler's"));
    assert_eq!(marked(&[("event-id", "")], vec![]), None);
    assert_eq!(marked(&[], vec![]), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_redis_two_processes_answer_alike_and_without_it_commit_nothing() {
    let redis = Redis::start();
    let address = format!("redis://127.0.0.1:{}/0", redis.port());
    let world = World::with(&format!("idempotency = {{ window = '1m', redis = '{address}' }}"));
    let (one, other) = (world.process().await, world.process().await);
    let (a, b) = tokio::join!(one.event("e-1", "one"), other.event("e-1", "one"));
    assert_eq!(a.unwrap(), b.unwrap(), "at once");
    let first = one.event("e-2", "two").await.unwrap();
    assert_eq!(other.event("e-2", "two").await.unwrap(), first, "one after the other");
    assert_eq!(world.process().await.event("e-2", "two").await.unwrap(), first, "after a start, too");
    _ = one.event("e-3", "three").await.unwrap();
    let values: Vec<_> = world.read_to("three").await.into_iter().map(|(value, _)| value).collect();
    assert_eq!(values, ["one", "two", "three"]);
    drop(redis);
    let error = other.event("e-4", "four").await.unwrap_err();
    assert!(matches!(error, NotCommitted::Before(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_redis_what_came_to_nothing_leaves_the_key_free_for_all() {
    let redis = Redis::start();
    let address = format!("redis://127.0.0.1:{}/0", redis.port());
    let world = World::with(&format!("idempotency = {{ window = '1m', redis = '{address}' }}"));
    let (one, other) = (world.process().await, world.process().await);
    let too_large = Answer::new(Response::text(201, ""))
        .with(Record::new("flights", vec![b'x'; 2 << 20]))
        .with(Once::by("e-1"));
    let error = one.producers.answer(&one.route, too_large, None).await.unwrap_err();
    assert!(matches!(error, NotCommitted::Before(_)), "{error:?}");
    _ = other.event("e-1", "one").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_redis_a_key_is_leased_for_as_long_as_its_commit_may_take_and_a_minute() {
    let redis = Redis::start();
    let address = format!("redis://127.0.0.1:{}/0", redis.port());
    let world = World::with(&format!("idempotency = {{ window = '1m', redis = '{address}' }}"));
    let process = world.process().await;
    let mut client =
        ::redis::Client::open(address).unwrap().get_multiplexed_async_connection().await.unwrap();
    let _: () = ::redis::cmd("FLUSHALL").query_async(&mut client).await.unwrap();
    let begun = process.producers.marks().begin(&process.route, &Once::by("e-1"), None).await.unwrap();
    assert!(matches!(begun, Begun::First(_)), "it is under way as long as this is there");
    let keys: Vec<String> = ::redis::cmd("KEYS").arg("*").query_async(&mut client).await.unwrap();
    let left: i64 = ::redis::cmd("PTTL").arg(&keys).query_async(&mut client).await.unwrap();
    // The cluster's `timeout`, the route's, and a minute.
    assert!((115_000..=120_000).contains(&left), "{keys:?}: {left} ms");
}
