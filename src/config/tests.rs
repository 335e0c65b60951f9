//! Files and what is made of them.

use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::config::valid::{Ack, ClientAuth, KafkaAuth, TableSource};
use crate::legacy::spec::{Address, FastCgi, Kind, Version};
use crate::native::application::Names;
use crate::route::Stage;
use crate::route::canary::Sticky;

pub(super) const LEGACY: &str = "[legacy.a]\nhttp = 'http://127.0.0.1:9501'\n";

pub(super) fn check(text: &str) -> Result<Checked, Faults> {
    let env = |name: &str| (name == "BROKERS").then(|| "k1:9092, k2:9092".to_owned());
    validate(
        &Sources::text(text),
        &Against {
            env: &env,
            names: &Names::of_handlers(&["create_flight", "login", "account", "list"]),
            state: None,
        },
    )
}

fn valid(text: &str) -> Config {
    check(text).unwrap_or_else(|faults| panic!("{faults}")).config
}

#[test]
fn listen_and_one_legacy_are_a_whole_proxy() {
    let config = valid(
        "[listen]\nhttp = ['0.0.0.0:80', '[::]:80']\n[legacy.old]\nfastcgi = 'unix:/run/fpm.sock'\nroot = 'public'\n",
    );
    assert_eq!(config.listen.http, ["0.0.0.0:80", "[::]:80"].map(|a| a.parse::<SocketAddr>().unwrap()));
    assert_eq!(config.listen.admin, Some("127.0.0.1:8081".parse().unwrap()));
    assert_eq!(config.state, PathBuf::from("handover-state"));
    let Kind::FastCgi(FastCgi { address, root, script, static_files: true, managed: None, .. }) =
        &config.default_legacy.kind
    else {
        panic!("{:?}", config.default_legacy)
    };
    assert_eq!(*address, Address::Unix("/run/fpm.sock".into()));
    assert_eq!((root.to_str(), script.as_str()), (Some("public"), "index.php"));
    assert!(!config.default_legacy.keep && config.routes.is_empty());
}

#[test]
fn tls_may_stand_alone_and_its_files_beside_the_file() {
    let config = valid(&format!(
        "[listen]\nhttps = '0.0.0.0:443'\n[listen.tls]\ncert_file = 'a.pem'\nkey_file = '/k.pem'\n\
         certificates = [{{ cert_file = 'b.pem', key_file = 'l.pem' }}]\nclient_ca_file = 'ca.pem'\n\
         client_auth = 'optional'\n{LEGACY}"
    ));
    assert_eq!((config.listen.http.len(), config.listen.https.len()), (0, 1));
    let tls = config.listen.tls.unwrap();
    let files: Vec<_> =
        tls.pairs.iter().map(|pair| (pair.cert_file.to_str(), pair.key_file.to_str())).collect();
    assert_eq!(files, [(Some("a.pem"), Some("/k.pem")), (Some("b.pem"), Some("l.pem"))]);
    assert_eq!(tls.client, Some(("ca.pem".into(), ClientAuth::Optional)));
}

#[test]
fn everything_that_the_file_says_arrives() {
    let config = valid(
        r#"
        state = "/var/lib/handover"
        workers = 3
        [listen]
        admin = "off"
        [legacy.old]
        managed = { root = "/srv/public", children = 6, env = { A = "b" }, ini = { memory_limit = "64M" } }
        version = "header:X-Version"
        [legacy.new]
        default = true
        http = "http://app"
        read_timeout = "1m"
        version = "7"
        [kafka.main]
        bootstrap = "${BROKERS}"
        auth = { scram-sha-512 = { user = "ingest", password_file = "/run/secrets/kafka" } }
        ack = "memory"
        partitioner = "murmur2_random"
        topic."events.v1".partitioner = "random"
        [s3]
        endpoint = "${S3:-http://127.0.0.1:7070}"
        path_style = true
        [table.airports]
        source = "s3://config/airports.csv.zst"
        key = "faa"
        max_age = "2h"
        [[route]]
        name = "create-flight"
        owner = "intake"
        match = "POST /v1/flights/{id}"
        host = "API.example.com"
        headers = { X-Version = "2" }
        stage = "canary"
        native = "create_flight"
        legacy = "old"
        canary = { share = 0.05, sticky = "header:X-User" }
        verify = 1
        shadow = { sample = 0.5, effects = { topic = "events.v1", correlate = "header:event-id" } }
        body_max = "64KiB"
        timeout = "250ms"
        ack = "delivered"
        "#,
    );
    assert_eq!(
        (config.workers, config.listen.admin, config.state.to_str()),
        (3, None, Some("/var/lib/handover"))
    );
    assert_eq!(config.default_legacy.name, "new");
    assert_eq!(config.default_legacy.read_timeout, Duration::from_secs(60));
    assert_eq!(config.default_legacy.version, Version::Said("7".into()));
    let Kind::FastCgi(FastCgi { address, managed: Some(managed), .. }) = &config.legacies[1].kind else {
        panic!()
    };
    assert_eq!(*address, Address::Unix("/var/lib/handover/php-fpm-old.sock".into()));
    assert_eq!((managed.children, config.legacies[1].connections_max, config.legacies[1].keep), (6, 6, true));
    let kafka = &config.kafka[0];
    assert_eq!(kafka.bootstrap, ["k1:9092", "k2:9092"]);
    assert!(matches!(&kafka.auth, KafkaAuth::ScramSha512(login) if login.user == "ingest"));
    assert!(kafka.tls.is_some() && kafka.ack == Ack::Memory);
    assert_eq!(kafka.topic_partitioners["events.v1"].name(), "random");
    assert_eq!(config.s3.endpoint.as_deref(), Some("http://127.0.0.1:7070"));
    let table = &config.tables[0];
    assert_eq!(table.source, TableSource::S3 { bucket: "config".into(), key: "airports.csv.zst".into() });
    assert_eq!((table.refresh, table.max_age), (Duration::from_secs(3600), Some(Duration::from_secs(7200))));
    let route = &config.routes[0];
    assert_eq!(route.pattern.to_string(), "POST api.example.com/v1/flights/{id} [x-version: 2]");
    assert_eq!((route.stage, route.legacy.name.as_str(), route.verify.get()), (Stage::Canary, "old", 1.0));
    assert_eq!(route.canary.sticky, Sticky::Header("x-user".into()));
    assert_eq!((route.body_max, route.timeout), (65_536, Duration::from_millis(250)));
    assert_eq!(route.kafka.as_ref().map(|k| (k.name.as_str(), route.ack)), Some(("main", Ack::Delivered)));
    assert_eq!((route.shadow.sample(), route.shadow.effects()[0].topic()), (0.5, "events.v1"));
}

#[test]
fn the_demos_file_is_good() {
    let config = valid(include_str!("../../routes.toml"));
    let [create, others @ ..] = &config.routes[..] else { panic!() };
    assert_eq!(
        (&*create.name, create.stage, create.native.as_deref()),
        ("create-flight", Stage::Shadow, Some("create_flight"))
    );
    assert!(create.shadow.injects() && create.shadow.effects()[0].topic() == "flights.v1");
    let expected = |session| if session { Stage::Shadow } else { Stage::Legacy };
    assert!(others.iter().all(|route| route.stage == expected(route.session)));
    assert!(config.listen.admin.is_some_and(|admin| admin.ip().is_loopback()));
}

#[test]
fn the_hash_is_of_what_the_files_say() {
    assert_eq!(valid(LEGACY).hash, valid(LEGACY).hash);
    assert_ne!(valid(LEGACY).hash, valid(&format!("{LEGACY}# x\n")).hash);
}

#[test]
fn what_is_believed_and_borne_of_clients_is_the_files_to_say() {
    let config = valid(
        "[forwarded]\ntrusted = ['10.0.0.0/8', '::1']\nrequest_id = 'X-Request-Id'\ntrace = 0.5\n\
         [limits]\nhead = '16KiB'\nfields = 50\ntarget = '2KiB'\nhead_timeout = '2s'\nbody_least = '1KiB'\nreport = ['slow_body']\n\
         [legacy.old]\nhttp = 'http://a'\n",
    );
    assert_eq!(config.forwarding.trusted, ["10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap()));
    assert_eq!(config.forwarding.request_id.as_deref(), Some("X-Request-Id"));
    let bounds = &config.http1;
    assert_eq!((bounds.limits.head, bounds.limits.fields, bounds.limits.target), (16 << 10, 50, 2 << 10));
    assert_eq!((bounds.timeouts.head.as_secs(), bounds.timeouts.body.bytes), (2, 1024));
    assert!(bounds.leniency.slow_body && !bounds.leniency.http10_without_host);
}

#[test]
fn iam_finds_its_region_in_the_brokers_names() {
    let region = |kafka: &str| match &valid(&format!("{LEGACY}[kafka.main]\n{kafka}")).kafka[0].auth {
        KafkaAuth::Iam { region } => region.clone(),
        other => panic!("{other:?}"),
    };
    for brokers in [
        "b-1.events.x1y2z3.c2.kafka.eu-west-1.amazonaws.com:9098",
        "boot-x1y2.c2.kafka-serverless.eu-west-1.amazonaws.com:9098",
    ] {
        assert_eq!(region(&format!("bootstrap = '{brokers}'\nauth = {{ iam = {{}} }}")), "eu-west-1");
    }
    let given = "bootstrap = 'localhost:9098'\nauth = { iam = { region = 'eu-north-1' } }";
    assert_eq!(region(given), "eu-north-1");
}
