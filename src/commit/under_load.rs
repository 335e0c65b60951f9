//! What the fault tests share: clients that commit numbered records while things go wrong, and what must hold then.
//!
//! What was acknowledged is in the topic, in order by key, and comes twice only under the same event id.
//! `HANDOVER_OUTAGE` says how many seconds a fault lasts; `make chaos` has ten minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use handover_api::Record;
use handover_parts::Kafka;
use tokio::runtime::Handle;

use super::event::EVENT_ID;
use super::parts::Parts;
use super::tests::{config, route};
use super::{NotCommitted, Producers};
use crate::route::Route;

const TOPIC: &str = "flights";
const KEYS: usize = 8;

/// What happens, each from its time on until the next.
pub(super) struct Phases(Vec<(&'static str, Instant)>);

impl Phases {
    /// Has something begin, and lets it last.
    pub(super) fn lasts(&mut self, what: &'static str, how_long: Duration, begin: impl FnOnce()) {
        begin();
        self.0.push((what, Instant::now()));
        std::thread::sleep(how_long);
    }
}

/// How long a fault lasts.
pub(super) fn outage() -> Duration {
    let asked = std::env::var("HANDOVER_OUTAGE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(2))
}

/// What one client saw of one record.
struct Tried {
    at: Instant,
    took: Duration,
    ended: Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Acknowledged,
    Refused,
    Unknown,
}

/// Commits numbered records of one key one after the other, until it is over.
async fn client(
    producers: Arc<Producers>,
    route: Arc<Route>,
    key: usize,
    over: Arc<AtomicBool>,
) -> Vec<Tried> {
    // Minutes of it need not be as dense as seconds.
    let pause = Duration::from_millis(if outage() > Duration::from_secs(30) { 20 } else { 2 });
    let mut tried = Vec::new();
    while !over.load(Relaxed) {
        let record = Record::new(TOPIC, tried.len().to_string()).key(key.to_string());
        let at = Instant::now();
        let parts = Parts { records: vec![record], ..Parts::default() };
        let ended = match producers.commit(&route, parts, None).await {
            Ok(_) => Ended::Acknowledged,
            Err(NotCommitted::Before(_) | NotCommitted::UnderWay) => Ended::Refused,
            Err(NotCommitted::Unknown(_)) => Ended::Unknown,
            Err(error @ NotCommitted::InPart(_)) => panic!("there is nothing but a record: {error}"),
        };
        tried.push(Tried { at, took: at.elapsed(), ended });
        tokio::time::sleep(pause).await;
    }
    tried
}

/// Has clients commit to `bootstrap` in that mode while `faults` happen to the Kafka behind it, and checks what is in the
/// topic at the end.
pub(super) async fn survives(
    mode: &str,
    kafka: &mut Kafka,
    bootstrap: &str,
    faults: impl FnOnce(&mut Kafka, &mut Phases),
) {
    let state = tempfile::tempdir().unwrap();
    tokio::task::block_in_place(|| kafka.create_topic(TOPIC, 4));
    let config = config(bootstrap, state.path(), "[spool]");
    let producers = Arc::<Producers>::default();
    producers.prepare(&config, &Handle::current()).unwrap();
    let (route, over) = (route(&config, mode), Arc::<AtomicBool>::default());
    let client =
        |key| tokio::spawn(client(Arc::clone(&producers), Arc::clone(&route), key, Arc::clone(&over)));
    let clients: Vec<_> = (0..KEYS).map(client).collect();
    let mut phases = Phases(Vec::new());
    tokio::task::block_in_place(|| faults(kafka, &mut phases));
    over.store(true, Relaxed);
    let mut seen = Vec::new();
    for client in clients {
        seen.push(client.await.unwrap());
    }
    report(mode, &phases, &seen);
    let spooler = producers.spooler().unwrap();
    let (since, patience) = (Instant::now(), Duration::from_secs(60) + outage());
    while !spooler.is_drained() {
        assert!(since.elapsed() < patience, "the spool is not emptied: {:?}", spooler.stats());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let records = tokio::task::block_in_place(|| kafka.records(TOPIC));
    check(mode, &seen, &records);
}

/// The event ids of each number.
type Ids = BTreeMap<usize, BTreeSet<Vec<u8>>>;

fn check(mode: &str, seen: &[Vec<Tried>], records: &[handover_parts::Record]) {
    let mut by_key: BTreeMap<usize, (Vec<usize>, Ids)> = BTreeMap::new();
    let number =
        |bytes: &Option<Vec<u8>>| std::str::from_utf8(bytes.as_deref().unwrap()).unwrap().parse().unwrap();
    // By partition and offset; a key has one partition.
    for record in records {
        let (order, ids) = by_key.entry(number(&record.key)).or_default();
        let value = number(&record.value);
        let id = record.headers.iter().find(|(name, _)| name == EVENT_ID).unwrap().1.clone().unwrap();
        let of_it = ids.entry(value).or_default();
        if of_it.is_empty() {
            order.push(value);
        }
        of_it.insert(id);
    }
    let (mut total, mut different) = (0, 0);
    for (key, seen) in seen.iter().enumerate() {
        let (order, ids) = &by_key[&key];
        let acknowledged: Vec<_> =
            (0..seen.len()).filter(|at| seen[*at].ended == Ended::Acknowledged).collect();
        assert!(acknowledged.len() > 100, "key {key}: only {} acknowledged", acknowledged.len());
        let order: Vec<_> =
            order.iter().copied().filter(|number| acknowledged.binary_search(number).is_ok()).collect();
        assert_eq!(order, acknowledged, "key {key}: each once, in order");
        assert!(ids.values().all(|ids| ids.len() == 1), "key {key}: twice under different event ids");
        (total, different) = (total + acknowledged.len(), different + ids.len());
    }
    println!(
        "{mode}: {total} acknowledged, none lost, all in order by key; {} came more than once, each under its event id",
        records.len() - different
    );
}

/// What clients saw of each phase.
fn report(mode: &str, phases: &Phases, seen: &[Vec<Tried>]) {
    let ends = phases.0.iter().skip(1).map(|(_, at)| Some(*at)).chain([None]);
    for ((what, from), to) in phases.0.iter().zip(ends) {
        let is_in = |tried: &&Tried| tried.at >= *from && to.is_none_or(|to| tried.at < to);
        let tried: Vec<_> = seen.iter().flatten().filter(is_in).collect();
        let count = |ended| tried.iter().filter(|tried| tried.ended == ended).count();
        let mut took: Vec<_> = tried.iter().map(|tried| tried.took).collect();
        took.sort_unstable();
        let at = |share: f64| took.get((took.len().saturating_sub(1) as f64 * share) as usize);
        println!(
            "{mode}, {what}: {} acknowledged, {} refused before the commit, {} unknown; took {:.1?} in the middle, \
             {:.1?} at the 99th percentile, {:.1?} at most",
            count(Ended::Acknowledged),
            count(Ended::Refused),
            count(Ended::Unknown),
            at(0.5).copied().unwrap_or_default(),
            at(0.99).copied().unwrap_or_default(),
            at(1.0).copied().unwrap_or_default()
        );
    }
}
