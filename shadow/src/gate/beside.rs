//! What a gate asks of what a legacy of one's own showed, beside traffic: what else legacy does, and which of its lines no
//! compared request has reached.

use std::collections::BTreeMap;

use super::needs::{listed, need};
use super::said::{Need, NeedState};
use super::{Gate, Profile};
use crate::evidence::Standing;

/// Something that legacy does beside answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// What, such as `starts /usr/sbin/sendmail`.
    pub what: String,
    /// Whether it is what the comparison looks at: the records that it sends.
    pub compared: bool,
}

/// What was seen of a legacy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Of<T> {
    /// The version that it said it has; `None` where it said none.
    pub legacy: Option<String>,
    /// What was seen.
    pub seen: T,
}

/// What a legacy of one's own showed. What nobody has looked at is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsed {
    /// What it does beside answering.
    pub others: Option<Of<Vec<Other>>>,
    /// The lines that no compared request has reached, by source; of a source that was reached whole, none.
    pub unreached: Option<Of<BTreeMap<String, Vec<u32>>>>,
}

impl<T> Of<T> {
    /// Why this says nothing of the legacy that the evidence is of.
    fn stale(&self, standing: &Standing) -> Option<String> {
        let of = &standing.parity.evidence.legacy;
        let legacy = self.legacy.as_ref().filter(|legacy| *legacy != of)?;
        Some(format!("legacy {legacy} was looked at, and the evidence is of legacy {of}"))
    }
}

impl Gate {
    /// Why something that legacy does need not be compared: waivers name it, a `*` in them stands for anything.
    pub fn waives(&self, other: &Other) -> Option<&str> {
        self.matching(&other.what)
    }

    /// Why a line of legacy's need not have been reached.
    pub fn accepts_line(&self, source: &str, line: u32) -> Option<&str> {
        self.matching(&format!("line:{source}:{line}"))
    }

    fn matching(&self, what: &str) -> Option<&str> {
        self.waive.iter().find(|(pattern, _)| is_like(what, pattern)).map(|(_, why)| why.as_str())
    }

    /// Where nobody looked, only a critical route's gate asks somebody to.
    pub(super) fn others(&self, rehearsed: &Rehearsed, standing: &Standing) -> Option<Need> {
        let what = "other-effects";
        let look = format!("look: `handover effects {} --with RECORDING`", standing.parity.evidence.route);
        let Some(of) = &rehearsed.others else {
            let nobody = "nobody has looked at what else legacy does".to_owned();
            let need = Need { state: NeedState::Unmeasurable, ..need(what, false, nobody, &look) };
            return (self.profile == Profile::Critical).then_some(need);
        };
        if let Some(stale) = of.stale(standing) {
            return Some(need(what, false, stale, &look));
        }
        let is_open = |other: &&Other| !other.compared && self.waives(other).is_none();
        let open: Vec<&String> = of.seen.iter().filter(is_open).map(|other| &other.what).collect();
        let (all, first) = (of.seen.len(), open.first().copied().cloned().unwrap_or_default());
        let found = match open.is_empty() {
            true => format!("{all}, each compared or waived"),
            false => format!(
                "{} of {all} neither compared nor waived: {}",
                open.len(),
                listed(open.iter().copied())
            ),
        };
        let how = format!(
            "have it compared (`shadow = {{ effects = … }}`), or say why it need not be: `waive = {{ \"{first}\" = \"…\" }}`"
        );
        Some(need(what, open.is_empty(), found, &how))
    }

    /// Asked only of the sources that the gate names.
    pub(super) fn lines(&self, rehearsed: &Rehearsed, standing: &Standing) -> Option<Need> {
        if self.lines.is_empty() {
            return None;
        }
        let what = "lines";
        let look = format!("look: `handover coverage {} --with RECORDING`", standing.parity.evidence.route);
        let Some(of) = &rehearsed.unreached else {
            let nobody = "nobody has looked at which lines of legacy were reached".to_owned();
            return Some(Need { state: NeedState::Unmeasurable, ..need(what, false, nobody, &look) });
        };
        if let Some(stale) = of.stale(standing) {
            return Some(need(what, false, stale, &look));
        }
        let unknown = |pattern: &&String| !of.seen.keys().any(|source| is_like(source, pattern));
        if let Some(pattern) = self.lines.iter().find(unknown) {
            let found = format!("no request reached a source that is called {pattern}");
            return Some(need(
                what,
                false,
                found,
                "name sources that the route is made of, or send requests for them",
            ));
        }
        let named: Vec<_> =
            of.seen.iter().filter(|(source, _)| self.lines.iter().any(|p| is_like(source, p))).collect();
        let missing: Vec<String> =
            named.iter().flat_map(|(source, lines)| self.unwaived(source, lines)).collect();
        let found = match missing.is_empty() {
            true => format!("every line of {} sources compared or waived", named.len()),
            false => {
                format!("{} never reached by a compared request: {}", missing.len(), listed(missing.iter()))
            }
        };
        let how = format!(
            "`handover fuzz {}` aims at them; or say why one need not be: `waive = {{ \"line:{}\" = \"…\" }}`",
            standing.parity.evidence.route,
            missing.first().map_or("", String::as_str)
        );
        Some(need(what, missing.is_empty(), found, &how))
    }

    fn unwaived(&self, source: &str, lines: &[u32]) -> Vec<String> {
        let open = lines.iter().filter(|line| self.accepts_line(source, **line).is_none());
        open.map(|line| format!("{source}:{line}")).collect()
    }
}

/// Whether a text is what a pattern says, whose `*` stand for anything.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (text, pattern, is) in [
            ("starts /bin/sh", "starts /bin/sh", true),
            ("starts /bin/sh", "starts /bin/bash", false),
            ("starts /bin/sh", "starts /bin", false),
            ("starts /bin/sh", "starts *", true),
            ("writes /tmp/a/b", "writes */b", true),
            ("writes /tmp/a/b", "writes */c*", false),
            ("aba", "ab*ba", false),
            ("", "*", true),
        ] {
            assert_eq!(is_like(text, pattern), is, "{text} {pattern}");
        }
    }
}
