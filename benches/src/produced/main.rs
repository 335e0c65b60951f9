//! Hands records to the product's producer as fast as it takes them, and ends when all are acknowledged.
//!
//! `handover-produced BROKERS TOPIC RECORDS BYTES`

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use handover_api::Record;
use handover_kafka::{Connection, Delivery, Frame, Producer, ProducerConfig, Refused};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, topic, records, bytes] = &arguments[..] else { bail!("BROKERS TOPIC RECORDS BYTES") };
    let (records, bytes): (usize, usize) = (records.parse()?, bytes.parse()?);
    let producer = Producer::start(ProducerConfig::new(Connection::plaintext(brokers.as_str())))?;
    let record = Record::new(topic.as_str(), Bytes::from(vec![b'x'; bytes])).key("key");
    let frame = Frame { records: &[&record], headers: &[] };
    let mut waiting = VecDeque::<Delivery>::new();
    for _ in 0..records {
        let delivery = loop {
            match producer.hand_over(&frame) {
                Ok(delivery) => break delivery,
                Err(Refused::QueueFull { .. }) => match waiting.pop_front() {
                    Some(earlier) => drop(earlier.await?),
                    None => tokio::time::sleep(Duration::from_millis(1)).await,
                },
                Err(refused) => return Err(refused).context("a record was refused"),
            }
        };
        waiting.push_back(delivery);
    }
    for delivery in waiting {
        delivery.await?;
    }
    ensure!(producer.stats().delivered == records as u64, "{:?}", producer.stats());
    Ok(())
}
