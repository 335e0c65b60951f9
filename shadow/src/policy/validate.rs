//! From the raw table to a valid policy, all faults at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use ring::digest::{SHA256, digest};

use super::alike::Test;
use super::inject::TimeForm;
use super::raw::{AlikeRaw, CorrelateRaw, EffectsRaw, IgnoreRaw, InjectRaw, PolicyRaw, Within};
use super::{Alike, EffectPolicy, Ignore, Inject, Keep, Of, Policy, Source};
use crate::path::{InvalidPattern, Part, Pattern};

/// Raised whenever the judge itself changes its mind about some pair: evidence then starts anew.
const COMPARISON: u32 = 4;

/// How long legacy may send after its answer, unless said otherwise.
const WINDOW: Duration = Duration::from_secs(5);

/// One fault of a policy: which field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {message}")]
pub struct PolicyFault {
    /// The field, as a path below the table: `ignore[1].path`.
    pub field: String,
    /// What is wrong, and what to write.
    pub message: String,
}

/// Gathers faults, so that one look at the file finds all of them.
#[derive(Default)]
struct Faults(Vec<PolicyFault>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, message: impl ToString) {
        self.0.push(PolicyFault { field: field.into(), message: message.to_string() });
    }

    fn ok<T, E: ToString>(&mut self, field: impl Into<String>, result: Result<T, E>) -> Option<T> {
        result.map_err(|fault| self.add(field, fault)).ok()
    }
}

impl PolicyRaw {
    /// The policy, or everything that is wrong with it.
    pub fn validate(self) -> Result<Policy, Vec<PolicyFault>> {
        let mut faults = Faults::default();
        let (hash, written) = (hash(&self), serde_json::to_string(&self).unwrap_or_default());
        let (sample, noise) = (self.sample.unwrap_or(1.0), self.noise.unwrap_or(0.0));
        for (field, share) in [("sample", sample), ("noise", noise)] {
            if !(0.0..=1.0).contains(&share) {
                faults.add(field, format!("{share} is no share: write a number from 0 to 1"));
            }
        }
        let (topics, several) = match self.effects {
            None => (Vec::new(), false),
            Some(raw) => {
                let topics = raw.into_vec();
                let several = topics.len() != 1;
                (topics, several)
            }
        };
        let field = |at| if several { format!("effects[{at}]") } else { "effects".to_owned() };
        let effects = topics
            .into_iter()
            .enumerate()
            .filter_map(|(at, raw)| effect(raw, &field(at), &mut faults))
            .collect();
        let waives_calls = self.unseen_calls.is_some();
        if self.unseen_calls.is_some_and(|reason| reason.trim().is_empty()) {
            faults.add("unseen_calls", "is empty: say why native's HTTP calls need not be compared");
        }
        let observed = observed(self.observe, &self.unseen_effects, &mut faults);
        let waived = waived(self.unseen_effects, &mut faults);
        let inject =
            self.inject.into_iter().filter_map(|(port, raw)| inject(port, raw, &mut faults)).collect();
        let ignore =
            enumerated(self.ignore, "ignore").filter_map(|(f, raw)| ignore(raw, &f, &mut faults)).collect();
        let alike =
            enumerated(self.alike, "alike").filter_map(|(f, raw)| alike(raw, &f, &mut faults)).collect();
        let reveal =
            enumerated(self.reveal, "reveal").filter_map(|(f, raw)| faults.ok(f, raw.parse())).collect();
        let keep = self.store;
        let policy = Policy {
            sample,
            noise,
            effects,
            observed,
            waives_calls,
            waived,
            inject,
            ignore,
            alike,
            keep,
            reveal,
            hash,
            written,
        };
        if faults.0.is_empty() { Ok(policy) } else { Err(faults.0) }
    }
}

fn enumerated<T>(list: Vec<T>, field: &str) -> impl Iterator<Item = (String, T)> {
    list.into_iter().enumerate().map(move |(at, raw)| (format!("{field}[{at}]"), raw))
}

fn effect(raw: EffectsRaw, field: &str, faults: &mut Faults) -> Option<EffectPolicy> {
    let topic = (!raw.topic.is_empty()).then_some(raw.topic);
    if topic.is_none() {
        faults.add(format!("{field}.topic"), "the topic's name is empty");
    }
    let window = raw.window.map_or(Some(WINDOW), |text| duration(&text, &format!("{field}.window"), faults));
    let correlate = format!("{field}.correlate");
    let (record, of) = match raw.correlate {
        CorrelateRaw::Same(text) => {
            let source: Source = faults.ok(&correlate, text.parse())?;
            if source == Source::Key {
                faults.add(
                    &correlate,
                    "an answer has no key: write { record = \"key\", answer = \"json:/POINTER\" }",
                );
            }
            (Some(source.clone()), Some(Of::Answer(source)))
        }
        CorrelateRaw::Pair { record, answer, request } => {
            let of = match (answer, request) {
                (Some(answer), None) => {
                    faults.ok(format!("{correlate}.answer"), not_a_key(&answer)).map(Of::Answer)
                }
                (None, Some(request)) => {
                    faults.ok(format!("{correlate}.request"), not_a_key(&request)).map(Of::Request)
                }
                _ => {
                    faults.add(
                        &correlate,
                        "say either `answer` or `request`: where the record's value is known from",
                    );
                    None
                }
            };
            (faults.ok(format!("{correlate}.record"), record.parse()), of)
        }
    };
    Some(EffectPolicy { topic: topic?, record: record?, of: of?, window: window? })
}

fn observed(kinds: Vec<String>, unseen: &BTreeMap<String, String>, faults: &mut Faults) -> Vec<String> {
    for (at, kind) in kinds.iter().enumerate() {
        let field = format!("observe[{at}]");
        if unseen.contains_key(kind) {
            faults.add(field, format!("`{kind}` is in `unseen_effects`, too: it is seen or it is not"));
        } else if kinds[..at].contains(kind) {
            faults.add(field, format!("`{kind}` stands there twice"));
        }
    }
    kinds
}

fn waived(unseen: BTreeMap<String, String>, faults: &mut Faults) -> BTreeSet<String> {
    for (kind, reason) in &unseen {
        if reason.trim().is_empty() {
            faults.add(
                format!("unseen_effects.{kind}"),
                "is empty: say why these effects need not be compared",
            );
        }
    }
    unseen.into_keys().collect()
}

fn not_a_key(text: &str) -> Result<Source, String> {
    match text.parse() {
        Ok(Source::Key) => Err("only records have a key: write `header:NAME` or `json:/POINTER`".to_owned()),
        Ok(source) => Ok(source),
        Err(fault) => Err(fault.to_string()),
    }
}

fn inject(port: String, raw: InjectRaw, faults: &mut Faults) -> Option<Inject> {
    let field = format!("inject.{port}");
    match raw {
        InjectRaw::Text(from) => {
            let from = faults.ok(field, not_a_key(&from))?;
            Some(Inject { port, from, time: None })
        }
        InjectRaw::Time { from, time, zone } => {
            let from = faults.ok(format!("{field}.from"), not_a_key(&from));
            let form = TimeForm::named(&time);
            if form.is_none() {
                let known = "rfc3339, http, unix, unix-ms, or a format such as %Y-%m-%d %H:%M:%S";
                faults.add(format!("{field}.time"), format!("`{time}` is no form of time: write {known}"));
            }
            let zone = zone.map_or(Ok(TimeZone::UTC), |name| TimeZone::get(&name));
            let zone = faults.ok(format!("{field}.zone"), zone);
            Some(Inject { port, from: from?, time: Some((form?, zone?)) })
        }
    }
}

fn ignore(raw: IgnoreRaw, field: &str, faults: &mut Faults) -> Option<Ignore> {
    for (name, text) in [("author", &raw.author), ("reason", &raw.reason)] {
        if text.trim().is_empty() {
            faults.add(format!("{field}.{name}"), "is empty: a rule says who decided it and why");
        }
    }
    let expires = raw.expires.map_or(Some(None), |day| {
        let start =
            day.parse().and_then(|day: Date| day.to_zoned(TimeZone::UTC)).map(|day| Some(day.timestamp()));
        faults.ok(
            format!("{field}.expires"),
            start.map_err(|_| format!("`{day}` is no day: write it as 2026-03-31")),
        )
    });
    let path = faults.ok(format!("{field}.path"), compared(&raw.path));
    let name = raw.name.unwrap_or(raw.path);
    let expires: Option<Timestamp> = expires?;
    Some(Ignore { name, path: path?, kind: raw.kind, author: raw.author, reason: raw.reason, expires })
}

fn alike(raw: AlikeRaw, field: &str, faults: &mut Faults) -> Option<Alike> {
    let test = match (raw.both, raw.within, raw.matches) {
        (Some(form), None, None) => match form.as_str() {
            "uuid" => Some(Test::Uuids),
            "timestamp" => Some(Test::Timestamps),
            "number" => Some(Test::Numbers),
            _ => {
                faults.add(
                    format!("{field}.both"),
                    format!("`{form}` is no form: write uuid, timestamp or number"),
                );
                None
            }
        },
        (None, Some(Within::Number(limit)), None) => Some(Test::NumbersWithin(limit)),
        (None, Some(Within::Duration(text)), None) => {
            duration(&text, &format!("{field}.within"), faults).map(Test::TimesWithin)
        }
        (None, None, Some(regex)) => {
            faults.ok(format!("{field}.matches"), Regex::new(&format!("^(?:{regex})$"))).map(Test::Match)
        }
        _ => {
            faults.add(field, "say exactly one of `both`, `within` and `matches`");
            None
        }
    };
    let path = faults.ok(format!("{field}.path"), compared(&raw.path));
    Some(Alike { path: path?, test: test? })
}

/// A place where differences can be set aside.
fn compared(path: &str) -> Result<Pattern, String> {
    let pattern: Pattern = path.parse().map_err(|fault: InvalidPattern| fault.to_string())?;
    match pattern.part() {
        Part::Outcome => Err("no answer is always a mismatch: `outcome` cannot be set aside".to_owned()),
        Part::Request => {
            Err("requests are not compared: write a path into the answer, as `body:/id`".to_owned())
        }
        _ => Ok(pattern),
    }
}

fn duration(text: &str, field: &str, faults: &mut Faults) -> Option<Duration> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    faults.ok(field, parsed.ok_or_else(|| format!("`{text}` is no duration: write it as 5s, 500ms or 2m")))
}

/// Hashes what decides what differs. The JSON of the raw table is canonical: its fields stand in the order of the type.
fn hash(raw: &PolicyRaw) -> String {
    let mut judged = raw.clone();
    (judged.sample, judged.noise, judged.store) = (None, None, Keep::default());
    judged.reveal.clear();
    judged.ignore.clear();
    judged.unseen_calls = judged.unseen_calls.map(|_| String::new());
    judged.unseen_effects.values_mut().for_each(String::clear);
    let text = serde_json::to_vec(&judged).unwrap_or_default();
    let hash = digest(&SHA256, &[&COMPARISON.to_le_bytes()[..], &text].concat());
    hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
