//! `[admin]` as it is written: how people are known who look at pages and change stages.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Texts};
use crate::admin::Role;

/// How people are known who open the admin's pages. Without it the admin listens on a loopback address alone, and
/// whoever reaches it may do everything. Read at start.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Admin {
    /// The file of users, a line each, as `handover user` writes them: people with a password, programs with a token.
    /// It is watched.
    pub users: Option<At<String>>,
    /// A reverse proxy in front of the admin that has people log in, by OIDC for example, and names them.
    pub proxy: Option<At<AdminProxy>>,
    /// Whether the `authors` of a route may decide its differences; `false` when not given.
    pub own_work: bool,
}

/// A reverse proxy that names people.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminProxy {
    /// Its addresses or networks: `"10.0.0.7"`. From elsewhere its field is not believed.
    pub from: At<Texts>,
    /// The header field that names the person, `"X-Auth-Request-Email"`. The proxy must remove what clients send of it.
    pub header: At<String>,
    /// Who may move routes and send everything back to legacy.
    #[serde(default)]
    pub operators: Vec<String>,
    /// Who may decide differences.
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// What everybody else is whom the proxy names; let in not at all when not given.
    pub others: Option<Role>,
}
