//! An answer's effects, sorted: each kind has its place, so that none is lost on the way.

use handover_api::{Call, Effect, Once, Own, Record, Session};

use super::{NotCommitted, before};

/// The effects of one answer.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What makes it the same event as others.
    pub once: Option<Once>,
    /// What the application commits.
    pub own: Vec<Own>,
    /// The records.
    pub records: Vec<Record>,
    /// The calls.
    pub calls: Vec<Call>,
    /// The session as it is to be stored.
    pub session: Option<Session>,
}

/// Two keys, of which one would be overlooked.
#[derive(Debug, thiserror::Error)]
#[error("the answer has two idempotency marks: an event has one key")]
struct TwoMarks;

impl Parts {
    /// Sorts the effects of an answer.
    pub(super) fn of(effects: Vec<Effect>) -> Result<Self, NotCommitted> {
        let mut parts = Self { records: Vec::with_capacity(effects.len()), ..Self::default() };
        for effect in effects {
            match effect {
                Effect::Record(record) => parts.records.push(record),
                Effect::Call(call) => parts.calls.push(call),
                Effect::Own(own) => parts.own.push(*own),
                Effect::Session(session) => parts.session = Some(*session),
                Effect::Once(once) if parts.once.is_none() => parts.once = Some(once),
                Effect::Once(_) => return Err(before(TwoMarks)),
            }
        }
        Ok(parts)
    }

    /// Whether anything of it goes to Kafka, to the spool or to the application.
    pub(super) fn has_any_to_send(&self) -> bool {
        !(self.records.is_empty() && self.calls.is_empty() && self.own.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_two_keys_is_not_committed() {
        let once = |key: &'static str| Effect::from(Once::by(key));
        assert!(Parts::of(vec![once("a")]).is_ok_and(|parts| parts.once == Some(Once::by("a"))));
        assert!(matches!(Parts::of(vec![once("a"), once("b")]), Err(NotCommitted::Before(_))));
    }
}
