//! The ways in which a port goes wrong, each as a handler of its own around the right one. What each changes, and where
//! that must be found, stands in `tests/takeover/faults.rs`.

use bytes::Bytes;
use handover::Builder;
use handover_api::{Answer, Context, Effect, Field, Handler, Outcome, Record, Reply, Request};
use handover_demo::flights::CreateFlight;

/// A fault, by its name, and what it makes of a right answer.
type Fault = (&'static str, fn(&mut Answer));

/// All of them.
const FAULTS: [Fault; 30] = [
    ("type", |answer| in_record(answer, "flight", |number| format!("\"{number}\""))),
    ("rounding", |answer| in_record(answer, "distance_km", rounded)),
    ("number-form", |answer| {
        in_record(answer, "distance", |number| if number == "null" { number } else { number + ".0" })
    }),
    ("order", |answer| {
        each_record(answer, |text| {
            let rest = text.strip_prefix("{\"schema\":1,").and_then(|rest| rest.strip_suffix('}'));
            rest.map_or(text.clone(), |rest| format!("{{{rest},\"schema\":1}}"))
        });
    }),
    ("missing-rule", |answer| in_body(answer, |text| without_warning(text, "F130"))),
    ("missing-header", |answer| answer.response.fields.remove("Cache-Control")),
    ("other-type", |answer| field(answer, "Content-Type", "application/json; charset=utf-8")),
    ("another-header", |answer| field(answer, "Vary", "Accept")),
    ("cookie", |answer| field(answer, "Set-Cookie", "seen=1; Path=/")),
    ("doubled-effect", |answer| answer.effects.extend(answer.effects.clone())),
    ("missing-effect", |answer| answer.effects.retain(|effect| !is_to(effect, "ORD"))),
    ("wrong-key", |answer| records(answer).for_each(|record| record.key = record.key.as_ref().map(lower))),
    ("wrong-partition", |answer| records(answer).for_each(|record| record.partition = Some(99))),
    ("missing-effect-header", |answer| records(answer).for_each(|record| record.headers.clear())),
    ("effect-header", |answer| {
        records(answer)
            .for_each(|record| record.headers.iter_mut().for_each(|(_, value)| *value = upper(value)));
    }),
    ("status", |answer| {
        if answer.response.status == 202 {
            answer.response.status = http::StatusCode::CREATED;
        }
    }),
    ("missing-null", |answer| each_record(answer, |text| text.replacen("\"gate\":null,", "", 1))),
    ("empty-map", |answer| in_body(answer, |text| text.replacen("\"warnings\":[]", "\"warnings\":{}", 1))),
    ("flag", |answer| {
        in_record(answer, "cancelled", |flag| if flag == "true" { "1" } else { "0" }.to_owned())
    }),
    ("time-zone", |answer| {
        each_record(answer, |text| {
            let (head, tail) = text.split_once("\"arrival\":").unwrap_or((&text, ""));
            format!("{head}\"arrival\":{}", tail.replacen("-06:00\"", "-05:00\"", 1))
        });
    }),
    ("off-by-one", |answer| in_record(answer, "unix", |seconds| seconds.replace("null", "0") + "0")),
    ("weekday", |answer| in_record(answer, "weekday", |day| day.replace("Tuesday", "Wednesday"))),
    ("case", |answer| in_record(answer, "name", |name| name.to_uppercase())),
    ("cut-off", |answer| {
        in_record(answer, "maker", |maker| format!("{}\"", maker.chars().take(5).collect::<String>()))
    }),
    ("null-is-zero", |answer| in_record(answer, "air_time", |minutes| minutes.replace("null", "0"))),
    ("encoding", |answer| {
        in_body(answer, |text| text.replacen("\\/v1\\/airports\\/", "/v1/airports/", 1));
    }),
    ("clock", |answer| in_body_at(answer, "received_at", |_| "\"2001-01-01T00:00:00Z\"".to_owned())),
    ("other-id", |answer| in_body_at(answer, "id", |_| format!("\"{}\"", "0f".repeat(16)))),
    ("message", |answer| {
        in_body(answer, |text| text.replace(" is not in the register\"", " is not registered\""))
    }),
    ("line-end", |answer| in_body(answer, |text| text + "\n")),
];

/// Adds a handler for each.
pub(crate) fn plant(builder: Builder) -> Builder {
    FAULTS.iter().fold(builder, |builder, fault| builder.handler(fault.0, Planted(fault)))
}

struct Planted(&'static Fault);

impl Handler for Planted {
    async fn handle(&self, request: &Request, cx: &Context) -> Outcome {
        let mut reply = CreateFlight.handle(request, cx).await?;
        if let Reply::Answer(answer) = &mut reply {
            (self.0.1)(answer);
        }
        Ok(reply)
    }
}

fn records(answer: &mut Answer) -> impl Iterator<Item = &mut Record> {
    answer.effects.iter_mut().filter_map(|effect| match effect {
        Effect::Record(record) => Some(record),
        _ => None,
    })
}

fn each_record(answer: &mut Answer, change: impl Fn(String) -> String) {
    for record in records(answer) {
        record.value = record.value.as_deref().map(|value| change(text(value)).into());
    }
}

/// Changes the first value under that key in the record, as it stands there.
fn in_record(answer: &mut Answer, key: &str, change: impl Fn(String) -> String) {
    each_record(answer, |text| with(&text, key, &change));
}

fn in_body(answer: &mut Answer, change: impl FnOnce(String) -> String) {
    answer.response.body = change(text(&answer.response.body)).into();
}

/// The same of an accepted flight's answer.
fn in_body_at(answer: &mut Answer, key: &str, change: impl Fn(String) -> String) {
    in_body(answer, |text| with(&text, key, &change));
}

fn with(text: &str, key: &str, change: impl Fn(String) -> String) -> String {
    let name = format!("\"{key}\":");
    let Some(start) = text.find(&name).map(|at| at + name.len()) else { return text.to_owned() };
    let rest = &text[start..];
    let end = match rest.strip_prefix('"') {
        // None of these values has a quote in it.
        Some(inner) => inner.find('"').map_or(rest.len(), |end| end + 2),
        None => rest.find([',', '}', ']']).unwrap_or(rest.len()),
    };
    format!("{}{}{}", &text[..start], change(rest[..end].to_owned()), &rest[end..])
}

fn rounded(number: String) -> String {
    number.parse::<f64>().map_or(number, |number| number.round().to_string())
}

fn without_warning(text: String, code: &str) -> String {
    let begin = format!("{{\"code\":\"{code}\"");
    let Some(at) = text.find(&begin) else { return text };
    let end = text[at..].find('}').map_or(text.len(), |end| at + end + 1);
    let (before, after) = (&text[..at], &text[end..]);
    match after.strip_prefix(',') {
        Some(after) => format!("{before}{after}"),
        None => format!("{}{after}", before.trim_end_matches(',')),
    }
}

fn field(answer: &mut Answer, name: &'static str, value: &'static str) {
    if let Ok(field) = Field::new(name, value) {
        answer.response.fields.remove(name);
        answer.response.fields.push(field);
    }
}

fn is_to(effect: &Effect, airport: &str) -> bool {
    let to = format!("\"dest\":{{\"faa\":\"{airport}\"");
    matches!(effect, Effect::Record(record) if record.value.as_deref().is_some_and(|value| text(value).contains(&to)))
}

fn lower(bytes: &Bytes) -> Bytes {
    bytes.to_ascii_lowercase().into()
}

fn upper(bytes: &Bytes) -> Bytes {
    bytes.to_ascii_uppercase().into()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
