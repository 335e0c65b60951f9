//! Makes lines of a recording: experiments that can be run again, without what is somebody's.

use std::borrow::Cow;

use bytes::Bytes;
use handover_api::PortRead;

use super::Redactor;
use super::faithful::Faithful;
use crate::compare;
use crate::experiment::{
    Answer, Body, EffectRecord, Effects, Experiment, Outcome, RecordedRequest, SessionState, Side, Who,
};
use crate::path::{Part, Path};
use crate::recording::{
    Content, Recorded, Saved, SavedEffects, SavedOutcome, SavedRead, SavedRecord, SavedSession, SavedSide,
};
use crate::shape::{media, parameter};

impl Redactor {
    /// The experiment as a line of a recording.
    pub fn record(&self, experiment: &Experiment) -> Recorded {
        // Places of the request are told too: what native makes of a placeholder may differ from what legacy made of
        // the value, wherever it shows.
        let mut legacy = Faithful::new(&self.scrubber);
        let request = request(&mut legacy, &experiment.request);
        let mut native = Faithful::new(&self.scrubber);
        let is_native = matches!(experiment.control.who, Who::Native { .. });
        let (of_control, of_candidate) =
            if is_native { (&mut native, &mut legacy) } else { (&mut legacy, &mut native) };
        let control = side(of_control, &experiment.control);
        let candidate = side(of_candidate, &experiment.candidate);
        let mut redacted: Vec<String> = legacy.places.iter().map(Path::to_string).collect();
        redacted.sort_unstable();
        redacted.dedup();
        Recorded {
            id: experiment.id.to_string(),
            route: experiment.route.clone(),
            at: experiment.at.to_string(),
            request,
            control,
            candidate,
            redacted,
        }
    }

    /// A record as it stands in a line.
    pub(crate) fn saved_record(&self, effect: &EffectRecord) -> SavedRecord {
        record(&mut Faithful::new(&self.scrubber), effect)
    }
}

fn request(faithful: &mut Faithful<'_>, request: &RecordedRequest) -> Saved {
    let place = Path::new(Part::Request);
    let target = &request.target;
    let at = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
    let mut redacted = faithful.bytes(&place, &target[..at]).to_vec();
    if let Some(query) = target.get(at + 1..) {
        redacted.push(b'?');
        redacted.extend_from_slice(&faithful.form(&place, query));
    }
    let body = request.body.bytes();
    let body = match media(request).as_str() {
        _ if is_encoded(&request.fields) => faithful.sealed(&place, body),
        "application/x-www-form-urlencoded" if !begins_an_object(body) => faithful.form(&place, body),
        "multipart/form-data" => match parameter(&request.fields, "boundary") {
            Some(boundary) if !boundary.is_empty() => faithful.multipart(&place, body, &boundary),
            _ => faithful.document(&place, body),
        },
        _ => faithful.document(&place, body),
    };
    Saved {
        method: request.method.clone(),
        target: Content::of(&redacted),
        fields: fields(faithful, &request.fields),
        body: Content::of(&body),
        params: request
            .params
            .iter()
            .map(|(name, value)| (name.clone(), Content::of(&faithful.bytes(&place, value))))
            .collect(),
    }
}

fn side(faithful: &mut Faithful<'_>, side: &Side) -> SavedSide {
    let (kind, version) = match &side.who {
        Who::Legacy { version } => ("legacy", version.clone()),
        Who::Native { fingerprint } => ("native", Some(fingerprint.clone())),
    };
    SavedSide {
        who: kind.to_owned(),
        version,
        outcome: match &side.outcome {
            Outcome::Answered(answer) => SavedOutcome::Answered {
                status: answer.status,
                fields: fields(faithful, &answer.fields),
                body: Content::of(&body(faithful, answer)),
                cut: matches!(answer.body, Body::Cut(_)),
            },
            Outcome::Declined(reason) => SavedOutcome::Declined(faithful.reason(reason)),
            Outcome::Failed(reason) => SavedOutcome::Failed(faithful.reason(reason)),
            Outcome::TimedOut => SavedOutcome::TimedOut,
        },
        effects: effects(faithful, &side.effects),
        own: side.own.iter().map(|(kind, of_kind)| (kind.clone(), effects(faithful, of_kind))).collect(),
        session: match &side.session {
            SessionState::Unobserved => SavedSession::Unobserved,
            SessionState::Known(values) => {
                SavedSession::Known(Content::of(&faithful.document(&Path::new(Part::Session), values)))
            }
            SessionState::NotComparable(reason) => SavedSession::NotComparable(faithful.reason(reason)),
        },
        latency_us: u64::try_from(side.latency.as_micros()).unwrap_or(u64::MAX),
        reads: side.reads.iter().filter_map(|read| saved_read(faithful, read)).collect(),
    }
}

/// Without its coding; who compares looks for one, and takes what is not encoded as it is. What stays encoded nobody can
/// look into.
fn body(faithful: &mut Faithful<'_>, answer: &Answer) -> Bytes {
    let place = Path::new(Part::Body);
    match compare::content(answer) {
        Cow::Borrowed(encoded) if is_encoded(&answer.fields) => faithful.sealed(&place, encoded),
        content => faithful.document(&place, &content),
    }
}

fn is_encoded(fields: &handover_api::Fields) -> bool {
    let coding = fields.get("content-encoding").unwrap_or_default().trim_ascii();
    !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
}

fn fields(faithful: &mut Faithful<'_>, fields: &handover_api::Fields) -> Vec<(String, Content)> {
    faithful.fields(fields).into_iter().map(|(name, value)| (name, Content::of(&value))).collect()
}

fn effects(faithful: &mut Faithful<'_>, effects: &Effects) -> SavedEffects {
    match effects {
        Effects::Known(records) => SavedEffects::Known(records.iter().map(|r| record(faithful, r)).collect()),
        Effects::Unobserved => SavedEffects::Unobserved,
        Effects::Pending => SavedEffects::Pending,
        Effects::NotComparable(reason) => SavedEffects::NotComparable(faithful.reason(reason)),
    }
}

fn record(faithful: &mut Faithful<'_>, record: &EffectRecord) -> SavedRecord {
    let place = |part| Path::new(part).key(&record.topic);
    let headers = record.headers.iter().map(|(name, value)| {
        let value = faithful.named(&place(Part::EffectHeader).key(name), name, value);
        (name.clone(), Content::of(&value))
    });
    let headers = headers.collect();
    let key = record.key.as_deref().map(|key| Content::of(&faithful.bytes(&place(Part::EffectKey), key)));
    let value =
        record.value.as_deref().map(|value| Content::of(&faithful.document(&place(Part::Effect), value)));
    SavedRecord { topic: record.topic.clone(), partition: record.partition, key, value, headers }
}

fn saved_read(faithful: &mut Faithful<'_>, read: &PortRead) -> Option<SavedRead> {
    // What a port gave is compared nowhere, so that its place is no matter.
    let nowhere = Path::new(Part::Request);
    Some(match read {
        PortRead::Now(name, time) => SavedRead::Now(name.clone(), time.to_string()),
        PortRead::Id(name, id) => SavedRead::Id(name.clone(), faithful.text(&nowhere, id).into_owned()),
        PortRead::Row { table, key, row } => SavedRead::Row {
            table: table.clone(),
            key: Content::of(&faithful.bytes(&nowhere, key)),
            row: row.as_ref().map(|cells| {
                let cell = |(column, cell): &(String, Bytes)| {
                    (column.clone(), Content::of(&faithful.named(&nowhere, column, cell)))
                };
                cells.iter().map(cell).collect()
            }),
        },
        // A kind of read that this version cannot serve again.
        _ => return None,
    })
}

/// Whether a body is JSON, whatever its type says: as a form of one long name it would be escaped anew. A name may well begin with `[`.
fn begins_an_object(body: &[u8]) -> bool {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start().starts_with(b"{")
}

#[cfg(test)]
mod tests {
    use handover_api::Fields;

    use super::*;
    use crate::Body;
    use crate::redact::{RedactionKey, Scrubber};

    #[test]
    fn json_that_is_called_a_form_stays_json() {
        let scrubber = Scrubber::new(&RedactionKey::new([7; 32]));
        for (before, after) in [("", ""), ("\u{feff}", ""), (" \n", "\n")] {
            let mut fields = Fields::new();
            fields.append("Content-Type", "application/x-www-form-urlencoded").unwrap();
            let body = format!("{before}{{\"contact\":\"ann@example.org\",\"remarks\":\"a & b\"}}{after}");
            let (method, target) = ("POST".to_owned(), "/".into());
            let request = RecordedRequest {
                method,
                target,
                fields,
                body: Body::Whole(body.clone().into()),
                params: Vec::new(),
            };
            let saved = super::request(&mut Faithful::new(&scrubber), &request);
            let saved = serde_json::to_value(&saved).unwrap();
            let text = saved["body"].as_str().unwrap();
            let (start, end) = (
                format!("{before}{{\"contact\":\""),
                format!("@redacted.example\",\"remarks\":\"a & b\"}}{after}"),
            );
            assert!(text.starts_with(&start) && text.ends_with(&end), "{body}: {text}");
        }
    }
}
