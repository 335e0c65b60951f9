//! Snefru with a digest of 256 bits. Its sixteen boxes are Merkle's, in `snefru.tsv`: two of them a pass.

use std::sync::LazyLock;

/// Each box a line of 256 numbers.
static BOXES: LazyLock<Vec<Vec<u32>>> = LazyLock::new(|| {
    let number = |text| u32::from_str_radix(text, 16).expect("the boxes are hexadecimal");
    include_str!("snefru.tsv").lines().map(|line| line.split('\t').map(number).collect()).collect()
});

/// The digest: each block of 32 bytes stands behind what came of those before, and the length at last.
pub(super) fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut data = parts.concat();
    let bits = (data.len() as u64).wrapping_mul(8);
    data.resize(data.len().next_multiple_of(32), 0);
    data.extend([0; 24]);
    data.extend(bits.to_be_bytes());
    let hash = data.chunks(32).fold([0; 8], mixed);
    hash.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn mixed(hash: [u32; 8], block: &[u8]) -> [u32; 8] {
    const TURNS: [u32; 4] = [16, 8, 16, 24];
    let boxes = &*BOXES;
    let mut words = [0; 16];
    words[..8].copy_from_slice(&hash);
    for (word, bytes) in words[8..].iter_mut().zip(block.chunks(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    for pass in boxes.chunks(2) {
        for turn in TURNS {
            for i in 0..16 {
                let entry = pass[i / 2 % 2][(words[i] & 0xff) as usize];
                words[(i + 15) % 16] ^= entry;
                words[(i + 1) % 16] ^= entry;
            }
            words = words.map(|word| word.rotate_right(turn));
        }
    }
    std::array::from_fn(|i| hash[i] ^ words[15 - i])
}
