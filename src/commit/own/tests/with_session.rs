//! Effects of the application's own beside a session, which is stored when they are done.

use handover_api::{Request, Session};
use handover_parts::Redis;
use legacy_compat::{Php, Version};

use super::*;
use crate::legacy::session::CoreSessions;
use crate::native::session::LiveSession;

/// How long Redis keeps a session's lock.
const LOCK: Duration = Duration::from_millis(500);

/// A world with sessions in Redis.
struct WithSessions {
    world: World,
    sessions: CoreSessions,
    _redis: Redis,
}

impl WithSessions {
    fn new() -> Self {
        let redis = Redis::start();
        let world = World::with(
            &format!(
                "php = '8.2'\n[legacy.one.session]\nsave_handler = 'redis'\nsave_path = 'tcp://127.0.0.1:{}'\n\
                 locking = true\nlock_expire = '{}ms'\n",
                redis.port(),
                LOCK.as_millis()
            ),
            "5s",
        );
        Self { world, sessions: CoreSessions::default(), _redis: redis }
    }

    /// The session of one client's next request, and what it has of it.
    async fn started(&self) -> (Arc<LiveSession>, Session) {
        let request =
            Request::builder(http::Method::POST, "/").field("Cookie", "PHPSESSID=abcdefghijklmnopqrstuvwxyz");
        let sessions = self.sessions.of(&self.world.route.spec.legacy).unwrap();
        let php = Php::new(Version::V8_2);
        let live = Arc::new(LiveSession::new(sessions, &php, &request.build().unwrap(), None));
        let session = live.start().await.unwrap();
        (live, session)
    }

    /// What the session says that was done last.
    async fn last(&self) -> String {
        let (live, session) = self.started().await;
        live.release().await;
        String::from_utf8_lossy(session.get("last").as_bytes().unwrap_or_default()).into_owned()
    }

    /// Commits an answer that sets what was done last, once it has gone on for so long.
    async fn answer(&self, answer: Answer, last: &str, after: Duration) -> Result<Response, NotCommitted> {
        let (live, mut session) = self.started().await;
        session.set("last", last);
        tokio::time::sleep(after).await;
        self.world.producers.answer(&self.world.route, answer.with(session), Some(live)).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_stored_when_they_are_done_and_given_back_where_none_is() {
    let clients = WithSessions::new();
    let response = clients.answer(asking(&["a"]), "first", Duration::ZERO).await.unwrap();
    assert_eq!((response.status.as_u16(), clients.last().await), (201, "first".to_owned()));
    let error = clients.answer(asking(&["before"]), "second", Duration::ZERO).await.unwrap_err();
    let since = Instant::now();
    assert_eq!((said(error).0, clients.last().await), ("before", "first".to_owned()));
    assert!(since.elapsed() < LOCK, "its lock was given back, legacy need not wait for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_lost_behind_them_is_no_reason_to_fall_back() {
    let clients = WithSessions::new();
    _ = clients.answer(asking(&["a"]), "first", Duration::ZERO).await.unwrap();
    let (kind, why) = said(clients.answer(asking(&["slow"]), "second", Duration::ZERO).await.unwrap_err());
    assert!(kind == "in part" && why.contains("the session was not stored"), "{kind}: {why}");
    assert_eq!(
        (clients.world.rows.values(), clients.last().await),
        (vec!["a".into(), "slow".into()], "first".into())
    );

    // Where nothing else was done it is as if nothing had happened.
    let error = clients.answer(asking(&[]), "second", 2 * LOCK).await.unwrap_err();
    assert_eq!((said(error).0, clients.last().await), ("before", "first".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repetition_is_told_that_the_session_was_lost_and_nothing_is_done_again() {
    let clients = WithSessions::new();
    let error = clients.answer(event("e-1", "slow"), "first", Duration::ZERO).await.unwrap_err();
    assert_eq!(said(error).0, "in part");
    let again = clients.answer(event("e-1", "slow"), "first", Duration::ZERO).await.unwrap();
    assert_eq!((again.status.as_u16(), clients.world.rows.values().len()), (500, 1));
}
