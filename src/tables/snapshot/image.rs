//! A table as it lies in memory, written to a file and read back: a million rows are there again in a tenth of the time
//! that reading and indexing them anew takes.
//!
//! An image is a head and the blocks that it tells the lengths of, in its order: the rows' words, then each index's slots.
//! Numbers are as this machine has them. A build that hashes keys in another way finds no row where an image's index says, so
//! the head has the hash of a known key.

use std::io::{self, Read};

use handover_api::Schema;
use serde::{Deserialize, Serialize};

use super::{Index, Snapshot, hash};

/// The key whose hash a head has.
const PROBE: [&[u8]; 2] = [b"handover", b""];

/// What tells the blocks of an image apart.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    columns: Vec<String>,
    rows: usize,
    seed: u64,
    probe: u64,
    /// Words of the rows.
    words: u64,
    key: IndexHead,
    further: Vec<(String, IndexHead)>,
}

/// An index: by which columns, and how many slots it has.
#[derive(Debug, Serialize, Deserialize)]
struct IndexHead {
    columns: Box<[usize]>,
    slots: u64,
}

impl Snapshot {
    /// The head of its image.
    pub(crate) fn head(&self) -> Head {
        let further = self.further.iter().map(|(name, index)| (name.clone(), index.head()));
        Head {
            columns: self.schema.columns().to_vec(),
            rows: self.rows,
            seed: self.seed,
            probe: probe(self.seed),
            words: self.words.len() as u64,
            key: self.key.head(),
            further: further.collect(),
        }
    }

    /// The blocks of its image.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &[u8]> {
        let indices = [&self.key].into_iter().chain(self.further.iter().map(|(_, index)| index));
        let slots = indices.map(|index| bytemuck::cast_slice(&index.slots));
        [bytemuck::cast_slice(&self.words)].into_iter().chain(slots)
    }
}

impl Head {
    /// How many bytes the blocks have; `None` where nobody could have that many.
    pub(crate) fn length(&self) -> Option<u64> {
        let indices = [&self.key].into_iter().chain(self.further.iter().map(|(_, index)| index));
        let slots = indices.map(|index| index.slots.checked_mul(8));
        slots.fold(self.words.checked_mul(4), |all, slots| all?.checked_add(slots?))
    }

    /// The table, whose blocks come next; `None` where this build would not find its rows. Of blocks that are not those
    /// which were written comes a table in which look-ups find nothing or something else, but come to their end.
    pub(crate) fn read(self, from: &mut impl Read) -> io::Result<Option<Snapshot>> {
        if self.probe != probe(self.seed) {
            return Ok(None);
        }
        let mut words = vec![0_u32; self.words as usize].into_boxed_slice();
        from.read_exact(bytemuck::cast_slice_mut(&mut words))?;
        let key = self.key.read(from)?;
        let further = self.further.into_iter().map(|(name, head)| Ok((name, head.read(from)?)));
        let further = further.collect::<io::Result<Box<[_]>>>()?;
        let ends = key.is_open() && further.iter().all(|(_, index)| index.is_open());
        Ok(ends.then(|| Snapshot {
            schema: Schema::new(self.columns),
            words,
            key,
            further,
            rows: self.rows,
            seed: self.seed,
        }))
    }
}

impl IndexHead {
    fn read(self, from: &mut impl Read) -> io::Result<Index> {
        let mut slots = vec![0_u64; self.slots as usize].into_boxed_slice();
        from.read_exact(bytemuck::cast_slice_mut(&mut slots))?;
        Ok(Index { columns: self.columns, slots })
    }
}

impl Index {
    fn head(&self) -> IndexHead {
        IndexHead { columns: self.columns.clone(), slots: self.slots.len() as u64 }
    }

    /// Whether it has a free slot, at which a search ends.
    fn is_open(&self) -> bool {
        self.slots.contains(&0)
    }
}

fn probe(seed: u64) -> u64 {
    hash(seed, PROBE.into_iter())
}
