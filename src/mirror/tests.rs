//! From the mirror to the evidence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use handover_api::testing::Frozen;
use handover_api::{Answer, Call, Context, Fields, Handler, Outcome, Record, Request, Response};
use handover_kafka::Embedded;
use handover_shadow::{Effects, Experiment, RedactionKey, Redactor, Store, Verdict, Who, judge};
use http::Method;
use tokio::runtime::Handle;

use super::capture::CapturedAnswer;
use super::court::{Court, Judge};
use super::experiment::Conductor;
use super::recordings::Recordings;
use super::{Begun, Capture, Mirror, UNDER_WAY};
use crate::commit::Producers;
use crate::config::source::Sources;
use crate::config::valid::Config;
use crate::config::validate::{Against, validate};
use crate::native::blocking::Pool;
use crate::native::identity::Identities;
use crate::route::Route;
use crate::route::generation::{Handlers, Shared};
use crate::route::overrides::Overrides;

/// Sends a record with a key, one with a key and a partition, and one with neither.
struct Sends;

impl Handler for Sends {
    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        let keyed = Record::new("flights", "1").key("UA");
        let fixed = Record { partition: Some(7), ..keyed.clone() };
        let effects = [keyed, fixed, Record::new("flights", "3")];
        effects.into_iter().fold(Answer::new(Response::text(201, "")), Answer::with).into()
    }
}

/// Asks for an HTTP call.
struct Calls;

impl Handler for Calls {
    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        Answer::new(Response::new(201)).with(Call::post_json("http://mail/send", "{}")).into()
    }
}

/// A configuration with the shadowed routes `a` and `b`.
fn config(bootstrap: &str) -> Arc<Config> {
    let route = |name: &str| {
        format!(
            "[[route]]\nname = '{name}'\nmatch = 'POST /{name}'\nstage = 'shadow'\nnative = 'sends'\n\
             shadow = {{ effects = {{ topic = 'flights', correlate = 'header:event-id' }} }}\n"
        )
    };
    let text = format!(
        "[legacy.one]\nhttp = 'http://one'\n[kafka.main]\nbootstrap = '{bootstrap}'\n{}{}",
        route("a"),
        route("b")
    );
    valid(&text)
}

fn valid(text: &str) -> Arc<Config> {
    let against = Against { env: &|_| None, handlers: &["sends"], state: None };
    let checked = validate(&Sources::text(text), &against).unwrap_or_else(|faults| panic!("{faults}"));
    Arc::new(checked.config)
}

fn route(config: &Arc<Config>, name: &str) -> Arc<Route> {
    route_by(Sends, config, name)
}

fn route_by(handler: impl Handler + 'static, config: &Arc<Config>, name: &str) -> Arc<Route> {
    let handlers: Handlers = [("sends".to_owned(), Arc::new(handler) as _)].into();
    let generation = Shared::new(handlers, Arc::clone(config), Arc::new(Overrides::default())).load();
    Arc::clone(generation.route(name).unwrap())
}

fn request() -> Option<Request> {
    Request::builder(Method::POST, Bytes::from("/a")).build().ok()
}

fn begin<'m>(mirror: &'m Mirror, route: &Arc<Route>) -> Option<Capture<'m>> {
    Some(mirror.begin(mirror.trial(route, || false)?, route, request()?, None))
}

fn conductor(producers: Producers) -> Conductor {
    let ports = Arc::new(Frozen::at("2013-01-01T05:00:00Z"));
    let identities = Identities::said("f");
    let recordings = Arc::new(Recordings::new(Redactor::new(&RedactionKey::new([1; 32]))));
    let phps = Arc::default();
    let (producers, blocking) = (Arc::new(producers), Arc::new(Pool::new(1)));
    Conductor { ports, producers, identities, phps, recordings, blocking }
}

/// An experiment on route `a`, which legacy answers at once.
async fn experiment(conductor: Conductor, route: &Arc<Route>) -> Experiment {
    let (mirror, Begun { mut experiments, .. }) = Mirror::new();
    let capture = begin(&mirror, route).unwrap();
    capture.body.send(Ok(Bytes::new())).unwrap();
    let (fields, at) = (Fields::default(), Instant::now());
    capture.answer.send(CapturedAnswer { status: 201, fields, body: Ok(Bytes::new()), at }).unwrap();
    drop(capture.begun);
    conductor.conduct(experiments.recv().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn native_s_records_are_compared_with_the_partition_that_they_would_go_to() {
    let kafka = Embedded::start(1).unwrap();
    kafka.create_topic("flights", 12).unwrap();
    let config = config(kafka.bootstrap());
    let route = route(&config, "a");
    let mut partitions = Vec::new();
    // To be prepared is enough, in time: each round asks but once.
    for within in [0, 1, 2, 4].map(Duration::from_secs) {
        let producers = Producers::default();
        producers.prepare(&config, &Handle::current()).unwrap();
        tokio::time::sleep(within).await;
        let experiment = experiment(conductor(producers), &route).await;
        let Effects::Known(records) = experiment.candidate.effects else { panic!("native's are known") };
        partitions = records.iter().map(|record| record.partition).collect();
        if partitions[0].is_some() {
            break;
        }
        assert_eq!(partitions, [None, Some(7), None], "nobody waits for the brokers");
    }
    // Where php-rdkafka puts `UA` in a topic of 12, measured: see the Kafka crate's `tests/partitions.rs`.
    assert_eq!(partitions, [Some(4), Some(7), None]);
}

#[tokio::test]
async fn a_call_that_nobody_compares_keeps_a_pair_from_matching_unless_somebody_said_why() {
    for (shadow, matches) in
        [("{ sample = 1.0 }", false), ("{ unseen_calls = 'PHP sends the same mail' }", true)]
    {
        let text = format!(
            "[legacy.one]\nhttp = 'http://one'\n[[route]]\nname = 'a'\nmatch = 'POST /a'\nstage = 'shadow'\n\
             native = 'sends'\nshadow = {shadow}\n"
        );
        let route = route_by(Calls, &valid(&text), "a");
        let mut experiment = experiment(conductor(Producers::default()), &route).await;
        // Nobody is there to be asked for its version.
        experiment.control.who = Who::Legacy { version: Some("1".to_owned()) };
        let verdict = judge(&experiment, &route.spec.shadow).verdict;
        assert_eq!(verdict == Verdict::Matched, matches, "{verdict:?}");
        assert_eq!(matches!(verdict, Verdict::NotComparable(_)), !matches, "{verdict:?}");
    }
}

#[tokio::test]
async fn what_the_budget_leaves_out_counts_in_the_evidence_of_its_route() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.sqlite");
    let key = RedactionKey::load_or_create(&folder.path().join("key")).unwrap();
    let store = Store::open(&path, &key, handover_shadow::Limits::default()).unwrap();
    let config = config("127.0.0.1:1");
    let (a, b) = (route(&config, "a"), route(&config, "b"));
    let (mirror, begun) = Mirror::new();
    let under_way: Vec<_> = (0..UNDER_WAY).map(|_| begin(&mirror, &a).unwrap()).collect();
    for route in [&a, &a, &b] {
        assert!(begin(&mirror, route).is_none());
    }
    assert_eq!(mirror.counts(), (UNDER_WAY as u64, 3));
    let judge = Judge::Here(store.recorder());
    let court = Court { conductor: conductor(Producers::default()), judge };
    let (_tap, tapped) = tokio::sync::mpsc::channel(1);
    let sitting = tokio::spawn(court.sit(begun, tapped));
    let dropped = |route: &str| {
        let parity = Store::read(&path).unwrap()?.parity(route).unwrap()?;
        parity.dropped.get("budget").copied()
    };
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if dropped("b").is_some() {
            break;
        }
    }
    assert_eq!((dropped("a"), dropped("b")), (Some(2), Some(1)));
    drop(under_way);
    sitting.abort();
}
