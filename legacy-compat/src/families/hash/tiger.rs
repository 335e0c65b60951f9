//! Tiger with three or four passes. Its S-boxes are not written down but generated, as its authors did.

use std::sync::LazyLock;

/// 192 bits of digest, cut to `len` bytes.
pub(super) fn digest(parts: &[&[u8]], passes: usize, len: usize) -> Vec<u8> {
    let mut data = parts.concat();
    let bits = (data.len() as u64).wrapping_mul(8);
    data.push(1);
    data.resize(data.len().next_multiple_of(8), 0);
    while data.len() % 64 != 56 {
        data.push(0);
    }
    data.extend(bits.to_le_bytes());
    let boxes = &*BOXES;
    let state = data.chunks(64).fold(START, |state, block| compress(boxes, state, words(block), passes));
    let mut digest: Vec<u8> = state.iter().flat_map(|word| word.to_le_bytes()).collect();
    digest.truncate(len);
    digest
}

const START: [u64; 3] = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, 0xf096_a5b4_c3b2_e187];

type Boxes = [[u64; 256]; 4];

fn words(block: &[u8]) -> [u64; 8] {
    std::array::from_fn(|i| {
        block[8 * i..8 * i + 8].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
    })
}

fn compress(boxes: &Boxes, start: [u64; 3], mut x: [u64; 8], passes: usize) -> [u64; 3] {
    let mut state = start;
    for pass in 0..passes {
        if pass > 0 {
            schedule(&mut x);
        }
        let factor = [5, 7, 9][pass.min(2)];
        x.iter().enumerate().for_each(|(i, word)| round(boxes, &mut state, i, *word, factor));
        let [a, b, c] = state;
        state = [c, a, b];
    }
    [state[0] ^ start[0], state[1].wrapping_sub(start[1]), state[2].wrapping_add(start[2])]
}

/// One word of a pass; the three words of the state take turns.
fn round(boxes: &Boxes, state: &mut [u64; 3], turn: usize, x: u64, factor: u64) {
    let (a, b, c) = (turn % 3, (turn + 1) % 3, (turn + 2) % 3);
    state[c] ^= x;
    let bytes = state[c].to_le_bytes().map(usize::from);
    let even = boxes[0][bytes[0]] ^ boxes[1][bytes[2]] ^ boxes[2][bytes[4]] ^ boxes[3][bytes[6]];
    let odd = boxes[3][bytes[1]] ^ boxes[2][bytes[3]] ^ boxes[1][bytes[5]] ^ boxes[0][bytes[7]];
    state[a] = state[a].wrapping_sub(even);
    state[b] = state[b].wrapping_add(odd).wrapping_mul(factor);
}

fn schedule(x: &mut [u64; 8]) {
    x[0] = x[0].wrapping_sub(x[7] ^ 0xa5a5_a5a5_a5a5_a5a5);
    x[1] ^= x[0];
    x[2] = x[2].wrapping_add(x[1]);
    x[3] = x[3].wrapping_sub(x[2] ^ !x[1] << 19);
    x[4] ^= x[3];
    x[5] = x[5].wrapping_add(x[4]);
    x[6] = x[6].wrapping_sub(x[5] ^ !x[4] >> 23);
    x[7] ^= x[6];
    x[0] = x[0].wrapping_add(x[7]);
    x[1] = x[1].wrapping_sub(x[0] ^ !x[7] << 19);
    x[2] ^= x[1];
    x[3] = x[3].wrapping_add(x[2]);
    x[4] = x[4].wrapping_sub(x[3] ^ !x[2] >> 23);
    x[5] ^= x[4];
    x[6] = x[6].wrapping_add(x[5]);
    x[7] = x[7].wrapping_sub(x[6] ^ 0x0123_4567_89ab_cdef);
}

/// Tiger's title, hashed over and over, says which bytes of the boxes change places: five times through all of them.
static BOXES: LazyLock<Box<Boxes>> = LazyLock::new(|| {
    let title = words(b"Tiger - A Fast New Hash Function, by Ross Anderson and Eli Biham");
    let mut boxes: Box<Boxes> =
        Box::new(std::array::from_fn(|_| std::array::from_fn(|index| u64::from_le_bytes([index as u8; 8]))));
    let mut state = START;
    let mut turns = (0..3).cycle();
    for index in (0..5).flat_map(|_| 0..256) {
        for number in 0..4 {
            let turn = turns.next().unwrap_or_default();
            if turn == 0 {
                state = compress(&boxes, state, title, 3);
            }
            exchange(&mut boxes[number], index, state[turn].to_le_bytes());
        }
    }
    boxes
});

/// In each column the byte of this row and the one of the row that `rows` names change places.
fn exchange(table: &mut [u64; 256], index: usize, rows: [u8; 8]) {
    for (column, row) in rows.into_iter().enumerate() {
        let shift = 8 * column;
        let difference = (table[index] ^ table[usize::from(row)]) & 0xff << shift;
        table[index] ^= difference;
        table[usize::from(row)] ^= difference;
    }
}
