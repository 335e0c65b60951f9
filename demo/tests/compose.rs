//! What docker-compose.yml and the Dockerfile ask of the demo's binary, put to that binary. (Paths, ports and the other
//! services' settings are checked in tests/parts.)

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use handover_parts::{Handover, Kafka, PhpFpm, S3, http};

/// The first departure of 2013.
const FLIGHT: &[u8] = br#"{"year":2013,"month":1,"day":1,"dep_time":517,"sched_dep_time":515,"dep_delay":2,
    "arr_time":830,"sched_arr_time":819,"arr_delay":11,"carrier":"UA","flight":1545,"tailnum":"N14228","origin":"EWR",
    "dest":"IAH","air_time":227,"distance":1400,"hour":5,"minute":15,"time_hour":"2013-01-01T10:00:00Z"}"#;

const BINARY: &str = env!("CARGO_BIN_EXE_handover-demo");

#[test]
fn the_binary_takes_the_commands_of_the_image_and_the_compose_file() {
    let in_file =
        [("docker-compose.yml", "    command: [\"serve\""), ("deploy/Dockerfile", "CMD [\"serve\"")];
    for (file, beginning) in in_file {
        let text = std::fs::read_to_string(top().join(file)).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with(beginning))
            .unwrap_or_else(|| panic!("{file}: no command"));
        let list = &line[line.find('[').unwrap()..];
        let mut command: Vec<String> = serde_json::from_str(list).unwrap();
        command.push("--help".to_owned());
        let output = handover(&command);
        assert!(output.status.success(), "{file}: {command:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("Usage:"),
            "{file}: {command:?} is no command"
        );
    }
}

#[test]
fn the_routes_of_the_compose_file_are_good() {
    let routes = top().join("deploy/compose/routes.toml");
    let output = handover(&["check".to_owned(), "--config".to_owned(), routes.display().to_string()]);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("is good"), "{said}");
}

/// The file as it is, but for the addresses: containers there, parts of the test here.
#[test]
fn a_flight_sent_through_the_routes_of_the_compose_file_reaches_kafka() {
    let kafka = Kafka::start();
    kafka.create_topic("flights.v1", 6);
    let php = PhpFpm::flight_intake(&kafka.bootstrap()).tcp().start();
    let s3 = S3::start();
    s3.create_bucket("reference");
    for table in ["airports.csv", "planes.csv", "airlines.csv"] {
        s3.put("reference", table, std::fs::read(top().join("demo/data").join(table)).unwrap());
    }
    let text = std::fs::read_to_string(top().join("deploy/compose/routes.toml")).unwrap();
    let is_own = |section: &&str| section.starts_with("[listen]") || section.contains("[admin]");
    let sections: Vec<&str> = text.split("\n\n").filter(|section| !is_own(section)).collect();
    let routes = sections
        .join("\n\n")
        .replace("php:9000", php.address())
        .replace("/srv/flight-intake/legacy/public", &php.root().display().to_string())
        .replace("kafka:9092", &kafka.bootstrap())
        .replace("http://s3:7070", &s3.endpoint())
        .replace("/var/lib/handover/state", "state");
    let proxy = Handover::start_with(BINARY, &routes, |command| {
        command.env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY);
    });

    let fields = [("Host", "intake.example"), ("Content-Type", "application/json")];
    let answer = http::Client::connect(proxy.http()).unwrap().exchange(&http::request(
        "POST",
        "/v1/flights",
        &fields,
        FLIGHT,
    ));

    let answer = answer.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(kafka.records("flights.v1").len(), 1);
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn handover(arguments: &[String]) -> Output {
    Command::new(BINARY).args(arguments).output().unwrap()
}
