//! Where a difference is, and patterns over such places.
//!
//! | path | meaning |
//! | --- | --- |
//! | `outcome` | whether the side answered at all |
//! | `status` | the status code |
//! | `request`, `request:/name` | the request's body, a place in its JSON; never differs, but can be revealed |
//! | `header:content-type` | a header field, by its lower-case name |
//! | `header:set-cookie/sid`, `header:set-cookie/sid/path` | a cookie's value, one of its attributes |
//! | `body`, `body:/errors/0/code` | the whole body, a place in its JSON (RFC 6901) |
//! | `text:/12` | the 12th line of a body that is text |
//! | `effect:flights.v1`, `effect:flights.v1/received_at` | a record of that topic, a place in its JSON value |
//! | `effect:own:rows`, `effect:own:rows/text` | an effect of that kind of the application's own, a place in what it does |
//! | `session`, `session:/user/name` | what `$_SESSION` holds afterwards, a place in it |
//! | `effect-key:flights.v1`, `effect-partition:flights.v1`, `effect-header:flights.v1/event-id` | its other parts |
//!
//! In a pattern `*` stands for one step, `**` for any number of them, a missing topic for any topic
//! (`effect:/received_at`), and a pattern covers everything below the place that it names.

use std::fmt;
use std::str::FromStr;

/// What a path leads through first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Whether a side answered at all.
    Outcome,
    /// The status code.
    Status,
    /// The request's body.
    Request,
    /// The header fields.
    Header,
    /// The body, its JSON.
    Body,
    /// The lines of a body.
    Text,
    /// What the client's session holds afterwards.
    Session,
    /// A record, its value.
    Effect,
    /// A record's key.
    EffectKey,
    /// A record's partition.
    EffectPartition,
    /// A record's headers.
    EffectHeader,
}

const PARTS: [(Part, &str); 11] = [
    (Part::Outcome, "outcome"),
    (Part::Status, "status"),
    (Part::Request, "request"),
    (Part::Header, "header"),
    (Part::Body, "body"),
    (Part::Text, "text"),
    (Part::Session, "session"),
    (Part::Effect, "effect"),
    (Part::EffectKey, "effect-key"),
    (Part::EffectPartition, "effect-partition"),
    (Part::EffectHeader, "effect-header"),
];

impl Part {
    fn name(self) -> &'static str {
        PARTS.iter().find(|(part, _)| *part == self).map_or("", |(_, name)| name)
    }

    /// Whether the first step is a name (of a header, a topic) and no step into a document.
    fn is_led_by_name(self) -> bool {
        !matches!(self, Self::Body | Self::Text | Self::Request | Self::Session)
    }

    /// Whether this is about effects.
    pub fn is_effect(self) -> bool {
        matches!(
            self,
            Self::Session | Self::Effect | Self::EffectKey | Self::EffectPartition | Self::EffectHeader
        )
    }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A name or an object's key.
    Key(String),
    /// A place in a list, from 0; of a text's lines, from 1.
    Index(usize),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(&key.replace('~', "~0").replace('/', "~1")),
            Self::Index(index) => index.fmt(f),
        }
    }
}

/// A concrete place in an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    part: Part,
    steps: Vec<Step>,
}

impl Path {
    /// The place where a part begins.
    pub fn new(part: Part) -> Self {
        Self { part, steps: Vec::new() }
    }

    /// This place, and one step below it.
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.below(Step::Key(key.into()))
    }

    /// This place, and one step into a list.
    pub fn index(&self, index: usize) -> Self {
        self.below(Step::Index(index))
    }

    fn below(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.steps.len() + 1);
        steps.extend_from_slice(&self.steps);
        steps.push(step);
        Self { part: self.part, steps }
    }

    /// The part.
    pub fn part(&self) -> Part {
        self.part
    }

    /// The steps below the part.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The name of the last step, when it is one.
    pub fn leaf(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }

    /// This place with list indices, and keys that look like ids, as `*`: what clusters are grouped by.
    pub fn folded(&self) -> String {
        render(
            self.part,
            self.steps.iter().map(|step| match step {
                Step::Index(_) => "*".to_owned(),
                Step::Key(key) if looks_like_id(key) => "*".to_owned(),
                key => key.to_string(),
            }),
        )
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(self.part, self.steps.iter().map(Step::to_string)))
    }
}

fn render(part: Part, steps: impl Iterator<Item = String>) -> String {
    let mut text = part.name().to_owned();
    for (at, step) in steps.enumerate() {
        if at == 0 {
            text.push(':');
        }
        if at > 0 || !part.is_led_by_name() {
            text.push('/');
        }
        text.push_str(&step);
    }
    text
}

/// Keys of objects that are used as maps: numbers, and hex of 8 digits or more (UUIDs, hashes).
fn looks_like_id(key: &str) -> bool {
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    let hex = key.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    digits > 0 && (digits == key.len() || (hex && key.len() >= 8))
}

/// A pattern over paths; see the [module's table](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    part: Part,
    steps: Vec<Wanted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Wanted {
    Exactly(String),
    Any,
    AnyNumber,
}

impl Wanted {
    fn is(&self, step: &Step) -> bool {
        match (self, step) {
            (Self::Any | Self::AnyNumber, _) => true,
            (Self::Exactly(wanted), Step::Key(key)) => wanted == key,
            (Self::Exactly(wanted), Step::Index(index)) => *wanted == index.to_string(),
        }
    }

    fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::AnyNumber, _) | (Self::Any, Self::Any | Self::Exactly(_)) => true,
            (Self::Exactly(wanted), Self::Exactly(other)) => wanted == other,
            (Self::Any | Self::Exactly(_), _) => false,
        }
    }
}

impl Pattern {
    /// The part that it is about.
    pub fn part(&self) -> Part {
        self.part
    }

    /// Whether the pattern names this place or one above it.
    pub fn covers(&self, path: &Path) -> bool {
        self.part == path.part && covers(&self.steps, &path.steps, Wanted::is)
    }

    /// Whether it covers every place that the other one names; it says no where that would take thought.
    pub fn includes(&self, other: &Self) -> bool {
        self.part == other.part && covers(&self.steps, &other.steps, Wanted::includes)
    }
}

fn covers<S>(wanted: &[Wanted], steps: &[S], is: fn(&Wanted, &S) -> bool) -> bool {
    match (wanted, steps) {
        ([], _) => true,
        ([Wanted::AnyNumber, rest @ ..], _) => (0..=steps.len()).any(|skip| covers(rest, &steps[skip..], is)),
        (_, []) => false,
        ([first, rest @ ..], [step, below @ ..]) => is(first, step) && covers(rest, below, is),
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let (part, _) = PARTS
            .iter()
            .find(|(_, known)| *known == name)
            .ok_or_else(|| InvalidPattern::Part(name.to_owned(), PARTS.map(|(_, name)| name).join(", ")))?;
        let Some(rest) = rest else { return Ok(Self { part: *part, steps: Vec::new() }) };
        let rest = match (part.is_led_by_name(), rest.strip_prefix('/')) {
            (false, Some(below)) => below,
            (false, None) => return Err(InvalidPattern::Pointer(text.to_owned())),
            (true, _) => rest,
        };
        let mut steps: Vec<Wanted> = rest.split('/').map(wanted).collect();
        if let (true, Some(Wanted::Exactly(name))) = (part.is_led_by_name(), steps.first()) {
            steps[0] = match (name.as_str(), *part) {
                ("", Part::Header) => return Err(InvalidPattern::NoName(text.to_owned())),
                ("", _) => Wanted::Any,
                (name, Part::Header) => Wanted::Exactly(name.to_ascii_lowercase()),
                (name, _) => Wanted::Exactly(name.to_owned()),
            };
        }
        Ok(Self { part: *part, steps })
    }
}

fn wanted(step: &str) -> Wanted {
    match step {
        "*" => Wanted::Any,
        "**" => Wanted::AnyNumber,
        key => Wanted::Exactly(key.replace("~1", "/").replace("~0", "~")),
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(
            self.part,
            self.steps.iter().map(|step| match step {
                Wanted::Exactly(key) => Step::Key(key.clone()).to_string(),
                Wanted::Any => "*".to_owned(),
                Wanted::AnyNumber => "**".to_owned(),
            }),
        ))
    }
}

/// A pattern that names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// The part before the colon is unknown.
    #[error("`{0}` is no part of an answer: a path begins with one of {1}, as in `body:/id`")]
    Part(String, String),
    /// A path into a document without its slash.
    #[error("`{0}` lacks a slash after the colon, as in `body:/id`")]
    Pointer(String),
    /// A header's path without a name.
    #[error("`{0}` names no header, as in `header:x-request-id`")]
    NoName(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(steps: &[Step]) -> Path {
        Path { part: Part::Body, steps: steps.to_vec() }
    }

    #[test]
    fn paths_are_shown_whole_and_folded_for_clusters() {
        let key = |key: &str| Step::Key(key.to_owned());
        for (path, shown, folded) in [
            (body(&[]), "body", "body"),
            (
                body(&[key("errors"), Step::Index(3), key("code")]),
                "body:/errors/3/code",
                "body:/errors/*/code",
            ),
            (body(&[key("a/b~c")]), "body:/a~1b~0c", "body:/a~1b~0c"),
            (body(&[key("2013"), key("face")]), "body:/2013/face", "body:/*/face"),
            (body(&[key("3f2504e0-4f89")]), "body:/3f2504e0-4f89", "body:/*"),
            (
                Path::new(Part::Header).key("set-cookie").key("sid"),
                "header:set-cookie/sid",
                "header:set-cookie/sid",
            ),
            (Path::new(Part::Effect).key("t.v1").key("id"), "effect:t.v1/id", "effect:t.v1/id"),
            (Path::new(Part::Text).index(12), "text:/12", "text:/*"),
        ] {
            assert_eq!((path.to_string(), path.folded()), (shown.to_owned(), folded.to_owned()));
        }
    }

    #[test]
    fn a_pattern_covers_its_place_and_what_is_below() {
        let path = |text: &str| {
            let Pattern { part, steps } = text.parse().unwrap();
            let step = |step| match step {
                Wanted::Exactly(key) => key.parse().map_or(Step::Key(key), Step::Index),
                other => panic!("{other:?}"),
            };
            Path { part, steps: steps.into_iter().map(step).collect() }
        };
        for (pattern, place, covered) in [
            ("body:/id", "body:/id", true),
            ("body:/id", "body:/id/deep", true),
            ("body:/id/deep", "body:/id", false),
            ("body:/id", "body:/idx", false),
            ("body:/*/code", "body:/0/code", true),
            ("body:/*/code", "body:/a/b/code", false),
            ("body:/**/code", "body:/a/0/code", true),
            ("body:/**/code", "body:/code", true),
            ("body", "body:/anything", true),
            ("body:/1", "body:/1", true),
            ("header:Date", "header:date", true),
            ("effect:/received_at", "effect:t/received_at", true),
            ("effect:u/received_at", "effect:t/received_at", false),
            ("effect:/received_at", "body:/received_at", false),
            ("body:/a~1b", "body:/a~1b", true),
        ] {
            assert_eq!(
                pattern.parse::<Pattern>().unwrap().covers(&path(place)),
                covered,
                "{pattern} {place}"
            );
        }
    }

    #[test]
    fn a_pattern_includes_another_only_where_it_covers_all_of_its_places() {
        let includes =
            |one: &str, other: &str| one.parse::<Pattern>().unwrap().includes(&other.parse().unwrap());
        for pattern in ["body", "body:/errors", "body:/errors/*/code", "body:/**/code", "body:/*/*/code"] {
            assert!(includes(pattern, "body:/errors/*/code"), "{pattern}");
        }
        for pattern in ["text", "body:/errors/0/code", "body:/errors/*/code/x", "body:/a/**"] {
            assert!(!includes(pattern, "body:/errors/*/code"), "{pattern}");
        }
        assert!(!includes("body:/*", "body:/**") && !includes("body:/**/x", "body:/**"));
    }

    #[test]
    fn a_pattern_that_names_no_place_says_how_one_looks() {
        for (text, part) in
            [("bdy:/id", "begins with one of"), ("body:id", "slash"), ("header:", "names no header")]
        {
            let fault = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(fault.contains(part), "{text}: {fault}");
        }
    }
}
