//! The calls and answers that the tests carry.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use legacy_compat::{IntSize, Libc, Php, Value, Version};
use serde_json::Value as Json;

use super::codec::decode;

pub struct Call {
    pub function: String,
    pub args: Vec<Value>,
    /// Only the sign of the answer is PHP's.
    pub sign: bool,
    pub volatile: bool,
}

/// What is compared: the answer, what came back by reference, the class of an error.
#[derive(Clone, PartialEq, Debug)]
pub enum Expected {
    Answer {
        answer: Json,
        by_ref: Option<Json>,
        json_error: Option<i64>,
    },
    Thrown(String),
    /// PHP died, or has no such function.
    None,
}

/// Whether the answer hangs on when PHP was asked.
pub fn reads_clock(call: &Call) -> bool {
    call.function == "strtotime" && call.args.len() == 1
}

impl Expected {
    /// Both integers, and no more than two minutes apart: as long as the oracle took.
    pub fn is_near(&self, other: &Self) -> bool {
        let int = |outcome: &Self| match outcome {
            Self::Answer { answer, .. } => answer["i"].as_str()?.parse::<i64>().ok(),
            _ => None,
        };
        matches!((int(self), int(other)), (Some(a), Some(b)) if a.abs_diff(b) <= 120)
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer { answer, by_ref, json_error } => {
                write!(f, "{answer}")?;
                by_ref.iter().try_for_each(|value| write!(f, " ref {value}"))?;
                json_error.iter().try_for_each(|code| write!(f, " json {code}"))
            }
            Self::Thrown(class) => write!(f, "throws {class}"),
            Self::None => f.write_str("nothing"),
        }
    }
}

/// The measured versions, each with the file that holds its answers.
pub const VERSIONS: [(Version, &str); 7] = [
    (Version::V5_6, "5.6-wasm32"),
    (Version::V7_0, "7.0-wasm32"),
    (Version::V7_2, "7.2-wasm64"),
    (Version::V7_4, "7.4-native"),
    (Version::V8_0, "8.0-wasm64"),
    (Version::V8_2, "8.2-native"),
    (Version::V8_4, "8.4-native"),
];

/// What the clock of this PHP showed when it was asked: its answer to `strtotime(" ")`, which is now.
pub fn clock(version: Version) -> Option<i64> {
    let (_, file) = VERSIONS.iter().find(|(measured, _)| *measured == version)?;
    let number =
        lines("matrix.jsonl.gz").position(|line| line.contains(r#""f":"strtotime","a":[{"s":" "}]"#))?;
    match answers("matrix", file).remove(&number)? {
        Expected::Answer { answer, .. } => answer["i"].as_str()?.parse().ok(),
        _ => None,
    }
}

/// PHP as it was measured: what ran in WebAssembly has musl's C locale, no Argon2 and no compiled patterns, and the older ones a
/// `strftime` of their own and integers of 32 bits.
pub fn php(version: Version, now: i64) -> Php {
    let mut php = Php::new(version).at(now);
    let file = VERSIONS.iter().find(|(measured, _)| *measured == version).map_or("", |(_, file)| file);
    php.libc = match file {
        file if file.ends_with("wasm32") => Libc::Emscripten,
        file if file.ends_with("wasm64") => Libc::Musl,
        _ => Libc::Glibc,
    };
    php.int_size = if file.ends_with("wasm32") { IntSize::Four } else { IntSize::Eight };
    php.argon2 = php.libc == Libc::Glibc;
    php.pcre_jit = php.libc == Libc::Glibc;
    php
}

pub const SETS: [&str; 3] = ["matrix", "families", "more"];

fn lines(name: &str) -> impl Iterator<Item = String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    BufReader::new(GzDecoder::new(file)).lines().map(|line| line.expect("the vectors are text"))
}

pub fn parse_call(line: &str) -> Call {
    let json: Json = serde_json::from_str(line).expect("a call is JSON");
    Call {
        function: json["f"].as_str().expect("a call names its function").to_owned(),
        args: json["a"].as_array().expect("a call has arguments").iter().map(decode).collect(),
        sign: json.get("sign").is_some(),
        volatile: json.get("volatile").is_some(),
    }
}

pub fn calls(set: &str) -> Vec<Call> {
    lines(&format!("{set}.jsonl.gz")).map(|line| parse_call(&line)).collect()
}

pub fn expected(json: &Json) -> Expected {
    match json {
        Json::Object(outcome) if outcome.contains_key("e") => {
            Expected::Thrown(outcome["e"][0].as_str().unwrap_or("").to_owned())
        }
        Json::Object(outcome) if outcome.contains_key("r") => Expected::Answer {
            answer: normal(&outcome["r"]),
            by_ref: outcome.get("ref").map(normal),
            json_error: outcome.get("jerr").and_then(Json::as_i64),
        },
        _ => Expected::None,
    }
}

/// The same with one NaN for all: its sign is the processor's, not PHP's.
fn normal(json: &Json) -> Json {
    match json {
        Json::Object(tagged) => tagged
            .iter()
            .map(|(tag, inner)| match (tag.as_str(), inner.as_str()) {
                ("d", Some("fff8000000000000")) => (tag.clone(), Json::from("7ff8000000000000")),
                _ => (tag.clone(), normal(inner)),
            })
            .collect(),
        Json::Array(list) => list.iter().map(normal).collect(),
        other => other.clone(),
    }
}

pub fn answers(set: &str, file: &str) -> HashMap<usize, Expected> {
    lines(&format!("{set}.{file}.tsv.gz"))
        .filter_map(|line| {
            let (number, outcome) = line.split_once('\t')?;
            Some((number.parse().ok()?, expected(&serde_json::from_str(outcome).ok()?)))
        })
        .collect()
}

/// The calls that hang on the width of integers or on the platform: 8.2 answers otherwise in 32 bits.
pub fn width_dependent(set: &str, calls: &[Call]) -> Vec<bool> {
    let (narrow, wide) = (answers(set, "8.2-wasm32"), answers(set, "8.2-native"));
    (0..calls.len()).map(|number| narrow.get(&number) != wide.get(&number)).collect()
}
