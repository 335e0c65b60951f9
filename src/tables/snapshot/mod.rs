//! One version of a hot table: compact, immutable, quick to look up.
//!
//! All rows lie behind each other in one block of 32-bit words. A row is the ends of its cells, counted from the
//! row's first byte, and then the cells, filled up to a whole word:
//!
//! ```text
//! | end 0 | end 1 | … | cell 0, cell 1, … , 0 to 3 bytes |
//! ```
//!
//! Beside it stands an open-addressed index for each key, with a fifth of its slots free. A slot holds 32 bits of the
//! key's hash and the row's first word, plus one; 0 is a free slot. So a look-up touches a slot, as a rule one, and the
//! row.

pub(crate) mod image;

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use foldhash::quality::FixedState;
use handover_api::{Row, Schema, Table};

/// A version of a table.
pub(crate) struct Snapshot {
    schema: Arc<Schema>,
    words: Box<[u32]>,
    key: Index,
    further: Box<[(String, Index)]>,
    rows: usize,
    /// What keys are hashed with: another number for each table.
    seed: u64,
}

/// Finds rows by some columns.
struct Index {
    columns: Box<[usize]>,
    slots: Box<[u64]>,
}

impl Snapshot {
    /// Heap bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        let indices = [&self.key].into_iter().chain(self.further.iter().map(|(_, index)| index));
        size_of_val(&*self.words) + indices.map(|index| size_of_val(&*index.slots)).sum::<usize>()
    }

    /// The row of that key, whose hash is given.
    fn find(&self, index: &Index, hash: u64, key: &[&[u8]]) -> Option<Row<'_>> {
        let mut at = first_slot(hash, index.slots.len());
        loop {
            let (tag, start) = match index.slots.get(at)? {
                0 => return None,
                slot => ((slot >> 32) as u32, *slot as u32 - 1),
            };
            if tag == hash as u32 {
                let row = row(&self.schema, &self.words, start)?;
                if key_of(row, &index.columns).eq(key.iter().copied()) {
                    return Some(row);
                }
            }
            at = if at + 1 == index.slots.len() { 0 } else { at + 1 };
        }
    }

    fn look_up(&self, index: &Index, key: &[&[u8]]) -> Option<Row<'_>> {
        self.find(index, hash(self.seed, key.iter().copied()), key)
    }
}

impl Table for Snapshot {
    fn get_parts(&self, key: &[&[u8]]) -> Option<Row<'_>> {
        self.look_up(&self.key, key)
    }

    fn get_by(&self, name: &str, key: &[&[u8]]) -> Option<Row<'_>> {
        let (_, index) = self.further.iter().find(|(known, _)| known == name)?;
        self.look_up(index, key)
    }

    fn len(&self) -> usize {
        self.rows
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("rows", &self.rows)
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

fn hash<'k>(seed: u64, key: impl Iterator<Item = &'k [u8]>) -> u64 {
    let mut state = FixedState::with_seed(seed).build_hasher();
    key.for_each(|part| part.hash(&mut state));
    state.finish()
}

/// A row's cells in those columns.
fn key_of<'r>(row: Row<'r>, columns: &[usize]) -> impl Iterator<Item = &'r [u8]> {
    columns.iter().map(move |column| row.cell(*column).unwrap_or_default())
}

/// Where the search for a hash begins: its upper half, scaled to the number of slots.
fn first_slot(hash: u64, slots: usize) -> usize {
    ((u128::from(hash) * slots as u128) >> 64) as usize
}

fn row<'a>(schema: &'a Schema, words: &'a [u32], at: u32) -> Option<Row<'a>> {
    let (ends, rest) = words.get(at as usize..)?.split_at_checked(schema.columns().len())?;
    let cells = bytemuck::cast_slice(rest);
    Row::new(schema, cells.get(..*ends.last()? as usize)?, ends)
}

/// A table has more than can be addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a table may have 16 GiB of rows at most")]
pub(crate) struct TooLarge;

/// By which columns rows are found: the key, and further ones by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The key. Of several rows of the same the last one counts.
    pub key: Vec<usize>,
    /// Further ones, of which several rows may have the same: the last one is found.
    pub further: Vec<(String, Vec<usize>)>,
}

/// Builds a [`Snapshot`] row by row.
pub(crate) struct Builder {
    schema: Arc<Schema>,
    keys: Keys,
    words: Vec<u32>,
    starts: Vec<u32>,
    cells: Vec<u8>,
}

impl Builder {
    /// An empty table with these columns.
    pub(crate) fn new(schema: Arc<Schema>, keys: Keys) -> Self {
        Self { schema, keys, words: Vec::new(), starts: Vec::new(), cells: Vec::new() }
    }

    /// Adds a row, which must have a cell for each column.
    pub(crate) fn push<'c>(
        &mut self,
        cells: impl ExactSizeIterator<Item = &'c [u8]>,
    ) -> Result<(), TooLarge> {
        debug_assert_eq!(cells.len(), self.schema.columns().len());
        let start = u32::try_from(self.words.len()).ok().filter(|start| *start < u32::MAX).ok_or(TooLarge)?;
        self.cells.clear();
        for cell in cells {
            self.cells.extend_from_slice(cell);
            self.words.push(u32::try_from(self.cells.len()).map_err(|_| TooLarge)?);
        }
        self.words.extend(self.cells.chunks(4).map(|chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_ne_bytes(word)
        }));
        self.starts.push(start);
        Ok(())
    }

    /// The table. Of rows with the same key the last one counts, as in the array that PHP would have built.
    pub(crate) fn finish(self) -> Snapshot {
        let seed = fastrand::u64(..);
        let index = |columns: Vec<usize>, starts: &[u32]| {
            let mut index = Index { columns: columns.into(), slots: Box::default() };
            let rows = index.fill(&self.schema, &self.words, starts, seed);
            (index, rows)
        };
        let (key, rows) = index(self.keys.key, &self.starts);
        // Rows whose place another one has taken must not be found by other keys.
        let mut kept: Vec<_> =
            key.slots.iter().filter(|slot| **slot != 0).map(|slot| *slot as u32 - 1).collect();
        kept.sort_unstable();
        let further = self.keys.further.into_iter().map(|(name, columns)| (name, index(columns, &kept).0));
        let further = further.collect();
        Snapshot { words: self.words.into(), schema: self.schema, key, further, rows, seed }
    }
}

impl Index {
    /// Finds the rows that begin there; how many differ in the key.
    fn fill(&mut self, schema: &Schema, words: &[u32], starts: &[u32], seed: u64) -> usize {
        let mut slots = vec![0_u64; starts.len() + starts.len() / 4 + 1].into_boxed_slice();
        let key = |start| row(schema, words, start).into_iter().flat_map(|row| key_of(row, &self.columns));
        let mut rows = 0;
        for start in starts {
            let hash = hash(seed, key(*start));
            let slot = u64::from(hash as u32) << 32 | u64::from(start + 1);
            let mut at = first_slot(hash, slots.len());
            while slots[at] != 0
                && ((slots[at] >> 32) as u32 != hash as u32 || !key(slots[at] as u32 - 1).eq(key(*start)))
            {
                at = (at + 1) % slots.len();
            }
            rows += usize::from(slots[at] == 0);
            slots[at] = slot;
        }
        self.slots = slots;
        rows
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;

    fn by_the_first() -> Keys {
        Keys { key: vec![0], further: Vec::new() }
    }

    fn snapshot<'c>(columns: usize, rows: impl IntoIterator<Item = Vec<&'c [u8]>>) -> Snapshot {
        let schema = Schema::new((0..columns).map(|column| format!("column {column}")));
        let mut builder = Builder::new(schema, by_the_first());
        rows.into_iter().for_each(|row| builder.push(row.into_iter()).unwrap());
        builder.finish()
    }

    #[test]
    fn the_last_row_of_a_key_counts() {
        let table = snapshot(2, [vec![b"JFK".as_slice(), b"old"], vec![b"LGA", b""], vec![b"JFK", b"new"]]);
        assert_eq!(table.len(), 2);
        assert_eq!(table.get(b"JFK").unwrap().cell(1), Some(b"new".as_slice()));
        assert_eq!(table.get(b"LGA").unwrap().cell(1), Some(b"".as_slice()));
        assert!(table.get(b"JF").is_none());
    }

    #[test]
    fn keys_of_the_same_hash_are_told_apart() {
        let table = snapshot(1, [vec![b"JFK".as_slice()]]);
        let hash = hash(table.seed, [b"JFK".as_slice()].into_iter());
        let finds = |key: &[u8]| table.find(&table.key, hash, &[key]).is_some();
        assert!(finds(b"JFK") && !finds(b"LGA"));
    }

    #[test]
    fn rows_are_found_by_several_columns_and_by_further_keys() {
        let schema = Schema::new(["carrier", "flight", "gate"]);
        let further = vec![("gate".to_owned(), vec![2]), ("turned".to_owned(), vec![1, 0])];
        let mut builder = Builder::new(schema, Keys { key: vec![0, 1], further });
        let rows: [[&[u8]; 3]; 4] =
            [[b"UA", b"15", b"C1"], [b"UA1", b"5", b"C2"], [b"UA", b"15", b"C3"], [b"AA", b"7", b"C2"]];
        rows.iter().for_each(|row| builder.push(row.iter().copied()).unwrap());
        let table = builder.finish();
        let gate = |row: Option<Row<'_>>| row.map(|row| row.cell(2).unwrap().to_vec());
        assert_eq!(table.len(), 3);
        assert_eq!(gate(table.get_parts(&[b"UA", b"15"])).as_deref(), Some(&b"C3"[..]));
        assert_eq!(gate(table.get_parts(&[b"UA1", b"5"])).as_deref(), Some(&b"C2"[..]));
        assert_eq!(gate(table.get_parts(&[b"UA15", b""])), None, "parts are told apart");
        assert_eq!(table.get_by("gate", &[b"C2"]).unwrap().cell(0), Some(&b"AA"[..]), "the last one");
        assert_eq!(gate(table.get_by("gate", &[b"C1"])), None, "its row was replaced");
        assert_eq!(gate(table.get_by("turned", &[b"15", b"UA"])).as_deref(), Some(&b"C3"[..]));
        assert!(table.get_by("none", &[b"C2"]).is_none() && table.get(b"UA").is_none());
    }

    #[test]
    fn an_empty_table_finds_nothing() {
        let table = snapshot(1, []);
        assert!(table.is_empty() && table.get(b"").is_none());
    }

    proptest! {
        #[test]
        fn finds_what_a_map_finds(
            rows in prop::collection::vec((prop::collection::vec(0_u8..3, 0..4), any::<Vec<u8>>()), 0..200),
            keys in prop::collection::vec(prop::collection::vec(0_u8..3, 0..5), 0..50),
        ) {
            let map: HashMap<_, _> = rows.iter().map(|(key, value)| (key.as_slice(), value.as_slice())).collect();
            let table = snapshot(2, rows.iter().map(|(key, value)| vec![key.as_slice(), value.as_slice()]));
            prop_assert_eq!(table.len(), map.len());
            for key in rows.iter().map(|(key, _)| key).chain(&keys) {
                let found = table.get(key).map(|row| row.cell(1).unwrap());
                prop_assert_eq!(found, map.get(key.as_slice()).copied());
            }
        }
    }

    /// The bound of the design: 1 million rows of 5 columns in at most 1.5 times their raw bytes.
    #[test]
    fn is_compact() {
        let cells: Vec<_> = (0..100_000_u32)
            .map(|n| {
                [
                    n.to_string(),
                    format!("N{n:05}UA"),
                    "2004".into(),
                    "BOEING".into(),
                    "737-824 Fixed wing multi engine".into(),
                ]
            })
            .collect();
        let raw: usize = cells.iter().flatten().map(|cell| cell.len() + 1).sum();
        let table = snapshot(5, cells.iter().map(|row| row.iter().map(|cell| cell.as_bytes()).collect()));
        assert!(table.bytes() * 10 <= raw * 15, "{} bytes for {raw}", table.bytes());
    }

    /// `cargo test --release -p handover look_up -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    fn look_up_cost_at_a_million_rows() {
        let key = |n: u32| format!("N{:07}UA", n.wrapping_mul(2_654_435_761) % 10_000_000).into_bytes();
        let rest: [&[u8]; 4] = [b"2004", b"BOEING", b"737-824", b"Fixed wing multi engine"];
        let mut builder = Builder::new(Schema::new(["key", "b", "c", "d", "e"]), by_the_first());
        let mut keys: Vec<[u8; 10]> = (0..1_000_000).map(|n| key(n).try_into().unwrap()).collect();
        for key in &keys {
            builder.push([key.as_slice(), rest[0], rest[1], rest[2], rest[3]].into_iter()).unwrap();
        }
        let table = builder.finish();
        // Another order than that of the rows: neither the slot nor the row is in a cache.
        keys.sort_by_key(|key| foldhash::fast::FixedState::default().hash_one(key));
        let since = Instant::now();
        let found = keys.iter().filter(|key| table.get(*key).is_some()).count();
        let each = since.elapsed() / keys.len() as u32;
        let raw = keys.len() * (10 + rest.concat().len() + 5);
        let of_raw = table.bytes() as f64 / raw as f64;
        println!(
            "{found} found, {each:?} each, {} bytes a row, {of_raw:.2} of raw",
            table.bytes() / table.len()
        );
    }
}
