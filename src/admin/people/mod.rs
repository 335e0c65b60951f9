//! Who reaches the admin, and what they may do there.
//!
//! | shown by | who | their role |
//! | --- | --- | --- |
//! | a password, then a [`sessions`] cookie | a line of the [`users`] file | the line's |
//! | `Authorization: Bearer …` | a token's line of that file | the line's |
//! | the same, with the token in the state folder | whoever may read that folder | operator |
//! | a header field of a trusted proxy | whom the proxy names | as the configuration says |
//!
//! Without any of that in the configuration the admin is on loopback alone, and whoever reaches it is an operator.
//! [`door`] asks all requests; [`slowdown`] makes guessing passwords slow.

pub(crate) mod access;
pub(super) mod door;
mod sessions;
mod slowdown;
pub(crate) mod token;
pub(crate) mod users;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;

use token::Token;

/// What somebody may do. Each may what those before may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    schemars::JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Look at everything.
    Viewer,
    /// Decide differences, and take decisions back.
    Reviewer,
    /// Move routes, send everything back to legacy, reload, record traffic.
    Operator,
}

impl Role {
    /// Its name in files and on pages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
        }
    }

    /// The role of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Reviewer, Self::Operator].into_iter().find(|role| role.name() == name)
    }
}

/// Who has sent a request.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// The name; `None` where nobody is asked, so that forms have to, and for commands of this machine, which say it.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// What the forms of their pages carry.
    pub token: Token,
    /// Whether they can log out.
    pub has_session: bool,
}

impl Person {
    /// The name to write down: the known one, whatever else a form says.
    pub(super) fn name_or(&self, said: &str) -> String {
        self.name.clone().unwrap_or_else(|| said.to_owned())
    }

    /// Whether they may do what that role may.
    pub(super) fn may(&self, role: Role) -> bool {
        self.role >= role
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // The door let nobody in without it.
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
