//! Both durable modes over a network that is slow, narrow, resets connections, swallows what it is given, or is cut.

use std::time::Duration;

use handover_parts::Kafka;

use super::under_load::{outage, survives};

const CALM: Duration = Duration::from_secs(2);

async fn faults(mode: &str) {
    let started = tokio::task::spawn_blocking(Kafka::start_behind_toxiproxy).await.unwrap();
    let (mut kafka, network) = started;
    // All of them together last as long as one outage of a broker.
    let each = (outage() / 5).max(CALM);
    let bootstrap = format!("127.0.0.1:{}", network.port());
    survives(mode, &mut kafka, &bootstrap, |_, phases| {
        phases.lasts("at first", CALM, || {});
        phases
            .lasts("the network slow by 100 ms each way", each, || network.slow(Duration::from_millis(100)));
        phases.lasts("connections reset after 300 ms", each, || {
            network.heal();
            network.reset(Duration::from_millis(300));
        });
        phases.lasts("everything swallowed", each, || {
            network.heal();
            network.swallow();
        });
        phases.lasts("the network cut", each, || {
            network.heal();
            network.cut();
        });
        phases.lasts("the network narrow, 64 KiB/s", each, || {
            network.heal();
            network.narrow(64);
        });
        phases.lasts("the network well", CALM, || network.heal());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spool_loses_and_reorders_nothing_over_a_bad_network() {
    faults("spool").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivered_loses_and_reorders_nothing_over_a_bad_network() {
    faults("delivered").await;
}
