//! What a gate asks of the evidence that traffic gave, one need each.

use super::assess::gathered;
use super::said::{Need, NeedState, shown};
use super::{Gate, Seen};
use crate::evidence::{RuleCount, Standing};
use crate::experiment::OWN;

/// At most so many names are listed of what is missing.
const NAMES_MAX: usize = 5;

impl Gate {
    pub(super) fn samples(&self, standing: &Standing) -> Need {
        let have = standing.parity.samples();
        let how = match (have, standing.parity.declined.values().sum::<u64>()) {
            (0, declined) if declined > 0 => {
                "native declines everything: see the reasons in `handover parity`"
            }
            (0, _) => "nothing was comparable yet: `handover parity` says why",
            _ => "let traffic go on",
        };
        need("samples", have >= self.samples, format!("{have} of {}", self.samples), how)
    }

    pub(super) fn age(&self, standing: &Standing) -> Need {
        let age = gathered(standing);
        let found = format!("{} of {}", shown(age), shown(self.age));
        need("age", age >= self.age, found, "let it be gathered for longer: nights and Mondays differ")
    }

    pub(super) fn bound(&self, standing: &Standing, seen: Seen) -> Need {
        let (limit, confidence) = (self.mismatches, self.confidence);
        let met = seen.excludes(limit, confidence);
        let found = format!(
            "{} mismatches in {} counted of {} samples, {}: the rate is below {}, asked for {}",
            seen.mismatches,
            seen.requests,
            standing.parity.samples(),
            shapes(standing.shapes.len()),
            percent(seen.bound(confidence)),
            percent(limit),
        );
        // Where equal requests count, any will do.
        let which = if self.repeats.is_some() { "requests" } else { "different requests" };
        let more = |needed: u64| format!("{} more {which}", needed.saturating_sub(seen.requests));
        let how = match seen.needed(limit, confidence) {
            _ if met => String::new(),
            Some(needed) if seen.mismatches == 0 && self.repeats.is_some() => more(needed),
            Some(needed) if seen.mismatches == 0 => format!(
                "{}; one shape counts {} times at most, a request once; where the route has no input say `repeats`",
                more(needed),
                self.per_shape
            ),
            Some(needed) => format!(
                "mend what differs (the evidence starts anew), decide its clusters, or let {} match",
                more(needed)
            ),
            None => "mend what differs".to_owned(),
        };
        need("mismatches", met, found, &how)
    }

    /// The classes that are no samples, each with its largest share of all that was to be one.
    pub(super) fn shares(&self, standing: &Standing) -> Vec<Need> {
        let parity = &standing.parity;
        let sum = |by: &std::collections::BTreeMap<String, u64>| by.values().sum::<u64>();
        let (samples, declined, dropped) = (parity.samples(), sum(&parity.declined), sum(&parity.dropped));
        let not_comparable = sum(&parity.not_comparable);
        let all = samples + declined + dropped + not_comparable + parity.pending;
        let unattributed = sum(&parity.unattributed);
        let records = standing.effects.iter().filter(|(topic, _)| !topic.starts_with(OWN));
        let explained: u64 = records.map(|(_, n)| n).sum();
        [
            (
                "declined",
                declined,
                all,
                self.declined,
                "have native answer more: `handover parity` has the reasons",
            ),
            (
                "dropped",
                dropped,
                all,
                self.dropped,
                "lower the route's `sample`, or give the machine more room",
            ),
            (
                "pending",
                parity.pending,
                all,
                self.pending,
                "see that the tap reads legacy's topics to the end",
            ),
            ("not-comparable", not_comparable, all, self.not_comparable, "`handover parity` has the reasons"),
            (
                "unattributed",
                unattributed,
                explained + unattributed,
                self.unattributed,
                "correlate them, or have other senders marked: `handover parity` has the topics",
            ),
            (
                "ignored",
                parity.ignored + parity.noise,
                samples,
                self.ignored,
                "mend what is set aside, say by `alike` what noise may be, or allow more: `ignored`",
            ),
        ]
        .map(|(what, n, of, largest, how)| share(what, n, of, largest, how))
        .into()
    }

    pub(super) fn statuses(&self, standing: &Standing) -> Need {
        let wanted = self.statuses.iter().map(|class| format!("{class}xx"));
        let answered =
            standing.seen.keys().filter_map(|mark| mark.strip_prefix("status ")).map(str::to_owned);
        let all = wanted.chain(answered).collect();
        self.covered("statuses", all, |class| standing.compared.contains_key(&format!("status {class}")))
    }

    pub(super) fn types(&self, standing: &Standing) -> Need {
        let of =
            |mark: &String| mark.strip_prefix("answer ").or(mark.strip_prefix("request ")).map(str::to_owned);
        let all = standing.seen.keys().filter_map(of).collect();
        let compared = |media: &str| {
            ["answer", "request"].into_iter().all(|side| {
                let mark = format!("{side} {media}");
                !standing.seen.contains_key(&mark) || standing.compared.contains_key(&mark)
            })
        };
        self.covered("types", all, compared)
    }

    /// All of these must have been compared or be waived.
    fn covered(
        &self,
        what: &str,
        all: std::collections::BTreeSet<String>,
        is_compared: impl Fn(&str) -> bool,
    ) -> Need {
        let missing: Vec<&String> =
            all.iter().filter(|one| !is_compared(one) && self.waived(one).is_none()).collect();
        let waived = all.iter().filter(|one| !is_compared(one) && self.waived(one).is_some()).count();
        let found = match missing.is_empty() {
            true if waived > 0 => format!("{} compared, {waived} waived", listed(all.iter())),
            true => format!("{} compared", listed(all.iter())),
            false => format!("{} never compared", listed(missing.iter().copied())),
        };
        let how = missing.first().map_or_else(String::new, |first| {
            format!("send such requests, or say why they need not be: `waive = {{ \"{first}\" = \"…\" }}`")
        });
        need(what, missing.is_empty(), found, &how)
    }

    pub(super) fn effects(&self, topics: &[String], standing: &Standing) -> Need {
        if let Some(reason) = self.waived("effects") {
            return Need { state: NeedState::Waived, ..need("effects", true, reason.to_owned(), "") };
        }
        if topics.is_empty() {
            return Need {
                state: NeedState::Unmeasurable,
                ..need(
                    "effects",
                    false,
                    "nobody looks at what legacy does beside answering".to_owned(),
                    "name its topics (`shadow = { effects = … }`) and what of the application's own is seen (`observe`), or say why there is nothing: `waive = { effects = \"…\" }`",
                )
            };
        }
        let compared = |topic: &&String| standing.effects.contains_key(*topic);
        let missing: Vec<&String> = topics.iter().filter(|topic| !compared(topic)).collect();
        let found = match missing.is_empty() {
            true => format!("effects in {} compared", listed(topics.iter())),
            false => format!("no effect in {} was ever compared", listed(missing.iter().copied())),
        };
        need(
            "effects",
            missing.is_empty(),
            found,
            "send requests that legacy accepts, and see that the tap runs",
        )
    }

    /// Every rule must have come out both ways, where a handler is made of rules.
    pub(super) fn rules(&self, standing: &Standing) -> Option<Need> {
        if standing.rules.is_empty() {
            return None;
        }
        if let Some(reason) = self.waived("rules") {
            return Some(Need { state: NeedState::Waived, ..need("rules", true, reason.to_owned(), "") });
        }
        let waived = |name: &str| self.waived(&format!("rule:{name}")).is_some();
        let one_sided =
            |(name, count): &(&String, &RuleCount)| (count.held == 0 || count.broken == 0) && !waived(name);
        let missing: Vec<String> = standing
            .rules
            .iter()
            .filter(one_sided)
            .map(|(name, count)| match (count.held, count.broken) {
                (0, 0) => format!("{name} (never applied)"),
                (0, _) => format!("{name} (never held)"),
                _ => format!("{name} (never broken)"),
            })
            .collect();
        let all = standing.rules.len();
        let found = match missing.is_empty() {
            true => format!("{all} came out both ways"),
            false => {
                format!("{} of {all} did not come out both ways: {}", missing.len(), listed(missing.iter()))
            }
        };
        Some(need(
            "rules",
            missing.is_empty(),
            found,
            "send requests for them, or waive one: `\"rule:NAME\" = \"…\"`",
        ))
    }
}

pub(super) fn no_evidence() -> Need {
    Need {
        state: NeedState::Unmeasurable,
        ..need(
            "evidence",
            false,
            "none for this handler, this comparison and this legacy".to_owned(),
            "let traffic through: at stage shadow, or at native with a `verify` share",
        )
    }
}

pub(super) fn clusters(standing: &Standing) -> Need {
    let clusters = standing.parity.clusters;
    let (unreviewed, bugs) = (clusters.unreviewed, clusters.bug);
    let unclustered = standing.parity.unclustered;
    let found = match (unreviewed, bugs, unclustered) {
        (0, 0, 0) => format!("{}, all decided", clusters.total()),
        (_, _, 0) => format!("{unreviewed} unreviewed, {bugs} bugs"),
        _ => format!("{unreviewed} unreviewed, {bugs} bugs, {unclustered} differences beyond what is kept"),
    };
    let how = "decide each: `handover clusters ROUTE`, `handover clusters accept ID --reason …`; a bug is mended in the handler";
    need("clusters", unreviewed + bugs == 0 && unclustered == 0, found, how)
}

fn share(what: &str, n: u64, of: u64, largest: f64, how: &str) -> Need {
    let is = if of == 0 { 0.0 } else { n as f64 / of as f64 };
    need(what, is <= largest, format!("{} ({n} of {of}), at most {}", percent(is), percent(largest)), how)
}

fn shapes(n: usize) -> String {
    format!("{n} shape{}", if n == 1 { "" } else { "s" })
}

pub(super) fn need(what: &str, met: bool, found: String, how: &str) -> Need {
    let state = if met { NeedState::Met } else { NeedState::Missing };
    Need { what: what.to_owned(), state, found, how: (!met).then(|| how.to_owned()) }
}

pub(super) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n String>) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let mut text = names.take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 1.0 || percent == 0.0 { format!("{percent:.1} %") } else { format!("{percent:.2} %") }
}
