//! Who is logged in: in memory, so that a restart has everybody log in again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};

use super::token;

/// The most sessions; beyond it the one that was longest unused ends.
const MAX: usize = 1024;

/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(12 * 3600);

/// How long it may go unused.
const IDLE: Duration = Duration::from_secs(2 * 3600);

/// The sessions, by the hash of their cookie: what leaks from memory opens no door.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

struct Session {
    name: String,
    /// What was known of whom it is when it began.
    stamp: String,
    began: Instant,
    used: Instant,
}

impl Session {
    fn is_over(&self) -> bool {
        self.began.elapsed() >= LIFE || self.used.elapsed() >= IDLE
    }
}

impl Sessions {
    /// Begins one; gives the cookie's value. `stamp`: what is another one when the password is.
    pub(super) fn begin(&self, name: &str, stamp: &str) -> String {
        let cookie = token::secret();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, session| !session.is_over());
        if all.len() >= MAX
            && let Some(oldest) = all.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        let now = Instant::now();
        let (name, stamp) = (name.to_owned(), stamp.to_owned());
        all.insert(key(&cookie), Session { name, stamp, began: now, used: now });
        cookie
    }

    /// Whose it is, and the stamp that it began with.
    pub(super) fn whose(&self, cookie: &str) -> Option<(String, String)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = all.get_mut(&key(cookie)).filter(|session| !session.is_over())?;
        session.used = Instant::now();
        Some((session.name.clone(), session.stamp.clone()))
    }

    /// Ends one.
    pub(super) fn end(&self, cookie: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(cookie));
    }
}

fn key(cookie: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, cookie.as_bytes()).as_ref());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_its_cookies_until_it_ends() {
        let sessions = Sessions::default();
        let (ann, bob) = (sessions.begin("ann", "1"), sessions.begin("bob", "2"));
        assert_eq!(sessions.whose(&ann), Some(("ann".to_owned(), "1".to_owned())));
        assert_eq!(sessions.whose(&bob), Some(("bob".to_owned(), "2".to_owned())));
        assert_eq!(sessions.whose("guessed"), None);
        sessions.end(&ann);
        assert_eq!(sessions.whose(&ann), None);
    }

    #[test]
    fn there_are_so_many_at_most_and_the_longest_unused_goes() {
        let sessions = Sessions::default();
        let first = sessions.begin("first", "");
        let second = sessions.begin("second", "");
        for _ in 2..MAX {
            sessions.begin("other", "");
        }
        assert!(sessions.whose(&first).is_some(), "used now");
        sessions.begin("one more", "");
        assert!(sessions.whose(&first).is_some() && sessions.whose(&second).is_none());
        assert_eq!(sessions.0.lock().unwrap().len(), MAX);
    }
}
