//! Spans as OTLP has them, in JSON (the OpenTelemetry protocol's own mapping of its protocol buffers).

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{Trace, nanos};
use crate::observe::access::Entry;

/// The request's own span: `SPAN_KIND_SERVER`.
const SERVER: u8 = 2;

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// One request, as a collector is told of it. It owns all, since it leaves its core.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Its place in its trace.
    pub trace: Trace,
    /// When it ended.
    pub ended: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The host that it was for.
    pub host: Option<String>,
    /// The client.
    pub client: IpAddr,
    /// The answer's status; 0 when the client was gone before.
    pub status: u16,
    /// The route.
    pub route: Option<String>,
    /// The rest: names and values.
    pub more: Vec<(&'static str, String)>,
    /// How many microseconds each leg took.
    pub legs: Vec<(&'static str, u64)>,
}

/// A whole request to a collector.
pub(super) fn message(service: &str, spans: &[Span]) -> Value {
    let resource = [text("service.name", service), text("service.version", env!("CARGO_PKG_VERSION"))];
    let spans: Vec<Value> = spans.iter().map(Span::json).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "handover" }, "spans": spans }],
    }] })
}

impl Span {
    /// Of a request that has ended.
    pub(crate) fn of(trace: Trace, entry: &Entry<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let observed = entry.observed;
        let mut more = vec![
            ("handover.stage", observed.stage.to_string()),
            ("handover.answered_by", observed.answered_by.label().to_owned()),
            ("handover.why", entry.why.to_owned()),
        ];
        if !entry.failure.is_empty() {
            more.push(("handover.failure", entry.failure.to_owned()));
        }
        Self {
            trace,
            ended: SystemTime::now(),
            took: observed.took,
            method: text(entry.head.method()),
            path: text(entry.head.path()),
            host: entry.head.host().map(text),
            client: entry.client,
            status: observed.status,
            route: observed.route.map(str::to_owned),
            more,
            legs: entry.legs.taken().collect(),
        }
    }

    fn json(&self) -> Value {
        let Trace { id, parent, span, .. } = self.trace;
        let end = nanos(self.ended);
        let start = end.saturating_sub(self.took.as_nanos() as u64);
        let name = match &self.route {
            Some(route) => format!("{} {route}", self.method),
            None => self.method.clone(),
        };
        let mut json = json!({
            "traceId": format!("{id:032x}"),
            "spanId": format!("{span:016x}"),
            "name": name,
            "kind": SERVER,
            "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": end.to_string(),
            "attributes": self.attributes(),
        });
        if let Some(parent) = parent {
            json["parentSpanId"] = format!("{parent:016x}").into();
        }
        if self.status >= 500 || self.status == 0 {
            json["status"] = json!({ "code": ERROR });
        }
        json
    }

    fn attributes(&self) -> Vec<Value> {
        let mut all = vec![
            text("http.request.method", &self.method),
            text("url.path", &self.path),
            text("client.address", &self.client.to_string()),
            number("http.response.status_code", self.status.into()),
        ];
        all.extend(self.host.as_deref().map(|host| text("server.address", host)));
        all.extend(self.route.as_deref().map(|route| text("http.route", route)));
        all.extend(self.more.iter().map(|(name, value)| text(name, value)));
        all.extend(self.legs.iter().map(|(leg, micros)| number(&format!("handover.{leg}_us"), *micros)));
        all
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// 64-bit numbers are texts in this mapping.
fn number(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}
