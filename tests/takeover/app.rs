//! The demo's application, changed, with what commands that start a legacy of their own need: routes and recorded requests.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use handover_demo::clients::{OldClients, Request, records, tidy};
use handover_parts::process;
use handover_shadow::recording::{
    Content, Recorded, RecordingWriter, Saved, SavedEffects, SavedOutcome, SavedSession, SavedSide,
};
use serde_json::Value;

use crate::world::{data, demo};

/// A copy of the application that applies further rules, of a function `rules_hidden`.
pub(crate) fn with_rules(folder: &Path, rules: &str) -> PathBuf {
    let app = folder.join("legacy");
    copy(&data().join("../legacy"), &app);
    process::write(app.join("includes/rules/900_hidden.php"), rules);
    let intake = app.join("includes/intake.php");
    let text = fs::read_to_string(&intake).unwrap();
    let with_hidden = text.replace("'rules_clients')", "'rules_clients', 'rules_hidden')");
    assert_ne!(text, with_hidden);
    process::write(&intake, with_hidden);
    app
}

/// What a command says, as JSON.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(demo()).args(arguments).current_dir(folder).output().expect("it runs");
    let said = serde_json::from_slice(&output.stdout);
    said.unwrap_or_else(|_| panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Real departures, each of so many, and old clients' requests, as traffic that was recorded.
pub(crate) fn record(to: &Path, every: usize, old: usize) {
    let all = records(&data().join("flights-2013-01.csv.gz")).expect("the demo's data");
    let real = all.iter().step_by(every).map(tidy);
    let old = OldClients::new(1, &all).take(old);
    let mut writer = RecordingWriter::begin(File::create(to).unwrap()).unwrap();
    for (number, request) in real.chain(old).enumerate() {
        writer.add(&recorded(number, &request)).unwrap();
    }
}

fn recorded(number: usize, request: &Request) -> Recorded {
    let content_type = request.content_type.iter().map(|value| ("Content-Type".to_owned(), value.clone()));
    let fields = content_type.chain(request.headers.iter().cloned());
    let side = |who: &str| SavedSide {
        who: who.to_owned(),
        version: None,
        outcome: SavedOutcome::TimedOut,
        effects: SavedEffects::Unobserved,
        own: BTreeMap::new(),
        session: SavedSession::Unobserved,
        latency_us: 0,
        reads: Vec::new(),
    };
    Recorded {
        id: format!("{number:x}"),
        route: "create-flight".to_owned(),
        at: "2013-02-01T00:00:00Z".to_owned(),
        request: Saved {
            method: request.method.to_owned(),
            target: Content::of(request.path.as_bytes()),
            fields: fields.map(|(name, value)| (name, Content::of(value.as_bytes()))).collect(),
            body: Content::of(&request.body),
            params: Vec::new(),
        },
        control: side("legacy"),
        candidate: side("native"),
        redacted: Vec::new(),
    }
}

/// Takes the intake's POST over, with a php-fpm that nobody has started yet. Where the parsed tables are kept is left to the
/// application: whoever php-fpm's children run as could make no folder in ours, and would read the tables for each request.
pub(crate) fn routes(app: &Path) -> String {
    let table = |name: &str, key: &str| {
        format!("[table.{name}]\nsource = \"file:{}/{name}.csv\"\nkey = \"{key}\"\n", shown(&data()))
    };
    format!(
        r#"state = "state"
[legacy.intake]
version = "header:X-App-Version"
[legacy.intake.managed]
root = "{}/public"
env = {{ KAFKA_BROKERS = "127.0.0.1:9", DATA_DIR = "{}" }}
ini = {{ "ffi.enable" = "on" }}
[kafka.main]
bootstrap = ["127.0.0.1:9"]
{}{}{}
[[route]]
name = "create-flight"
match = "POST /v1/flights"
stage = "shadow"
native = "create_flight"
timeout = "20s"
[route.shadow]
effects = {{ topic = "flights.v1", correlate = {{ record = "header:event-id", answer = "json:/id" }} }}
[route.shadow.inject]
id = "json:/id"
received_at = {{ from = "json:/received_at", time = "rfc3339" }}
"#,
        shown(app),
        shown(&data()),
        table("airports", "faa"),
        table("airlines", "carrier"),
        table("planes", "tailnum"),
    )
}

fn shown(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| PathBuf::from(path)).display().to_string()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
