//! Where a key goes: librdkafka's partitioners, computed here, so that one can tell without sending anything.

use std::num::NonZeroU32;

use crate::Partitioner;

impl Partitioner {
    /// The partition of a key in a topic of so many partitions; `None` where it is left to chance. As librdkafka 2.12
    /// computes it (`rd_kafka_msg_partitioner_*`), null and empty keys included.
    pub fn partition_of(self, key: Option<&[u8]>, partitions: NonZeroU32) -> Option<i32> {
        let left_to_chance = match self {
            Self::Consistent | Self::Murmur2 | Self::Fnv1a => false,
            Self::ConsistentRandom => key.is_none_or(<[u8]>::is_empty),
            Self::Murmur2Random | Self::Fnv1aRandom => key.is_none(),
            Self::Random => true,
        };
        let hash = |key| match self {
            Self::Murmur2 | Self::Murmur2Random => murmur2(key) & 0x7fff_ffff,
            Self::Fnv1a | Self::Fnv1aRandom => fnv1a(key),
            Self::Consistent | Self::ConsistentRandom | Self::Random => crc32fast::hash(key),
        };
        if left_to_chance {
            return None;
        }
        // Kafka counts partitions in an `i32`, so the remainder is one.
        i32::try_from(hash(key.unwrap_or_default()) % partitions).ok()
    }
}

/// MurmurHash2, 32 bits, with the seed of Kafka's Java client (`org.apache.kafka.common.utils.Utils.murmur2`).
fn murmur2(key: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    // A key is far smaller than 4 GiB; beyond that the length wraps, as it does there.
    let mut hash = SEED ^ key.len() as u32;
    let (words, rest) = key.as_chunks::<4>();
    for word in words {
        let mixed = u32::from_le_bytes(*word).wrapping_mul(M);
        let mixed = (mixed ^ (mixed >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ mixed;
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// FNV-1a, 32 bits, without the sign that Go's Sarama takes off.
fn fnv1a(key: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    key.iter().fold(0x811c_9dc5, step).cast_signed().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that librdkafka's own unit tests expect, of Java's and of Go's client (`rdmurmur2.c`, `rdfnv1a.c`).
    #[test]
    fn the_hashes_are_those_of_the_other_clients() {
        for (key, java, go) in [
            ("kafka", 0xd067_cf64, 0x0d33_c4e1),
            ("giberish123456789", 0x8f55_2b0c, 0x77a5_8295),
            ("1234", 0x9fc9_7b14, 0x023b_dd03),
            ("234", 0xe7c0_09ca, 0x2dea_3cd2),
            ("34", 0x8739_30da, 0x740f_a83e),
            ("4", 0x5a4b_5ca1, 0x310c_a263),
            ("PreAmbleWillBeRemoved,ThePrePartThatIs", 0x7842_4f1c, 0x65cb_d69c),
            ("", 0x106e_08d9, 0x7ee3_623b),
        ] {
            assert_eq!((murmur2(key.as_bytes()), fnv1a(key.as_bytes())), (java, go), "{key}");
        }
    }

    #[test]
    fn each_partitioner_leaves_other_keys_to_chance() {
        use Partitioner::{Consistent, ConsistentRandom, Fnv1a, Fnv1aRandom, Murmur2, Murmur2Random, Random};
        let twelve = NonZeroU32::new(12).unwrap();
        for (partitioner, null, empty, key) in [
            (ConsistentRandom, false, false, true),
            (Consistent, true, true, true),
            (Murmur2Random, false, true, true),
            (Murmur2, true, true, true),
            (Fnv1aRandom, false, true, true),
            (Fnv1a, true, true, true),
            (Random, false, false, false),
        ] {
            let known = |key: Option<&[u8]>| partitioner.partition_of(key, twelve).is_some();
            assert_eq!(
                (known(None), known(Some(b"")), known(Some(b"UA"))),
                (null, empty, key),
                "{partitioner:?}"
            );
        }
    }
}
