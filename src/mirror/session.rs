//! The session in an experiment: read without PHP's lock when the request is routed, before legacy can change it, and once
//! more when legacy has answered. Where another request of the same session is under way meanwhile nothing can be said.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use handover_api::{Effect, Fields, PortError, Response, Session};
use handover_session::{SessionError, Sessions};
use handover_shadow::SessionState;
use legacy_compat::request::rawurldecode;
use legacy_compat::session::SessionId;
use legacy_compat::{Array, Object, Php, Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::experiment::Abandoned;
use super::meanwhile::{Meanwhile, Seen};
use crate::accept::core::Core;
use crate::native::session::{ClientId, added, fresh_id, modified, now, with_added};
use crate::observe::chain;
use crate::route::Route;

/// How long a client's request may wait for its session to be read. What takes longer is not compared.
const BUDGET: Duration = Duration::from_millis(20);

/// How long the session is waited for once legacy has answered.
const AFTER: Duration = Duration::from_secs(5);

/// A request's session as it was before legacy could change it, and where the one afterwards comes from.
pub(crate) struct Ahead {
    sessions: Sessions,
    php: Php,
    id: ClientId,
    before: Before,
    after: oneshot::Receiver<After>,
}

/// What is stored once legacy has answered.
pub(super) enum After {
    /// This; `None` where there is no such session.
    Stored(Option<Bytes>),
    /// Another request of the session was under way meanwhile.
    Shared,
    /// The store failed.
    Failed(SessionError),
}

/// What was read when the request was routed.
enum Before {
    /// This is stored; `None` where there is no such session.
    Read(Option<Bytes>),
    /// Nothing, within the budget: what is read later may be legacy's own doing.
    Late,
    /// Nothing: the store failed.
    Failed(String),
}

/// Who looks at the session once more, on the core that serves the request: connections belong to its runtime.
pub(crate) struct Looker {
    sessions: Sessions,
    id: ClientId,
    began: Option<Seen>,
    tell: oneshot::Sender<After>,
}

/// Reads the session of a request to that route. `began` is what was seen of it when the request began. `None` where there are
/// no sessions to be had.
pub(crate) async fn ahead(
    core: &Core,
    route: &Route,
    request: &Fields,
    began: Option<Seen>,
) -> Option<(Ahead, Looker)> {
    let legacy = &route.spec.legacy;
    let (php, sessions) = (core.process.phps.of(legacy)?, core.sessions.of(legacy)?);
    let id = ClientId::of(request, &php, &sessions.settings().cookie.name);
    let before = match &id {
        ClientId::Id(id) => match timeout(BUDGET, sessions.peek(id)).await {
            Ok(Ok(data)) => Before::Read(data),
            Ok(Err(error)) => Before::Failed(chain(&error)),
            Err(_) => Before::Late,
        },
        ClientId::None | ClientId::Bad => Before::Read(None),
    };
    let (tell, after) = oneshot::channel();
    let looker = Looker { sessions: sessions.clone(), id: id.clone(), began, tell };
    Some((Ahead { sessions, php: Php::clone(&php).at(now()), id, before, after }, looker))
}

impl Looker {
    /// Looks, in a task of its own: at once, since the client's next request may change it again.
    pub(crate) fn look(self, answer: &Fields, meanwhile: &Arc<Meanwhile>) {
        let own = || self.id.clone().usable().ok().flatten();
        let new = sent(&self.sessions, answer);
        let answered = new.as_ref().map(|id| meanwhile.look(id.as_str()));
        let (id, meanwhile) = (new.or_else(own), Arc::clone(meanwhile));
        tokio::task::spawn_local(async move {
            let stored = match &id {
                Some(id) => self.sessions.peek(id).await,
                None => Ok(None),
            };
            let alone = [self.began, answered].into_iter().flatten().all(|seen| meanwhile.still(seen));
            let after = match stored {
                _ if !alone => After::Shared,
                Ok(data) => After::Stored(data),
                Err(error) => After::Failed(error),
            };
            // Where the experiment is given up nobody is told.
            let _ = self.tell.send(after);
        });
    }
}

/// The session of a dry run.
pub(super) struct DrySession {
    sessions: Sessions,
    php: Php,
    id: ClientId,
    before: Before,
    opened: OnceLock<Opened>,
    asked_late: AtomicBool,
}

#[derive(Clone)]
struct Opened {
    session: Session,
    is_new: bool,
}

impl Ahead {
    /// The dry run's session, and where legacy's comes from.
    pub(super) fn split(self) -> (DrySession, oneshot::Receiver<After>) {
        let Self { sessions, php, id, before, after } = self;
        let (opened, asked_late) = (OnceLock::new(), AtomicBool::new(false));
        (DrySession { sessions, php, id, before, opened, asked_late }, after)
    }
}

impl DrySession {
    /// `session_start()`, without the lock; the second time what the first one gave.
    pub(super) fn start(&self) -> Result<Session, PortError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened.session.clone());
        }
        let id = self.id.clone().usable()?;
        let (known, values) = self.values()?;
        let fresh = fresh_id(&self.sessions)?;
        let opened = match id.filter(|_| known || !self.sessions.settings().strict) {
            Some(id) => Opened { session: Session::new(id, fresh, values), is_new: false },
            None => Opened { session: Session::new(fresh.clone(), fresh, values), is_new: true },
        };
        Ok(self.opened.get_or_init(|| opened).session.clone())
    }

    /// Whether there is such a session, and what is in it.
    fn values(&self) -> Result<(bool, Array), PortError> {
        match &self.before {
            Before::Read(data) => {
                let values = self.sessions.decoded(&self.php, data.as_ref());
                let values = values.map_err(|error| PortError::BadSession(error.to_string()))?;
                Ok((data.is_some(), values))
            }
            Before::Late => {
                self.asked_late.store(true, Ordering::Relaxed);
                Err(PortError::SessionStore("it was read late".to_owned()))
            }
            Before::Failed(why) => Err(PortError::SessionStore(why.clone())),
        }
    }

    /// Whether the handler wanted what was not read in time.
    pub(super) fn was_late(&self) -> bool {
        self.asked_late.load(Ordering::Relaxed)
    }

    /// The response with what the session adds to it. A new id is random on both sides: ours becomes legacy's.
    pub(super) async fn told(
        &self,
        route: &Route,
        response: Response,
        effects: &[Effect],
        legacy: &Fields,
    ) -> Response {
        let Some(opened) = self.opened.get() else { return response };
        let session = left(effects).unwrap_or(&opened.session);
        let own = (opened.is_new || session.left().is_some()).then(|| session.id());
        let chosen = own.and_then(|_| sent(&self.sessions, legacy));
        let script = route.spec.legacy.front_controller();
        let modified = modified(&self.sessions, script.as_deref()).await;
        with_added(response, added(&self.sessions, &self.php, chosen.as_ref().or(own), modified))
    }

    /// What would be stored once the request has ended.
    pub(super) fn candidate(&self, effects: &[Effect]) -> SessionState {
        match (left(effects), self.values()) {
            (Some(left), _) => self.state(left.values()),
            (None, Ok((_, values))) => self.state(&values),
            (None, Err(why)) => SessionState::NotComparable(why.to_string()),
        }
    }

    /// What legacy has stored, once it has answered.
    pub(super) async fn control(&self, after: oneshot::Receiver<After>) -> Result<SessionState, Abandoned> {
        let why = match timeout(AFTER, after).await {
            Ok(Ok(After::Stored(data))) => match self.sessions.decoded(&self.php, data.as_ref()) {
                Ok(values) => return Ok(self.state(&values)),
                Err(error) => error.to_string(),
            },
            Ok(Ok(After::Shared)) => return Err(Abandoned::SessionShared),
            Ok(Ok(After::Failed(error))) => chain(&error),
            Ok(Err(_)) | Err(_) => "nobody could look at the session again".to_owned(),
        };
        Ok(SessionState::NotComparable(why))
    }

    /// `$_SESSION` as JSON. To code that reads it an empty session is as none.
    fn state(&self, values: &Array) -> SessionState {
        let object = Value::Object(Object::std(values.clone()));
        match json::encode(&self.php, &object, json::PRESERVE_ZERO_FRACTION) {
            Ok(text) => SessionState::Known(text.into()),
            Err(why) => SessionState::NotComparable(format!("the session cannot be JSON: {why}")),
        }
    }
}

/// The id that an answer gives the client: the last one counts.
fn sent(sessions: &Sessions, answer: &Fields) -> Option<SessionId> {
    let name = sessions.settings().cookie.name.as_bytes();
    let ids = answer.all("set-cookie").filter_map(|cookie| {
        let value = cookie.strip_prefix(name)?.strip_prefix(b"=")?;
        SessionId::from_client(&rawurldecode(value.split(|byte| *byte == b';').next()?))
    });
    ids.last()
}

/// The session among an answer's effects.
fn left(effects: &[Effect]) -> Option<&Session> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Session(session) => Some(&**session),
        _ => None,
    })
}
