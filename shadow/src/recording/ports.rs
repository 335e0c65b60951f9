//! Serves a handler again what its ports gave it when it was recorded.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use handover_api::{BoxFuture, PortError, PortRead, Ports, Row, Rows, Schema, Table, lookup};
use jiff::Timestamp;

/// Ports that give what was recorded. What was not recorded comes from other ports where there are some; else a clock
/// stands at the experiment's time, ids are the handler's own from bytes that count up, and a row that nobody recorded
/// is [missed](Self::missed).
pub struct RecordedPorts {
    at: Timestamp,
    left: Mutex<Left>,
    tables: HashMap<String, Arc<RecordedTable>>,
    live: Option<Arc<dyn Ports>>,
    missed: Arc<Mutex<Vec<String>>>,
}

/// What was recorded and not read again yet, by the port's name.
#[derive(Default)]
struct Left {
    times: HashMap<String, VecDeque<Timestamp>>,
    ids: HashMap<String, VecDeque<String>>,
}

impl RecordedPorts {
    /// Ports of an experiment of that time. `live`: where everything else comes from.
    pub fn new(at: Timestamp, reads: Vec<PortRead>, live: Option<Arc<dyn Ports>>) -> Self {
        let (mut left, mut rows) = (Left::default(), HashMap::<String, Vec<_>>::new());
        for read in reads {
            match read {
                PortRead::Now(name, time) => left.times.entry(name).or_default().push_back(time),
                PortRead::Id(name, id) => left.ids.entry(name).or_default().push_back(id),
                PortRead::Row { table, key, row } => rows.entry(table).or_default().push((key, row)),
                // A later kind, which this version never wrote.
                _ => {}
            }
        }
        let missed = Arc::<Mutex<Vec<String>>>::default();
        let table = |(name, rows): (String, Vec<_>)| {
            let live = live.as_ref().and_then(|ports| ports.table(&name).ok());
            let table = RecordedTable::new(name.clone(), rows, live, Arc::clone(&missed));
            (name, Arc::new(table))
        };
        let tables = rows.into_iter().map(table).collect();
        Self { at, left: Mutex::new(left), tables, live, missed }
    }

    /// Rows that the handler looked up and that nobody recorded, as `table[key]`: what it then decided is worth nothing.
    pub fn missed(&self) -> Vec<String> {
        lock(&self.missed).clone()
    }
}

/// The next of its name; the last one again and again.
fn next<T: Clone>(left: &mut HashMap<String, VecDeque<T>>, name: &str) -> Option<T> {
    let queue = left.get_mut(name)?;
    if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() }
}

impl Ports for RecordedPorts {
    fn now<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Timestamp, PortError>> {
        let recorded = next(&mut lock(&self.left).times, name);
        match (recorded, &self.live) {
            (None, Some(live)) => live.now(name),
            (recorded, _) => Box::pin(std::future::ready(Ok(recorded.unwrap_or(self.at)))),
        }
    }

    fn chosen<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, PortError>> {
        let recorded = next(&mut lock(&self.left).ids, name);
        match (recorded, &self.live) {
            (None, Some(live)) => live.chosen(name),
            (recorded, _) => Box::pin(std::future::ready(Ok(recorded))),
        }
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        match &self.live {
            Some(live) => live.random(bytes),
            None => {
                bytes.iter_mut().zip(0..).for_each(|(byte, count)| *byte = count);
                Ok(())
            }
        }
    }

    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        if let Some(table) = self.tables.get(name) {
            return Ok(Arc::clone(table) as Arc<dyn Table>);
        }
        match &self.live {
            Some(live) => live.table(name),
            None => {
                Ok(Arc::new(RecordedTable::new(name.to_owned(), Vec::new(), None, Arc::clone(&self.missed))))
            }
        }
    }
}

/// A row, by column.
type Cells = Vec<(String, Bytes)>;

/// The rows of a table that were looked up.
struct RecordedTable {
    name: String,
    rows: Rows,
    absent: HashSet<Bytes>,
    live: Option<Arc<dyn Table>>,
    missed: Arc<Mutex<Vec<String>>>,
}

impl RecordedTable {
    fn new(
        name: String,
        recorded: Vec<(Bytes, Option<Cells>)>,
        live: Option<Arc<dyn Table>>,
        missed: Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let first = recorded.iter().find_map(|(_, row)| row.as_ref());
        let columns: Vec<String> = match (&live, first) {
            (_, Some(row)) => row.iter().map(|(column, _)| column.clone()).collect(),
            (Some(live), None) => live.schema().columns().to_vec(),
            (None, None) => Vec::new(),
        };
        let mut rows = Rows::new(Schema::new(columns));
        let mut absent = HashSet::new();
        for (key, row) in recorded {
            match row {
                Some(cells) => rows.insert(key, cells.into_iter().map(|(_, cell)| cell)),
                None => _ = absent.insert(key),
            }
        }
        Self { name, rows, absent, live, missed }
    }

    /// What was recorded of a look-up, else what the live table has.
    fn find<'a>(
        &'a self,
        name: &[u8],
        of_live: impl FnOnce(&'a dyn Table) -> Option<Row<'a>>,
    ) -> Option<Row<'a>> {
        let recorded = self.rows.get(name);
        if recorded.is_some() || self.absent.contains(name) {
            return recorded;
        }
        if let Some(live) = &self.live {
            return of_live(&**live);
        }
        lock(&self.missed).push(format!("{}[{}]", self.name, String::from_utf8_lossy(name)));
        None
    }
}

impl Table for RecordedTable {
    fn get_parts(&self, key: &[&[u8]]) -> Option<Row<'_>> {
        self.find(&lookup(None, key), |live| live.get_parts(key))
    }

    fn get_by(&self, name: &str, key: &[&[u8]]) -> Option<Row<'_>> {
        self.find(&lookup(Some(name), key), |live| live.get_by(name, key))
    }

    fn len(&self) -> usize {
        self.live.as_ref().map_or(self.rows.len(), |live| live.len())
    }

    fn schema(&self) -> &Schema {
        self.rows.schema()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
