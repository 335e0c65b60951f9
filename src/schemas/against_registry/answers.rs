//! What a registry may answer: one of ours, that answers what none should.

use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;

use super::*;

/// Where a registry answers so.
async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// What a registry answers whatever it is asked, as long as it is so.
type Answers = Arc<Mutex<(StatusCode, &'static str)>>;

async fn same_answer(State(answers): State<Answers>) -> (StatusCode, &'static str) {
    *answers.lock().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_confirmed_only_by_a_registry_that_has_it() {
    const SCHEMA: &str = r#"{"id": 7, "schema": "\"string\""}"#;
    const ABSENT: &str = r#"{"error_code": 40403, "message": "Schema not found"}"#;
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("text.avsc");
    std::fs::write(&file, "\"string\"").unwrap();
    let registered = format!("schema = {{ register = '{}' }}", file.display());
    for (topic, schema) in
        [("pinned", "schema = 7"), ("registered", &*registered), ("newest", "schema = 'latest'")]
    {
        let answers: Answers = Arc::new(Mutex::new((StatusCode::OK, SCHEMA)));
        let router = Router::new().fallback(same_answer).with_state(Arc::clone(&answers));
        let config = config(state.path(), "k:1", &serve(router).await, topic, schema);
        let schemas = Schemas::default();
        begin(&schemas, &config, Purpose::Send).await;
        let stats = current(&schemas, |stats| stats.id == Some(7)).await;
        assert!(stats.age.is_some_and(|age| age < Duration::from_secs(30)), "{stats:?}");
        let answered = |schemas: &Schemas| schemas.stats()[0].answered;
        let before = answered(&schemas);
        // Whether it can have changed or not.
        current(&schemas, |_| answered(&schemas) > before + 1).await;
        *answers.lock().unwrap() = (StatusCode::NOT_FOUND, ABSENT);
        let stats = current(&schemas, |stats| stats.failure.is_some()).await;
        assert_eq!(stats.id, Some(7), "{topic}: it stays");
        let before = answered(&schemas);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(answered(&schemas), before, "{topic}: nothing was confirmed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_stay_until_others_are_put_in_place_and_equal_topics_keep_theirs() {
    let (state, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let answers: Answers = Arc::new(Mutex::new((StatusCode::OK, r#"{"id": 7, "schema": "\"string\""}"#)));
    let router = Router::new().fallback(same_answer).with_state(Arc::clone(&answers));
    let url = serve(router).await;
    let before = config(state.path(), "k:1", &url, "t", "schema = 'latest'");
    let schemas = Schemas::default();
    begin(&schemas, &before, Purpose::Send).await;
    let id = |schemas: &Schemas, config: &Config, topic: &'static str| {
        let mut records = [Record::new(topic, "\"x\"")];
        schemas.write(&config.kafka[0], &mut records).ok()?;
        Some(u32::from_be_bytes(records[0].value.as_ref()?[1..5].try_into().unwrap()))
    };
    assert_eq!(id(&schemas, &before, "t"), Some(7));

    // Nothing lies on disk there, and nobody can be asked.
    *answers.lock().unwrap() = (StatusCode::SERVICE_UNAVAILABLE, "");
    let more = "schema = 'latest'\n[kafka.main.topic.u]\nschema = 'latest'";
    let after = config(fresh.path(), "k:1", &url, "t", more);
    let prepare = || schemas.prepare(&after, Purpose::Send, &Handle::current()).unwrap();
    drop(prepare());
    let prepared = prepare();
    prepared.asked_once(Duration::from_secs(30)).await;
    assert_eq!(
        (id(&schemas, &before, "t"), schemas.stats()[0].topics.len()),
        (Some(7), 1),
        "nothing has changed"
    );
    schemas.put(prepared);
    assert_eq!((id(&schemas, &after, "t"), id(&schemas, &after, "u")), (Some(7), None));
    let stats = current(&schemas, |stats| stats.failure.is_some()).await;
    assert!(stats.age.is_some(), "{stats:?}");

    // What is not by the same settings has to be asked for.
    let other = config(fresh.path(), "k:1", &url, "t", "schema = 8");
    begin(&schemas, &other, Purpose::Send).await;
    assert_eq!(id(&schemas, &other, "t"), None);
    let elsewhere = config(fresh.path(), "k:1", "http://127.0.0.1:9", "t", "schema = 'latest'");
    begin(&schemas, &before, Purpose::Send).await;
    assert_eq!(id(&schemas, &before, "t"), Some(7), "from disk");
    begin(&schemas, &elsewhere, Purpose::Send).await;
    assert_eq!(id(&schemas, &elsewhere, "t"), None, "another registry's ids are its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_is_asked_with_its_password_and_what_it_answers_is_bounded() {
    let latest = |headers: HeaderMap| async move {
        let given = headers.get("authorization").and_then(|value| value.to_str().ok());
        // `ingest:secret`
        match given == Some("Basic aW5nZXN0OnNlY3JldA==") {
            true => (StatusCode::OK, json!({"id": 7, "schema": "\"string\""}).to_string()),
            false => {
                let message = format!("who are you? {}", "x".repeat(10_000));
                (StatusCode::UNAUTHORIZED, json!({"error_code": 401, "message": message}).to_string())
            }
        }
    };
    let endless = || async { vec![b' '; 9 << 20] };
    let router = axum::Router::new()
        .route("/subjects/{subject}/versions/latest", get(latest))
        .route("/schemas/ids/{id}", get(endless));
    let url = serve(router).await;
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("password");
    std::fs::write(&file, "wrong\n").unwrap();
    let mut spec = valid::Kafka::clone(&config(state.path(), "k:1", &url, "t", "schema = 'latest'").kafka[0]);
    let login = valid::Login { user: "ingest".into(), password_file: file.clone() };
    spec.registry.as_mut().unwrap().login = Some(login);
    let config = Config {
        kafka: vec![Arc::new(spec)],
        ..unshared(config(state.path(), "k:1", &url, "t", "schema = 'latest'"))
    };
    let schemas = Schemas::default();
    begin(&schemas, &config, Purpose::Send).await;
    let why = current(&schemas, |stats| stats.failure.is_some()).await.failure.unwrap();
    assert!(why.contains("401") && why.contains("who are you?") && why.len() < 300, "{why}");
    std::fs::write(&file, "secret\n").unwrap();
    current(&schemas, |stats| stats.id == Some(7)).await;
    let record = EffectRecord::from(&Record::new("t", &[0, 0, 0, 0, 8, 0][..]));
    let why = schemas.read(&config.kafka[0], record).await.unreadable.unwrap();
    assert!(why.contains("more than 8388608 bytes"), "{why}");
}

fn unshared(config: Arc<Config>) -> Config {
    Arc::into_inner(config).unwrap()
}
