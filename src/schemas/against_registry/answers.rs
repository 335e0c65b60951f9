//! What a registry may answer: one of ours, that answers what none should.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_is_asked_with_its_password_and_what_it_answers_is_bounded() {
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;
    let latest = |headers: HeaderMap| async move {
        let given = headers.get("authorization").and_then(|value| value.to_str().ok());
        // `ingest:secret`
        match given == Some("Basic aW5nZXN0OnNlY3JldA==") {
            true => (StatusCode::OK, json!({"id": 7, "schema": "\"string\""}).to_string()),
            false => (StatusCode::UNAUTHORIZED, r#"{"error_code":401,"message":"who are you?"}"#.to_owned()),
        }
    };
    let endless = || async { vec![b' '; 9 << 20] };
    let router = axum::Router::new()
        .route("/subjects/{subject}/versions/latest", get(latest))
        .route("/schemas/ids/{id}", get(endless));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

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
    schemas.prepare(&config, Purpose::Send, &Handle::current()).unwrap();
    let why = current(&schemas, |stats| stats.failure.is_some()).await.failure.unwrap();
    assert!(why.contains("401") && why.contains("who are you?"), "{why}");
    std::fs::write(&file, "secret\n").unwrap();
    current(&schemas, |stats| stats.id == Some(7)).await;
    let record = EffectRecord::from(&Record::new("t", &[0, 0, 0, 0, 8, 0][..]));
    let why = schemas.read(&config.kafka[0], record).await.unreadable.unwrap();
    assert!(why.contains("more than 8388608 bytes"), "{why}");
}

fn unshared(config: Arc<Config>) -> Config {
    Arc::into_inner(config).unwrap()
}
