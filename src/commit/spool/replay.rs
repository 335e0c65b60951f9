//! From the spool to Kafka, in the background and in order.
//!
//! In rounds: frames are read, handed over one behind the other, and settled as far as all before them are delivered.
//! The producer is one that never gives a record up and is gapless: what fails lets nothing behind it pass, so that a
//! round can be sent again from its first failure on. What was delivered already then comes twice, under its event id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use handover_api::Record;
use handover_kafka::{CommitError, Delivery, Frame as Records, Producer};
use handover_spool::{Frame, Reader, Spool};
use tokio::sync::{Notify, watch};

use super::body::Spooled;
use super::held::Held;
use crate::commit::calls::Caller;
use crate::commit::clusters::Clusters;
use crate::observe::chain;

/// The most frames of a round, and about the most bytes.
const ROUND: usize = 512;
const ROUND_BYTES: usize = 4 << 20;
/// How long a round that failed is not tried again: the first and the longest wait.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How often a frame that the brokers say they will never take is offered before it is set aside.
const OFFERS: u32 = 3;
/// Headers of a dead letter: where it was to go, and why it did not get there.
pub(crate) const DEAD_TOPIC: &str = "handover-dead-topic";
pub(crate) const DEAD_REASON: &str = "handover-dead-reason";

/// Replays one spool.
pub(super) struct Replay {
    pub spool: Arc<Spool>,
    pub held: Arc<Held>,
    pub clusters: Clusters,
    /// Who takes calls over.
    pub caller: Arc<Caller>,
    pub news: Arc<Notify>,
    pub stop: watch::Receiver<bool>,
    /// Whether it ends once nothing is left: a spool that another process left.
    pub to_the_end: bool,
}

/// A frame on its way.
struct Sent {
    frame: Frame,
    records: Spooled,
    /// `None` where there are only calls left.
    delivery: Option<Delivery>,
}

/// Why a round did not get through.
struct Failed {
    /// Its first frame that did not.
    frame: Frame,
    why: String,
    /// Whether it never will.
    never: bool,
}

impl Replay {
    /// Replays until it is told to stop, or to the end.
    pub(super) async fn run(mut self) {
        let mut reader = self.spool.reader();
        let (mut back_off, mut most, mut offers) = (BACK_OFF.0, ROUND, 0);
        // The frame whose records are delivered and whose calls are not taken over yet.
        let mut delivered = None;
        while !*self.stop.borrow() {
            if !reader.is_behind() {
                if self.to_the_end {
                    return;
                }
                self.wait(BACK_OFF.1).await;
                continue;
            }
            let frames;
            (reader, frames) = read(reader, most, &self.spool).await;
            match self.round(frames, &mut delivered).await {
                Ok(()) => (back_off, most, offers) = (BACK_OFF.0, ROUND, 0),
                Err(failed) => {
                    // Alone, so that it is certain which one cannot be taken.
                    most = 1;
                    // Between two offers the producer may be replaced, which says nothing of the frame.
                    offers += u32::from(failed.never);
                    if offers >= OFFERS && (self.bury(&failed).await || self.set_aside(&failed)) {
                        offers = 0;
                    } else {
                        tracing::warn!(
                            number = failed.frame.number,
                            error = failed.why,
                            "the spool is not let through"
                        );
                        self.wait(back_off).await;
                        back_off = (back_off * 2).min(BACK_OFF.1);
                    }
                    reader.rewind();
                }
            }
        }
    }

    /// Sends frames and settles those that got through. Of a frame whose records did, they are not sent again.
    async fn round(&self, frames: Vec<Frame>, done: &mut Option<u64>) -> Result<(), Failed> {
        let (mut sent, mut failed) = (Vec::with_capacity(frames.len()), None);
        let mut producers = HashMap::new();
        for frame in frames {
            match self.send(&frame, *done == Some(frame.number), &mut producers) {
                Ok((records, delivery)) => sent.push(Sent { frame, records, delivery }),
                Err((why, never)) => {
                    failed = Some(Failed { frame, why, never });
                    break;
                }
            }
        }
        let mut first_failed: Option<Failed> = None;
        for Sent { frame, records, delivery } in sent {
            let delivered = match delivery {
                Some(delivery) => {
                    delivery.await.map(drop).map_err(|error| (chain(&error), is_for_ever(&error)))
                }
                None => Ok(()),
            };
            if first_failed.is_some() {
                continue;
            }
            let taken = match delivered {
                Ok(()) => {
                    *done = Some(frame.number);
                    self.caller.take(&records.calls).await.map_err(|error| (chain(&error), false))
                }
                failed => failed,
            };
            match taken {
                Ok(()) => {
                    self.spool.settle(frame.number);
                    self.held.release(&records);
                }
                Err((why, never)) => first_failed = Some(Failed { frame, why, never }),
            }
        }
        match first_failed.or(failed) {
            Some(failed) => Err(failed),
            None => Ok(()),
        }
    }

    /// Within a round a cluster has one producer: what another one took could overtake.
    fn send(
        &self,
        frame: &Frame,
        is_delivered: bool,
        producers: &mut HashMap<String, Arc<Producer>>,
    ) -> Result<(Spooled, Option<Delivery>), (String, bool)> {
        let records = Spooled::decode(frame.body.clone()).map_err(|error| (error.to_string(), true))?;
        if records.records.is_empty() || is_delivered {
            return Ok((records, None));
        }
        let producer = match producers.get(&records.cluster) {
            Some(producer) => Arc::clone(producer),
            None => {
                let found = self.clusters.replaying(&records.cluster).map_err(|error| (error, false))?;
                Arc::clone(producers.entry(records.cluster.clone()).or_insert(found))
            }
        };
        let all: Vec<_> = records.records.iter().collect();
        let delivery = producer.hand_over(&Records { records: &all, headers: &[] });
        let delivery = delivery.map_err(|refused| (refused.to_string(), refused.never()))?;
        Ok((records, Some(delivery)))
    }

    /// Sends the records of a frame that nobody takes to their cluster's dead-letter topic, if there is one. `false` when
    /// they are not there.
    async fn bury(&self, failed: &Failed) -> bool {
        let Ok(spooled) = Spooled::decode(failed.frame.body.clone()) else { return false };
        let Some(running) = self.clusters.get(&spooled.cluster) else { return false };
        let Some(topic) = &running.spec.dead_letter else { return false };
        let dead: Vec<Record> =
            spooled.records.iter().map(|record| dead(record, topic, &failed.why)).collect();
        let dead: Vec<&Record> = dead.iter().collect();
        let buried = running.producer.commit(&Records { records: &dead, headers: &[] }).await;
        let buried = match buried {
            Ok(_) => self.caller.take(&spooled.calls).await.map_err(|error| chain(&error)),
            Err(error) => Err(chain(&error)),
        };
        match buried {
            Ok(()) => {
                tracing::error!(
                    topic,
                    error = failed.why,
                    "a frame can never be delivered; its records are dead letters"
                );
                self.spool.settle(failed.frame.number);
                self.held.release(&spooled);
                true
            }
            Err(why) => {
                tracing::error!(topic, why, "the dead-letter topic does not take a frame either");
                false
            }
        }
    }

    /// Keeps a frame that nobody takes in a file and goes on behind it. `false` when the disk refuses.
    fn set_aside(&self, failed: &Failed) -> bool {
        match self.spool.set_aside(&failed.frame) {
            Ok(file) => {
                let file = file.display();
                tracing::error!(%file, error = failed.why, "a frame can never be delivered, and is set aside");
                self.spool.settle(failed.frame.number);
                if let Ok(records) = Spooled::decode(failed.frame.body.clone()) {
                    self.held.release(&records);
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "a frame can never be delivered, and can't be set aside");
                false
            }
        }
    }

    async fn wait(&mut self, within: Duration) {
        tokio::select! {
            () = self.news.notified(), if !self.to_the_end => {}
            _ = self.stop.changed() => {}
            () = tokio::time::sleep(within) => {}
        }
    }
}

/// A record as it is sent in place of itself.
fn dead(record: &Record, topic: &str, why: &str) -> Record {
    let mut headers = record.headers.clone();
    headers.push((DEAD_TOPIC.to_owned(), record.topic.clone().into()));
    headers.push((DEAD_REASON.to_owned(), why.to_owned().into()));
    Record { topic: topic.to_owned(), partition: None, headers, ..record.clone() }
}

fn is_for_ever(error: &CommitError) -> bool {
    matches!(error, CommitError::NotPersisted(fault) | CommitError::Ambiguous(fault) if fault.never)
}

/// Reads the frames of a round, on a thread that may wait for the disk. What is damaged is passed over.
async fn read(mut reader: Reader, most: usize, spool: &Arc<Spool>) -> (Reader, Vec<Frame>) {
    let (own, spool) = (Arc::clone(spool), Arc::clone(spool));
    let reading = tokio::task::spawn_blocking(move || {
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while frames.len() < most && bytes < ROUND_BYTES {
            match reader.read() {
                Ok(Some(Ok(frame))) => {
                    bytes += frame.body.len();
                    frames.push(frame);
                }
                // Frames before it are settled first; it is found again.
                Ok(Some(Err(_))) if !frames.is_empty() => break,
                Ok(Some(Err(damage))) => spool.settle(damage.through()),
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "a segment of the spool cannot be opened");
                    std::thread::sleep(BACK_OFF.0);
                    break;
                }
            }
        }
        (reader, frames)
    });
    // Only a panic in there ends it otherwise; reading then begins anew.
    reading.await.unwrap_or_else(|_| (own.reader(), Vec::new()))
}
