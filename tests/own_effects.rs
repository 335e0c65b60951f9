//! The program in `examples/reports`: rows by SQL, by legacy and by native, as its file says.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use handover_parts::{Backend, Handover, http, process};
use rusqlite::{Connection, params};

const PATIENCE: Duration = Duration::from_secs(20);

/// The legacy, which writes rows to the same database, and the proxy beside it.
struct World {
    database: PathBuf,
    legacy: Backend,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = process::folder("reports");
        let database = folder.path().join("reports.sqlite");
        let file = database.clone();
        let legacy = Backend::start(move |conversation| {
            loop {
                let request = conversation.request()?;
                let answer = legacy(&file, &request);
                conversation.write(answer)?;
            }
        });
        Self { database, legacy, _folder: folder }
    }

    fn start(&self, stage: &str) -> Handover {
        let proxy = Handover::start_with(example(), &self.routes(stage), |command| {
            command.env("REPORTS_DB", &self.database);
        });
        self.sql("PRAGMA journal_mode = WAL");
        proxy
    }

    /// The example's file at that stage, with this legacy.
    fn routes(&self, stage: &str) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/reports/routes.toml");
        let text = std::fs::read_to_string(file).expect("the example's file");
        let (_, text) = text.split_once("[legacy.app]").expect("a legacy");
        let text = text.replace("127.0.0.1:9501", &self.legacy.address().to_string());
        format!("[legacy.app]{}", text.replace("\"shadow\"", &format!("\"{stage}\"")))
    }

    fn connection(&self) -> Connection {
        open(&self.database)
    }

    fn sql(&self, sql: &str) {
        self.connection().execute_batch(sql).expect("SQL");
    }

    /// How many rows each of the tables has.
    fn rows(&self) -> (i64, i64) {
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            self.connection().query_row(&sql, [], |row| row.get(0)).expect("a count")
        };
        (count("reports"), count("alerts"))
    }

    /// Whether native wrote that report: legacy's have no event id.
    fn by_native(&self, id: i64) -> bool {
        let sql = "SELECT event FROM reports WHERE id = ?";
        let event: Option<String> = self.connection().query_row(sql, [id], |row| row.get(0)).expect("a row");
        event.is_some_and(|event| event.ends_with("-o0"))
    }
}

fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("the database");
    connection.busy_timeout(PATIENCE).expect("a time-out");
    connection
}

/// Writes the report and answers its id. It says what is `quiet` aloud, which native does not.
fn legacy(database: &Path, request: &str) -> String {
    let (_, body) = request.split_once("\r\n\r\n").expect("a body");
    let sent: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = sent["text"].as_str().unwrap_or_default().replace("quiet", "QUIET");
    let connection = open(database);
    let insert = "INSERT INTO reports (flight, text) VALUES (?, ?)";
    connection.execute(insert, params![sent["flight"].as_str(), text]).expect("a row");
    let body = format!(r#"{{"id":{}}}"#, connection.last_insert_rowid());
    format!(
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn bytes(event: &str, text: &str, urgent: bool) -> Vec<u8> {
    let body = format!(r#"{{"flight":"UA1545","text":"{text}","urgent":{urgent}}}"#);
    http::request("POST", "/reports", &[("Host", "app.example"), ("Event-Id", event)], body.as_bytes())
}

fn post(address: SocketAddr, event: &str, text: &str, urgent: bool) -> http::Response {
    let mut client = http::Client::connect(address).expect("the proxy");
    client.exchange(&bytes(event, text, urgent)).expect("an answer")
}

fn id(response: &http::Response) -> i64 {
    assert_eq!(response.status, 201, "{}", response.text());
    let body: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
    body["id"].as_i64().expect("an id")
}

fn parity(admin: SocketAddr) -> serde_json::Value {
    let all: serde_json::Value =
        serde_json::from_slice(&http::get(admin, "/api/parity").expect("the admin answers").body)
            .expect("JSON");
    all[0].clone()
}

fn example() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_handover")).with_file_name("examples").join("reports");
    assert!(binary.exists(), "{} is not built: run `cargo build --example reports`", binary.display());
    binary
}

#[test]
fn the_example_s_file_is_good() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/reports/routes.toml");
    let folder = process::folder("reports");
    let mut check = Command::new(example());
    check.args(["check", "--config"]).arg(file).env("REPORTS_DB", folder.path().join("db"));
    let checked = check.output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn in_shadow_native_writes_no_row_and_is_compared_with_the_row_that_legacy_wrote() {
    let world = World::new();
    let mut proxy = world.start("shadow");
    assert_eq!(id(&post(proxy.http(), "e-1", "late", true)), 1);
    let admin = proxy.admin();
    proxy.wait_until("row and id are alike", PATIENCE, || parity(admin)["matched"].as_u64() == Some(1));
    post(proxy.http(), "e-2", "quiet", false);
    proxy.wait_until("the row's text differs", PATIENCE, || {
        parity(admin)["clusters"][0]["path"].as_str() == Some("effect:own:reports/text")
    });
    assert_eq!(parity(admin)["clusters"].as_array().map(Vec::len), Some(1));
    assert_eq!((world.rows(), world.by_native(1), world.by_native(2)), ((2, 0), false, false));
}

#[test]
fn native_answers_the_id_of_its_row_and_legacy_where_none_could_be_written() {
    let world = World::new();
    let proxy = world.start("native");
    let answer = post(proxy.http(), "e-1", "late", true);
    let first = id(&answer);
    assert_eq!((world.rows(), world.by_native(first)), ((1, 1), true));
    assert_eq!(id(&post(proxy.http(), "e-1", "late", true)), first, "a repetition is answered alike");
    assert_eq!(world.rows(), (1, 1), "and done once");

    world.sql(
        "CREATE TRIGGER full BEFORE INSERT ON reports WHEN NEW.event IS NOT NULL BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    let second = id(&post(proxy.http(), "e-2", "late", true));
    assert_eq!((world.rows(), world.by_native(second)), ((2, 1), false), "legacy's: nothing had happened");

    world.sql("DROP TRIGGER full; CREATE TRIGGER full BEFORE INSERT ON alerts BEGIN SELECT RAISE(ABORT, 'full'); END");
    let answer = post(proxy.http(), "e-3", "late", true);
    assert!(
        answer.status == 500 && answer.text().contains("committed"),
        "{} {}",
        answer.status,
        answer.text()
    );
    assert_eq!(world.rows(), (3, 1), "its report is there, legacy was not asked");
    let again = post(proxy.http(), "e-3", "late", true);
    assert_eq!(
        (again.status, again.text(), world.rows()),
        (500, answer.text(), (3, 1)),
        "a repetition likewise"
    );
    let metrics = http::get(proxy.admin(), "/metrics").expect("the admin answers").text();
    for (kind, outcome, count) in [
        ("reports", "committed", 2),
        ("reports", "refused", 1),
        ("alerts", "committed", 1),
        ("alerts", "refused", 1),
    ] {
        let line = format!("handover_own_effects_total{{kind=\"{kind}\",outcome=\"{outcome}\"}} {count}");
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    let since = Instant::now();
    while !proxy.log().contains("effect 2 of the kind `alerts`") {
        assert!(since.elapsed() < PATIENCE, "{}", proxy.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_commit_outlives_its_client_and_a_process_that_is_killed_repeats_none() {
    let world = World::new();
    let mut proxy = world.start("native");
    let blocked = world.connection();
    blocked.execute_batch("BEGIN IMMEDIATE").expect("the only writer");
    let mut client = http::Client::connect(proxy.http()).expect("the proxy");
    client.send(&bytes("e-1", "late", false)).expect("it is sent");
    std::thread::sleep(Duration::from_millis(300));
    client.finish().expect("it leaves");
    drop(client);
    std::thread::sleep(Duration::from_millis(300));
    blocked.execute_batch("COMMIT").expect("others may write");
    proxy.wait_until("the row is written", PATIENCE, || world.rows() == (1, 0));

    proxy.kill();
    proxy.restart();
    let answer = post(proxy.http(), "e-1", "late", false);
    assert_eq!((id(&answer), world.rows()), (1, (1, 0)), "the same event is the same row");
}
