//! The two oldest forms: DES whose expansion a salt disturbs, 25 times over eight bytes, or as often as BSD's form asks over all.

use std::sync::LazyLock;

use super::ALPHABET;

/// Two characters of salt and 11 of hash. Only the first eight bytes of the password count, of each seven bits.
pub(super) fn classic(password: &[u8], salt: [u8; 2]) -> Option<Vec<u8>> {
    if salt.iter().any(|byte| matches!(byte, b'\n' | b':')) {
        return None;
    }
    let [low, high] = salt.map(loose_index);
    let keys = schedule(shifted(password));
    let mut out = salt.to_vec();
    push_block(&mut out, encrypt(0, &keys, high << 6 | low, 25));
    Some(out)
}

/// `_`, four characters of count, four of salt, and 11 of hash; the whole password counts.
pub(super) fn extended(password: &[u8], setting: &[u8]) -> Option<Vec<u8>> {
    let (count, salt) = (number(setting.get(1..5)?)?, number(setting.get(5..9)?)?);
    if count == 0 {
        return None;
    }
    let mut key = shifted(password);
    let rest = password.get(8..).unwrap_or_default();
    for chunk in rest.chunks(8) {
        key = encrypt(key, &schedule(key), 0, 1) ^ shifted(chunk);
    }
    let mut out = setting[..9].to_vec();
    push_block(&mut out, encrypt(0, &schedule(key), salt, count));
    Some(out)
}

/// Eight bytes of a password as a key: the parity bit is the lowest, so each moves up by one.
fn shifted(password: &[u8]) -> u64 {
    (0..8).fold(0, |key, i| key << 8 | u64::from(password.get(i).copied().unwrap_or(0) << 1))
}

/// 24 bits of four characters, the lowest first.
fn number(text: &[u8]) -> Option<u32> {
    text.iter().rev().try_fold(0, |number, character| {
        let index = ALPHABET.iter().position(|known| known == character)?;
        Some(number << 6 | index as u32)
    })
}

/// Six bits of any character: PHP up to 7.4 took salts outside the alphabet too.
fn loose_index(character: u8) -> u32 {
    let signed = i32::from(character as i8);
    let origin = match signed {
        _ if signed >= i32::from(b'a') => i32::from(b'a') - 38,
        _ if signed >= i32::from(b'A') => i32::from(b'A') - 12,
        _ => i32::from(b'.'),
    };
    (signed - origin) as u32 & 0x3f
}

/// 64 bits as 11 characters, the highest bits first.
fn push_block(out: &mut Vec<u8>, block: u64) {
    let bits = u128::from(block) << 2;
    out.extend((0..11).rev().map(|group| ALPHABET[(bits >> (6 * group)) as usize & 0x3f]));
}

/// The 16 keys of the rounds, each in two halves of 24 bits.
type Keys = [[u32; 2]; 16];

fn schedule(key: u64) -> Keys {
    const SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
    let chosen = permute(key, 64, &KEY_CHOICE);
    let (mut c, mut d) = ((chosen >> 28) as u32, chosen as u32 & HALF_KEY);
    SHIFTS.map(|shift| {
        let turn = |half: u32| (half << shift | half >> (28 - shift)) & HALF_KEY;
        (c, d) = (turn(c), turn(d));
        let key = permute(u64::from(c) << 28 | u64::from(d), 56, &ROUND_KEY_CHOICE);
        [(key >> 24) as u32, key as u32 & 0xff_ffff]
    })
}

const HALF_KEY: u32 = 0xfff_ffff;

/// DES `count` times over. Each bit of the salt exchanges a bit of the expansion's first half with its fellow of the second.
fn encrypt(block: u64, keys: &Keys, salt: u32, count: u32) -> u64 {
    let salt = salt.reverse_bits() >> 8;
    let block = permute(block, 64, &INITIAL);
    let (mut left, mut right) = ((block >> 32) as u32, block as u32);
    let boxes = &*BOXES;
    for _ in 0..count {
        for key in keys {
            let (high, low) = (expanded(right, 0), expanded(right, 16));
            let exchanged = (high ^ low) & salt;
            let (high, low) = (high ^ exchanged ^ key[0], low ^ exchanged ^ key[1]);
            (left, right) = (right, left ^ substituted(boxes, high, low));
        }
        (left, right) = (right, left);
    }
    permute(u64::from(left) << 32 | u64::from(right), 64, &FINAL)
}

/// Four groups of six bits from one half of DES's expansion: four bits each, with their neighbours.
fn expanded(half: u32, from: u32) -> u32 {
    (0..4).fold(0, |out, group| out << 6 | half.rotate_left(from + 4 * group).rotate_right(1) >> 26)
}

fn substituted(boxes: &[[u32; 64]; 8], high: u32, low: u32) -> u32 {
    let at = |half: u32, group: u32| (half >> (18 - 6 * group)) as usize & 0x3f;
    (0..4).fold(0, |out, group| {
        out | boxes[group as usize][at(high, group)] | boxes[4 + group as usize][at(low, group)]
    })
}

/// The bits of a number of `width` bits in the order of a table, which counts them from 1 and the highest.
fn permute(bits: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |out, place| out << 1 | bits >> (width - u32::from(*place)) & 1)
}

/// The S-boxes, their bits where the permutation P puts them.
static BOXES: LazyLock<[[u32; 64]; 8]> = LazyLock::new(|| {
    std::array::from_fn(|number| {
        std::array::from_fn(|input| {
            let (row, column) = (input >> 4 & 2 | input & 1, input >> 1 & 0xf);
            let output = u64::from(S[number][row * 16 + column]) << (28 - 4 * number);
            permute(output, 32, &P) as u32
        })
    })
});

// The tables of FIPS 46-3.

const INITIAL: [u8; 64] = {
    let starts = [58, 60, 62, 64, 57, 59, 61, 63];
    let mut table = [0; 64];
    let mut i = 0;
    while i < 64 {
        table[i] = starts[i / 8] - 8 * (i % 8) as u8;
        i += 1;
    }
    table
};

const FINAL: [u8; 64] = {
    let mut table = [0; 64];
    let mut i = 0;
    while i < 64 {
        table[INITIAL[i] as usize - 1] = i as u8 + 1;
        i += 1;
    }
    table
};

const KEY_CHOICE: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44,
    36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20,
    12, 4,
];

const ROUND_KEY_CHOICE: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37,
    47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6,
    22, 11, 4, 25,
];

#[rustfmt::skip]
const S: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7,
        0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8,
        4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0,
        15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10,
        3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5,
        0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15,
        13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8,
        13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1,
        13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7,
        1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15,
        13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9,
        10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4,
        3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9,
        14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6,
        4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14,
        11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11,
        10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8,
        9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6,
        4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1,
        13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6,
        1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2,
        6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7,
        1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2,
        7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8,
        2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11,
    ],
];
