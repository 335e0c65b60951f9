//! A route's `gate = { … }` table as the file has it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Gate, OnChange, Profile};

/// The `gate` table of a route. What is left out is the profile's.
///
/// ```
/// let raw: handover_shadow::GateRaw = serde_json::from_str(
///     r#"{ "profile": "tail", "samples": 30, "waive": { "4xx": "there is no wrong input" } }"#,
/// ).unwrap();
/// let gate = raw.validate().unwrap();
/// assert_eq!((gate.samples, gate.mismatches), (30, 0.1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GateRaw {
    /// `critical`, `standard` (when left out) or `tail`.
    pub profile: Profile,
    /// How many requests native must have answered comparably.
    pub samples: Option<u64>,
    /// For how long evidence must have been gathered: `"24h"`, `"7d"`.
    pub age: Option<String>,
    /// What the rate of mismatches must be shown to be below, 0 to 1.
    pub mismatches: Option<f64>,
    /// How sure that must be: the share of routes for which such a bound holds at all times.
    pub confidence: Option<f64>,
    /// How often requests of one shape count at most, each different one once.
    pub per_shape: Option<u64>,
    /// The largest share of requests that native leaves to legacy.
    pub declined: Option<f64>,
    /// The largest share of experiments that were not made or lost.
    pub dropped: Option<f64>,
    /// The largest share of pairs whose effects were never decided.
    pub pending: Option<f64>,
    /// The largest share of pairs of which nothing can be said.
    pub not_comparable: Option<f64>,
    /// The largest share of legacy's records that no request explains.
    pub unattributed: Option<f64>,
    /// The largest share of samples with differences that were set aside, by rules, by decisions or as noise.
    pub ignored: Option<f64>,
    /// Status classes that must have been compared, beside those that legacy answers with: `["2xx", "4xx"]`.
    pub statuses: Option<Vec<String>>,
    /// Files of PHP of which every line must be reached by a compared request, or accepted with a reason.
    pub lines: Vec<String>,
    /// What need not be covered, with the reason: `5xx`, `effects`, `rules`, `rule:NAME`, a type such as `image/png`.
    pub waive: BTreeMap<String, String>,
    /// Why equal requests count as often as they come: the route has no input that could make them differ.
    pub repeats: Option<String>,
    /// What becomes of a native route when its evidence starts anew: `keep` (when left out), `canary` or `shadow`.
    pub on_change: OnChange,
}

/// One fault of a gate: which field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {message}")]
pub struct GateFault {
    /// The field, as a path below the table: `waive.5xx`.
    pub field: String,
    /// What is wrong, and what to write.
    pub message: String,
}

impl GateRaw {
    /// The policy, or everything that is wrong with it.
    pub fn validate(self) -> Result<Gate, Vec<GateFault>> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, message: String| {
            faults.push(GateFault { field: field.to_owned(), message });
        };
        let mut gate = Gate::of(self.profile);
        let shares = [
            ("mismatches", self.mismatches, &mut gate.mismatches),
            ("confidence", self.confidence, &mut gate.confidence),
            ("declined", self.declined, &mut gate.declined),
            ("dropped", self.dropped, &mut gate.dropped),
            ("pending", self.pending, &mut gate.pending),
            ("not_comparable", self.not_comparable, &mut gate.not_comparable),
            ("unattributed", self.unattributed, &mut gate.unattributed),
            ("ignored", self.ignored, &mut gate.ignored),
        ];
        for (name, given, share) in shares {
            match given {
                Some(given) if (0.0..=1.0).contains(&given) => *share = given,
                Some(given) => fault(name, format!("{given} is no share: write a number from 0 to 1")),
                None => {}
            }
        }
        if gate.mismatches == 0.0 {
            fault("mismatches", "no number of samples shows a rate of 0: write 0.001 or the like".to_owned());
        }
        if gate.confidence >= 1.0 || gate.confidence < 0.5 {
            fault("confidence", "write a number from 0.5 on and below 1".to_owned());
        }
        for (name, given, count) in
            [("samples", self.samples, &mut gate.samples), ("per_shape", self.per_shape, &mut gate.per_shape)]
        {
            match given {
                Some(0) => fault(name, "there must be at least one".to_owned()),
                Some(given) => *count = given,
                None => {}
            }
        }
        if let Some(text) = &self.age {
            match age(text) {
                Some(age) => gate.age = age,
                None => fault("age", format!("`{text}` is no duration: write it as 24h, 7d or 30m")),
            }
        }
        if let Some(statuses) = &self.statuses {
            gate.statuses.clear();
            for (at, text) in statuses.iter().enumerate() {
                match class(text) {
                    Some(class) => _ = gate.statuses.insert(class),
                    None => fault(&format!("statuses[{at}]"), format!("`{text}` is no class: write 2xx")),
                }
            }
        }
        for (what, reason) in &self.waive {
            let begins = ["rule:", "line:", "talks ", "writes ", "starts "];
            let known = matches!(what.as_str(), "effects" | "rules")
                || class(what).is_some()
                || what.contains('/')
                || begins.iter().any(|begin| what.starts_with(begin));
            if !known {
                let ways = "write 5xx, effects, rules, rule:NAME, line:SOURCE:NUMBER, a type such as image/png, or what \
                            `handover effects` lists";
                fault(&format!("waive.{what}"), format!("`{what}` is nothing that a gate asks for: {ways}"));
            }
            if reason.trim().is_empty() {
                fault(&format!("waive.{what}"), "is empty: a waiver says why".to_owned());
            }
        }
        if self.repeats.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            fault("repeats", "is empty: say why equal requests count as often as they come".to_owned());
        }
        if let Some(at) = self.lines.iter().position(|source| source.is_empty()) {
            fault(&format!("lines[{at}]"), "is empty: write includes/rules/* or the like".to_owned());
        }
        (gate.lines, gate.waive) = (self.lines, self.waive);
        (gate.repeats, gate.on_change) = (self.repeats, self.on_change);
        if faults.is_empty() { Ok(gate) } else { Err(faults) }
    }
}

fn age(text: &str) -> Option<Duration> {
    // A day of a gate has 24 hours, wherever clocks are put forward.
    let hours = text.strip_suffix('d').and_then(|days| days.trim().parse::<u64>().ok()).map(|days| days * 24);
    match hours {
        Some(hours) => Some(Duration::from_secs(hours * 3600)),
        None => text.parse::<SignedDuration>().ok().and_then(|age| Duration::try_from(age).ok()),
    }
}

/// `2xx` → 2.
fn class(text: &str) -> Option<u16> {
    text.strip_suffix("xx")?.parse().ok().filter(|class| (1..=5).contains(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_told_at_once_with_their_fields() {
        let raw: GateRaw = serde_json::from_str(
            r#"{"samples": 0, "mismatches": 0, "declined": 2, "age": "soon", "statuses": ["2xx", "x"],
                "waive": {"5xx": " ", "luck": "yes"}, "repeats": ""}"#,
        )
        .unwrap();
        let faults = raw.validate().unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        let expected =
            ["declined", "mismatches", "samples", "age", "statuses[1]", "waive.5xx", "waive.luck", "repeats"];
        assert_eq!(fields, expected);
        assert!(serde_json::from_str::<GateRaw>(r#"{"sample": 1}"#).is_err());
    }

    #[test]
    fn figures_that_are_given_take_the_profiles_place() {
        let raw = r#"{"profile": "critical", "age": "2d", "statuses": [], "on_change": "shadow"}"#;
        let gate = serde_json::from_str::<GateRaw>(raw).unwrap().validate().unwrap();
        let expected = Gate {
            age: Duration::from_secs(2 * 24 * 3600),
            statuses: [].into(),
            on_change: OnChange::Shadow,
            ..Gate::of(Profile::Critical)
        };
        assert_eq!(gate, expected);
    }
}
