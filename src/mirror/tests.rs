//! From the mirror to the evidence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use handover_api::testing::Frozen;
use handover_api::{
    Answer, BoxedObserve, Call, Context, Fields, Handler, NotObserved, Observe, Outcome, Own, PortRead,
    Record, Request, Response,
};
use handover_kafka::Embedded;
use handover_shadow::{
    Effects, Experiment, Outcome as ShadowOutcome, RedactionKey, Redactor, Store, Verdict, Who, judge,
};
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
use crate::native::application::{Names, Observers};
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
    let against = Against { env: &|_| None, names: &Names::of_handlers(&["sends"]), state: None };
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
    Some(mirror.begin(mirror.trial(route, || false)?, route, request()?, None, || {
        unreachable!("nothing is asked twice")
    }))
}

fn conductor(producers: Producers) -> Conductor {
    let ports = Arc::new(Frozen::at("2013-01-01T05:00:00Z"));
    let identities = Identities::said("f");
    let recordings = Arc::new(Recordings::new(Redactor::new(&RedactionKey::new([1; 32]))));
    let phps = Arc::default();
    let (producers, blocking) = (Arc::new(producers), Arc::new(Pool::new(1)));
    let observers = Arc::<Observers>::default();
    Conductor { ports, producers, identities, phps, recordings, observers, blocking }
}

/// An experiment on route `a`, which legacy answers at once.
async fn experiment(conductor: Conductor, route: &Arc<Route>) -> Experiment {
    experiment_with(conductor, route, Fields::default()).await
}

/// The same with those fields in legacy's answer.
async fn experiment_with(conductor: Conductor, route: &Arc<Route>, fields: Fields) -> Experiment {
    let (mirror, Begun { mut experiments, .. }) = Mirror::new();
    let capture = begin(&mirror, route).unwrap();
    capture.body.send(Ok(Bytes::new())).unwrap();
    let at = Instant::now();
    capture.answer.send(Ok(CapturedAnswer { status: 201, fields, body: Ok(Bytes::new()), at })).unwrap();
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

/// Asks for a row and answers its id.
struct Writes;

impl Handler for Writes {
    async fn handle(&self, _: &Request, _: &Context) -> Outcome {
        let row = Own::new("rows", r#"{"n":1}"#).receipt("row", "0");
        Answer::new(Response::new(201))
            .with(row)
            .finish(|response, receipts| Ok(response.field("X-Row", receipts.get("row")?.to_owned())?))
            .into()
    }
}

/// Sees that legacy wrote that row.
struct Sees(&'static str);

impl Observe for Sees {
    async fn observe(&self, _: &Request, response: &Response) -> Result<Vec<Own>, NotObserved> {
        match response.fields.get("x-row") {
            Some(_) => Ok(vec![Own::new("rows", self.0)]),
            None => Err(NotObserved::because("it answered no row")),
        }
    }
}

/// What a pair comes to whose legacy answers row 17 and wrote that, compared as `shadow` says.
async fn verdict_of_rows(shadow: &str, wrote: &'static str) -> (Verdict, Experiment) {
    let text = format!(
        "[legacy.one]\nhttp = 'http://one'\n[[route]]\nname = 'a'\nmatch = 'POST /a'\nstage = 'shadow'\n\
         native = 'sends'\nshadow = {shadow}\n"
    );
    let names = Names { observers: vec!["rows".to_owned()], ..Names::of_handlers(&["sends"]) };
    let against = Against { env: &|_| None, names: &names, state: None };
    let config = validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}")).config;
    let route = route_by(Writes, &Arc::new(config), "a");
    let observers = Arc::new([("rows".to_owned(), Arc::new(Sees(wrote)) as BoxedObserve)].into());
    let conductor = Conductor { observers, ..conductor(Producers::default()) };
    let mut fields = Fields::default();
    fields.append("X-Row", "17").unwrap();
    let mut experiment = experiment_with(conductor, &route, fields).await;
    // Nobody is there to be asked for its version.
    experiment.control.who = Who::Legacy { version: Some("1".to_owned()) };
    (judge(&experiment, &route.spec.shadow).verdict, experiment)
}

#[tokio::test]
async fn what_is_of_the_application_s_own_matches_only_where_legacy_s_is_seen_or_somebody_said_why_not() {
    let injected = "inject = { row = 'header:x-row' }";
    let seen = format!("{{ observe = ['rows'], {injected} }}");
    let (verdict, experiment) = verdict_of_rows(&seen, r#"{"n":1}"#).await;
    assert_eq!(verdict, Verdict::Matched);
    let ShadowOutcome::Answered(answer) = &experiment.candidate.outcome else { panic!("it answers") };
    assert_eq!(answer.fields.get("x-row"), Some(&b"17"[..]), "a dry run answers legacy's id");
    let (verdict, _) = verdict_of_rows(&seen, r#"{"n":2}"#).await;
    assert!(
        matches!(&verdict, Verdict::Mismatched(d) if d[0].path.to_string() == "effect:own:rows/n"),
        "{verdict:?}"
    );

    let (verdict, _) = verdict_of_rows(&format!("{{ {injected} }}"), r#"{"n":1}"#).await;
    assert!(matches!(&verdict, Verdict::NotComparable(why) if why.contains("`rows`")), "{verdict:?}");
    let waived = format!("{{ {injected}, unseen_effects = {{ rows = 'counted elsewhere' }} }}");
    assert_eq!(verdict_of_rows(&waived, r#"{"n":2}"#).await.0, Verdict::Matched);

    let (verdict, experiment) = verdict_of_rows("{ observe = ['rows'] }", r#"{"n":1}"#).await;
    assert!(
        matches!(&verdict, Verdict::Mismatched(d) if d[0].path.to_string() == "header:x-row"),
        "{verdict:?}"
    );
    let read = [PortRead::Id("row".to_owned(), "0".to_owned())];
    assert_eq!(experiment.candidate.reads, read, "a replay gets the same");
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
