//! `[kafka.NAME]`: a cluster, how to prove who one is, and what a 2xx promises.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use handover_kafka::{Partitioner, is_topic};
use reqwest::Url;

use super::address::is_host_and_port;
use super::{Read, is_host, sections};
use crate::config::fault::Fault;
use crate::config::raw::{self, At, RawPartitioner, RawSchema};
use crate::config::section::Section;
use crate::config::valid::{Ack, Kafka, KafkaAuth, Login, Registry, Tls, TopicSchema, WhichSchema};
use crate::schemas::kind_of;

/// The clusters of all files by name; `None` for those that are wrong.
pub(super) type Clusters = Vec<(String, Option<Arc<Kafka>>)>;

/// Validates all clusters.
pub(super) fn all(files: &[Read<'_>], faults: &mut Vec<Fault>) -> Clusters {
    sections(files, "Kafka cluster", |raw| &raw.kafka, faults, cluster)
}

fn cluster(name: &str, raw: &raw::Kafka, section: &mut Section<'_>) -> Option<Kafka> {
    let bootstrap =
        section.required(&raw.bootstrap, "bootstrap", "brokers to begin with: [\"b-1.example:9096\"]");
    let auth = auth(raw, section);
    if let Some(topic) = raw.dead_letter.as_ref().filter(|topic| !is_topic(topic.get())) {
        let hint = "1 to 249 of a-z A-Z 0-9 . _ -".to_owned();
        section.fault_with_hint(topic.span(), format!("`{}` is no topic", topic.get()), hint);
    }
    Some(Kafka {
        name: name.to_owned(),
        tls: tls(raw, &auth, section),
        auth,
        ack: raw.ack.as_ref().map_or(Ack::Delivered, |given| given.get().mode()),
        ack_header: raw.ack_header.as_ref().is_some_and(|given| *given.get()),
        partitioner: raw
            .partitioner
            .as_ref()
            .map_or_else(Partitioner::default, |given| partitioner(*given.get())),
        topic_partitioners: raw
            .topic
            .iter()
            .filter_map(|(topic, raw)| {
                Some((topic.clone(), partitioner(*raw.get().partitioner.as_ref()?.get())))
            })
            .collect(),
        registry: registry(raw, section),
        schemas: schemas(raw, section),
        timeout: section.duration(&raw.timeout, Duration::from_secs(10)),
        dead_letter: raw.dead_letter.as_ref().map(|topic| topic.get().clone()),
        bootstrap: brokers(bootstrap?, section),
    })
}

fn registry(raw: &raw::Kafka, section: &mut Section<'_>) -> Option<Registry> {
    let given = raw.registry.as_ref()?;
    let mut section = section.inner(given.span());
    let raw = given.get();
    let hint = "its address: \"https://registry.example:8081\"";
    let url = section.required(&raw.url, "url", hint)?;
    let refresh = section.duration(&raw.refresh, Duration::from_secs(60));
    let parsed = Url::parse(url.get())
        .ok()
        .filter(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host());
    let Some(parsed) = parsed else {
        section.fault_with_hint(
            url.span(),
            format!("`{}` is no address of a registry", url.get()),
            hint.to_owned(),
        );
        return None;
    };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        let hint = "give them by `login = { user = \"…\", password_file = \"…\" }`".to_owned();
        section.fault_with_hint(url.span(), "secrets do not stand in this file", hint);
    }
    let login = raw.login.as_ref().map(|login| Login {
        user: login.get().user.get().clone(),
        password_file: section.path(login.get().password_file.get()),
    });
    if let (Some(_), "http") = (&login, parsed.scheme()) {
        let warning = Fault::at(section.place(url.span()), "the password goes over the network as it is");
        section.push(warning.warning());
    }
    let ca_file = raw.ca_file.as_ref().map(|file| section.path(file.get()));
    Some(Registry { url: parsed, login, ca_file, refresh })
}

fn schemas(raw: &raw::Kafka, section: &mut Section<'_>) -> BTreeMap<String, TopicSchema> {
    let mut schemas = BTreeMap::new();
    for (topic, at) in &raw.topic {
        let Some(schema) = &at.get().schema else {
            let needs = [("subject", &at.get().subject), ("message", &at.get().message)];
            for (key, value) in needs.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))) {
                section.fault_with_hint(
                    value.span(),
                    format!("`{key}` without a schema"),
                    "add `schema = \"latest\"`".to_owned(),
                );
            }
            continue;
        };
        if raw.registry.is_none() {
            let hint = "add `registry = { url = \"https://…\" }` to the cluster".to_owned();
            section.fault_with_hint(schema.span(), "a schema of no registry", hint);
        }
        let which = match schema.get() {
            RawSchema::Latest(_) => WhichSchema::Latest,
            RawSchema::Id(id) => WhichSchema::Id(*id),
            RawSchema::Register(register) => {
                let file = section.path(&register.register);
                let Some(kind) = kind_of(&file) else {
                    let hint = "its name must end in .avsc (Avro), .json (JSON Schema) or .proto".to_owned();
                    section.fault_with_hint(schema.span(), "this is no file of a schema", hint);
                    continue;
                };
                WhichSchema::Registered { file, kind }
            }
        };
        let text = |given: &Option<At<String>>| given.as_ref().map(|given| given.get().clone());
        let subject = text(&at.get().subject).unwrap_or_else(|| format!("{topic}-value"));
        schemas.insert(topic.clone(), TopicSchema { subject, which, message: text(&at.get().message) });
    }
    schemas
}

/// Brokers may also stand in one text, separated by commas, since that is how an environment variable gives them.
fn brokers(given: &At<raw::Texts>, section: &mut Section<'_>) -> Vec<String> {
    let mut brokers = Vec::new();
    for (text, span) in given.texts() {
        for broker in text.split(',').map(str::trim) {
            if is_host_and_port(broker) {
                brokers.push(broker.to_owned());
            } else {
                let hint = "a name and a port, like \"b-1.example:9096\"".to_owned();
                section.fault_with_hint(span.clone(), format!("`{broker}` is no broker's address"), hint);
            }
        }
    }
    if given.texts().is_empty() {
        section.fault(given.span(), "there must be at least one broker");
    }
    brokers
}

fn auth(raw: &raw::Kafka, section: &mut Section<'_>) -> KafkaAuth {
    let Some(given) = &raw.auth else { return KafkaAuth::None };
    let login = |login: &raw::Login| Login {
        user: login.user.get().clone(),
        password_file: section.path(login.password_file.get()),
    };
    match given.get() {
        raw::KafkaAuth::None => KafkaAuth::None,
        raw::KafkaAuth::Plain(raw) => KafkaAuth::Plain(login(raw)),
        raw::KafkaAuth::ScramSha256(raw) => KafkaAuth::ScramSha256(login(raw)),
        raw::KafkaAuth::ScramSha512(raw) => KafkaAuth::ScramSha512(login(raw)),
        raw::KafkaAuth::Mtls(raw) => KafkaAuth::Mtls {
            cert_file: section.path(raw.cert_file.get()),
            key_file: section.path(raw.key_file.get()),
        },
        raw::KafkaAuth::Iam(iam) => KafkaAuth::Iam { region: region(iam, raw, given, section) },
    }
}

/// The region that is given, or the one in the first broker's name.
fn region(iam: &raw::Iam, raw: &raw::Kafka, auth: &At<raw::KafkaAuth>, section: &mut Section<'_>) -> String {
    if let Some(region) = &iam.region {
        if !is_host(region.get()) {
            section.fault(region.span(), format!("`{}` is no region: \"eu-west-1\" is one", region.get()));
        }
        return region.get().clone();
    }
    let brokers = raw.bootstrap.as_ref().map(At::texts).unwrap_or_default();
    let found = brokers.iter().find_map(|(text, _)| region_in(text));
    if found.is_none() {
        let hint = "give it: `auth = { iam = { region = \"eu-west-1\" } }`".to_owned();
        section.fault_with_hint(auth.span(), "the brokers' names have no region in them", hint);
    }
    found.unwrap_or_default().to_owned()
}

/// MSK's names: `b-1.NAME.ID.c2.kafka.REGION.amazonaws.com`, `boot-ID.c2.kafka-serverless.REGION.amazonaws.com`.
fn region_in(broker: &str) -> Option<&str> {
    let mut labels = broker.split(['.', ':']);
    labels.find(|label| matches!(*label, "kafka" | "kafka-serverless"))?;
    let region = labels.next()?;
    (labels.next() == Some("amazonaws")).then_some(region)
}

fn tls(raw: &raw::Kafka, auth: &KafkaAuth, section: &mut Section<'_>) -> Option<Tls> {
    let wanted = raw.tls.as_ref().map_or(*auth != KafkaAuth::None, |tls| *tls.get());
    match (&raw.tls, auth) {
        (Some(tls), KafkaAuth::Mtls { .. }) if !wanted => section.fault(tls.span(), "mtls without TLS"),
        (Some(tls), KafkaAuth::Iam { .. }) if !wanted => section.fault(tls.span(), "iam without TLS"),
        (Some(tls), KafkaAuth::Plain(_)) if !wanted => {
            let warning = Fault::at(section.place(tls.span()), "the password goes over the network as it is");
            section.push(warning.warning());
        }
        _ => {}
    }
    if let (Some(file), false) = (&raw.ca_file, wanted) {
        section.fault_with_hint(file.span(), "certificates without TLS", "add `tls = true`".to_owned());
    }
    wanted.then(|| Tls { ca_file: raw.ca_file.as_ref().map(|file| section.path(file.get())) })
}

const fn partitioner(raw: RawPartitioner) -> Partitioner {
    match raw {
        RawPartitioner::ConsistentRandom => Partitioner::ConsistentRandom,
        RawPartitioner::Consistent => Partitioner::Consistent,
        RawPartitioner::Murmur2Random => Partitioner::Murmur2Random,
        RawPartitioner::Murmur2 => Partitioner::Murmur2,
        RawPartitioner::Fnv1aRandom => Partitioner::Fnv1aRandom,
        RawPartitioner::Fnv1a => Partitioner::Fnv1a,
        RawPartitioner::Random => Partitioner::Random,
    }
}
