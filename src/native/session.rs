//! The session of one native request: started when the handler asks for it, under PHP's lock until the request's end.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use handover_api::{Fields, PortError, Request, Response, Session};
use handover_session::{NotStarted, SessionError, Sessions, Started};
use legacy_compat::session::{CacheLimiter, SessionId};
use legacy_compat::{Php, request};
use tokio::sync::Mutex;

/// What the client sent as the session's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientId {
    /// Nothing.
    None,
    /// An id.
    Id(SessionId),
    /// Something that PHP refuses as an id.
    Bad,
}

impl ClientId {
    /// The id in a request's cookies, as `$_COOKIE` has it.
    pub(crate) fn of(request: &Fields, php: &Php, name: &str) -> Self {
        let cookies = request.all("cookie").collect::<Vec<_>>().join(&b"; "[..]);
        match request::cookies(php, &cookies)[name].as_bytes() {
            None | Some(b"") => Self::None,
            Some(text) => SessionId::from_client(text).map_or(Self::Bad, Self::Id),
        }
    }

    /// The id, where it is none that PHP refuses.
    pub(crate) fn usable(self) -> Result<Option<SessionId>, PortError> {
        match self {
            Self::None => Ok(None),
            Self::Id(id) => Ok(Some(id)),
            Self::Bad => Err(PortError::BadSession("its id is none".to_owned())),
        }
    }
}

/// A request's session, live.
pub(crate) struct LiveSession {
    sessions: Sessions,
    php: Php,
    id: ClientId,
    /// The script that PHP would have run.
    script: Option<PathBuf>,
    started: Mutex<Option<Started>>,
    /// Whether nobody may start it any more. A handler that blocks goes on when its time is over, and would lock legacy out.
    is_over: AtomicBool,
}

impl LiveSession {
    /// A session that nobody has asked for yet.
    pub(crate) fn new(sessions: Sessions, php: &Php, request: &Request, script: Option<PathBuf>) -> Self {
        let id = ClientId::of(request.fields(), php, &sessions.settings().cookie.name);
        let (started, is_over) = (Mutex::default(), AtomicBool::new(false));
        Self { sessions, php: php.clone().at(now()), id, script, started, is_over }
    }

    /// `session_start()`; the second time what the first one gave.
    pub(crate) async fn start(&self) -> Result<Session, PortError> {
        let mut started = self.started.lock().await;
        if let Some(started) = &*started {
            return Ok(started.session.clone());
        }
        if self.is_over.load(Relaxed) {
            return Err(PortError::SessionStore("the request's time is over".to_owned()));
        }
        let fresh = fresh_id(&self.sessions)?;
        let begun = self.sessions.start(&self.php, self.id.clone().usable()?, fresh).await.map_err(port)?;
        Ok(started.insert(begun).session.clone())
    }

    /// Gives the lock back, with the session as it was, for good: legacy is going to answer.
    pub(crate) async fn release(&self) {
        self.is_over.store(true, Relaxed);
        if let Some(started) = self.started.lock().await.take() {
            started.release().await;
        }
    }

    /// The id that the client sent; `None` where it sent none that is one.
    pub(crate) fn client_id(&self) -> Option<&SessionId> {
        match &self.id {
            ClientId::Id(id) => Some(id),
            ClientId::None | ClientId::Bad => None,
        }
    }

    /// Whether the session can be stored without loss, once it was started.
    pub(crate) async fn is_faithful(&self) -> bool {
        let started = self.started.lock().await;
        started.as_ref().is_none_or(|started| started.is_faithful(&self.php, &self.sessions))
    }

    /// The request's end: stores the session as the answer has it. The fields that it adds to the response.
    pub(crate) async fn end(&self, left: Option<&Session>) -> Result<Fields, SessionError> {
        self.is_over.store(true, Relaxed);
        let Some(started) = self.started.lock().await.take() else { return Ok(Fields::new()) };
        let session = left.unwrap_or(&started.session);
        let sent = (started.is_new || session.left().is_some()).then(|| session.id());
        let modified = modified(&self.sessions, self.script.as_deref()).await;
        let added = added(&self.sessions, &self.php, sent, modified);
        match self.sessions.end(&self.php, started, left).await {
            // Nothing was to be stored, and PHP would answer all the same.
            Err(error) if left.is_none() => {
                tracing::warn!(
                    error = crate::observe::chain(&error),
                    "a session that was only read may end too early"
                );
            }
            ended => ended?,
        }
        Ok(added)
    }
}

/// When the script that PHP would have run was last changed, where the cache limiter tells that.
pub(crate) async fn modified(sessions: &Sessions, script: Option<&Path>) -> Option<i64> {
    if matches!(sessions.settings().limiter, CacheLimiter::NoCache | CacheLimiter::None) {
        return None;
    }
    let changed = tokio::fs::metadata(script?).await.ok()?.modified().ok()?;
    Some(seconds(changed))
}

/// An id for a session that is new.
pub(crate) fn fresh_id(sessions: &Sessions) -> Result<SessionId, PortError> {
    let form = sessions.settings().id;
    let mut random = vec![0; form.bytes()];
    getrandom::fill(&mut random).map_err(|_| PortError::NoRandomness)?;
    Ok(form.make(&random))
}

/// What a session adds to a response; `sent` is its id where the client does not know that yet.
pub(crate) fn added(
    sessions: &Sessions,
    php: &Php,
    sent: Option<&SessionId>,
    modified: Option<i64>,
) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in sessions.fields(php, sent, modified) {
        fields.append(name, value).unwrap_or_else(|why| tracing::error!(%why, "a session's field"));
    }
    fields
}

/// A response with what the session adds: before the response's own, which take the place of those of their name, as what PHP
/// sets later does. Cookies stay side by side.
pub(crate) fn with_added(mut response: Response, mut added: Fields) -> Response {
    for own in response.fields.iter().filter(|own| !own.is("set-cookie")) {
        added.remove(&String::from_utf8_lossy(own.name()));
    }
    response.fields.iter().for_each(|own| added.push(own.clone()));
    response.fields = added;
    response
}

/// What a session that could not be started is to the handler.
fn port(error: NotStarted) -> PortError {
    match error {
        NotStarted::Store(SessionError::Busy(waited)) => PortError::SessionBusy(waited),
        NotStarted::Store(error) => PortError::SessionStore(crate::observe::chain(&error)),
        error @ NotStarted::Undecodable(_) => PortError::BadSession(crate::observe::chain(&error)),
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    seconds(SystemTime::now())
}

fn seconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).as_ref().map_or(0, Duration::as_secs);
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_response_says_itself_takes_the_place_of_what_the_session_adds() {
        let mut added = Fields::new();
        for (name, value) in
            [("Set-Cookie", "PHPSESSID=a"), ("Expires", "long ago"), ("Cache-Control", "no-store")]
        {
            added.append(name, value).unwrap();
        }
        let own =
            Response::new(200).field("cache-control", "private").unwrap().field("Set-Cookie", "b=1").unwrap();
        let fields = with_added(own, added).fields;
        let all: Vec<_> = fields.iter().map(|field| (field.name(), &field.value()[..])).collect();
        let expected: [(&[u8], &[u8]); 4] = [
            (b"Set-Cookie", b"PHPSESSID=a"),
            (b"Expires", b"long ago"),
            (b"cache-control", b"private"),
            (b"Set-Cookie", b"b=1"),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn the_id_is_read_as_php_reads_it() {
        let of = |cookies: &[&str]| {
            let mut fields = Fields::new();
            cookies.iter().for_each(|value| fields.append("Cookie", (*value).to_owned()).unwrap());
            ClientId::of(&fields, &Php::new(legacy_compat::Version::V8_2), "PHPSESSID")
        };
        let id = |text: &str| ClientId::Id(SessionId::from_client(text.as_bytes()).unwrap());
        assert_eq!(of(&["a=1; PHPSESSID=abc; PHPSESSID=other"]), id("abc"));
        assert_eq!(of(&["a=1", "PHPSESSID=a%2Cb"]), id("a,b"));
        assert_eq!((of(&[]), of(&["PHPSESSID="])), (ClientId::None, ClientId::None));
        assert_eq!((of(&["PHPSESSID=../x"]), of(&["PHPSESSID[]=x"])), (ClientId::Bad, ClientId::None));
    }
}
