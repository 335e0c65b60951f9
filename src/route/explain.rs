//! `[explain]`: an answer says why it came from where it came, and who may, forces a stage for one request.
//!
//! Forcing is for a try with a real request, and for support: `X-Handover-Stage: native KEY`. The field never travels
//! on, whoever sends it; without the right key it changes nothing. It cannot do what the operators have ruled out: a
//! retired route stays so, and an override is only ever left for legacy.

use handover_http1::RequestHead;
use ring::digest::{Digest, SHA256, digest};

use super::decide::{Decision, Plan};
use super::{Route, Stage};
use crate::observe::AnsweredBy;

/// What `[explain]` says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Explain {
    /// The field by which each answer says why it came from where it came.
    pub field: Option<String>,
    /// How a stage is forced.
    pub force: Option<Force>,
}

/// How a stage is forced.
#[derive(Clone, Debug)]
pub(crate) struct Force {
    /// The field of a request that says the stage and the key.
    pub field: String,
    /// What the key comes to; `None` where its file could not be read, and nobody may.
    pub key: Option<Key>,
}

/// A key, as a digest: comparing two of them tells nothing of what they were made of, however long it takes.
#[derive(Clone, Debug)]
pub(crate) struct Key(Digest);

impl Key {
    /// Of a file's content; a line end behind the key does not count.
    pub(crate) fn of(text: &[u8]) -> Self {
        Self(digest(&SHA256, text.trim_ascii_end()))
    }

    fn is(&self, given: &[u8]) -> bool {
        self.0.as_ref() == digest(&SHA256, given).as_ref()
    }
}

/// What was asked for, by somebody who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forced {
    /// Legacy answers; nothing runs beside it.
    Legacy,
    /// Legacy answers, native runs dry beside it.
    Shadow,
    /// Native answers; legacy on decline or fallback.
    Native,
}

impl Explain {
    /// What a request forces. The field that says so is taken out of its head.
    pub(crate) fn forced(&self, head: &mut RequestHead) -> Option<Forced> {
        let force = self.force.as_ref()?;
        let name = force.field.as_bytes();
        let forced = {
            let mut values = head.fields().get_all(name);
            match (values.next()?, values.next()) {
                (only, None) => force.read(only),
                _ => None,
            }
        };
        head.remove_fields(name);
        forced
    }
}

impl Force {
    /// Reads `STAGE KEY`.
    fn read(&self, value: &[u8]) -> Option<Forced> {
        let at = memchr::memchr(b' ', value)?;
        let (stage, key) = (&value[..at], value[at..].trim_ascii_start());
        if !self.key.as_ref()?.is(key) {
            return None;
        }
        match stage {
            b"legacy" => Some(Forced::Legacy),
            b"shadow" => Some(Forced::Shadow),
            b"native" => Some(Forced::Native),
            _ => None,
        }
    }
}

impl Forced {
    /// What is done with a request of that route; `None` where it may not be forced.
    pub(crate) fn plan(self, route: &Route) -> Option<Plan> {
        if route.stage == Stage::Retired {
            return None;
        }
        let may_run = route.spec.has_successor() && route.overridden.is_none();
        match self {
            Self::Legacy => Some(Plan::Legacy),
            Self::Shadow => may_run.then_some(Plan::Shadow),
            Self::Native => may_run.then_some(Plan::Native),
        }
    }
}

impl Decision<'_> {
    /// The same as a field's value, a dictionary (RFC 8941): who answers, why, by which generation.
    pub(crate) fn field(&self, by: AnsweredBy, generation: u64) -> String {
        let (by, why) = (by.label(), self.why.label());
        match self.route {
            Some(route) => {
                let (name, stage) = (route.name(), route.stage);
                format!("by={by}, why={why}, route=\"{name}\", stage={stage}, generation={generation}")
            }
            None => format!("by={by}, why={why}, generation={generation}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use handover_http1::{Leniency, Limits};

    use super::*;

    fn explain() -> Explain {
        let key = Some(Key::of(b"a key of the team's\n"));
        let force = Force { field: "X-Stage".to_owned(), key };
        Explain { field: None, force: Some(force) }
    }

    fn forced(fields: &str) -> (Option<Forced>, String) {
        let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}Accept: */*\r\n\r\n");
        let mut head = RequestHead::parse(text.as_bytes(), &Limits::default(), &Leniency::default()).unwrap();
        let forced = explain().forced(&mut head);
        let left = head.fields().iter().map(|field| String::from_utf8_lossy(field.name).into_owned());
        (forced, left.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn who_has_the_key_forces_a_stage_and_the_field_goes_either_way() {
        for (fields, expected) in [
            ("X-Stage: native a key of the team's\r\n", Some(Forced::Native)),
            ("x-stage: legacy  a key of the team's \r\n", Some(Forced::Legacy)),
            ("X-Stage: shadow a key of the team's\r\n", Some(Forced::Shadow)),
            ("X-Stage: native another key\r\n", None),
            ("X-Stage: native\r\n", None),
            ("X-Stage: native \r\n", None),
            ("X-Stage: retired a key of the team's\r\n", None),
            ("X-Stage: native a key of the team's\r\nX-Stage: legacy a key of the team's\r\n", None),
            ("", None),
        ] {
            assert_eq!(forced(fields), (expected, "Host Accept".to_owned()), "{fields}");
        }
    }

    #[test]
    fn a_key_that_could_not_be_read_is_nobodys() {
        let mut explain = explain();
        explain.force.as_mut().unwrap().key = None;
        let text = b"GET / HTTP/1.1\r\nHost: a\r\nX-Stage: native \r\n\r\n";
        let mut head = RequestHead::parse(text, &Limits::default(), &Leniency::default()).unwrap();
        assert_eq!(explain.forced(&mut head), None);
    }
}
