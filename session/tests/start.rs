//! `session_start()` and the request's end, as PHP does them, on files.

use std::time::Duration;

use handover_session::{Files, NotStarted, Patience, SessionError, Sessions, Settings};
use legacy_compat::session::{CacheLimiter, CookieSettings, Format, IdSettings, SessionId};
use legacy_compat::{Php, Version};

/// A folder of sessions.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn sessions(&self, change: impl FnOnce(&mut Settings)) -> Sessions {
        let mut settings = Settings {
            cookie: CookieSettings::default(),
            format: Format::Php,
            id: IdSettings::default(),
            limiter: CacheLimiter::NoCache,
            cache_expire: 180,
            strict: false,
            lazy_write: true,
            patience: Patience::of(Duration::from_secs(5)),
        };
        change(&mut settings);
        let files = Files::at(&self.0.path().display().to_string()).unwrap();
        Sessions::new(std::sync::Arc::new(files), settings)
    }

    fn put(&self, id: &str, stored: &str) {
        std::fs::write(self.file(id), stored).unwrap();
    }

    /// What is stored under that id; `None` where there is no such session.
    fn get(&self, id: &str) -> Option<String> {
        std::fs::read_to_string(self.file(id)).ok()
    }

    fn file(&self, id: &str) -> std::path::PathBuf {
        self.0.path().join(format!("sess_{id}"))
    }
}

fn php() -> Php {
    Php::new(Version::V8_2)
}

fn id(text: &str) -> SessionId {
    SessionId::from_client(text.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_new_session_is_stored_in_every_form() {
    for format in [Format::Php, Format::PhpSerialize, Format::PhpBinary] {
        let folder = Folder::new();
        let sessions = folder.sessions(|settings| settings.format = format);
        let started = sessions.start(&php(), None, id("fresh")).await.unwrap();
        assert!(started.is_new && started.is_faithful(&php(), &sessions), "{format}");
        let mut left = started.session.clone();
        left.set("a", 1);
        sessions.end(&php(), started, Some(&left)).await.unwrap();
        let again = sessions.start(&php(), Some(id("fresh")), id("next")).await.unwrap();
        assert_eq!(again.session.get("a").as_int(), Some(1), "{format}");
    }
}

#[tokio::test]
async fn an_id_that_nobody_knows_is_kept_or_in_strict_mode_replaced() {
    for (strict, kept) in [(false, "theirs"), (true, "ours")] {
        let sessions = Folder::new().sessions(|settings| settings.strict = strict);
        let started = sessions.start(&php(), Some(id("theirs")), id("ours")).await.unwrap();
        assert_eq!((started.session.id(), started.is_new), (&id(kept), strict));
    }
}

#[tokio::test]
async fn of_two_who_begin_a_session_the_second_overwrites_nothing() {
    let folder = Folder::new();
    let sessions = folder.sessions(|_| {});
    let begin = || async { sessions.start(&php(), Some(id("a")), id("b")).await.unwrap() };
    let (first, second) = (begin().await, begin().await);
    let mut left = first.session.clone();
    left.set("first", true);
    sessions.end(&php(), first, Some(&left)).await.unwrap();
    let mut left = second.session.clone();
    left.set("second", true);
    let refused = sessions.end(&php(), second, Some(&left)).await;
    assert!(matches!(refused, Err(SessionError::BegunMeanwhile)), "{refused:?}");
    assert_eq!(folder.get("a").as_deref(), Some("first|b:1;"));
}

#[tokio::test]
async fn what_has_not_changed_is_not_written_anew() {
    for lazy_write in [true, false] {
        let folder = Folder::new();
        let sessions = folder.sessions(|settings| settings.lazy_write = lazy_write);
        // Native could not write that back: the reference would be lost.
        folder.put("a", "a|a:2:{i:0;i:1;i:1;R:2;}");
        let started = sessions.start(&php(), Some(id("a")), id("b")).await.unwrap();
        assert!(!started.is_faithful(&php(), &sessions));
        sessions.end(&php(), started, None).await.unwrap();
        assert_eq!(folder.get("a").as_deref(), Some("a|a:2:{i:0;i:1;i:1;R:2;}"));
    }
}

#[tokio::test]
async fn a_session_that_goes_on_under_a_new_id_leaves_what_php_leaves() {
    for (delete, left_behind) in [(true, None), (false, Some("user|s:3:\"ops\";"))] {
        let folder = Folder::new();
        let sessions = folder.sessions(|_| {});
        folder.put("old", "user|s:3:\"ops\";");
        let started = sessions.start(&php(), Some(id("old")), id("new")).await.unwrap();
        let mut left = started.session.clone();
        left.regenerate_id(delete);
        left.set("user", "renee");
        sessions.end(&php(), started, Some(&left)).await.unwrap();
        assert_eq!(folder.get("new").as_deref(), Some("user|s:5:\"renee\";"));
        assert_eq!(folder.get("old").as_deref(), left_behind);
    }
}

#[tokio::test]
async fn a_destroyed_session_is_gone_and_one_that_is_dropped_as_it_was() {
    let folder = Folder::new();
    let sessions = folder.sessions(|_| {});
    folder.put("a", "n|i:1;");
    let start = || async { sessions.start(&php(), Some(id("a")), id("b")).await.unwrap() };
    drop(start().await);
    start().await.release().await;
    assert_eq!(folder.get("a").as_deref(), Some("n|i:1;"));
    let started = start().await;
    let mut left = started.session.clone();
    left.destroy();
    sessions.end(&php(), started, Some(&left)).await.unwrap();
    assert_eq!(folder.get("a"), None);
}

#[tokio::test]
async fn what_is_no_session_is_refused_and_stays() {
    let folder = Folder::new();
    folder.put("a", "a|i:1;b");
    let refused = folder.sessions(|_| {}).start(&php(), Some(id("a")), id("b")).await;
    assert!(matches!(refused, Err(NotStarted::Undecodable(_))));
    assert_eq!(folder.get("a").as_deref(), Some("a|i:1;b"));
}
