//! The parts themselves: each starts, does its work, and leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use handover_parts::{Kafka, Nginx, PhpFpm, Record, S3, http, load, process};
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

#[test]
fn kafka_keeps_partition_key_value_and_headers() {
    let kafka = Kafka::shared();
    let topic = kafka.fresh_topic("round-trip", 3);
    let headers = || OwnedHeaders::new().insert(Header { key: "event-id", value: Some("7") });
    produce(
        kafka,
        BaseRecord::to(&topic).partition(2).key(&b"k\xFF"[..]).payload("first").headers(headers()),
    );
    produce(kafka, BaseRecord::<[u8], [u8]>::to(&topic).partition(0).payload(b""));
    produce(kafka, BaseRecord::<[u8], [u8]>::to(&topic).partition(0).key(b""));

    let records = kafka.wait_for_records(&topic, 3, Duration::from_secs(10));

    let record = |partition, offset, key: Option<&[u8]>, value: Option<&[u8]>| Record {
        partition,
        offset,
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: Vec::new(),
    };
    let with_header = Record {
        headers: vec![("event-id".to_owned(), Some(b"7".to_vec()))],
        ..record(2, 0, Some(b"k\xFF"), Some(b"first"))
    };
    assert_eq!(records, [record(0, 0, None, Some(b"")), record(0, 1, Some(b""), None), with_header]);
    assert_eq!(kafka.count(&topic), 3);
}

#[test]
fn kafka_keeps_its_records_through_a_crash_and_a_hang() {
    let mut kafka = Kafka::start();
    kafka.create_topic("events", 1);
    produce(&kafka, BaseRecord::<[u8], str>::to("events").payload("before"));
    kafka.kill();
    kafka.restart();
    kafka.pause();
    kafka.resume();
    produce(&kafka, BaseRecord::<[u8], str>::to("events").payload("after"));
    let values: Vec<_> = kafka.records("events").into_iter().filter_map(|record| record.value).collect();
    assert_eq!(values, [b"before".to_vec(), b"after".to_vec()]);
}

#[test]
fn s3_gives_back_what_was_put_also_after_an_outage() {
    let mut s3 = S3::start();
    s3.create_bucket("config");
    s3.put("config", "tables/airports.csv", "faa,name\nJFK,Kennedy\n");
    s3.stop();
    s3.restart();
    assert_eq!(s3.get("config", "tables/airports.csv"), b"faa,name\nJFK,Kennedy\n");
    s3.put("config", "tables/airports.csv", "faa,name\n");
    assert_eq!(s3.get("config", "tables/airports.csv"), b"faa,name\n");
}

#[test]
fn s3_refuses_an_unsigned_request() {
    let s3 = S3::start();
    s3.create_bucket("config");
    let address = s3.endpoint().trim_start_matches("http://").parse().unwrap();
    assert_eq!(http::get(address, "/config/x").unwrap().status, 403);
}

#[test]
fn php_answers_behind_nginx() {
    let app = application();
    for php in [PhpFpm::serving(app.path()), PhpFpm::serving(app.path()).tcp()] {
        let php = php.children(2).env("GREETING", "good day").setting("memory_limit", "77M").start();
        let nginx = Nginx::in_front_of(&php);

        assert_eq!(http::get(nginx.address(), "/fpm-ping").unwrap().text(), "pong");
        let answer = http::get(nginx.address(), "/any/path?a=1").unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text(), "GET /any/path?a=1 good day 77M\n");
        let file = http::get(nginx.address(), "/static.txt").unwrap();
        assert_eq!(
            (file.text().as_str(), file.field("content-type").as_deref()),
            ("as it is", Some("text/plain"))
        );
        let seen = || php.seen().contains(&"GET /any/path?a=1 200".to_owned());
        assert!(within(Duration::from_secs(2), seen), "{:?}", php.seen());
    }
}

#[test]
fn load_sends_every_request_once_over_kept_connections() {
    let app = application();
    let php = PhpFpm::serving(app.path()).setting("memory_limit", "99M").start();
    let nginx = Nginx::in_front_of(&php);
    let host = nginx.address().to_string();
    let requests: Vec<_> =
        (0..200).map(|i| http::request("POST", &format!("/{i}"), &[("Host", &host)], b"body")).collect();

    let outcomes = load::send_all(nginx.address(), 8, &requests);

    for (i, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.response().text(), format!("POST /{i} none 99M\n"));
    }
    assert!(
        within(Duration::from_secs(2), || php.seen().len() == 200),
        "PHP saw {} requests",
        php.seen().len()
    );
}

#[test]
fn the_flight_intake_sends_an_accepted_record_to_kafka() {
    let kafka = Kafka::start();
    kafka.create_topic("flights.v1", 3);
    let php = PhpFpm::flight_intake(&kafka.bootstrap()).start();
    let nginx = Nginx::in_front_of(&php);
    let host = nginx.address().to_string();
    let fields = [("Host", host.as_str()), ("Content-Type", "application/json")];
    let body = br#"{"year":2013,"month":1,"day":1,"dep_time":517,"sched_dep_time":515,"dep_delay":2,"arr_time":830,
        "sched_arr_time":819,"arr_delay":11,"carrier":"UA","flight":1545,"tailnum":"N14228","origin":"EWR","dest":"IAH",
        "air_time":227,"distance":1400,"hour":5,"minute":15,"time_hour":"2013-01-01T10:00:00Z"}"#;

    let mut client = http::Client::connect(nginx.address()).unwrap();
    let accepted = client.exchange(&http::request("POST", "/v1/flights", &fields, body)).unwrap();
    let refused = client.exchange(&http::request("POST", "/v1/flights", &fields, b"{}")).unwrap();

    assert_eq!((accepted.status, refused.status), (202, 422), "{}\n{}", accepted.text(), refused.text());
    let records = kafka.records("flights.v1");
    assert_eq!(records.len(), 1);
    assert!(String::from_utf8_lossy(records[0].value.as_ref().unwrap()).contains("N14228"));
}

/// Runs itself once more as a test that starts a pool and then hangs, kills it, and looks for what it left.
#[test]
fn nothing_survives_a_killed_test() {
    if let Some(app) = std::env::var_os("HANG_WITH_APP") {
        return hang(Path::new(&app));
    }
    let app = application();
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "nothing_survives_a_killed_test"])
        .env("HANG_WITH_APP", app.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let report = || fs::read_to_string(app.path().join("report")).unwrap_or_default();
    assert!(
        within(Duration::from_secs(20), || report().ends_with('\n')),
        "the test to be killed did not start"
    );
    let socket = PathBuf::from(report().trim());
    let folder = socket.parent().unwrap();
    assert!(!processes_with(folder).is_empty(), "the pool runs");

    test.kill().unwrap();
    test.wait().unwrap();

    assert!(within(Duration::from_secs(10), || processes_with(folder).is_empty() && !folder.exists()));
}

/// Starts a pool, tells where, and waits to be killed.
fn hang(app: &Path) {
    let php = PhpFpm::serving(app).children(2).start();
    let socket = php.address().strip_prefix("unix:").unwrap();
    process::write(app.join("report"), format!("{socket}\n"));
    std::thread::sleep(Duration::from_secs(60));
}

/// The processes whose working folder is `folder`.
fn processes_with(folder: &Path) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    processes
        .filter(|process| fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)))
        .collect()
}

fn application() -> tempfile::TempDir {
    let folder = process::folder("app");
    process::write(
        folder.path().join("index.php"),
        "<?php echo $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'], ' ', getenv('GREETING') ?: 'none', ' ',\n\
         ini_get('memory_limit'), \"\\n\";",
    );
    process::write(folder.path().join("static.txt"), "as it is");
    folder
}

fn produce<K, P>(kafka: &Kafka, record: BaseRecord<'_, K, P>)
where
    K: rdkafka::message::ToBytes + ?Sized,
    P: rdkafka::message::ToBytes + ?Sized,
{
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", kafka.bootstrap()).create().unwrap();
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
}

fn within(limit: Duration, check: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !check() {
        if began.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
