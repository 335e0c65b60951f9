//! Both durable modes against a real broker that is killed, restarted and hung under load.

use std::time::Duration;

use handover_parts::Kafka;

use super::under_load::{outage, survives};

const CALM: Duration = Duration::from_secs(2);

async fn outages(mode: &str) {
    let mut kafka = tokio::task::spawn_blocking(Kafka::start).await.unwrap();
    let bootstrap = kafka.bootstrap();
    survives(mode, &mut kafka, &bootstrap, |kafka, phases| {
        phases.lasts("at first", CALM, || {});
        phases.lasts("the broker killed", outage(), || kafka.kill());
        phases.lasts("the broker back", CALM, || kafka.restart());
        phases.lasts("the broker hung", outage(), || kafka.pause());
        phases.lasts("the broker awake", CALM, || kafka.resume());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spool_loses_and_reorders_nothing_while_the_broker_is_killed_and_hung() {
    outages("spool").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivered_loses_and_reorders_nothing_while_the_broker_is_killed_and_hung() {
    outages("delivered").await;
}
