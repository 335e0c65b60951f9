//! One native producer with the thread that polls it, and replaces it when it breaks for good.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use handover_api::Record;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, PurgeConfig};
use tokio::sync::oneshot;
use tracing::{error, warn};

use super::context::Callbacks;
use super::frame::InFlight;
use super::shared::Shared;
use crate::auth::Feed;
use crate::{Connection, Partitioner, ProducerConfig, Refused, StartError};

type Native = BaseProducer<Callbacks>;

/// How long the thread polls before it looks at its orders again.
const POLL: Duration = Duration::from_millis(50);
/// How long what a purge gave up may take to be reported.
const AFTER_PURGE: Duration = Duration::from_millis(500);
/// The first and the longest wait before a broken producer is replaced.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// An order to close, and whom to tell.
struct Close {
    within: Duration,
    done: oneshot::Sender<()>,
}

/// The handle of one native producer.
pub(super) struct Line {
    slot: Arc<ArcSwapOption<Native>>,
    shared: Arc<Shared>,
    orders: mpsc::Sender<Close>,
}

impl Line {
    pub(super) fn start(
        config: &ProducerConfig,
        partitioner: Partitioner,
        shared: Arc<Shared>,
    ) -> Result<Self, StartError> {
        let settings = config.client(partitioner);
        let connection = config.connection.clone();
        let native = make(&settings, &connection, &shared)
            .map_err(|source| StartError::Settings { bootstrap: connection.bootstrap.clone(), source })?;
        let slot = Arc::new(ArcSwapOption::from_pointee(native));
        let (orders, inbox) = mpsc::channel();
        let keeper =
            Keeper { settings, connection, slot: Arc::clone(&slot), shared: Arc::clone(&shared), inbox };
        thread::Builder::new()
            .name("kafka-producer".into())
            .spawn(move || keeper.run())
            .map_err(StartError::Thread)?;
        Ok(Self { slot, shared, orders })
    }

    /// Hands one record over. Never waits.
    pub(super) fn send(
        &self,
        record: &Record,
        headers: &[(&str, &[u8])],
        frame: &Arc<InFlight>,
    ) -> Result<(), Refused> {
        let slot = self.slot.load();
        let Some(native) = slot.as_ref() else {
            let closing = self.shared.is_closing();
            return Err(if closing { Refused::Closing } else { self.replacing() });
        };
        let mut message = BaseRecord::with_opaque_to(&record.topic, Arc::clone(frame));
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        message.partition = record.partition;
        message.headers = all_headers(record, headers);
        native
            .send(message)
            .map_err(|(error, message)| Refused::from_send(&error, message.topic, message.partition))
    }

    /// Orders the thread to settle everything within that time and end.
    pub(super) fn close(&self, within: Duration) -> oneshot::Receiver<()> {
        let (done, closed) = oneshot::channel();
        // Without its thread nothing is left to close, and the receiver says so.
        let _ = self.orders.send(Close { within, done });
        closed
    }

    fn replacing(&self) -> Refused {
        Refused::Replacing(self.shared.hint().unwrap_or_default())
    }
}

fn make(
    settings: &ClientConfig,
    connection: &Connection,
    shared: &Arc<Shared>,
) -> Result<Native, rdkafka::error::KafkaError> {
    settings.create_with_context(Callbacks::new(Arc::clone(shared), connection.clone()))
}

fn all_headers(record: &Record, common: &[(&str, &[u8])]) -> Option<OwnedHeaders> {
    let count = record.headers.len() + common.len();
    let own = record.headers.iter().map(|(name, value)| (name.as_str(), value.as_ref()));
    (count > 0).then(|| {
        own.chain(common.iter().copied()).fold(OwnedHeaders::new_with_capacity(count), |all, (key, value)| {
            all.insert(Header { key, value: Some(value) })
        })
    })
}

/// The thread's side of a [`Line`].
struct Keeper {
    settings: ClientConfig,
    connection: Connection,
    slot: Arc<ArcSwapOption<Native>>,
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Close>,
}

impl Keeper {
    fn run(self) {
        let mut back_off = BACK_OFF.0;
        loop {
            let since = Instant::now();
            let order = self.serve();
            let native = self.withdraw();
            if let Some(order) = order {
                return close(native, order);
            }
            if since.elapsed() > BACK_OFF.1 {
                back_off = BACK_OFF.0;
            }
            warn!("replacing the Kafka producer after a fatal error, in {back_off:?}");
            drop(native);
            // A cluster that forbids us at once would otherwise have us spin.
            match self.inbox.recv_timeout(back_off) {
                Ok(order) => return close(None, order),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            back_off = (back_off * 2).min(BACK_OFF.1);
            self.replace();
        }
    }

    fn replace(&self) {
        self.shared.count_replaced();
        match make(&self.settings, &self.connection, &self.shared) {
            Ok(native) => self.slot.store(Some(Arc::new(native))),
            Err(error) => error!("the Kafka producer cannot be made anew: {error}"),
        }
    }

    /// Polls until there is an order, or (`None`) until the native producer is past use.
    fn serve(&self) -> Option<Close> {
        let native = self.slot.load_full();
        let mut secrets = Feed::new(&self.connection);
        loop {
            match self.inbox.try_recv() {
                Ok(order) => return Some(order),
                // The producer was dropped unclosed.
                Err(TryRecvError::Disconnected) => {
                    return Some(Close { within: Duration::ZERO, done: oneshot::channel().0 });
                }
                Err(TryRecvError::Empty) => {}
            }
            let native = native.as_ref()?;
            if native.client().fatal_error().is_some() {
                return None;
            }
            if let Some(problem) = secrets.refresh(native.client())
                && self.shared.note_error(&problem, true)
            {
                error!("Kafka: {problem}");
            }
            native.poll(POLL);
        }
    }

    /// Takes the native producer away from the senders and waits until none of them holds it, so that it is this
    /// thread that drops it: that can take half a second.
    fn withdraw(&self) -> Option<Native> {
        let mut shared = self.slot.swap(None)?;
        loop {
            match Arc::try_unwrap(shared) {
                Ok(native) => return Some(native),
                Err(still_held) => {
                    shared = still_held;
                    shared.poll(Duration::from_millis(1));
                }
            }
        }
    }
}

/// Settles what can be settled in time, gives up the rest.
fn close(native: Option<Native>, order: Close) {
    if let Some(native) = native
        && native.flush(order.within).is_err()
    {
        native.purge(PurgeConfig::default().queue().inflight());
        let _ = native.flush(AFTER_PURGE);
    }
    let _ = order.done.send(());
}
