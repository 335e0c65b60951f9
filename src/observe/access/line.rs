//! What a line of the access log says.

use std::io::Write as _;
use std::net::IpAddr;

use handover_http1::RequestHead;
use jiff::Timestamp;

use super::Form;
use crate::observe::Observation;
use crate::observe::legs::Legs;

/// One request, when it has ended.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    /// When it ended.
    pub at: Timestamp,
    /// What metrics know of it, too.
    pub observed: &'a Observation<'a>,
    /// The client.
    pub client: IpAddr,
    /// Its head.
    pub head: &'a RequestHead,
    /// The version that the client speaks.
    pub protocol: &'a str,
    /// Bytes of the answer's body.
    pub sent: u64,
    /// Why it went where it went.
    pub why: &'static str,
    /// Why native did not answer, or nobody could.
    pub failure: &'a str,
    /// The number of the generation that decided.
    pub generation: u64,
    /// How long each leg took.
    pub legs: &'a Legs,
}

impl Entry<'_> {
    /// Appends the line.
    pub(super) fn format(&self, form: Form, query: bool, line: &mut Vec<u8>) {
        match form {
            Form::Json => self.json(query, line),
            Form::Text => self.text(query, line),
        }
        line.push(b'\n');
    }

    fn json(&self, query: bool, line: &mut Vec<u8>) {
        let Self { at, observed, head, .. } = self;
        // Writing into memory cannot fail.
        let _ = write!(line, "{{\"time\":\"{at:.6}\",\"client.address\":\"{}\"", self.client);
        let mut json = Json(&mut *line);
        json.text("http.request.method", head.method());
        json.text("url.path", head.path());
        if let Some(query) = head.query().filter(|_| query) {
            json.text("url.query", query);
        }
        if let Some(host) = head.host() {
            json.text("server.address", host);
        }
        json.text("network.protocol", self.protocol.as_bytes());
        json.number("http.response.status_code", observed.status.into());
        json.number("http.response.body.size", self.sent);
        if let Some(route) = observed.route {
            json.text("http.route", route.as_bytes());
        }
        let _ = write!(json.0, ",\"handover.stage\":\"{}\"", observed.stage);
        json.text("handover.answered_by", observed.answered_by.label().as_bytes());
        json.text("handover.why", self.why.as_bytes());
        if !self.failure.is_empty() {
            json.text("handover.failure", self.failure.as_bytes());
        }
        json.number("handover.generation", self.generation);
        json.number("duration_us", observed.took.as_micros() as u64);
        for (name, micros) in self.legs.taken() {
            let _ = write!(json.0, ",\"{name}_us\":{micros}");
        }
        line.push(b'}');
    }

    fn text(&self, query: bool, line: &mut Vec<u8>) {
        let Self { at, observed, head, .. } = self;
        let query = head.query().filter(|_| query);
        let _ = write!(
            line,
            "{at:.3} {} \"{} {}{}{} {}\" {} {} {}us route={} stage={} by={} why={} generation={}",
            self.client,
            head.method().escape_ascii(),
            head.path().escape_ascii(),
            if query.is_some() { "?" } else { "" },
            query.unwrap_or_default().escape_ascii(),
            self.protocol,
            observed.status,
            self.sent,
            observed.took.as_micros(),
            observed.route.unwrap_or("-"),
            observed.stage,
            observed.answered_by.label(),
            self.why,
            self.generation,
        );
        for (name, micros) in self.legs.taken() {
            let _ = write!(line, " {name}={micros}us");
        }
        if !self.failure.is_empty() {
            let _ = write!(line, " failure={:?}", self.failure);
        }
    }
}

/// Members of an object of which one was written already.
struct Json<'a>(&'a mut Vec<u8>);

impl Json<'_> {
    /// Bytes that are no UTF-8 become U+FFFD: a reader of JSON could not read them.
    fn text(&mut self, name: &str, value: &[u8]) {
        let _ = write!(self.0, ",\"{name}\":");
        let _ = serde_json::to_writer(&mut *self.0, &String::from_utf8_lossy(value));
    }

    fn number(&mut self, name: &str, value: u64) {
        let _ = write!(self.0, ",\"{name}\":{value}");
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use handover_http1::{Leniency, Limits};

    use super::*;
    use crate::observe::AnsweredBy;
    use crate::observe::legs::Leg;
    use crate::route::Stage;

    static OBSERVED: Observation<'static> = Observation {
        route: Some("create-event"),
        stage: Stage::Canary,
        answered_by: AnsweredBy::Fallback,
        status: 201,
        broken_off: false,
        shared_fault: false,
        took: Duration::from_micros(1234),
    };

    fn head(target: &str) -> RequestHead {
        let text = format!("POST {target} HTTP/1.1\r\nHost: shop.example\r\n\r\n");
        let lenient = Leniency { non_ascii_target: true, ..Leniency::default() };
        RequestHead::parse(text.as_bytes(), &Limits::default(), &lenient).unwrap()
    }

    /// Any.
    pub(in crate::observe::access) fn entry() -> Entry<'static> {
        let (head, legs) = (head("/v1/events?email=a@b"), Legs::new(true));
        legs.set(Leg::Native, Duration::from_micros(800));
        legs.set(Leg::Answered, Duration::from_micros(300));
        Entry {
            at: Timestamp::from_microsecond(1_790_000_000_123_456).unwrap(),
            observed: &OBSERVED,
            client: [192, 0, 2, 7].into(),
            head: Box::leak(Box::new(head)),
            protocol: "HTTP/1.1",
            sent: 17,
            why: "canary_in",
            failure: "timed out",
            generation: 3,
            legs: Box::leak(Box::new(legs)),
        }
    }

    fn line(entry: &Entry<'_>, form: Form, query: bool) -> String {
        let mut line = Vec::new();
        entry.format(form, query, &mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_line_says_who_answered_why_and_how_long_each_leg_took() {
        assert_eq!(
            line(&entry(), Form::Text, false),
            "2026-09-21T14:13:20.123Z 192.0.2.7 \"POST /v1/events HTTP/1.1\" 201 17 1234us route=create-event \
             stage=canary by=fallback why=canary_in generation=3 native=800us answered=300us failure=\"timed out\"\n"
        );
        assert_eq!(
            line(&entry(), Form::Json, false),
            "{\"time\":\"2026-09-21T14:13:20.123456Z\",\"client.address\":\"192.0.2.7\",\
             \"http.request.method\":\"POST\",\"url.path\":\"/v1/events\",\"server.address\":\"shop.example\",\
             \"network.protocol\":\"HTTP/1.1\",\"http.response.status_code\":201,\"http.response.body.size\":17,\
             \"http.route\":\"create-event\",\"handover.stage\":\"canary\",\"handover.answered_by\":\"fallback\",\
             \"handover.why\":\"canary_in\",\"handover.failure\":\"timed out\",\"handover.generation\":3,\
             \"duration_us\":1234,\"native_us\":800,\"answered_us\":300}\n"
        );
    }

    #[test]
    fn the_query_is_there_only_where_it_was_asked_for() {
        for form in [Form::Json, Form::Text] {
            assert!(!line(&entry(), form, false).contains("email"));
            assert!(line(&entry(), form, true).contains("email=a@b"));
        }
    }

    #[test]
    fn whatever_a_client_sends_a_line_is_one_line_of_good_json() {
        for target in ["/a\"b\\c", "/\u{e9}", "/{$,}"] {
            let head = head(target);
            let entry = Entry { head: &head, ..entry() };
            let json: serde_json::Value = serde_json::from_str(&line(&entry, Form::Json, true)).unwrap();
            assert_eq!(json["url.path"], target);
            assert_eq!(line(&entry, Form::Text, true).matches('\n').count(), 1);
        }
    }
}
