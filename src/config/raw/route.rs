//! `[[route]]` as it is written.

use std::collections::BTreeMap;

use handover_shadow::{GateRaw, PolicyRaw};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, RawAck};
use crate::route::Stage;

/// A route.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Route {
    /// Its name, in logs, metrics and commands.
    pub name: Option<At<String>>,
    /// The team that answers for it.
    pub owner: Option<At<String>>,
    /// Who wrote its native handler: they accept and ignore none of its differences, unless `[admin] own_work` allows it.
    pub authors: Vec<String>,
    /// Method and path: `"POST /v1/events"`, `"GET|PUT /v1/events/{id}"`, `"* /static/{*rest}"`. GET covers HEAD; `*`
    /// is every method but OPTIONS.
    #[serde(rename = "match")]
    pub matches: Option<At<String>>,
    /// The only host that it matches.
    pub host: Option<At<String>>,
    /// Header fields that must be there, with their values.
    pub headers: BTreeMap<String, At<String>>,
    /// Who answers; `"legacy"` when not given.
    pub stage: Option<At<Stage>>,
    /// The name of the native handler, or the file of a pipeline.
    pub native: Option<At<Native>>,
    /// The legacy that answers it; the default one when not given.
    pub legacy: Option<At<String>>,
    /// Another legacy that is to take its place, in native's stead: compared from the stage shadow on, and answering from the
    /// stage canary on. Only where asking it changes nothing: the route is `repeatable`, or the candidate has a `dry_run`.
    pub candidate: Option<At<String>>,
    /// Whether legacy's answers to GET are kept and given again, where and as long as they allow that (RFC 9111); `false`
    /// when not given.
    pub cache: Option<At<bool>>,
    /// Whether asking legacy once more changes nothing; `false` when not given. Never guessed from the method.
    pub repeatable: Option<At<bool>>,
    /// Whether its handler sees the legacy's `$_SESSION`, and its comparison looks at that; `false` when not given.
    pub session: Option<At<bool>>,
    /// Who is answered by native at the stage canary.
    pub canary: Option<At<Canary>>,
    /// At the stage native, the share that goes on being compared; 0 when not given.
    pub verify: Option<At<f64>>,
    /// How both sides are compared.
    pub shadow: Option<At<PolicyRaw>>,
    /// What evidence must show before the route may go beyond the stage shadow; without a gate it simply goes.
    pub gate: Option<At<GateRaw>>,
    /// Why the route is to be at its stage although its gate is not met. The ledger keeps it.
    pub force: Option<At<String>>,
    /// The sources that its handler is made of, `["app/src/flights/**"]`, where that is less than all that the binary was
    /// built from: its evidence then begins anew only when one of these changes.
    pub sources: Option<At<Vec<At<String>>>>,
    /// What takes the route back one stage, by itself.
    pub rollback: Option<At<Rollback>>,
    /// The largest body that native gets; a larger one goes to legacy. `"1MiB"` when not given.
    pub body_max: Option<At<String>>,
    /// How long native may take; `"5s"` when not given.
    pub timeout: Option<At<String>>,
    /// What it may take of the process and of legacy.
    pub limits: Option<At<RouteLimits>>,
    /// The Kafka cluster that its records go to. Not needed when there is only one.
    pub kafka: Option<At<String>>,
    /// What a 2xx promises of its records; the cluster's when not given.
    pub ack: Option<At<RawAck>>,
    /// For how long requests of the same event are answered alike, and what they ask for is committed once; when not given,
    /// never.
    pub idempotency: Option<At<RawIdempotency>>,
}

/// What a route may take of the process and of legacy. What is not given has no limit of the route's own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RouteLimits {
    /// The most of its requests at once, beyond which clients get a 503.
    pub concurrency: Option<At<u32>>,
    /// The largest request body, whoever answers, beyond which clients get a 413.
    pub body: Option<At<String>>,
    /// How long legacy may take for a whole answer; then 504, or the answer is broken off.
    pub legacy_timeout: Option<At<String>>,
    /// How many requests a client may send, beyond which it gets a 429. A client is an IPv4 address or a /64 of IPv6.
    pub rate: Option<At<Rate>>,
}

/// How many requests a client may send.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// So many.
    pub requests: At<u32>,
    /// In each such time; `"1s"` when not given.
    pub per: Option<At<String>>,
    /// How many of them may come at once; as many as `requests` when not given.
    pub burst: Option<At<u32>>,
}

/// For how long requests of the same event are answered alike. It holds within one process as long as that lives, and with
/// `redis` for all that share it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Idempotency")]
pub(crate) struct RawIdempotency {
    /// What makes two requests the same event: `"header:NAME"`. Without that field, and when not given, it is what the handler
    /// says, if it does.
    pub key: Option<At<String>>,
    /// For how long: `"10m"`.
    pub window: Option<At<String>>,
    /// The most events that one process knows, beyond which the oldest is forgotten; 100,000 when not given.
    pub keys_max: Option<At<u32>>,
    /// The most bytes that their answers may have; `"64MiB"` when not given.
    pub size_max: Option<At<String>>,
    /// Where all processes know them: `"redis://host:6379/0"`. Without it a process does not know what another has answered.
    pub redis: Option<At<String>>,
}

/// What answers a route natively.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "this is neither a handler's name nor `{ pipeline = \"…\" }`")]
pub(crate) enum Native {
    /// The name of a handler of this binary.
    Handler(String),
    /// A file of rules, relative to this one.
    Pipeline(PipelineFile),
}

/// A pipeline.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PipelineFile {
    /// The file, relative to the one that names it.
    pub pipeline: String,
}

/// Who is answered by native at the stage canary.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Canary {
    /// The share.
    pub share: Option<At<f64>>,
    /// What keeps a client on its side: `"cookie:NAME"`, `"header:NAME"` or `"ip"`.
    pub sticky: Option<At<String>>,
}

/// What takes a route back one stage, by itself. What has no limit here is not watched.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rollback {
    /// The largest share of native's requests that fail, whether legacy answers them or not; of a candidate's also those whose
    /// answer breaks off. What comes from Kafka or from a table that is not there does not count.
    pub errors: Option<At<f64>>,
    /// How many times as long as legacy native may take, on average.
    pub latency: Option<At<f64>>,
    /// The largest share of compared requests that mismatch. At the stage native `verify` says how many are compared.
    pub mismatches: Option<At<f64>>,
    /// The largest share of native's requests that it leaves to legacy.
    pub declines: Option<At<f64>>,
    /// The time that is looked at; `"1m"` when not given.
    pub over: Option<At<String>>,
    /// How many requests it takes within that time to say anything; 20 when not given.
    pub least: Option<At<u32>>,
    /// Where it is told: a URL that gets a POST of JSON with `route`, `from`, `to` and `why`.
    pub webhook: Option<At<String>>,
}
