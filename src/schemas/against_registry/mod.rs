//! Against a real registry (Apicurio) and a real broker, beside Confluent's own client: the world that the tests share.

mod answers;
mod renewal;
mod values;

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

/// Has the schemas of a configuration, once its registries were asked.
async fn begin(schemas: &Schemas, config: &Config, purpose: Purpose) {
    let prepared = schemas.prepare(config, purpose, &Handle::current()).unwrap();
    prepared.asked_once(Duration::from_secs(30)).await;
    schemas.put(prepared);
}

/// Producers whose registries were asked.
async fn prepared(config: &Config) -> Producers {
    let producers = Producers::default();
    begin(producers.schemas(), config, Purpose::Send).await;
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
