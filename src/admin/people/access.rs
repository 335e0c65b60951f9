//! How people are known, as the configuration says it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::Role;

/// How people are known. Nobody is asked where it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// The file of users.
    pub users: Option<PathBuf>,
    /// A reverse proxy that says who it is.
    pub proxy: Option<TrustedProxy>,
    /// Whether authors decide the differences of their own routes.
    pub own_work: bool,
}

impl Access {
    /// Whether people have to show who they are.
    pub(crate) const fn is_asked(&self) -> bool {
        self.users.is_some() || self.proxy.is_some()
    }
}

/// A reverse proxy that has people log in (by OIDC, say) and names them in a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustedProxy {
    /// Where it connects from; the field is believed from nowhere else.
    pub from: Vec<IpNet>,
    /// The field, in lower case.
    pub field: String,
    /// Who are operators.
    pub operators: BTreeSet<String>,
    /// Who are reviewers.
    pub reviewers: BTreeSet<String>,
    /// What all others are; `None` where they are let in not at all.
    pub others: Option<Role>,
}

impl TrustedProxy {
    /// Whether what comes from there is believed.
    pub(super) fn is_at(&self, peer: IpAddr) -> bool {
        self.from.iter().any(|network| network.contains(&peer.to_canonical()))
    }

    /// The role of whom it names.
    pub(super) fn role(&self, name: &str) -> Option<Role> {
        if self.operators.contains(name) {
            Some(Role::Operator)
        } else if self.reviewers.contains(name) {
            Some(Role::Reviewer)
        } else {
            self.others
        }
    }
}
