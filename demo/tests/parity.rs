//! The native handler answers as the legacy does: the same status, the same bytes, the same record.
//!
//! `OLD_CLIENTS=50000 SEED=7 cargo test -p handover-demo --test parity -- --nocapture` compares more than the
//! default.

#![allow(missing_docs)]

mod batch;

use std::{collections::BTreeMap, env, fmt::Write as _};

use anyhow::{Context as _, Result};
use batch::Outcome;
use handover_api::{Effect, Handler, Reply, Rows, Schema, testing::Frozen};
use handover_demo::{
    clients::{OldClients, Request, tidy},
    flights::CreateFlight,
};

const NOW: i64 = 1_400_000_000;

/// What of a difference is shown.
const SHOWN: usize = 12;

/// A table of the demo, keyed by its first column, as the legacy reads it.
fn table(file: &str) -> Result<Rows> {
    let mut reader = csv::Reader::from_path(batch::demo(&format!("data/{file}.csv")))?;
    let mut rows = Rows::new(Schema::new(reader.headers()?.iter()));
    for row in reader.records() {
        let row = row?;
        let key = row.get(0).context("an empty row")?.to_owned();
        rows.insert(key, row.iter());
    }
    Ok(rows)
}

fn ports() -> Result<Frozen> {
    let ports = Frozen::at(&jiff::Timestamp::from_second(NOW)?.to_string());
    ["airports", "planes", "airlines"]
        .iter()
        .try_fold(ports, |ports, name| Ok(ports.table(name, table(name)?)))
}

/// What native makes of a request; `None` where it leaves it to legacy.
async fn native(ports: &Frozen, id: &str, request: &Request) -> Result<Option<Outcome>> {
    let mut builder = handover_api::Request::builder(http::Method::POST, request.path.clone());
    if let Some(content_type) = &request.content_type {
        builder = builder.field("Content-Type", content_type.clone());
    }
    for (name, value) in &request.headers {
        builder = builder.field(name.clone(), value.clone());
    }
    let request = builder.body(request.body.clone()).build()?;
    let cx = ports.clone().choosing("id", id).context();
    let answer = match CreateFlight.handle(&request, &cx).await? {
        Reply::Answer(answer) => answer,
        Reply::Decline(_) => return Ok(None),
    };
    let record = match answer.effects.as_slice() {
        [] => None,
        [Effect::Record(record)] => {
            assert_eq!((record.topic.as_str(), record.headers.len()), ("flights.v1", 1));
            assert_eq!(record.headers[0], ("event-id".to_owned(), id.to_owned().into()));
            let bytes =
                |part: &Option<bytes::Bytes>| part.as_ref().map(|part| part.to_vec()).unwrap_or_default();
            Some((bytes(&record.key), bytes(&record.value)))
        }
        other => anyhow::bail!("one record was expected, not {other:?}"),
    };
    Ok(Some(Outcome { status: answer.response.status.as_u16(), body: answer.response.body.to_vec(), record }))
}

/// Runs all requests through both and gives a text for each kind of difference, empty without any.
async fn differences(requests: &[Request]) -> Result<String> {
    let expected = batch::legacy(requests, NOW, None)?;
    let ports = ports()?;
    let (mut statuses, mut declined) = (BTreeMap::<u16, usize>::new(), 0);
    let (mut text, mut different) = (String::new(), 0);
    for (number, (request, legacy)) in requests.iter().zip(&expected).enumerate() {
        let Some(native) = native(&ports, &format!("{:032x}", number + 1), request).await? else {
            declined += 1;
            continue;
        };
        *statuses.entry(legacy.status).or_default() += 1;
        if native != *legacy {
            different += 1;
            if different <= SHOWN {
                write!(text, "\n#{number} {}\n{}", shown_request(request), shown_pair(legacy, &native))?;
            }
        }
    }
    println!("{} requests by status {statuses:?}, {declined} declined, {different} differ", requests.len());
    Ok(text)
}

fn shown_request(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {:?} {:?}\n  {body}", request.path, request.content_type, request.headers)
}

fn shown_pair(legacy: &Outcome, native: &Outcome) -> String {
    let shown = |outcome: &Outcome| {
        let record = outcome.record.as_ref().map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        format!(
            "{} {} {}",
            outcome.status,
            String::from_utf8_lossy(&outcome.body),
            record.unwrap_or_default()
        )
    };
    let (legacy, native) = (shown(legacy), shown(native));
    let same = legacy.bytes().zip(native.bytes()).take_while(|(a, b)| a == b).count();
    let at = |text: &str| {
        String::from_utf8_lossy(&text.as_bytes()[same.saturating_sub(60).min(text.len())..]).into_owned()
    };
    let cut = |text: String| text.chars().take(400).collect::<String>();
    format!("  legacy …{}\n  native …{}\n", cut(at(&legacy)), cut(at(&native)))
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn answers_every_real_record_as_legacy_does() -> Result<()> {
    let requests: Vec<Request> = batch::real_records()?.iter().map(tidy).collect();
    let differences = differences(&requests).await?;
    anyhow::ensure!(differences.is_empty(), "native differs from legacy:\n{differences}");
    Ok(())
}

#[tokio::test]
async fn answers_old_clients_as_legacy_does() -> Result<()> {
    let records = batch::real_records()?;
    let count = usize::try_from(setting("OLD_CLIENTS", 10_000))?;
    let requests: Vec<Request> = OldClients::new(setting("SEED", 2), &records).take(count).collect();
    let differences = differences(&requests).await?;
    anyhow::ensure!(differences.is_empty(), "native differs from legacy:\n{differences}");
    Ok(())
}

#[tokio::test]
async fn leaves_multipart_forms_to_legacy() -> Result<()> {
    let content_type = Some("multipart/form-data; boundary=x".to_owned());
    let request = Request { method: "POST", content_type, ..Request::get("/v1/flights") };
    assert_eq!(native(&ports()?, "1", &request).await?, None);
    Ok(())
}
