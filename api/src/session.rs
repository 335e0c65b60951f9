//! `$_SESSION` as a handler sees it.

use legacy_compat::session::SessionId;
use legacy_compat::{Array, Value};

/// `$_SESSION` of one request, from [`Context::session`](crate::Context::session).
///
/// It is a value: what is changed here changes nothing yet. An answer that has it among its effects stores it.
///
/// ```
/// # use handover_api::{testing::Frozen, *};
/// # use legacy_compat::session::SessionId;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), PortError> {
/// # let id = |text: &str| SessionId::from_client(text.as_bytes()).unwrap();
/// # let cx = Frozen::default().session(Session::new(id("a"), id("b"), Default::default())).context();
/// let mut session = cx.session().await?;
/// let visits = session.get("visits").as_int().unwrap_or(0) + 1;
/// session.set("visits", visits);
/// let answer = Answer::new(Response::text(200, format!("visit {visits}"))).with(session);
/// # assert_eq!(answer.effects.len(), 1);
/// # Ok(()) }
/// ```
#[doc(alias = "$_SESSION")]
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    id: SessionId,
    next: SessionId,
    values: Array,
    left: Option<(SessionId, Left)>,
    destroyed: bool,
}

/// What becomes of the session under the id that it had before.
#[derive(Clone, Debug, PartialEq)]
pub enum Left {
    /// It is deleted.
    Deleted,
    /// It stays, with these values.
    Kept(Array),
}

impl Session {
    /// For those who implement [`Ports`](crate::Ports): a session with its id, its values, and the id that it has
    /// [next](Self::regenerate_id).
    pub fn new(id: SessionId, next: SessionId, values: Array) -> Self {
        Self { id, next, values, left: None, destroyed: false }
    }

    /// `session_id()`
    #[doc(alias = "session_id")]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// All of `$_SESSION`.
    pub fn values(&self) -> &Array {
        &self.values
    }

    /// All of `$_SESSION`, to be changed.
    pub fn values_mut(&mut self) -> &mut Array {
        &mut self.values
    }

    /// `$_SESSION[name]`; null where there is none.
    pub fn get(&self, name: &str) -> &Value {
        &self.values[name]
    }

    /// `$_SESSION[name] = value`
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name, value);
    }

    /// `unset($_SESSION[name])`
    pub fn unset(&mut self, name: &str) {
        self.values.remove(&name.into());
    }

    /// `session_regenerate_id(delete_old)`: goes on under a new id, as one must when somebody logs in.
    #[doc(alias = "session_regenerate_id")]
    pub fn regenerate_id(&mut self, delete_old: bool) {
        // Nobody has ever seen an id that is left again within the same request.
        if self.left.is_none() {
            let old = std::mem::replace(&mut self.id, self.next.clone());
            let left = if delete_old { Left::Deleted } else { Left::Kept(self.values.clone()) };
            self.left = Some((old, left));
        }
    }

    /// `session_destroy()`: nothing of it stays stored. The client's cookie stays, as with PHP.
    #[doc(alias = "session_destroy")]
    pub fn destroy(&mut self) {
        self.values = Array::new();
        self.destroyed = true;
    }

    /// Whether it was destroyed.
    pub fn is_destroyed(&self) -> bool {
        self.destroyed
    }

    /// The id that it had before, and what becomes of the session there; `None` unless it got a new one.
    pub fn left(&self) -> Option<&(SessionId, Left)> {
        self.left.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> SessionId {
        SessionId::from_client(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_session_that_gets_a_new_id_knows_what_it_left() {
        let mut session = Session::new(id("old"), id("new"), Array::new());
        session.set("user", "ops");
        let mut kept = session.clone();
        kept.regenerate_id(false);
        kept.set("user", "renee");
        let Some((old, Left::Kept(values))) = kept.left() else { panic!("it is kept") };
        assert_eq!((old, kept.id(), values["user"].as_bytes()), (&id("old"), &id("new"), Some(&b"ops"[..])));
        session.regenerate_id(true);
        session.regenerate_id(true);
        assert_eq!((session.id(), session.left()), (&id("new"), Some(&(id("old"), Left::Deleted))));
    }
}
