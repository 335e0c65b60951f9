//! What each mode gives when Kafka does not do as it should.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use handover_api::{Answer, Context, Effect, Handler, Outcome, Record, Request, Response};
use handover_kafka::{Connection, Embedded, Start, Tap, TapConfig, Tapped, TappedRecord};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::event::EVENT_ID;
use super::parts::Parts;
use super::{Committed, NotCommitted, Producers};
use crate::config::source::Sources;
use crate::config::valid::{Ack, Config};
use crate::config::validate::{Against, validate};
use crate::native::application::Names;
use crate::route::Route;
use crate::route::generation::{Handlers, Shared};
use crate::route::overrides::Overrides;

const PATIENCE: Duration = Duration::from_secs(60);

struct Nothing;

impl Handler for Nothing {
    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        Answer::new(Response::text(201, "")).into()
    }
}

/// A Kafka, a folder for the spool, and a process with a route of each mode.
struct World {
    kafka: Embedded,
    state: tempfile::TempDir,
    config: Arc<Config>,
    producers: Producers,
}

impl World {
    fn new() -> Self {
        Self::with("[spool]")
    }

    fn with(spool: &str) -> Self {
        let kafka = Embedded::start(1).unwrap();
        kafka.create_topic("flights", 4).unwrap();
        let state = tempfile::tempdir().unwrap();
        let config = config(kafka.bootstrap(), state.path(), spool);
        let producers = Producers::default();
        producers.prepare(&config, &Handle::current()).unwrap();
        Self { kafka, state, config, producers }
    }

    fn route(&self, name: &str) -> Arc<Route> {
        route(&self.config, name)
    }

    /// Commits record `number` of key `UA` by that route.
    async fn commit(&self, route: &str, number: usize) -> Result<Committed, NotCommitted> {
        let effects = vec![Effect::from(Record::new("flights", number.to_string()).key("UA"))];
        let parts = Parts::of(effects)?;
        let committed = timeout(PATIENCE, self.producers.commit(&self.route(route), parts, None)).await;
        committed.expect("a commit ends").map(|(committed, _)| committed)
    }

    /// Until the producer has connected.
    async fn connected(&self) {
        while self.commit("delivered", 0).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Reads until record `last` has come.
    async fn read_to(&self, last: usize) -> Vec<TappedRecord> {
        let config = TapConfig::new(Connection::plaintext(self.kafka.bootstrap()), ["flights"]);
        let mut tap = Tap::start(TapConfig { start: Start::Beginning, ..config }).unwrap();
        let mut records = Vec::new();
        loop {
            if let Tapped::Record(record) = timeout(PATIENCE, tap.next()).await.expect("it comes").unwrap() {
                let is_last = record.value.as_deref() == Some(last.to_string().as_bytes());
                records.push(record);
                if is_last {
                    return records;
                }
            }
        }
    }
}

/// The route of that name.
pub(super) fn route(config: &Arc<Config>, name: &str) -> Arc<Route> {
    let handlers: Handlers = [("nothing".to_owned(), Arc::new(Nothing) as _)].into();
    let generation = Shared::new(handlers, Arc::clone(config), Arc::new(Overrides::default())).load();
    Arc::clone(generation.route(name).unwrap())
}

/// A configuration with a route of each mode, called so; of `spool` only where there is one.
pub(super) fn config(bootstrap: &str, state: &Path, spool: &str) -> Arc<Config> {
    config_with(bootstrap, state, spool, "timeout = '1s'")
}

/// The same with a cluster that has those settings.
pub(super) fn config_with(bootstrap: &str, state: &Path, spool: &str, cluster: &str) -> Arc<Config> {
    let route = |ack: &str| {
        format!(
            "[[route]]\nname = '{ack}'\nmatch = 'POST /{ack}'\nstage = 'native'\nnative = 'nothing'\nack = '{ack}'\n"
        )
    };
    let text = format!(
        "[legacy.one]\nhttp = 'http://one'\n{spool}\n[kafka.main]\nbootstrap = '{bootstrap}'\n{cluster}\n{}",
        ["delivered", "memory"].map(route).concat()
            + &if spool.is_empty() { String::new() } else { route("spool") }
    );
    let against = Against { env: &|_| None, names: &Names::of_handlers(&["nothing"]), state: Some(state) };
    let checked = validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}"));
    Arc::new(checked.config)
}

/// The numbers in their order, without the zeros that made the connection, each with its event id.
fn numbers(records: &[TappedRecord]) -> Vec<(usize, String)> {
    let text = |bytes: &bytes::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let id = |record: &TappedRecord| {
        let found = record.headers.iter().find(|(name, _)| name == EVENT_ID);
        text(found.and_then(|(_, value)| value.as_ref()).expect("an event id"))
    };
    let number = |record: &TappedRecord| text(record.value.as_ref().unwrap()).parse().unwrap();
    records.iter().map(|record| (number(record), id(record))).filter(|(number, _)| *number > 0).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spool_takes_records_during_an_outage_and_delivers_them_in_order() {
    let world = World::new();
    world.kafka.outage(true).unwrap();
    for number in 1..=50 {
        let committed = world.commit("spool", number).await.unwrap();
        assert_eq!(committed, Committed(None), "it is what was asked for");
    }
    assert!(!world.producers.spooler().unwrap().is_drained());
    world.kafka.outage(false).unwrap();
    let found = numbers(&world.read_to(50).await);
    assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_left_in_the_spool_the_next_one_delivers() {
    let mut world = World::new();
    world.kafka.outage(true).unwrap();
    for number in 1..=20 {
        world.commit("spool", number).await.unwrap();
    }
    world.producers.spooler().unwrap().stop().await;
    world.producers = Producers::default();
    world.kafka.outage(false).unwrap();
    world.producers.prepare(&world.config, &Handle::current()).unwrap();
    let found = numbers(&world.read_to(20).await);
    assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    assert_eq!(
        std::fs::read_dir(world.state.path().join("spool")).unwrap().count(),
        1,
        "the folder is taken over"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_leaves_another_one_that_runs_already_delivers() {
    let mut world = World::new();
    world.kafka.outage(true).unwrap();
    for number in 1..=20 {
        world.commit("spool", number).await.unwrap();
    }
    let successor = Producers::default();
    successor.prepare(&world.config, &Handle::current()).unwrap();
    let former = std::mem::replace(&mut world.producers, successor);
    let (folder, spooler) = (world.state.path().join("spool"), world.producers.spooler().unwrap());
    let folders = || std::fs::read_dir(&folder).unwrap().count();
    spooler.look_for_left_overs();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((folders(), spooler.adopted()), (2, 0), "each works with one of its own");

    former.spooler().unwrap().stop().await;
    drop(former);
    world.kafka.outage(false).unwrap();
    spooler.look_for_left_overs();
    let found = numbers(&world.read_to(20).await);
    assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    let emptied = async {
        while folders() > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, emptied).await.expect("its folder goes");
    assert_eq!(spooler.adopted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguous_delivery_goes_to_the_spool_under_the_same_event_id_and_says_so() {
    let world = World::new();
    world.connected().await;
    world.kafka.delay(Duration::from_secs(3)).unwrap();
    let committed = world.commit("delivered", 1).await.unwrap();
    assert_eq!(committed, Committed(Some(Ack::Spool)));
    let response = committed.told(Response::text(201, ""));
    assert_eq!(response.fields.get("handover-ack"), Some(&b"spool"[..]));
    world.kafka.delay(Duration::ZERO).unwrap();
    world.commit("spool", 2).await.unwrap();
    let found = numbers(&world.read_to(2).await);
    let (firsts, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|(number, _)| *number == 1);
    assert!(!firsts.is_empty() && firsts.iter().all(|first| *first == firsts[0]), "{firsts:?}");
    assert_eq!(rest.len(), 1, "and then the one behind it: {rest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_spool_an_ambiguous_delivery_is_unknown() {
    let world = World::with("");
    world.connected().await;
    world.kafka.delay(Duration::from_secs(3)).unwrap();
    let error = world.commit("delivered", 1).await.unwrap_err();
    assert!(matches!(error, NotCommitted::Unknown(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_topic_is_in_the_spool_all_its_records_go_through_it() {
    let world = World::new();
    world.connected().await;
    world.kafka.outage(true).unwrap();
    world.commit("spool", 1).await.unwrap();
    assert_eq!(world.commit("delivered", 2).await.unwrap(), Committed(Some(Ack::Spool)), "a weaker promise");
    assert_eq!(world.commit("memory", 3).await.unwrap(), Committed(None), "more than was asked for");
    world.kafka.outage(false).unwrap();
    let found = numbers(&world.read_to(3).await);
    assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3]);
    while !world.producers.spooler().unwrap().is_drained() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.commit("delivered", 4).await.unwrap(), Committed(None), "straight to Kafka again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_spool_or_later_the_producer_cannot_take_is_before_the_commit() {
    let world = World::new();
    let record = |topic: &str, bytes: usize| Record::new(topic, vec![b'x'; bytes]);
    let many = (0..20).map(|_| record("flights", 900_000)).collect();
    for records in [many, vec![record("flights", 2 << 20)], vec![record("no topic", 1)]] {
        let parts = Parts { records, ..Parts::default() };
        let error = world.producers.commit(&world.route("spool"), parts, None).await.unwrap_err();
        assert!(matches!(error, NotCommitted::Before(_)), "{error:?}");
    }
    assert!(!world.producers.spooler().unwrap().holds("main", &[record("flights", 1)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_that_cannot_be_opened_stops_no_start_and_takes_nothing() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("spool"), "a file in its place").unwrap();
    let kafka = Embedded::start(1).unwrap();
    let config = config(kafka.bootstrap(), state.path(), "[spool]");
    let producers = Producers::default();
    producers.prepare(&config, &Handle::current()).unwrap();
    let world = World { kafka, state, config, producers };
    let error = world.commit("spool", 1).await.unwrap_err();
    assert!(matches!(error, NotCommitted::Before(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_goes_on_when_nobody_waits_for_it() {
    let world = World::new();
    world.kafka.outage(true).unwrap();
    let (route, records) = (world.route("spool"), vec![Record::new("flights", "1").key("UA")]);
    {
        let parts = Parts { records, ..Parts::default() };
        let commit = std::pin::pin!(world.producers.commit(&route, parts, None));
        // Polled once: the frame is appended; then the client leaves.
        let _ = timeout(Duration::ZERO, commit).await;
    }
    world.kafka.outage(false).unwrap();
    assert_eq!(numbers(&world.read_to(1).await).len(), 1);
}
