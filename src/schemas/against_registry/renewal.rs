//! How schemas come, stay and are replaced.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_registry_the_last_good_schema_serves_and_without_one_legacy_answers() {
    let registry = blocking(Registry::start).await;
    let (state, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let registry = Arc::new(registry);
    let at = Arc::clone(&registry);
    blocking(move || at.register("flights-value", "AVRO", AVRO)).await;
    let with = |state: &Path| config(state, "127.0.0.1:1", &registry.url(), "flights", "schema = 'latest'");
    let before = prepared(&with(state.path())).await;
    let id = current(before.schemas(), |stats| stats.id.is_some()).await.id;
    drop(before);
    registry.pause();

    let schemas = Schemas::default();
    let config = with(state.path());
    let since = Instant::now();
    begin(&schemas, &config, Purpose::Send).await;
    assert!(since.elapsed() < Duration::from_secs(5), "nobody waits where all are there");
    assert_eq!(schemas.stats()[0].topics[0].id, id);
    let mut records = [Record::new("flights", r#"{"carrier":"UA"}"#)];
    schemas.write(&config.kafka[0], &mut records).unwrap();
    assert_eq!(records[0].value.as_deref().map(|value| &value[5..]), Some(&b"\x04UA\x00"[..]));
    assert_eq!(blocking(move || lacking(&config)).await, [""; 0]);

    let config = with(fresh.path());
    let schemas = Schemas::default();
    let prepared = schemas.prepare(&config, Purpose::Send, &Handle::current()).unwrap();
    prepared.asked_once(Duration::from_millis(100)).await;
    schemas.put(prepared);
    let error = schemas.write(&config.kafka[0], &mut [Record::new("flights", "{}")]).unwrap_err();
    assert!(matches!(error, NotWritten::NoSchema { .. }), "{error}");
    assert!(error.to_string().contains("`flights-value` for topic `flights`"), "{error}");
    let checked = config.clone();
    let said = blocking(move || lacking(&checked)).await;
    assert!(said.len() == 1 && said[0].contains("topic `flights` of Kafka cluster `main`"), "{said:?}");

    registry.resume();
    current(&schemas, |stats| stats.id == id).await;
    schemas.write(&config.kafka[0], &mut [Record::new("flights", r#"{"carrier":"UA"}"#)]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_is_taken_up_and_a_pinned_one_stays() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    blocking(move || registry.register("versions-value", "AVRO", AVRO)).await;
    let latest = config(state.path(), &kafka.bootstrap(), &registry.url(), "versions", "schema = 'latest'");
    let producers = prepared(&latest).await;
    let first = current(producers.schemas(), |stats| stats.id.is_some()).await.id.unwrap();
    let more = AVRO.replace("]}", r#",{"name":"gate","type":"string","default":"?"}]}"#);
    blocking(move || registry.register("versions-value", "AVRO", &more)).await;
    let second = current(producers.schemas(), |stats| stats.id != Some(first)).await.id.unwrap();
    let id = |schemas: &Schemas, config: &Config| {
        let mut records = [Record::new("versions", r#"{"carrier":"UA"}"#)];
        schemas.write(&config.kafka[0], &mut records).unwrap();
        u32::from_be_bytes(records[0].value.as_ref().unwrap()[1..5].try_into().unwrap())
    };
    assert_eq!(id(producers.schemas(), &latest), second);
    let pinned =
        config(state.path(), &kafka.bootstrap(), &registry.url(), "versions", &format!("schema = {first}"));
    begin(producers.schemas(), &pinned, Purpose::Send).await;
    current(producers.schemas(), |stats| stats.id == Some(first)).await;
    assert_eq!(id(producers.schemas(), &pinned), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_registered_only_where_a_file_says_so() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    let absent = config(state.path(), &kafka.bootstrap(), &registry.url(), "unknown", "schema = 'latest'");
    let producers = prepared(&absent).await;
    let why = current(producers.schemas(), |stats| stats.failure.is_some()).await.failure.unwrap();
    assert!(why.contains("the registry has no subject `unknown-value`"), "{why}");

    let file = state.path().join("flight.avsc");
    std::fs::write(&file, AVRO).unwrap();
    let schema = format!("schema = {{ register = '{}' }}\nsubject = 'acme.Flight'", file.display());
    let own = config(state.path(), &kafka.bootstrap(), &registry.url(), "registered", &schema);
    let looks = Schemas::default();
    begin(&looks, &own, Purpose::Look).await;
    let stats = current(&looks, |stats| stats.id.is_some()).await;
    assert_eq!(
        (stats.id, stats.age),
        (Some(0), None),
        "who looks registers nothing, and nobody has confirmed it"
    );
    begin(producers.schemas(), &own, Purpose::Send).await;
    let id = current(producers.schemas(), |stats| stats.id.is_some()).await.id;
    let latest = "schema = 'latest'\nsubject = 'acme.Flight'";
    let latest = config(state.path(), &kafka.bootstrap(), &registry.url(), "registered", latest);
    begin(producers.schemas(), &latest, Purpose::Send).await;
    current(producers.schemas(), |stats| stats.id == id).await;
}
