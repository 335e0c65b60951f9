//! Puts evidence to a gate: each thing that it asks for, what there is of it, and how to get the rest.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::needs::{clusters, no_evidence};
use super::said::{Assessment, Estimate, Need};
use super::{Gate, Rehearsed, Seen};
use crate::evidence::{ShapeCount, Standing};

/// What is put to the gate.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The route's name.
    pub route: &'a str,
    /// The topics that the comparison looks at.
    pub topics: &'a [String],
    /// Its evidence, for the handler and the comparison that there are now.
    pub standing: Option<&'a Standing>,
    /// What a legacy of one's own showed.
    pub rehearsed: &'a Rehearsed,
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
    /// a mismatch always counts, so that leaving repetitions out can only make the bound larger. Of one that is not told
    /// apart by shape the request was counted elsewhere.
    fn counted(&self, standing: &Standing) -> Seen {
        let of = |shape: &ShapeCount| {
            let requests = match self.repeats {
                Some(_) => shape.samples,
                None => shape.distinct.min(shape.samples).min(self.per_shape),
            };
            (requests.max(shape.mismatched.min(shape.samples)), shape.mismatched)
        };
        let (requests, mismatches) =
            standing.shapes.iter().map(of).fold((0, 0), |all, shape| (all.0 + shape.0, all.1 + shape.1));
        Seen { requests: requests.max(mismatches), mismatches }
    }

    /// How many requests can come to count by waiting alone.
    fn room(&self, standing: &Standing, seen: Seen) -> u64 {
        let of = |shape: &ShapeCount| {
            let is_known = shape.samples >= shape.distinct.saturating_mul(KNOWN_BY_HEART);
            if is_known { shape.distinct.min(self.per_shape) } else { self.per_shape }
        };
        match self.repeats {
            Some(_) => u64::MAX,
            None => standing.shapes.iter().map(of).fold(seen.mismatches, u64::saturating_add),
        }
    }

    fn needs(&self, asked: &Asked<'_>, standing: &Standing, seen: Seen) -> Vec<Need> {
        let mut needs = vec![self.samples(standing), self.age(standing), self.bound(standing, seen)];
        needs.extend(self.shares(standing));
        needs.push(clusters(standing));
        needs.push(self.statuses(standing));
        needs.push(self.types(standing));
        needs.push(self.effects(asked.topics, standing));
        needs.extend(self.rules(standing));
        needs.extend(self.others(asked.rehearsed, standing));
        needs.extend(self.lines(asked.rehearsed, standing));
        needs
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
        let room = self.room(standing, seen);
        if needed > room {
            let (samples, shapes) = (standing.parity.samples(), standing.shapes.len());
            return Estimate::Unknown(format!(
                "the {samples} samples are of {shapes} shapes that count {room} requests at most as traffic goes, {needed} are \
                 needed: new shapes, other values, a larger `per_shape`, or `repeats` with a reason where the route has no input"
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

/// From so many samples a different request on, a shape's requests are taken to be all known: no more of them come by waiting.
const KNOWN_BY_HEART: u64 = 10;

/// What a replay must show: that nothing differs which nobody set aside, and, where the route has a gate, that what it
/// covers is what the gate asks to be covered. How many and how old the samples are says nothing there.
pub fn replayed(gate: Option<&Gate>, asked: &Asked<'_>) -> Vec<Need> {
    let Some(standing) = asked.standing else { return vec![no_evidence()] };
    let shares = match gate {
        Some(gate) => gate.shares(standing),
        None => Gate::of(super::Profile::Standard).shares(standing),
    };
    // What a replay has no part of. What was recorded before its effects were known is compared by nobody.
    let live = ["dropped", "unattributed"];
    let mut needs: Vec<Need> =
        shares.into_iter().filter(|need| !live.contains(&need.what.as_str())).collect();
    needs.push(clusters(standing));
    if let Some(gate) = gate {
        needs.push(gate.statuses(standing));
        needs.push(gate.types(standing));
        needs.push(gate.effects(asked.topics, standing));
        needs.extend(gate.rules(standing));
    }
    needs
}

/// For how long evidence was gathered.
pub(super) fn gathered(standing: &Standing) -> Duration {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let parity = &standing.parity;
    time(&parity.first)
        .zip(time(&parity.last))
        .and_then(|(first, last)| Duration::try_from(last.duration_since(first)).ok())
        .unwrap_or_default()
}
