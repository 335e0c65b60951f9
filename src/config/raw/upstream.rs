//! What an HTTP legacy's upstreams are, as it is written.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::At;

/// One HTTP backend, or a list of those that answer alike.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Upstreams {
    /// `"http://127.0.0.1:9501"` or `"unix:/run/app.sock"`.
    One(String),
    /// Several. Each request goes to the one with the fewest requests under way for its weight.
    Many(Vec<At<Upstream>>),
}

/// One of several HTTP backends.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Upstream {
    /// `"http://127.0.0.1:9501"` or `"unix:/run/app.sock"`.
    Plain(String),
    /// With more about it.
    Table(UpstreamTable),
}

/// One of several HTTP backends, with more about it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamTable {
    /// `"http://127.0.0.1:9501"` or `"unix:/run/app.sock"`.
    pub url: At<String>,
    /// How many requests it gets beside the others, from 1 to 1000; 1 when not given.
    pub weight: Option<At<u32>>,
}

/// When an upstream is left alone for a while.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CircuitBreaker {
    /// So many requests in a row that got no answer (not connected, silent, broken off; an answer with any status is one);
    /// 5 when not given.
    pub failures: Option<At<u32>>,
    /// How long it is left alone, before one request tries it; `"5s"` when not given.
    pub pause: Option<At<String>>,
    /// How long it takes until it has its whole share of requests again; `"10s"` when not given.
    pub slow_start: Option<At<String>>,
}

/// What each upstream is asked, beside clients' requests. After two bad answers it is left alone, after two good ones it
/// is back.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HealthCheck {
    /// Path and query of a GET, `"/healthz"`. An answer below 400 is good.
    pub path: Option<At<String>>,
    /// The Host that is asked for; the upstream's own address when not given.
    pub host: Option<At<String>>,
    /// How often; `"5s"` when not given.
    pub interval: Option<At<String>>,
    /// How long the answer may take; `"2s"` when not given.
    pub timeout: Option<At<String>>,
}

// Not `untagged`: that would lose the places of a list's members.
impl<'de> Deserialize<'de> for Upstreams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Upstreams;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of upstreams")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Upstreams, E> {
                Ok(Upstreams::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Upstreams, A::Error> {
                let mut upstreams = Vec::new();
                while let Some(upstream) = list.next_element()? {
                    upstreams.push(upstream);
                }
                Ok(Upstreams::Many(upstreams))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl<'de> Deserialize<'de> for Upstream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Upstream;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or `{ url = \"…\", weight = … }`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Upstream, E> {
                Ok(Upstream::Plain(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Upstream, A::Error> {
                UpstreamTable::deserialize(MapAccessDeserializer::new(map)).map(Upstream::Table)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}
