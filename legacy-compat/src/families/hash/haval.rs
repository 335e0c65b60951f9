//! HAVAL with three, four or five passes and a digest of 128 to 256 bits.

use std::sync::LazyLock;

use num_bigint::BigUint;

type State = [u32; 8];

/// The digest, `bits` long.
pub(super) fn digest(parts: &[&[u8]], passes: usize, bits: usize) -> Vec<u8> {
    const VERSION: u8 = 1;
    let mut data = parts.concat();
    let length = (data.len() as u64).wrapping_mul(8);
    data.push(1);
    while data.len() % 128 != 118 {
        data.push(0);
    }
    data.extend([VERSION | (passes as u8) << 3 | (bits as u8 & 3) << 6, (bits >> 2) as u8]);
    data.extend(length.to_le_bytes());
    let start: State = std::array::from_fn(|i| PI[i]);
    let mut state = data.chunks(128).fold(start, |state, block| compress(state, block, passes));
    fold_into(&mut state, bits);
    state[..bits / 32].iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn compress(start: State, block: &[u8], passes: usize) -> State {
    let word =
        |i: usize| block[4 * i..4 * i + 4].iter().rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    let mut state = start;
    for pass in 0..passes {
        for step in 0..32 {
            // The eight words move on by one with each step.
            let at = |place: u8| state[(usize::from(place) + 8 - step % 8) % 8];
            let mixed = FUNCTIONS[pass](PLACES[passes - 3][pass].map(at));
            let constant = if pass == 0 { 0 } else { PI[8 + 32 * (pass - 1) + step] };
            let sum = mixed.rotate_right(7).wrapping_add(at(7).rotate_right(11));
            let index = if pass == 0 { step } else { usize::from(ORDER[pass - 1][step]) };
            state[7 - step % 8] = sum.wrapping_add(word(index)).wrapping_add(constant);
        }
    }
    std::array::from_fn(|i| start[i].wrapping_add(state[i]))
}

/// The functions of the passes, over x6 to x0.
const FUNCTIONS: [fn([u32; 7]) -> u32; 5] = [
    |[x6, x5, x4, x3, x2, x1, x0]| x1 & x4 ^ x2 & x5 ^ x3 & x6 ^ x0 & x1 ^ x0,
    |[x6, x5, x4, x3, x2, x1, x0]| {
        x1 & x2 & x3 ^ x2 & x4 & x5 ^ x1 & x2 ^ x1 & x4 ^ x2 & x6 ^ x3 & x5 ^ x4 & x5 ^ x0 & x2 ^ x0
    },
    |[x6, x5, x4, x3, x2, x1, x0]| x1 & x2 & x3 ^ x1 & x4 ^ x2 & x5 ^ x3 & x6 ^ x0 & x3 ^ x0,
    |[x6, x5, x4, x3, x2, x1, x0]| {
        let high = x1 & x2 & x3 ^ x2 & x4 & x5 ^ x3 & x4 & x6;
        high ^ x1 & x4 ^ x2 & x6 ^ x3 & x4 ^ x3 & x5 ^ x3 & x6 ^ x4 & x5 ^ x4 & x6 ^ x0 & x4 ^ x0
    },
    |[x6, x5, x4, x3, x2, x1, x0]| x1 & x4 ^ x2 & x5 ^ x3 & x6 ^ x0 & x1 & x2 & x3 ^ x0 & x5 ^ x0,
];

/// Which words of the state serve as x6 to x0, by the number of passes and the pass.
const PLACES: [[[u8; 7]; 5]; 3] = [
    [[1, 0, 3, 5, 6, 2, 4], [4, 2, 1, 0, 5, 3, 6], [6, 1, 2, 3, 4, 5, 0], [0; 7], [0; 7]],
    [[2, 6, 1, 4, 5, 3, 0], [3, 5, 2, 0, 1, 6, 4], [1, 4, 3, 6, 0, 2, 5], [6, 4, 0, 5, 2, 1, 3], [0; 7]],
    [
        [3, 4, 1, 0, 5, 2, 6],
        [6, 2, 1, 0, 3, 4, 5],
        [2, 6, 0, 4, 3, 1, 5],
        [1, 5, 3, 2, 0, 4, 6],
        [2, 5, 0, 6, 4, 3, 1],
    ],
];

/// The order in which the passes after the first read the block's words.
const ORDER: [[u8; 32]; 4] = [
    [
        5, 14, 26, 18, 11, 28, 7, 16, 0, 23, 20, 22, 1, 10, 4, 8, 30, 3, 21, 9, 17, 24, 29, 6, 19, 12, 15,
        13, 2, 25, 31, 27,
    ],
    [
        19, 9, 4, 20, 28, 17, 8, 22, 29, 14, 25, 12, 24, 30, 16, 26, 31, 15, 7, 3, 1, 0, 18, 27, 13, 6, 21,
        10, 23, 11, 5, 2,
    ],
    [
        24, 4, 0, 14, 2, 7, 28, 23, 26, 6, 30, 20, 18, 25, 19, 3, 22, 11, 31, 21, 8, 27, 12, 9, 1, 29, 5, 15,
        17, 10, 16, 13,
    ],
    [
        27, 3, 21, 26, 17, 11, 20, 29, 19, 0, 12, 7, 13, 8, 31, 10, 5, 9, 14, 30, 18, 6, 28, 24, 2, 23, 16,
        22, 4, 1, 25, 15,
    ],
];

/// The constants: the binary fraction of π, 32 bits a word.
static PI: LazyLock<Vec<u32>> = LazyLock::new(|| {
    const WORDS: usize = 8 + 4 * 32;
    const GUARD: usize = 64;
    let one = BigUint::from(1u8) << (32 * WORDS + GUARD);
    // Machin: π = 16 arctan(1/5) - 4 arctan(1/239).
    let pi = arctan_of_inverse(&one, 5) * 16u8 - arctan_of_inverse(&one, 239) * 4u8;
    let mut words = ((pi % &one) >> GUARD).to_u32_digits();
    words.resize(WORDS, 0);
    words.reverse();
    words
});

/// `one * arctan(1/x)`, by its series.
fn arctan_of_inverse(one: &BigUint, x: u32) -> BigUint {
    let (mut sum, mut less) = (BigUint::ZERO, BigUint::ZERO);
    let mut power = one / x;
    let mut odd = 1u32;
    while power != BigUint::ZERO {
        let term = &power / odd;
        if odd % 4 == 1 {
            sum += term
        } else {
            less += term
        }
        power /= x * x;
        odd += 2;
    }
    sum - less
}

/// What a shorter digest leaves out is added to the words that stay.
fn fold_into(state: &mut State, bits: usize) {
    let [_, _, _, _, e, f, g, h] = *state;
    let added = match bits {
        128 => vec![
            (h & 0xff | g & 0xff00_0000 | f & 0x00ff_0000 | e & 0xff00).rotate_right(8),
            (h & 0xff00 | g & 0xff | f & 0xff00_0000 | e & 0x00ff_0000).rotate_right(16),
            (h & 0x00ff_0000 | g & 0xff00 | f & 0xff | e & 0xff00_0000).rotate_right(24),
            h & 0xff00_0000 | g & 0x00ff_0000 | f & 0xff00 | e & 0xff,
        ],
        160 => vec![
            (h & 0x3f | g & 0xfe00_0000 | f & 0x01f8_0000).rotate_right(19),
            (h & 0xfc0 | g & 0x3f | f & 0xfe00_0000).rotate_right(25),
            h & 0x7_f000 | g & 0xfc0 | f & 0x3f,
            (h & 0x01f8_0000 | g & 0x7_f000 | f & 0xfc0) >> 6,
            (h & 0xfe00_0000 | g & 0x01f8_0000 | f & 0x7_f000) >> 12,
        ],
        192 => vec![
            (h & 0x1f | g & 0xfc00_0000).rotate_right(26),
            h & 0x3e0 | g & 0x1f,
            (h & 0xfc00 | g & 0x3e0) >> 5,
            (h & 0x1f_0000 | g & 0xfc00) >> 10,
            (h & 0x03e0_0000 | g & 0x1f_0000) >> 16,
            (h & 0xfc00_0000 | g & 0x03e0_0000) >> 21,
        ],
        224 => vec![
            h >> 27 & 0x1f,
            h >> 22 & 0x1f,
            h >> 18 & 0xf,
            h >> 13 & 0x1f,
            h >> 9 & 0xf,
            h >> 4 & 0x1f,
            h & 0xf,
        ],
        _ => Vec::new(),
    };
    state.iter_mut().zip(added).for_each(|(word, added)| *word = word.wrapping_add(added));
}
