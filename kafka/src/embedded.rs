//! A Kafka inside this process: librdkafka's own mock cluster, on a real port of 127.0.0.1.
//!
//! For demos and tests. It keeps records in memory only, at most 5 MiB or 100,000 records a partition; older ones go.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

type Cluster = MockCluster<'static, DefaultProducerContext>;
type Order = Box<dyn FnOnce(&Cluster) + Send>;

/// A running embedded Kafka. Dropping it stops it.
pub struct Embedded {
    bootstrap: String,
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// The embedded Kafka could not do it.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Librdkafka refuses.
    #[error("the embedded Kafka refuses")]
    Refused(#[from] KafkaError),
    /// Its thread is gone.
    #[error("the embedded Kafka's thread has ended")]
    Gone,
}

impl Embedded {
    /// Starts a cluster of that many brokers, each on a free port. Takes some milliseconds.
    pub fn start(brokers: u8) -> Result<Self, EmbeddedError> {
        let (orders, inbox) = mpsc::channel::<Order>();
        let (tell, told) = mpsc::channel();
        // The mock cluster can't change threads, so it gets one of its own to live on.
        let thread = thread::spawn(move || match Cluster::new(i32::from(brokers.max(1))) {
            Ok(cluster) => {
                let _ = tell.send(Ok(cluster.bootstrap_servers()));
                inbox.into_iter().for_each(|order| order(&cluster));
            }
            Err(error) => {
                let _ = tell.send(Err(error));
            }
        });
        let bootstrap = told.recv().map_err(|_| EmbeddedError::Gone)??;
        Ok(Self { bootstrap, orders: Some(orders), thread: Some(thread) })
    }

    /// `host:port` of its brokers.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Creates a topic. One that nobody created comes into being, with 4 partitions, when it is asked for.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), EmbeddedError> {
        let name = name.to_owned();
        Ok(self.ask(move |cluster| cluster.create_topic(&name, partitions, 1))??)
    }

    /// Begins (`true`) or ends an outage: all brokers drop their connections and take no new ones.
    pub fn outage(&self, down: bool) -> Result<(), EmbeddedError> {
        const ALL: i32 = -1;
        Ok(self.ask(move |cluster| if down { cluster.broker_down(ALL) } else { cluster.broker_up(ALL) })??)
    }

    /// Has the brokers answer that much later.
    pub fn delay(&self, by: Duration) -> Result<(), EmbeddedError> {
        const ALL: i32 = -1;
        Ok(self.ask(move |cluster| cluster.broker_round_trip_time(ALL, by))??)
    }

    /// Runs something on the cluster's own thread.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        order: impl FnOnce(&Cluster) -> T + Send + 'static,
    ) -> Result<T, EmbeddedError> {
        let (tell, told) = mpsc::channel();
        let order: Order = Box::new(move |cluster| {
            let _ = tell.send(order(cluster));
        });
        self.orders.as_ref().ok_or(EmbeddedError::Gone)?.send(order).map_err(|_| EmbeddedError::Gone)?;
        told.recv().map_err(|_| EmbeddedError::Gone)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
