//! The file of users: one a line, `NAME:ROLE:SECRET`. `handover user` writes such lines.
//!
//! ```text
//! # people log in with a password, kept as argon2id
//! ann:operator:$argon2id$v=19$m=19456,t=2,p=1$…
//! # programs send a token, kept as SHA-256
//! prometheus:viewer:sha256:9f86d081884c7d65…
//! ```
//!
//! It is watched: who is taken out is out within a second. A file that breaks leaves the last good one in effect.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use ring::digest::{SHA256, digest};

use super::Role;

/// How old what is known of the file may be.
const FRESH: Duration = Duration::from_secs(1);

/// The shortest password that `handover user` takes, in characters.
pub(crate) const PASSWORD_MIN: usize = 12;

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// The name, which decisions and the ledger keep.
    pub name: String,
    /// What they may do.
    pub role: Role,
    secret: Secret,
}

impl User {
    /// What is another one when the password is, so that sessions end with it.
    pub(super) fn stamp(&self) -> String {
        match &self.secret {
            Secret::Password(hash) => hash.to_string(),
            Secret::Token(hash) => hash.clone(),
        }
    }
}

#[derive(Clone, Debug)]
enum Secret {
    /// An argon2 hash in PHC's form.
    Password(Box<PasswordHash>),
    /// SHA-256 of a token, in hex. Tokens are random, so that nothing slower is needed.
    Token(String),
}

/// A line that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}; `handover user` writes such lines")]
pub(crate) struct Wrong {
    line: usize,
    what: &'static str,
}

/// Reads the lines of a file of users.
pub(crate) fn parse(text: &str) -> Result<Vec<User>, Wrong> {
    let mut users: Vec<User> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what| Wrong { line: at + 1, what };
        let user = user(line).map_err(wrong)?;
        if users.iter().any(|other| other.name == user.name) {
            return Err(wrong("there is a user of that name already"));
        }
        users.push(user);
    }
    Ok(users)
}

fn user(line: &str) -> Result<User, &'static str> {
    let mut parts = line.splitn(3, ':');
    let [Some(name), Some(role), Some(secret)] = [parts.next(), parts.next(), parts.next()] else {
        return Err("it is not NAME:ROLE:SECRET");
    };
    if !is_name(name) {
        return Err("the name is none: at most 64 letters, digits and `.`, `_`, `-`, `@`");
    }
    let role = Role::named(role).ok_or("the role is none of viewer, reviewer, operator")?;
    let secret = match secret.strip_prefix("sha256:") {
        Some(hash) if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Secret::Token(hash.to_ascii_lowercase())
        }
        Some(_) => return Err("SHA-256 has 64 hex digits"),
        None if secret.starts_with("$argon2") => {
            let hash = PasswordHash::new(secret).map_err(|_| "the argon2 hash is none")?;
            Secret::Password(Box::new(hash))
        }
        None => return Err("the secret is neither an argon2 hash nor sha256:… of a token"),
    };
    Ok(User { name: name.to_owned(), role, secret })
}

/// Whether a user can have that name.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte))
}

/// The line of a user with a password.
pub(crate) fn with_password(
    name: &str,
    role: Role,
    password: &str,
) -> Result<String, argon2::password_hash::Error> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(format!("{name}:{}:{hash}", role.name()))
}

/// The line of a user with a token.
pub(crate) fn with_token(name: &str, role: Role, token: &str) -> String {
    format!("{name}:{}:sha256:{}", role.name(), sha256(token))
}

fn sha256(text: &str) -> String {
    super::token::hex(digest(&SHA256, text.as_bytes()).as_ref())
}

/// The file, as it is now.
pub(super) struct UsersFile {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    looked: Option<Instant>,
    stamp: Option<(SystemTime, u64)>,
    users: Arc<[User]>,
}

impl UsersFile {
    /// The file at that path.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), known: Mutex::default() }
    }

    /// The users.
    pub(super) fn users(&self) -> Arc<[User]> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.looked.is_none_or(|looked| looked.elapsed() >= FRESH) {
            known.looked = Some(Instant::now());
            self.look(&mut known);
        }
        Arc::clone(&known.users)
    }

    fn look(&self, known: &mut Known) {
        let stamp = self.path.metadata().ok().and_then(|m| Some((m.modified().ok()?, m.len())));
        if stamp.is_some() && stamp == known.stamp {
            return;
        }
        let read = std::fs::read_to_string(&self.path).map_err(|why| why.to_string());
        match read.and_then(|text| parse(&text).map_err(|why| why.to_string())) {
            Ok(users) => (known.users, known.stamp) = (users.into(), stamp),
            Err(why) => {
                tracing::error!("{} cannot be used, users stay as they were: {why}", self.path.display());
            }
        }
    }

    /// The user of that name.
    pub(super) fn named(&self, name: &str) -> Option<User> {
        self.users().iter().find(|user| user.name == name).cloned()
    }

    /// The user whose token that is.
    pub(super) fn of_token(&self, token: &str) -> Option<User> {
        // The hash of what was sent is compared: how much of it is right tells nothing of the token.
        let hash = sha256(token);
        let is_it = |user: &&User| matches!(&user.secret, Secret::Token(token) if *token == hash);
        self.users().iter().find(is_it).cloned()
    }
}

/// Whether that is the user's password. Takes as long where there is no such user, or none with a password.
pub(super) fn is_password(user: Option<&User>, password: &str) -> bool {
    match user.map(|user| &user.secret) {
        Some(Secret::Password(hash)) => {
            Argon2::default().verify_password(password.as_bytes(), &**hash).is_ok()
        }
        _ => {
            let hashed: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
            std::hint::black_box(hashed.is_ok());
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_verified() {
        let password = with_password("ann", Role::Operator, "correct horse battery").unwrap();
        let token = with_token("ci", Role::Viewer, "t0ken");
        let users = parse(&format!("# people\n\n{password}\n{token}\n")).unwrap();
        assert_eq!(
            users.iter().map(|user| (&*user.name, user.role)).collect::<Vec<_>>(),
            [("ann", Role::Operator), ("ci", Role::Viewer)]
        );
        assert!(is_password(users.first(), "correct horse battery"));
        assert!(!is_password(users.first(), "correct horse"));
        assert!(!is_password(users.get(1), "t0ken"), "a token is no password");
        assert!(!is_password(None, "x"));
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (line, what) in [
            ("ann", "it is not NAME:ROLE:SECRET"),
            ("a b:viewer:sha256:0", "the name is none: at most 64 letters, digits and `.`, `_`, `-`, `@`"),
            ("ann:root:$argon2id$", "the role is none of viewer, reviewer, operator"),
            ("ann:viewer:secret", "the secret is neither an argon2 hash nor sha256:… of a token"),
            ("ann:viewer:sha256:12", "SHA-256 has 64 hex digits"),
            ("ann:viewer:$argon2id$nonsense", "the argon2 hash is none"),
        ] {
            assert_eq!(parse(&format!("#\n{line}")).unwrap_err(), Wrong { line: 2, what }, "{line}");
        }
        let twice = with_token("ci", Role::Viewer, "t");
        assert_eq!(parse(&format!("{twice}\n{twice}")).unwrap_err().line, 2);
    }

    #[test]
    fn a_changed_file_counts_and_a_broken_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        std::fs::write(&path, with_token("ci", Role::Viewer, "one")).unwrap();
        let file = UsersFile::at(&path);
        assert_eq!(file.of_token("one").map(|user| user.name), Some("ci".to_owned()));
        let again = || file.known.lock().unwrap().looked = None;
        std::fs::write(&path, "broken").unwrap();
        again();
        assert!(file.of_token("one").is_some());
        std::fs::write(&path, with_token("ci2", Role::Operator, "two")).unwrap();
        again();
        assert!(file.of_token("one").is_none());
        assert_eq!(file.named("ci2").map(|user| user.role), Some(Role::Operator));
    }
}
