//! How one proves to the brokers who one is: by a password, by AWS's IAM, or (in `Tls`) by a certificate.
//!
//! Passwords and tokens may be replaced while a client runs: [`Feed`] hands it the new ones in place.

mod advice;
mod feed;
pub(crate) mod iam;

use std::fmt;

use rdkafka::ClientConfig;
use tokio::sync::watch;

pub(crate) use self::advice::{about_rights, advice};
pub(crate) use self::feed::Feed;
use self::iam::Tokens;

/// A SASL mechanism with what it needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Sasl {
    /// PLAIN: sends the password as it is; only over TLS.
    Plain(Login),
    /// SCRAM-SHA-256.
    ScramSha256(Login),
    /// SCRAM-SHA-512, the one AWS MSK has.
    ScramSha512(Login),
    /// OAUTHBEARER with tokens that AWS's credentials sign, MSK's IAM.
    Iam(Tokens),
}

impl Sasl {
    pub(crate) fn apply(&self, client: &mut ClientConfig) {
        let (mechanism, login) = match self {
            Self::Plain(login) => ("PLAIN", login),
            Self::ScramSha256(login) => ("SCRAM-SHA-256", login),
            Self::ScramSha512(login) => ("SCRAM-SHA-512", login),
            Self::Iam(_) => {
                client.set("sasl.mechanism", "OAUTHBEARER");
                return;
            }
        };
        client.set("sasl.mechanism", mechanism);
        client.set("sasl.username", &login.user).set("sasl.password", login.password.0.borrow().as_str());
    }
}

/// A name and its password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// A password, which may be replaced by another: clients that run log in with that one from then on. `Debug` does not
/// show it.
#[derive(Clone)]
pub struct Password(watch::Receiver<String>);

impl Password {
    /// One that stays as it is.
    pub fn fixed(password: impl Into<String>) -> Self {
        Self::replaceable(password).1
    }

    /// One that the sender may replace.
    pub fn replaceable(password: impl Into<String>) -> (watch::Sender<String>, Self) {
        let (replace, password) = watch::channel(password.into());
        (replace, Self(password))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_a_password() {
        let login = Login { user: "alice".into(), password: Password::fixed("hunter2") };
        let shown = format!("{:?}", Sasl::ScramSha512(login));
        assert!(shown.contains("alice") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_client_is_made_with_the_password_of_the_moment() {
        let (replace, password) = Password::replaceable("old");
        let sasl = Sasl::Plain(Login { user: "alice".into(), password });
        let set = || {
            let mut client = ClientConfig::new();
            sasl.apply(&mut client);
            client.get("sasl.password").map(str::to_owned)
        };
        assert_eq!(set().as_deref(), Some("old"));
        replace.send_replace("new".into());
        assert_eq!(set().as_deref(), Some("new"));
    }
}
