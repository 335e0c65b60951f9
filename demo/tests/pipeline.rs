//! The demo's route as a pipeline answers as its Rust handler does: the same response, the same record.
//!
//! A build for debugging takes long over a pipeline, so every twentieth real record is compared; all of them, and more
//! old clients:
//! `EVERY=1 OLD_CLIENTS=50000 SEED=7 cargo test --release -p handover-demo --test pipeline -- --nocapture`.

#![allow(missing_docs)]

#[allow(dead_code)] // its half for running PHP is for the tests beside this one
mod batch;

use std::collections::BTreeSet;
use std::env;

use anyhow::{Context as _, Result, ensure};
use handover_api::testing::Frozen;
use handover_api::{Effect, Handler, Reply, Rows, Schema};
use handover_demo::clients::{OldClients, Request, tidy};
use handover_demo::flights::CreateFlight;
use handover_pipeline::Pipeline;

const FILE: &str = include_str!("../pipelines/create-flight.toml");
/// What of a difference is shown.
const SHOWN: usize = 12;

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
    let ports = Frozen::at("2014-05-13T16:53:20Z");
    ["airports", "planes", "airlines"]
        .iter()
        .try_fold(ports, |ports, name| Ok(ports.table(name, table(name)?)))
}

fn request(request: &Request) -> Result<handover_api::Request> {
    let mut builder = handover_api::Request::builder(http::Method::POST, request.path.clone());
    if let Some(content_type) = &request.content_type {
        builder = builder.field("Content-Type", content_type.clone());
    }
    for (name, value) in &request.headers {
        builder = builder.field(name.clone(), value.clone());
    }
    Ok(builder.body(request.body.clone()).build()?)
}

/// All that a handler makes of a request, as a text.
async fn answer(handler: &impl Handler, ports: &Frozen, request: &handover_api::Request) -> String {
    let cx = ports.clone().choosing("id", &"0f".repeat(16)).context();
    let answer = match handler.handle(request, &cx).await {
        Ok(Reply::Answer(answer)) => answer,
        Ok(Reply::Decline(decline)) => return format!("declined: {}", decline.reason()),
        Err(why) => return format!("failed: {:?}", std::error::Error::source(&why).map(ToString::to_string)),
    };
    let response = answer.response;
    let fields = response.fields.iter().map(|f| (f.name().escape_ascii().to_string(), f.value().clone()));
    let fields: Vec<_> = fields.collect();
    let mut text = format!("{} {fields:?} {}", response.status, response.body.escape_ascii());
    for effect in &answer.effects {
        if let Effect::Record(record) = effect {
            let bytes =
                |part: &Option<bytes::Bytes>| part.as_ref().map(|part| part.escape_ascii().to_string());
            let (key, value) = (bytes(&record.key), bytes(&record.value));
            text.push_str(&format!(" {} {key:?} {:?} {value:?}", record.topic, record.headers));
        }
    }
    text
}

/// Runs all requests through both; a text for each kind of difference, empty without any.
async fn differences(pipeline: &Pipeline, requests: impl Iterator<Item = Request>) -> Result<String> {
    let ports = ports()?;
    let (mut count, mut different, mut text) = (0, 0, String::new());
    for request_of_client in requests {
        let asked = request(&request_of_client)?;
        let handler = answer(&CreateFlight, &ports, &asked).await;
        let piped = answer(pipeline, &ports, &asked).await;
        count += 1;
        if handler != piped {
            different += 1;
            if different <= SHOWN {
                let same = handler.bytes().zip(piped.bytes()).take_while(|(a, b)| a == b).count();
                let from =
                    |text: &str| text.chars().skip(same.saturating_sub(60)).take(300).collect::<String>();
                text.push_str(&format!(
                    "\n{} {:?}\n  {}\n  handler  …{}\n  pipeline …{}\n",
                    request_of_client.path,
                    request_of_client.content_type,
                    request_of_client.body.escape_ascii(),
                    from(&handler),
                    from(&piped)
                ));
            }
        }
    }
    println!("{count} requests, {different} differ");
    Ok(text)
}

fn pipeline() -> Pipeline {
    Pipeline::parse(FILE).unwrap_or_else(|faults| panic!("{faults}"))
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn answers_real_records_as_the_handler_does() -> Result<()> {
    let records = batch::real_records()?;
    let every = usize::try_from(setting("EVERY", 20))?.max(1);
    let differences = differences(&pipeline(), records.iter().step_by(every).map(tidy)).await?;
    ensure!(differences.is_empty(), "the pipeline differs from the handler:\n{differences}");
    Ok(())
}

#[tokio::test]
async fn answers_old_clients_as_the_handler_does() -> Result<()> {
    let records = batch::real_records()?;
    let count = usize::try_from(setting("OLD_CLIENTS", 2_000))?;
    let pipeline = pipeline();
    let clients = OldClients::new(setting("SEED", 2), &records);
    let differences = differences(&pipeline, clients.take(count)).await?;
    ensure!(differences.is_empty(), "the pipeline differs from the handler:\n{differences}");

    let counts = pipeline.rule_counts();
    let never: Vec<_> =
        counts.iter().filter(|rule| rule.failed == 0).map(|rule| rule.id.to_string()).collect();
    println!("never fired: {never:?}");
    Ok(())
}

#[test]
fn has_all_two_hundred_rules() {
    let counts = pipeline().rule_counts();
    let rules: BTreeSet<_> = counts.iter().filter_map(|rule| rule.id.strip_prefix('F')).collect();
    let expected: Vec<String> = (1..=200).map(|number| format!("{number:03}")).collect();
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), expected);
}
