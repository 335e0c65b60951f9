//! What is sent and read by a registry's schemas, in all their forms.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_native_sends_confluent_s_client_reads_in_every_form() {
    let (kafka, registry) = parts().await;
    for (form, kind, schema) in FORMS {
        let topic: &'static str = form.to_owned().leak();
        let (state, url) = (tempfile::tempdir().unwrap(), registry.url());
        blocking(move || {
            kafka.create_topic(topic, 4);
            registry.register(&format!("{topic}-value"), kind, schema);
        })
        .await;
        let config = config(state.path(), &kafka.bootstrap(), &url, topic, "schema = 'latest'");
        let (producers, route) = (prepared(&config).await, route(&config, topic));
        let sent = json!({"carrier": "UÄ", "delay": -3});
        _ = commit(&producers, &route, topic, &sent)
            .await
            .unwrap_or_else(|why| panic!("{form}: {}", chain(&why)));
        let read = blocking(move || registry.confluent_consumes(kafka, topic, form, 1)).await;
        assert_eq!(
            serde_json::from_str::<Json>(&read).unwrap(),
            json!({"key": "UA", "value": sent}),
            "{form}"
        );
        // Where it went is its key's business, as with PHP's client: CRC32.
        let mut crc = flate2::Crc::new();
        crc.update(b"UA");
        let partition = blocking(move || tapped(kafka, topic)).await[0].partition;
        assert_eq!(partition, Some((crc.sum() % 4) as i32), "{form}");

        let misfit = json!({"carrier": 7, "delay": -3});
        let Err(NotCommitted::Before(why)) = commit(&producers, &route, topic, &misfit).await else {
            panic!("{form}: it was taken")
        };
        let why = chain(&*why);
        assert!(why.contains(&format!("`{topic}-value`")) && why.contains("carrier"), "{why}");
        assert_eq!(blocking(move || kafka.count(topic)).await, 1, "{form}: nothing was sent");
        let stats = current(producers.schemas(), |stats| stats.unfit == 1).await;
        assert!(stats.id.is_some() && stats.failure.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn legacy_s_records_by_confluent_s_client_are_compared_with_native_s_by_their_fields() {
    let (kafka, registry) = parts().await;
    for (form, _, schema) in FORMS {
        let topic: &'static str = format!("legacy-{form}").leak();
        let state = tempfile::tempdir().unwrap();
        let records =
            json!({"schema": schema, "records": [{"key": "UA", "value": {"carrier": "UA", "delay": 7}}]});
        blocking(move || {
            kafka.create_topic(topic, 1);
            registry.confluent_produces(kafka, topic, form, &records.to_string());
        })
        .await;
        let config = config(state.path(), &kafka.bootstrap(), &registry.url(), topic, "schema = 'latest'");
        let producers = prepared(&config).await;
        let (schemas, cluster) = (producers.schemas(), &*config.kafka[0]);
        let mut legacy = blocking(move || tapped(kafka, topic)).await;
        let legacy = schemas.read(cluster, legacy.remove(0)).await;
        assert_eq!(
            (value(&legacy), &legacy.unreadable),
            (json!({"carrier": "UA", "delay": 7}), &None),
            "{form}"
        );
        let native = |value: Json| {
            let record = Record::new(&*topic, value.to_string()).key("UA");
            schemas.seen(cluster, EffectRecord { partition: Some(0), ..EffectRecord::from(&record) }).unwrap()
        };
        let same = native(json!({"carrier": "UA", "delay": 7}));
        assert_eq!(header(&legacy, SCHEMA_ID), header(&same, SCHEMA_ID));
        let found = effects(std::slice::from_ref(&legacy), &[same]);
        assert!(found.is_empty(), "{form}: {found:?}");
        let found = effects(std::slice::from_ref(&legacy), &[native(json!({"carrier": "UA", "delay": 8}))])
            .into_sorted();
        let places: Vec<_> = found.iter().map(|difference| difference.path.to_string()).collect();
        assert!(matches!(&places[..], [place] if place.ends_with("delay")), "{form}: {places:?}");
        // The schema is told apart from what is by it.
        let mut other = native(json!({"carrier": "UA", "delay": 7}));
        other.headers.last_mut().unwrap().1 = "999".into();
        let found = effects(&[legacy], &[other]).into_sorted();
        let places: Vec<_> = found.iter().map(|difference| difference.path.to_string()).collect();
        assert!(matches!(&places[..], [place] if place.contains(SCHEMA_ID)), "{form}: {places:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_can_read_is_told_with_its_reason() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    blocking(move || registry.register("hostile-value", "AVRO", AVRO)).await;
    let config = config(state.path(), &kafka.bootstrap(), &registry.url(), "hostile", "schema = 'latest'");
    let producers = prepared(&config).await;
    let id = current(producers.schemas(), |stats| stats.id.is_some()).await.id.unwrap();
    let framed = |rest: &[u8]| Bytes::from([&[0][..], &id.to_be_bytes(), rest].concat());
    for (value, said) in [
        (Bytes::from("{}"), "no registry's frame: it begins with 0x7b"),
        (Bytes::from(&[0, 0, 0][..]), "ends within the registry's frame"),
        (Bytes::new(), "it is empty"),
        (Bytes::from(&[0, 0x7f, 0, 0, 0, 2][..]), "the registry has no schema 2130706432"),
        (framed(b""), "no whole number"),
        (framed(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), "it ends within"),
        (framed(&[2, b'U', 0, 0]), "left over"),
    ] {
        let record = EffectRecord::from(&Record::new("hostile", value));
        let read = producers.schemas().read(&config.kafka[0], record.clone()).await;
        let why = read.unreadable.clone().unwrap_or_default();
        assert!(why.contains(said), "{why} instead of {said}");
        assert_eq!(EffectRecord { unreadable: None, ..read }, record, "it stays as it is");
    }
    let tombstone = EffectRecord { value: None, ..EffectRecord::from(&Record::new("hostile", "")) };
    assert_eq!(producers.schemas().read(&config.kafka[0], tombstone.clone()).await, tombstone);
    let other = EffectRecord::from(&Record::new("other", "as it is"));
    assert_eq!(producers.schemas().read(&config.kafka[0], other.clone()).await, other);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_that_refer_to_others_come_whole() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    let place = r#"{"type":"record","name":"acme.Place","fields":[{"name":"faa","type":"string"}]}"#;
    let trip = r#"{"type":"record","name":"acme.Trip","fields":[{"name":"from","type":"acme.Place"}]}"#;
    let body =
        json!({"schema": trip, "references": [{"name": "acme.Place", "subject": "place", "version": 1}]});
    blocking(move || {
        registry.register("place", "AVRO", place);
        registry.post("subjects/trips-value/versions", &body.to_string())
    })
    .await;
    let config = config(state.path(), &kafka.bootstrap(), &registry.url(), "trips", "schema = 'latest'");
    let producers = prepared(&config).await;
    let mut records = [Record::new("trips", r#"{"from":{"faa":"JFK"}}"#)];
    producers.schemas().write(&config.kafka[0], &mut records).unwrap_or_else(|why| panic!("{}", chain(&why)));
    assert_eq!(&records[0].value.as_ref().unwrap()[5..], b"\x06JFK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_whose_value_does_not_fit_counts_as_a_failure_of_native() {
    let (kafka, registry) = parts().await;
    let state = tempfile::tempdir().unwrap();
    blocking(move || registry.register("dry-value", "AVRO", AVRO)).await;
    let config = config(state.path(), &kafka.bootstrap(), &registry.url(), "dry", "schema = 'latest'");
    let route = route(&config, "dry");
    let ports: Arc<dyn Ports> = Arc::new(Frozen::at("2013-01-01T05:00:00Z"));
    let conductor = Conductor {
        ports: Arc::clone(&ports),
        producers: Arc::new(prepared(&config).await),
        identities: Identities::said("f"),
        phps: Arc::default(),
        recordings: Arc::new(Recordings::new(Redactor::new(&RedactionKey::new([1; 32])))),
        observers: Arc::default(),
        blocking: Arc::new(Pool::new(1)),
    };
    let came = async |body: &'static str| {
        let request = Request::builder(Method::POST, Bytes::from("/a")).body(body).build().unwrap();
        conductor.alone(&route, &request, Arc::clone(&ports)).await.unwrap()
    };
    let side = came(r#"{"carrier":"UA","delay":"late"}"#).await;
    assert!(matches!(&side.outcome, Came::Failed(why) if why.contains("`delay`")), "{:?}", side.outcome);
    let side = came(r#"{"carrier":"UA"}"#).await;
    let handover_shadow::Effects::Known(records) = &side.effects else { panic!("{:?}", side.effects) };
    assert_eq!(value(&records[0]), json!({"carrier": "UA", "delay": null}));
}
