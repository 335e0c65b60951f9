//! Hot tables as a handler sees them: immutable snapshots, looked up by key.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;

/// The columns of a table, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    columns: Vec<String>,
}

impl Schema {
    /// A schema of these columns.
    pub fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Arc<Self> {
        Arc::new(Self { columns: columns.into_iter().map(Into::into).collect() })
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where that column stands.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == column)
    }
}

/// One snapshot of a table. Looking up never waits.
pub trait Table: Send + Sync {
    /// The row under a key of several columns, in the order in which the table's `key` names them.
    fn get_parts(&self, key: &[&[u8]]) -> Option<Row<'_>>;

    /// The row under one of the table's further `keys`, by its name.
    fn get_by(&self, name: &str, key: &[&[u8]]) -> Option<Row<'_>>;

    /// The row under that key.
    fn get(&self, key: &[u8]) -> Option<Row<'_>> {
        self.get_parts(&[key])
    }

    /// How many rows there are.
    fn len(&self) -> usize;

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns.
    fn schema(&self) -> &Schema;
}

/// How a look-up is called where look-ups are recorded: a key of one column is its own name, the parts of others stand
/// one behind the other, and a further key's name before them.
pub fn lookup(by: Option<&str>, key: &[&[u8]]) -> Bytes {
    let by = by.map(|name| [name.as_bytes(), b"\x1e"].concat()).unwrap_or_default();
    [by, key.join(&b'\x1f')].concat().into()
}

/// One row: its cells are the bytes of the source, whatever they mean.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    schema: &'a Schema,
    cells: &'a [u8],
    ends: &'a [u32],
}

impl<'a> Row<'a> {
    /// A row over cells that stand one behind the other in `cells`, each up to its end in `ends`. For those who
    /// implement [`Table`]; `None` unless there is an end for each column, in order and within `cells`.
    pub fn new(schema: &'a Schema, cells: &'a [u8], ends: &'a [u32]) -> Option<Self> {
        let fits = ends.len() == schema.columns.len()
            && ends.is_sorted()
            && ends.last().is_none_or(|end| *end as usize <= cells.len());
        fits.then_some(Self { schema, cells, ends })
    }

    /// The cell in that column; `None` when there is no such column.
    pub fn get(&self, column: &str) -> Option<&'a [u8]> {
        self.cell(self.schema.position(column)?)
    }

    /// The cell at that place.
    pub fn cell(&self, index: usize) -> Option<&'a [u8]> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? as usize };
        self.cells.get(start..*self.ends.get(index)? as usize)
    }

    /// All cells with their columns' names.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let row = *self;
        row.schema.columns.iter().enumerate().filter_map(move |(i, name)| Some((name.as_str(), row.cell(i)?)))
    }
}

/// A plain table in memory, for tests and small data.
#[derive(Debug)]
pub struct Rows {
    schema: Arc<Schema>,
    rows: HashMap<Vec<Bytes>, (Bytes, Box<[u32]>), RandomState>,
    keys: HashMap<String, Vec<usize>, RandomState>,
}

impl Rows {
    /// An empty table.
    pub fn new(schema: Arc<Schema>) -> Self {
        Self { schema, rows: HashMap::default(), keys: HashMap::default() }
    }

    /// Adds a further key of these columns. Those that are not there are left out.
    pub fn with_key(mut self, name: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().filter_map(|column| self.schema.position(column)).collect();
        self.keys.insert(name.into(), columns);
        self
    }

    /// Adds a row. A later row of the same key takes the earlier one's place; missing cells are empty, and those
    /// beyond the last column are dropped.
    pub fn insert<C: AsRef<[u8]>>(&mut self, key: impl Into<Bytes>, cells: impl IntoIterator<Item = C>) {
        self.insert_parts([key.into()], cells);
    }

    /// Adds a row under a key of several columns.
    pub fn insert_parts<C: AsRef<[u8]>>(
        &mut self,
        key: impl IntoIterator<Item = Bytes>,
        cells: impl IntoIterator<Item = C>,
    ) {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(self.schema.columns.len()));
        for cell in cells.into_iter().take(self.schema.columns.len()) {
            bytes.extend_from_slice(cell.as_ref());
            ends.push(bytes.len() as u32);
        }
        ends.resize(self.schema.columns.len(), bytes.len() as u32);
        self.rows.insert(key.into_iter().collect(), (bytes.into(), ends.into()));
    }
}

impl Table for Rows {
    fn get_parts(&self, key: &[&[u8]]) -> Option<Row<'_>> {
        let key: Vec<_> = key.iter().map(|part| Bytes::copy_from_slice(part)).collect();
        let (cells, ends) = self.rows.get(&key)?;
        Row::new(&self.schema, cells, ends)
    }

    fn get_by(&self, name: &str, key: &[&[u8]]) -> Option<Row<'_>> {
        let columns = self.keys.get(name)?;
        let mut rows = self.rows.values().filter_map(|(cells, ends)| Row::new(&self.schema, cells, ends));
        rows.find(|row| columns.iter().map(|column| row.cell(*column)).eq(key.iter().map(|part| Some(*part))))
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_gives_its_cells_by_name() {
        let mut rows = Rows::new(Schema::new(["faa", "name", "tz"]));
        rows.insert("JFK", ["JFK", "John F Kennedy Intl"]);
        let row = rows.get(b"JFK").unwrap();
        assert_eq!(row.get("name"), Some(b"John F Kennedy Intl".as_slice()));
        assert_eq!(row.get("tz"), Some(b"".as_slice()), "a missing cell is empty");
        assert_eq!(row.get("alt"), None);
        assert!(rows.get(b"XXX").is_none());
    }

    #[test]
    fn a_row_is_found_by_several_columns_and_by_further_keys() {
        let mut rows = Rows::new(Schema::new(["carrier", "flight", "gate"])).with_key("gate", &["gate"]);
        rows.insert_parts(["UA", "1545"].map(Bytes::from), ["UA", "1545", "C71"]);
        assert!(rows.get_parts(&[b"UA", b"1545"]).is_some() && rows.get_parts(&[b"UA"]).is_none());
        assert_eq!(rows.get_by("gate", &[b"C71"]).unwrap().get("flight"), Some(b"1545".as_slice()));
        assert!(rows.get_by("gate", &[b"C70"]).is_none() && rows.get_by("none", &[b"C71"]).is_none());
    }
}
