//! Judged first, redacted next, stored last.
//!
//! Cookies and authorization are never stored, whatever the policy says. Everything else goes by the policy's
//! [`Keep`]: equal values become their type and length, differing ones are shown after mails, card numbers and tokens
//! have got placeholders.

mod document;
mod faithful;
mod pair;
mod record;
mod scrub;
mod walk;

pub use pair::{
    StoredDifference, StoredEffects, StoredFound, StoredOutcome, StoredPair, StoredRead, StoredRecord,
    StoredRequest, StoredSide,
};
pub use scrub::RedactionKey;

use handover_api::{Fields, PortRead};

use crate::cluster::ClusterKey;
use crate::compare;
use crate::difference::{Difference, Found};
use crate::experiment::{EffectRecord, Effects, Experiment, Outcome, RecordedRequest, Side, Who};
use crate::path::{Part, Path};
use crate::policy::{Keep, Policy};
use crate::verdict::{Judgement, Verdict};
use document::{Redaction, is_secret};
use scrub::Scrubber;

/// Header fields whose values are nobody's data.
const PUBLIC_FIELDS: [&str; 14] = [
    "accept",
    "accept-encoding",
    "accept-ranges",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "host",
    "server",
    "vary",
    "x-powered-by",
];

/// Makes stored pairs of judged experiments.
pub struct Redactor {
    scrubber: Scrubber,
}

impl Redactor {
    /// A redactor whose placeholders come from that key.
    pub fn new(key: &RedactionKey) -> Self {
        Self { scrubber: Scrubber::new(key) }
    }

    /// The pair as it may be stored.
    pub fn pair(&self, experiment: &Experiment, judgement: &Judgement, policy: &Policy) -> StoredPair {
        let differences: Vec<(&Difference, Option<&String>)> = match &judgement.verdict {
            Verdict::Mismatched(standing) => standing.iter().map(|d| (d, None)).collect(),
            _ => Vec::new(),
        };
        let set_aside = judgement.set_aside.iter().map(|(difference, rule)| (difference, Some(rule)));
        let differences: Vec<_> = differences.into_iter().chain(set_aside).collect();
        let redaction = |of: fn(&Difference) -> Option<&Found>| {
            let differences = differences.iter().map(|(difference, _)| *difference);
            Redaction::new(&self.scrubber, policy.keep(), policy.reveal(), differences, of)
        };
        let (control, candidate) = (redaction(|d| d.control.as_ref()), redaction(|d| d.candidate.as_ref()));
        StoredPair {
            id: experiment.id.to_string(),
            route: experiment.route.clone(),
            at: experiment.at.to_string(),
            verdict: judgement.verdict.class(),
            reason: match &judgement.verdict {
                Verdict::NotComparable(reason) | Verdict::Declined(reason) => {
                    Some(self.scrubber.scrub(reason).into_owned())
                }
                _ => None,
            },
            kept: policy.keep(),
            cut: judgement.cut,
            request: request(&redaction(|_| None), &experiment.request, policy.keep()),
            control: side(&control, &experiment.control),
            candidate: side(&candidate, &experiment.candidate),
            differences: differences.into_iter().map(|(d, rule)| self.difference(d, rule, policy)).collect(),
        }
    }

    /// A text that the store counts under: a reason, a path whose keys may be anything.
    pub(crate) fn label(&self, text: &str) -> String {
        self.scrubber.scrub(text).into_owned()
    }

    fn difference(
        &self,
        difference: &Difference,
        rule: Option<&String>,
        policy: &Policy,
    ) -> StoredDifference {
        let found = |found: &Option<Found>| found.as_ref().map(|found| self.found(difference, found, policy));
        StoredDifference {
            path: self.label(&difference.path.to_string()),
            kind: difference.kind,
            severity: ClusterKey::of("", difference).severity,
            control: found(&difference.control),
            candidate: found(&difference.candidate),
            set_aside_by: rule.cloned(),
        }
    }

    fn found(&self, difference: &Difference, found: &Found, policy: &Policy) -> StoredFound {
        let path = &difference.path;
        let one = [difference];
        let keep = if is_secret_place(path) { Keep::Shapes } else { policy.keep() };
        let reveal = if is_secret_place(path) { &[][..] } else { policy.reveal() };
        let redaction = Redaction::new(&self.scrubber, keep, reveal, one.into_iter(), |_| Some(found));
        // What was cut is no JSON any more: its text is all there is.
        let text = match found.form {
            crate::Form::Array | crate::Form::Object if !found.cut => {
                redaction.document(path, found.text.as_bytes())
            }
            crate::Form::Array | crate::Form::Object => {
                format!("<{} of over {} bytes>", found.form.name(), found.text.len())
            }
            _ => redaction.text(path, &found.text),
        };
        StoredFound { form: found.form, changed: found.cut || text != found.text, text }
    }
}

/// A cookie's value, or what stands under a secret name.
fn is_secret_place(path: &Path) -> bool {
    let cookie = path.part() == Part::Header && path.steps().len() == 2;
    cookie || path.leaf().is_some_and(is_secret)
}

fn request(redaction: &Redaction<'_>, request: &RecordedRequest, keep: Keep) -> StoredRequest {
    let target = String::from_utf8_lossy(&request.target);
    let (path, query) =
        target.split_once('?').map_or((target.as_ref(), None), |(path, query)| (path, Some(query)));
    let path = redaction.scrubber.scrub(path);
    let is_form = request
        .fields
        .get("content-type")
        .is_some_and(|value| value.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded"));
    let place = Path::new(Part::Request);
    let body = request.body.bytes();
    StoredRequest {
        method: request.method.clone(),
        target: query
            .map_or_else(|| path.to_string(), |query| format!("{path}?{}", pairs(redaction, query, keep))),
        fields: fields(redaction, &request.fields),
        body: match std::str::from_utf8(body) {
            Ok(form) if is_form => pairs(redaction, form, keep),
            _ => redaction.document(&place, body),
        },
    }
}

/// `a=1&b=2`: names stay, values go by the policy.
fn pairs(redaction: &Redaction<'_>, text: &str, keep: Keep) -> String {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = match keep {
            Keep::Full if !is_secret(name) => redaction.scrubber.scrub(value).into_owned(),
            _ if value.is_empty() => String::new(),
            _ => format!("<{}>", value.len()),
        };
        format!("{}={value}", redaction.scrubber.scrub(name))
    };
    text.split('&').map(pair).collect::<Vec<_>>().join("&")
}

fn side(redaction: &Redaction<'_>, side: &Side) -> StoredSide {
    let scrub = |text: &str| redaction.scrubber.scrub(text).into_owned();
    StoredSide {
        who: match &side.who {
            Who::Legacy { version } => {
                format!("legacy {}", version.as_deref().unwrap_or("of unknown version"))
            }
            Who::Native { fingerprint } => format!("native {fingerprint}"),
        },
        outcome: match &side.outcome {
            Outcome::Answered(answer) => StoredOutcome::Answered {
                status: answer.status,
                fields: fields(redaction, &answer.fields),
                body: redaction.document(&Path::new(Part::Body), &compare::content(answer)),
            },
            Outcome::Declined(reason) => StoredOutcome::Declined(scrub(reason)),
            Outcome::Failed(reason) => StoredOutcome::Failed(scrub(reason)),
            Outcome::TimedOut => StoredOutcome::TimedOut,
        },
        effects: effects(redaction, &side.effects),
        own: side.own.iter().map(|(kind, of_kind)| (kind.clone(), effects(redaction, of_kind))).collect(),
        latency_us: u64::try_from(side.latency.as_micros()).unwrap_or(u64::MAX),
        reads: side.reads.iter().filter_map(|read| stored_read(read, &scrub)).collect(),
    }
}

fn effects(redaction: &Redaction<'_>, effects: &Effects) -> StoredEffects {
    match effects {
        Effects::Known(records) => {
            StoredEffects::Known(records.iter().map(|r| record(redaction, r)).collect())
        }
        Effects::Unobserved => StoredEffects::Unobserved,
        Effects::Pending => StoredEffects::Pending,
        Effects::NotComparable(reason) => {
            StoredEffects::NotComparable(redaction.scrubber.scrub(reason).into_owned())
        }
    }
}

fn stored_read(read: &PortRead, scrub: &impl Fn(&str) -> String) -> Option<StoredRead> {
    Some(match read {
        PortRead::Now(name, time) => StoredRead::Now(name.clone(), time.to_string()),
        PortRead::Id(name, id) => StoredRead::Id(name.clone(), scrub(id)),
        // Tables are read whole where a pair is run again; only recordings keep rows.
        PortRead::Row { .. } => return None,
        other => StoredRead::Other(scrub(&format!("{other:?}"))),
    })
}

fn fields(redaction: &Redaction<'_>, fields: &Fields) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let field = |field: &handover_api::Field| {
        let (name, value) = (text(field.name()), text(field.value()));
        let value = match name.to_ascii_lowercase().as_str() {
            "set-cookie" => cookie(&value),
            lower if is_secret(lower) => format!("<never stored {}>", value.len()),
            lower if PUBLIC_FIELDS.contains(&lower) => value,
            lower => redaction.text(&Path::new(Part::Header).key(lower), &value),
        };
        (name, value)
    };
    fields.iter().map(field).collect()
}

/// A cookie by its name and attributes.
fn cookie(value: &str) -> String {
    let (pair, attributes) = value.split_once(';').map_or((value, ""), |(pair, rest)| (pair, rest));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let separator = if attributes.is_empty() { "" } else { ";" };
    format!("{name}=<never stored {}>{separator}{attributes}", value.len())
}

fn record(redaction: &Redaction<'_>, record: &EffectRecord) -> StoredRecord {
    let place = |part| Path::new(part).key(&record.topic);
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    StoredRecord {
        topic: record.topic.clone(),
        partition: record.partition,
        key: record.key.as_deref().map(|key| redaction.text(&place(Part::EffectKey), &lossy(key))),
        value: record.value.as_deref().map(|value| redaction.document(&place(Part::Effect), value)),
        headers: record
            .headers
            .iter()
            .map(|(name, value)| {
                (name.clone(), redaction.text(&place(Part::EffectHeader).key(name), &lossy(value)))
            })
            .collect(),
    }
}
