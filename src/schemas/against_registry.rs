//! Against a real registry (Apicurio) and a real broker, beside Confluent's own client.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use handover_api::testing::Frozen;
use handover_api::{Answer, Context, Handler, Outcome, Ports, Record, Request, Response};
use handover_parts::{Kafka, Registry};
use handover_shadow::{EffectRecord, Outcome as Came, RedactionKey, Redactor, effects};
use http::Method;
use serde_json::{Value as Json, json};
use tokio::runtime::Handle;

use super::{NotWritten, Purpose, SCHEMA_ID, Schemas, lacking};
use crate::commit::{NotCommitted, Producers};
use crate::config::source::Sources;
use crate::config::valid::{self, Config};
use crate::config::validate::{Against, validate};
use crate::mirror::experiment::Conductor;
use crate::mirror::recordings::Recordings;
use crate::native::application::Names;
use crate::native::blocking::Pool;
use crate::native::identity::Identities;
use crate::observe::chain;
use crate::route::Route;
use crate::route::generation::{Handlers, Shared};
use crate::route::overrides::Overrides;

const AVRO: &str = r#"{"type":"record","name":"Flight","namespace":"acme","fields":[{"name":"carrier","type":"string"},{"name":"delay","type":["null","int"],"default":null}]}"#;
const JSON: &str = r#"{"$schema":"http://json-schema.org/draft-07/schema#","title":"Flight","type":"object","properties":{"carrier":{"type":"string"},"delay":{"type":"integer"}},"required":["carrier"],"additionalProperties":false}"#;
const PROTOBUF: &str =
    "syntax = \"proto3\";\npackage acme;\nmessage Flight {\n  string carrier = 1;\n  int32 delay = 2;\n}\n";

const FORMS: [(&str, &str, &str); 3] =
    [("avro", "AVRO", AVRO), ("json", "JSON", JSON), ("protobuf", "PROTOBUF", PROTOBUF)];

/// Sends what it is asked to: the request's body, as a record's value.
struct Sends(&'static str);

impl Handler for Sends {
    async fn handle(&self, request: &Request, _: &Context) -> Outcome {
        Answer::new(Response::new(201)).with(Record::new(self.0, request.body().clone()).key("UA")).into()
    }
}

/// A configuration with a cluster that has a topic by a schema of that registry, and a route.
fn config(state: &Path, kafka: &str, registry: &str, topic: &str, schema: &str) -> Arc<Config> {
    let text = format!(
        "[legacy.one]\nhttp = 'http://one'\n[kafka.main]\nbootstrap = '{kafka}'\n\
         registry = {{ url = '{registry}', refresh = '200ms' }}\n[kafka.main.topic.{topic}]\n{schema}\n\
         [[route]]\nname = 'a'\nmatch = 'POST /a'\nstage = 'native'\nnative = 'sends'\n"
    );
    let against = Against { env: &|_| None, names: &Names::of_handlers(&["sends"]), state: Some(state) };
    let checked = validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}"));
    Arc::new(checked.config)
}

fn route(config: &Arc<Config>, topic: &'static str) -> Arc<Route> {
    let handlers: Handlers = [("sends".to_owned(), Arc::new(Sends(topic)) as _)].into();
    let generation = Shared::new(handlers, Arc::clone(config), Arc::new(Overrides::default())).load();
    Arc::clone(generation.route("a").unwrap())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// The broker and the registry that all tests here share.
async fn parts() -> (&'static Kafka, &'static Registry) {
    blocking(|| (Kafka::shared(), Registry::shared())).await
}

/// Producers whose registries were asked.
async fn prepared(config: &Config) -> Producers {
    let producers = Producers::default();
    producers.schemas().prepare(config, Purpose::Send, &Handle::current()).unwrap();
    producers.schemas().asked_once(Duration::from_secs(30)).await;
    producers.prepare(config, &Handle::current()).unwrap();
    producers
}

async fn commit(
    producers: &Producers,
    route: &Route,
    topic: &str,
    value: &Json,
) -> Result<Response, NotCommitted> {
    let record = Record::new(topic, value.to_string()).key("UA");
    producers.answer(route, Answer::new(Response::new(201)).with(record), None).await
}

/// What a tap would bring of a topic's records, in their order.
fn tapped(kafka: &Kafka, topic: &str) -> Vec<EffectRecord> {
    let effect = |record: handover_parts::Record| EffectRecord {
        topic: topic.to_owned(),
        partition: Some(record.partition),
        key: record.key.map(Bytes::from),
        value: record.value.map(Bytes::from),
        headers: Vec::new(),
        unreadable: None,
    };
    kafka.records(topic).into_iter().map(effect).collect()
}

fn value(record: &EffectRecord) -> Json {
    serde_json::from_slice(record.value.as_deref().unwrap()).unwrap_or_else(|why| panic!("{record:?}: {why}"))
}

fn header<'r>(record: &'r EffectRecord, name: &str) -> Option<&'r [u8]> {
    record.headers.iter().find(|(other, _)| other == name).map(|(_, value)| &value[..])
}

async fn current(schemas: &Schemas, is: impl Fn(&super::TopicStats) -> bool) -> super::TopicStats {
    let since = Instant::now();
    loop {
        let stats = schemas.stats().remove(0).topics.remove(0);
        if is(&stats) {
            return stats;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{stats:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_native_sends_confluent_s_client_reads_in_every_form() {
    let (kafka, registry) = parts().await;
    for (form, kind, schema) in FORMS {
        let topic: &'static str = form.to_owned().leak();
        let (state, url) = (tempfile::tempdir().unwrap(), registry.url());
        blocking(move || {
            kafka.create_topic(topic, 4);
            registry.register(&format!("{topic}-value"), kind, schema);
        })
        .await;
        let config = config(state.path(), &kafka.bootstrap(), &url, topic, "schema = 'latest'");
        let (producers, route) = (prepared(&config).await, route(&config, topic));
        let sent = json!({"carrier": "UÄ", "delay": -3});
        _ = commit(&producers, &route, topic, &sent)
            .await
            .unwrap_or_else(|why| panic!("{form}: {}", chain(&why)));
        let read = blocking(move || registry.confluent_consumes(kafka, topic, form, 1)).await;
        assert_eq!(
            serde_json::from_str::<Json>(&read).unwrap(),
            json!({"key": "UA", "value": sent}),
            "{form}"
        );
        // Where it went is its key's business.
        let partition = blocking(move || tapped(kafka, topic)).await[0].partition;
        assert_eq!(
            partition,
            producers.partition_of(&route, &Record::new(topic, "").key("UA")).or(partition)
        );

        let misfit = json!({"carrier": 7, "delay": -3});
        let Err(NotCommitted::Before(why)) = commit(&producers, &route, topic, &misfit).await else {
            panic!("{form}: it was taken")
        };
        let why = chain(&*why);
        assert!(why.contains(&format!("`{topic}-value`")) && why.contains("carrier"), "{why}");
        assert_eq!(blocking(move || kafka.count(topic)).await, 1, "{form}: nothing was sent");
        let stats = current(producers.schemas(), |stats| stats.unfit == 1).await;
        assert!(stats.id.is_some() && stats.failure.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn legacy_s_records_by_confluent_s_client_are_compared_with_native_s_by_their_fields() {
    let (kafka, registry) = parts().await;
    for (form, _, schema) in FORMS {
        let topic: &'static str = format!("legacy-{form}").leak();
        let state = tempfile::tempdir().unwrap();
        let records =
            json!({"schema": schema, "records": [{"key": "UA", "value": {"carrier": "UA", "delay": 7}}]});
        blocking(move || {
            kafka.create_topic(topic, 1);
            registry.confluent_produces(kafka, topic, form, &records.to_string());
        })
        .await;
        let config = config(state.path(), &kafka.bootstrap(), &registry.url(), topic, "schema = 'latest'");
        let producers = prepared(&config).await;
        let (schemas, cluster) = (producers.schemas(), &*config.kafka[0]);
        let mut legacy = blocking(move || tapped(kafka, topic)).await;
        let legacy = schemas.read(cluster, legacy.remove(0)).await;
        assert_eq!(
            (value(&legacy), &legacy.unreadable),
            (json!({"carrier": "UA", "delay": 7}), &None),
            "{form}"
        );
        let native = |value: Json| {
            let record = Record::new(&*topic, value.to_string()).key("UA");
            schemas.seen(cluster, EffectRecord { partition: Some(0), ..EffectRecord::from(&record) }).unwrap()
        };
        let same = native(json!({"carrier": "UA", "delay": 7}));
        assert_eq!(header(&legacy, SCHEMA_ID), header(&same, SCHEMA_ID));
        let found = effects(std::slice::from_ref(&legacy), &[same]);
        assert!(found.is_empty(), "{form}: {found:?}");
        let found = effects(std::slice::from_ref(&legacy), &[native(json!({"carrier": "UA", "delay": 8}))])
            .into_sorted();
        let places: Vec<_> = found.iter().map(|difference| difference.path.to_string()).collect();
        assert!(matches!(&places[..], [place] if place.ends_with("delay")), "{form}: {places:?}");
        // The schema is told apart from what is by it.
        let mut other = native(json!({"carrier": "UA", "delay": 7}));
        other.headers.last_mut().unwrap().1 = "999".into();
        let found = effects(&[legacy], &[other]).into_sorted();
        let places: Vec<_> = found.iter().map(|difference| difference.path.to_string()).collect();
        assert!(matches!(&places[..], [place] if place.contains(SCHEMA_ID)), "{form}: {places:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_can_read_is_told_with_its_reason() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    blocking(move || registry.register("hostile-value", "AVRO", AVRO)).await;
    let config = config(state.path(), &kafka.bootstrap(), &registry.url(), "hostile", "schema = 'latest'");
    let producers = prepared(&config).await;
    let id = current(producers.schemas(), |stats| stats.id.is_some()).await.id.unwrap();
    let framed = |rest: &[u8]| Bytes::from([&[0][..], &id.to_be_bytes(), rest].concat());
    for (value, said) in [
        (Bytes::from("{}"), "no registry's frame: it begins with 0x7b"),
        (Bytes::from(&[0, 0, 0][..]), "ends within the registry's frame"),
        (Bytes::new(), "it is empty"),
        (Bytes::from(&[0, 0x7f, 0, 0, 0, 2][..]), "the registry has no schema 2130706432"),
        (framed(b""), "no whole number"),
        (framed(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), "it ends within"),
        (framed(&[2, b'U', 0, 0]), "left over"),
    ] {
        let record = EffectRecord::from(&Record::new("hostile", value));
        let read = producers.schemas().read(&config.kafka[0], record.clone()).await;
        let why = read.unreadable.clone().unwrap_or_default();
        assert!(why.contains(said), "{why} instead of {said}");
        assert_eq!(EffectRecord { unreadable: None, ..read }, record, "it stays as it is");
    }
    let tombstone = EffectRecord { value: None, ..EffectRecord::from(&Record::new("hostile", "")) };
    assert_eq!(producers.schemas().read(&config.kafka[0], tombstone.clone()).await, tombstone);
    let other = EffectRecord::from(&Record::new("other", "as it is"));
    assert_eq!(producers.schemas().read(&config.kafka[0], other.clone()).await, other);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_registry_the_last_good_schema_serves_and_without_one_legacy_answers() {
    let registry = blocking(Registry::start).await;
    let (state, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let registry = Arc::new(registry);
    let at = Arc::clone(&registry);
    blocking(move || at.register("flights-value", "AVRO", AVRO)).await;
    let with = |state: &Path| config(state, "127.0.0.1:1", &registry.url(), "flights", "schema = 'latest'");
    let before = prepared(&with(state.path())).await;
    let id = current(before.schemas(), |stats| stats.id.is_some()).await.id;
    drop(before);
    registry.pause();

    let schemas = Schemas::default();
    let config = with(state.path());
    schemas.prepare(&config, Purpose::Send, &Handle::current()).unwrap();
    let since = Instant::now();
    schemas.asked_once(Duration::from_secs(30)).await;
    assert!(since.elapsed() < Duration::from_secs(5), "nobody waits where all are there");
    assert_eq!(schemas.stats()[0].topics[0].id, id);
    let mut records = [Record::new("flights", r#"{"carrier":"UA"}"#)];
    schemas.write(&config.kafka[0], &mut records).unwrap();
    assert_eq!(records[0].value.as_deref().map(|value| &value[5..]), Some(&b"\x04UA\x00"[..]));
    assert_eq!(blocking(move || lacking(&config)).await, [""; 0]);

    let config = with(fresh.path());
    let schemas = Schemas::default();
    schemas.prepare(&config, Purpose::Send, &Handle::current()).unwrap();
    schemas.asked_once(Duration::from_millis(100)).await;
    let error = schemas.write(&config.kafka[0], &mut [Record::new("flights", "{}")]).unwrap_err();
    assert!(matches!(error, NotWritten::NoSchema { .. }), "{error}");
    assert!(error.to_string().contains("`flights-value` for topic `flights`"), "{error}");
    let checked = config.clone();
    let said = blocking(move || lacking(&checked)).await;
    assert!(said.len() == 1 && said[0].contains("topic `flights` of Kafka cluster `main`"), "{said:?}");

    registry.resume();
    current(&schemas, |stats| stats.id == id).await;
    schemas.write(&config.kafka[0], &mut [Record::new("flights", r#"{"carrier":"UA"}"#)]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_is_taken_up_and_a_pinned_one_stays() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    blocking(move || registry.register("versions-value", "AVRO", AVRO)).await;
    let latest = config(state.path(), &kafka.bootstrap(), &registry.url(), "versions", "schema = 'latest'");
    let producers = prepared(&latest).await;
    let first = current(producers.schemas(), |stats| stats.id.is_some()).await.id.unwrap();
    let more = AVRO.replace("]}", r#",{"name":"gate","type":"string","default":"?"}]}"#);
    blocking(move || registry.register("versions-value", "AVRO", &more)).await;
    let second = current(producers.schemas(), |stats| stats.id != Some(first)).await.id.unwrap();
    let id = |schemas: &Schemas, config: &Config| {
        let mut records = [Record::new("versions", r#"{"carrier":"UA"}"#)];
        schemas.write(&config.kafka[0], &mut records).unwrap();
        u32::from_be_bytes(records[0].value.as_ref().unwrap()[1..5].try_into().unwrap())
    };
    assert_eq!(id(producers.schemas(), &latest), second);
    let pinned =
        config(state.path(), &kafka.bootstrap(), &registry.url(), "versions", &format!("schema = {first}"));
    producers.schemas().prepare(&pinned, Purpose::Send, &Handle::current()).unwrap();
    current(producers.schemas(), |stats| stats.id == Some(first)).await;
    assert_eq!(id(producers.schemas(), &pinned), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_registered_only_where_a_file_says_so() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    let absent = config(state.path(), &kafka.bootstrap(), &registry.url(), "unknown", "schema = 'latest'");
    let producers = prepared(&absent).await;
    let why = current(producers.schemas(), |stats| stats.failure.is_some()).await.failure.unwrap();
    assert!(why.contains("the registry has no subject `unknown-value`"), "{why}");

    let file = state.path().join("flight.avsc");
    std::fs::write(&file, AVRO).unwrap();
    let schema = format!("schema = {{ register = '{}' }}\nsubject = 'acme.Flight'", file.display());
    let own = config(state.path(), &kafka.bootstrap(), &registry.url(), "registered", &schema);
    let looks = Schemas::default();
    looks.prepare(&own, Purpose::Look, &Handle::current()).unwrap();
    assert_eq!(current(&looks, |stats| stats.id.is_some()).await.id, Some(0), "who looks registers nothing");
    producers.schemas().prepare(&own, Purpose::Send, &Handle::current()).unwrap();
    let id = current(producers.schemas(), |stats| stats.id.is_some()).await.id;
    let latest = "schema = 'latest'\nsubject = 'acme.Flight'";
    let latest = config(state.path(), &kafka.bootstrap(), &registry.url(), "registered", latest);
    producers.schemas().prepare(&latest, Purpose::Send, &Handle::current()).unwrap();
    current(producers.schemas(), |stats| stats.id == id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_that_refer_to_others_come_whole() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    let place = r#"{"type":"record","name":"acme.Place","fields":[{"name":"faa","type":"string"}]}"#;
    let trip = r#"{"type":"record","name":"acme.Trip","fields":[{"name":"from","type":"acme.Place"}]}"#;
    let body =
        json!({"schema": trip, "references": [{"name": "acme.Place", "subject": "place", "version": 1}]});
    blocking(move || {
        registry.register("place", "AVRO", place);
        registry.post("subjects/trips-value/versions", &body.to_string())
    })
    .await;
    let config = config(state.path(), &kafka.bootstrap(), &registry.url(), "trips", "schema = 'latest'");
    let producers = prepared(&config).await;
    let mut records = [Record::new("trips", r#"{"from":{"faa":"JFK"}}"#)];
    producers.schemas().write(&config.kafka[0], &mut records).unwrap_or_else(|why| panic!("{}", chain(&why)));
    assert_eq!(&records[0].value.as_ref().unwrap()[5..], b"\x06JFK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_whose_value_does_not_fit_counts_as_a_failure_of_native() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    blocking(move || registry.register("dry-value", "AVRO", AVRO)).await;
    let config = config(state.path(), &kafka.bootstrap(), &registry.url(), "dry", "schema = 'latest'");
    let route = route(&config, "dry");
    let ports: Arc<dyn Ports> = Arc::new(Frozen::at("2013-01-01T05:00:00Z"));
    let conductor = Conductor {
        ports: Arc::clone(&ports),
        producers: Arc::new(prepared(&config).await),
        identities: Identities::said("f"),
        phps: Arc::default(),
        recordings: Arc::new(Recordings::new(Redactor::new(&RedactionKey::new([1; 32])))),
        observers: Arc::default(),
        blocking: Arc::new(Pool::new(1)),
    };
    let came = async |body: &'static str| {
        let request = Request::builder(Method::POST, Bytes::from("/a")).body(body).build().unwrap();
        conductor.alone(&route, &request, Arc::clone(&ports)).await.unwrap()
    };
    let side = came(r#"{"carrier":"UA","delay":"late"}"#).await;
    assert!(matches!(&side.outcome, Came::Failed(why) if why.contains("`delay`")), "{:?}", side.outcome);
    let side = came(r#"{"carrier":"UA"}"#).await;
    let handover_shadow::Effects::Known(records) = &side.effects else { panic!("{:?}", side.effects) };
    assert_eq!(value(&records[0]), json!({"carrier": "UA", "delay": null}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_is_asked_with_its_password_and_what_it_answers_is_bounded() {
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;
    let latest = |headers: HeaderMap| async move {
        let given = headers.get("authorization").and_then(|value| value.to_str().ok());
        // `ingest:secret`
        match given == Some("Basic aW5nZXN0OnNlY3JldA==") {
            true => (StatusCode::OK, json!({"id": 7, "schema": "\"string\""}).to_string()),
            false => (StatusCode::UNAUTHORIZED, r#"{"error_code":401,"message":"who are you?"}"#.to_owned()),
        }
    };
    let endless = || async { vec![b' '; 9 << 20] };
    let router = axum::Router::new()
        .route("/subjects/{subject}/versions/latest", get(latest))
        .route("/schemas/ids/{id}", get(endless));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("password");
    std::fs::write(&file, "wrong\n").unwrap();
    let mut spec = valid::Kafka::clone(&config(state.path(), "k:1", &url, "t", "schema = 'latest'").kafka[0]);
    let login = valid::Login { user: "ingest".into(), password_file: file.clone() };
    spec.registry.as_mut().unwrap().login = Some(login);
    let config = Config {
        kafka: vec![Arc::new(spec)],
        ..unshared(config(state.path(), "k:1", &url, "t", "schema = 'latest'"))
    };
    let schemas = Schemas::default();
    schemas.prepare(&config, Purpose::Send, &Handle::current()).unwrap();
    let why = current(&schemas, |stats| stats.failure.is_some()).await.failure.unwrap();
    assert!(why.contains("401") && why.contains("who are you?"), "{why}");
    std::fs::write(&file, "secret\n").unwrap();
    current(&schemas, |stats| stats.id == Some(7)).await;
    let record = EffectRecord::from(&Record::new("t", &[0, 0, 0, 0, 8, 0][..]));
    let why = schemas.read(&config.kafka[0], record).await.unreadable.unwrap();
    assert!(why.contains("more than 8388608 bytes"), "{why}");
}

fn unshared(config: Arc<Config>) -> Config {
    Arc::into_inner(config).unwrap()
}
