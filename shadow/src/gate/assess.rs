//! Puts evidence to a gate: each thing that it asks for, what there is of it, and how to get the rest.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::said::{Assessment, Estimate, Need, NeedState, shown};
use super::{Gate, Seen};
use crate::decision::State;
use crate::evidence::{RuleCount, ShapeCount, Standing};

/// At most so many names are listed of what is missing.
const NAMES_MAX: usize = 5;

/// What is put to the gate.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The route's name.
    pub route: &'a str,
    /// The topics that the comparison looks at.
    pub topics: &'a [String],
    /// Its evidence, for the handler and the comparison that there are now.
    pub standing: Option<&'a Standing>,
    /// The time.
    pub now: Timestamp,
}

impl Gate {
    /// Puts evidence to the gate.
    pub fn assess(&self, asked: &Asked<'_>) -> Assessment {
        let seen = asked.standing.map_or_else(Seen::default, |standing| self.counted(standing));
        let needs = match asked.standing {
            None => vec![no_evidence()],
            Some(standing) => self.needs(asked, standing, seen),
        };
        let open = !needs.iter().any(|need| need.state.shuts());
        let estimate = match asked.standing {
            _ if open => Estimate::Open,
            None => Estimate::Unknown("there is no evidence yet".to_owned()),
            Some(standing) => self.estimate(standing, seen, &needs, asked.now),
        };
        Assessment {
            route: asked.route.to_owned(),
            open,
            evidence: asked.standing.map(|standing| standing.parity.evidence.clone()),
            gate: self.clone(),
            at: asked.now.to_string(),
            samples: asked.standing.map_or(0, |standing| standing.parity.samples()),
            counted: seen.requests,
            mismatches: seen.mismatches,
            bound: seen.bound(self.confidence),
            needs,
            estimate,
        }
    }

    /// What counts towards the bound. Each different request of a shape counts once, and a shape so often at most;
    /// a mismatch always counts, so that leaving repetitions out can only make the bound larger.
    fn counted(&self, standing: &Standing) -> Seen {
        let of = |shape: &ShapeCount| {
            let requests = match self.repeats {
                Some(_) => shape.samples,
                None => shape.distinct.min(shape.samples).min(self.per_shape),
            };
            (requests.max(shape.mismatched), shape.mismatched)
        };
        standing.shapes.iter().map(of).fold(Seen::default(), |all, (requests, mismatches)| Seen {
            requests: all.requests + requests,
            mismatches: all.mismatches + mismatches,
        })
    }

    fn needs(&self, asked: &Asked<'_>, standing: &Standing, seen: Seen) -> Vec<Need> {
        let mut needs = vec![self.samples(standing), self.age(standing), self.bound(standing, seen)];
        needs.extend(self.shares(standing));
        needs.push(clusters(standing));
        needs.push(self.statuses(standing));
        needs.push(self.types(standing));
        needs.push(self.effects(asked.topics, standing));
        needs.extend(self.rules(standing));
        needs
    }

    fn samples(&self, standing: &Standing) -> Need {
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

    fn age(&self, standing: &Standing) -> Need {
        let age = gathered(standing);
        let found = format!("{} of {}", shown(age), shown(self.age));
        need("age", age >= self.age, found, "let it be gathered for longer: nights and Mondays differ")
    }

    fn bound(&self, standing: &Standing, seen: Seen) -> Need {
        let (limit, confidence) = (self.mismatches, self.confidence);
        let met = seen.excludes(limit, confidence);
        let found = format!(
            "{} mismatches in {} counted of {} samples, {} shapes: the rate is below {}, asked for {}",
            seen.mismatches,
            seen.requests,
            standing.parity.samples(),
            standing.shapes.len(),
            percent(seen.bound(confidence)),
            percent(limit),
        );
        let how = match seen.needed(limit, confidence) {
            _ if met => String::new(),
            Some(needed) if seen.mismatches == 0 => format!(
                "{} more different requests; one shape counts {} times at most",
                needed.saturating_sub(seen.requests),
                self.per_shape
            ),
            Some(needed) => format!(
                "mend what differs (the evidence starts anew), decide its clusters, or let {} more different requests match",
                needed.saturating_sub(seen.requests)
            ),
            None => "mend what differs".to_owned(),
        };
        need("mismatches", met, found, &how)
    }

    /// The classes that are no samples, each with its largest share of all that was to be one.
    fn shares(&self, standing: &Standing) -> Vec<Need> {
        let parity = &standing.parity;
        let sum = |by: &std::collections::BTreeMap<String, u64>| by.values().sum::<u64>();
        let (samples, declined, dropped) = (parity.samples(), sum(&parity.declined), sum(&parity.dropped));
        let not_comparable = sum(&parity.not_comparable);
        let all = samples + declined + dropped + not_comparable + parity.pending;
        let unattributed = sum(&parity.unattributed);
        let explained: u64 = standing.effects.values().sum();
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
                parity.ignored,
                samples,
                self.ignored,
                "mend what is set aside, or allow more: `ignored`",
            ),
        ]
        .map(|(what, n, of, largest, how)| share(what, n, of, largest, how))
        .into()
    }

    fn statuses(&self, standing: &Standing) -> Need {
        let wanted = self.statuses.iter().map(|class| format!("{class}xx"));
        let answered =
            standing.seen.keys().filter_map(|mark| mark.strip_prefix("status ")).map(str::to_owned);
        let all = wanted.chain(answered).collect();
        self.covered("statuses", all, |class| standing.compared.contains_key(&format!("status {class}")))
    }

    fn types(&self, standing: &Standing) -> Need {
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

    fn effects(&self, topics: &[String], standing: &Standing) -> Need {
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
                    "name its topics (`shadow = { effects = … }`), or say why there is nothing: `waive = { effects = \"…\" }`",
                )
            };
        }
        let compared = |topic: &&String| standing.effects.contains_key(*topic);
        let missing: Vec<&String> = topics.iter().filter(|topic| !compared(topic)).collect();
        let found = match missing.is_empty() {
            true => format!("records of {} compared", listed(topics.iter())),
            false => format!("no record of {} was ever compared", listed(missing.iter().copied())),
        };
        need(
            "effects",
            missing.is_empty(),
            found,
            "send requests that legacy accepts, and see that the tap runs",
        )
    }

    /// Every rule must have come out both ways, where a handler is made of rules.
    fn rules(&self, standing: &Standing) -> Option<Need> {
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

    fn estimate(&self, standing: &Standing, seen: Seen, needs: &[Need], now: Timestamp) -> Estimate {
        let waits: Vec<&str> =
            needs.iter().filter(|need| need.state.shuts()).map(|n| n.what.as_str()).collect();
        let by_itself = |what: &&str| matches!(*what, "samples" | "age" | "mismatches");
        if let Some(other) = waits.iter().find(|what| !by_itself(what)) {
            return Estimate::Unknown(format!("`{other}` does not come by waiting alone"));
        }
        let since = standing.parity.first.parse::<Timestamp>().map(|first| now.duration_since(first));
        let Some(since) =
            since.ok().map(|since: SignedDuration| since.as_secs_f64()).filter(|since| *since > 0.0)
        else {
            return Estimate::Unknown("the evidence has no age yet".to_owned());
        };
        let until = |have: u64, needed: u64| match needed.saturating_sub(have) {
            0 => 0.0,
            _ if have == 0 => f64::INFINITY,
            missing => missing as f64 * since / have as f64,
        };
        let Some(needed) = seen.needed(self.mismatches, self.confidence) else {
            return Estimate::Unknown("no number of matches makes up for these mismatches".to_owned());
        };
        let room = match self.repeats {
            Some(_) => u64::MAX,
            None => (standing.shapes.len() as u64).saturating_mul(self.per_shape) + seen.mismatches,
        };
        if needed > room {
            let shapes = standing.shapes.len();
            return Estimate::Unknown(format!(
                "{shapes} shapes count {room} requests at most, {needed} are needed: new shapes, a larger `per_shape`, \
                 or `repeats` with a reason where the route has no input"
            ));
        }
        let age = self.age.saturating_sub(gathered(standing)).as_secs_f64();
        let waits = until(standing.parity.samples(), self.samples).max(until(seen.requests, needed)).max(age);
        if waits.is_finite() {
            Estimate::In(waits.ceil() as u64)
        } else {
            Estimate::Unknown("there is no traffic".to_owned())
        }
    }
}

fn no_evidence() -> Need {
    Need {
        state: NeedState::Unmeasurable,
        ..need(
            "evidence",
            false,
            "none for this handler, this comparison and this legacy".to_owned(),
            "put the route at stage shadow and let traffic through",
        )
    }
}

fn clusters(standing: &Standing) -> Need {
    let of = |state: State| standing.parity.clusters.iter().filter(move |c| c.state == state);
    let (unreviewed, bugs) = (of(State::Unreviewed).count(), of(State::Bug).count());
    let unclustered = standing.parity.unclustered;
    let found = match (unreviewed, bugs, unclustered) {
        (0, 0, 0) => format!("{}, all decided", standing.parity.clusters.len()),
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

fn need(what: &str, met: bool, found: String, how: &str) -> Need {
    let state = if met { NeedState::Met } else { NeedState::Missing };
    Need { what: what.to_owned(), state, found, how: (!met).then(|| how.to_owned()) }
}

/// For how long evidence was gathered.
fn gathered(standing: &Standing) -> Duration {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let parity = &standing.parity;
    time(&parity.first)
        .zip(time(&parity.last))
        .and_then(|(first, last)| Duration::try_from(last.duration_since(first)).ok())
        .unwrap_or_default()
}

fn listed<'n>(names: impl ExactSizeIterator<Item = &'n String>) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let mut text = names.take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 1.0 || percent == 0.0 { format!("{percent:.1} %") } else { format!("{percent:.2} %") }
}
