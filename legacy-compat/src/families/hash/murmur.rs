//! MurmurHash3 in its three forms: 32 bits, and 128 bits in words of 32 or 64.

/// 32 bits.
pub(super) fn murmur3a(data: &[u8], seed: u64) -> Vec<u8> {
    let scramble = |k: u32| k.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, tail) = data.as_chunks::<4>();
    let mut h = blocks.iter().fold(seed as u32, |h, block| {
        (h ^ scramble(u32::from_le_bytes(*block))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    h ^= scramble(word32(tail));
    mix32(h ^ data.len() as u32).to_be_bytes().to_vec()
}

/// What is left of a block, the lowest byte first.
fn word32(tail: &[u8]) -> u32 {
    tail.iter().take(4).rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

fn word64(tail: &[u8]) -> u64 {
    tail.iter().take(8).rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

fn mix32(mut h: u32) -> u32 {
    h = (h ^ h >> 16).wrapping_mul(0x85eb_ca6b);
    h = (h ^ h >> 13).wrapping_mul(0xc2b2_ae35);
    h ^ h >> 16
}

fn mix64(mut h: u64) -> u64 {
    h = (h ^ h >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ h >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ h >> 33
}

/// 128 bits in words of 32.
pub(super) fn murmur3c(data: &[u8], seed: u64) -> Vec<u8> {
    const FACTORS: [u32; 4] = [0x239b_961b, 0xab0e_9789, 0x38b3_4ae5, 0xa1e3_8b93];
    const TURNS: [u32; 4] = [19, 17, 15, 13];
    const ADDED: [u32; 4] = [0x561c_cd1b, 0x0bca_a747, 0x96cd_1c35, 0x32ac_3b17];
    let scramble = |i: usize, k: u32| {
        k.wrapping_mul(FACTORS[i]).rotate_left(15 + i as u32).wrapping_mul(FACTORS[(i + 1) % 4])
    };
    let mut h = [seed as u32; 4];
    let (blocks, tail) = data.as_chunks::<16>();
    for block in blocks {
        for i in 0..4 {
            h[i] ^= scramble(i, word32(&block[4 * i..]));
            h[i] = h[i]
                .rotate_left(TURNS[i])
                .wrapping_add(h[(i + 1) % 4])
                .wrapping_mul(5)
                .wrapping_add(ADDED[i]);
        }
    }
    for (i, part) in tail.chunks(4).enumerate() {
        h[i] ^= scramble(i, word32(part));
    }
    h = h.map(|word| word ^ data.len() as u32);
    let spread = |h: [u32; 4]| {
        let first = h.iter().fold(0u32, |sum, word| sum.wrapping_add(*word));
        [first, h[1].wrapping_add(first), h[2].wrapping_add(first), h[3].wrapping_add(first)]
    };
    h = spread(spread(h).map(mix32));
    h.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// 128 bits in words of 64.
pub(super) fn murmur3f(data: &[u8], seed: u64) -> Vec<u8> {
    const FACTORS: [u64; 2] = [0x87c3_7b91_1142_53d5, 0x4cf5_ad43_2745_937f];
    const TURNS: [u32; 2] = [27, 31];
    const ADDED: [u64; 2] = [0x52dc_e729, 0x3849_5ab5];
    let scramble = |i: usize, k: u64| {
        k.wrapping_mul(FACTORS[i]).rotate_left(31 + 2 * i as u32).wrapping_mul(FACTORS[1 - i])
    };
    let mut h = [seed; 2];
    let (blocks, tail) = data.as_chunks::<16>();
    for block in blocks {
        for i in 0..2 {
            h[i] ^= scramble(i, word64(&block[8 * i..]));
            h[i] = h[i].rotate_left(TURNS[i]).wrapping_add(h[1 - i]).wrapping_mul(5).wrapping_add(ADDED[i]);
        }
    }
    for (i, part) in tail.chunks(8).enumerate() {
        h[i] ^= scramble(i, word64(part));
    }
    h = h.map(|word| word ^ data.len() as u64);
    let spread = |h: [u64; 2]| {
        let first = h[0].wrapping_add(h[1]);
        [first, h[1].wrapping_add(first)]
    };
    h = spread(spread(h).map(mix64));
    h.iter().flat_map(|word| word.to_be_bytes()).collect()
}
