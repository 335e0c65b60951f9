//! For a pipeline's author: run it on requests, see what came of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Poll, Waker};

use handover_api::testing::Frozen;
use handover_api::{Effect, Handler, Outcome, Record, Reply, Request, Response, Rows, RuleRun, Schema};
use http::Method;

use crate::Pipeline;

/// A pipeline on trial: its clock stands still, its ids are known, its tables are given.
pub struct Trial {
    pipeline: Arc<Pipeline>,
    ports: Frozen,
}

impl Trial {
    /// A trial of that file, at 2013-01-01 10:00 UTC.
    ///
    /// # Panics
    /// With all that is wrong with the file.
    pub fn of(file: &str) -> Self {
        let pipeline =
            Pipeline::parse(file).unwrap_or_else(|faults| panic!("the pipeline is broken:\n{faults}"));
        Self { pipeline: Arc::new(pipeline), ports: Frozen::at("2013-01-01T10:00:00Z") }
    }

    /// With these ports.
    #[must_use]
    pub fn on(mut self, ports: Frozen) -> Self {
        self.ports = ports;
        self
    }

    /// With a table, keyed by its first column.
    #[must_use]
    pub fn table(mut self, name: &str, columns: &[&str], rows: &[&[&str]]) -> Self {
        let mut table = Rows::new(Schema::new(columns.iter().copied()));
        for row in rows {
            table.insert(row.first().copied().unwrap_or_default().to_owned(), row.iter());
        }
        self.ports = self.ports.table(name, table);
        self
    }

    /// Posts a JSON text.
    ///
    /// # Panics
    /// Where the pipeline fails.
    pub fn post(&mut self, body: &str) -> Tried {
        let request = Request::builder(Method::POST, "/").field("Content-Type", "application/json");
        self.run(&request.body(body.to_owned()).build().expect("a valid request"))
    }

    /// Runs it on a request.
    ///
    /// # Panics
    /// Where the pipeline fails.
    pub fn run(&mut self, request: &Request) -> Tried {
        let cx = self.ports.context();
        let outcome = now_or_never(self.pipeline.handle(request, &cx));
        let reply = outcome.unwrap_or_else(|why| {
            let cause = std::error::Error::source(&why).map(ToString::to_string);
            panic!("the pipeline falls back to legacy: {}", cause.unwrap_or_default())
        });
        Tried { reply, rules: cx.rules().expect("a pipeline tells its rules") }
    }

    /// The ids of the rules that no request so far has exercised.
    pub fn never_exercised(&self) -> Vec<String> {
        let counts = self.pipeline.rule_counts();
        counts.iter().filter(|count| count.evaluated() == 0).map(|count| count.id.to_string()).collect()
    }
}

/// What came of a request.
#[derive(Debug)]
pub struct Tried {
    reply: Reply,
    rules: RuleRun,
}

impl Tried {
    /// The response.
    ///
    /// # Panics
    /// Where the pipeline declined.
    pub fn response(&self) -> &Response {
        match &self.reply {
            Reply::Answer(answer) => &answer.response,
            Reply::Decline(decline) => panic!("it declined: {}", decline.reason()),
        }
    }

    /// The reason of a decline.
    pub fn declined(&self) -> Option<&str> {
        match &self.reply {
            Reply::Answer(_) => None,
            Reply::Decline(decline) => Some(decline.reason()),
        }
    }

    /// The response's status.
    pub fn status(&self) -> u16 {
        self.response().status.as_u16()
    }

    /// The response's body as a text.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.response().body).into_owned()
    }

    /// The records.
    pub fn records(&self) -> Vec<&Record> {
        match &self.reply {
            Reply::Answer(answer) => answer.effects.iter().filter_map(as_record).collect(),
            Reply::Decline(_) => Vec::new(),
        }
    }

    /// What makes the request the same event as others, by `once`.
    pub fn once(&self) -> Option<String> {
        let Reply::Answer(answer) = &self.reply else { return None };
        answer.effects.iter().find_map(|effect| match effect {
            Effect::Once(once) => Some(String::from_utf8_lossy(&once.key).into_owned()),
            _ => None,
        })
    }

    /// The first record's value as JSON.
    ///
    /// # Panics
    /// Without a record, or where its value is no JSON.
    pub fn record_json(&self) -> serde_json::Value {
        let records = self.records();
        let value = records.first().and_then(|record| record.value.as_ref()).expect("a record");
        serde_json::from_slice(value).expect("a record in JSON")
    }

    /// The ids of the rules that fired, in the order of the file.
    pub fn fired(&self) -> Vec<String> {
        let rules = self.rules.names.iter().zip(&self.rules.outcomes);
        rules.filter(|(_, outcome)| outcome.broken).map(|(id, _)| id.to_string()).collect()
    }

    /// The rules that were asked, and whether they fired.
    pub fn rules(&self) -> HashMap<String, bool> {
        let rules = self.rules.names.iter().zip(&self.rules.outcomes);
        let asked = rules.filter(|(_, outcome)| outcome.held || outcome.broken);
        asked.map(|(id, outcome)| (id.to_string(), outcome.broken)).collect()
    }
}

fn as_record(effect: &Effect) -> Option<&Record> {
    match effect {
        Effect::Record(record) => Some(record),
        _ => None,
    }
}

/// A pipeline on ports that stand still never waits.
fn now_or_never(outcome: impl Future<Output = Outcome>) -> Outcome {
    let mut outcome = std::pin::pin!(outcome);
    match outcome.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the ports of a trial never wait"),
    }
}
