//! `$1$`: FreeBSD's thousand rounds of MD5.

use md5::{Digest, Md5};

use super::push64;

const MAGIC: &[u8] = b"$1$";

/// Which bytes of the digest make up each group of four characters.
const ORDER: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];

/// The salt is what stands behind the magic, up to the next `$`, at most 8 bytes.
pub(super) fn hash(password: &[u8], salt: &[u8]) -> Vec<u8> {
    let salt = salt[MAGIC.len()..].split(|byte| *byte == b'$').next().unwrap_or_default();
    let salt = &salt[..salt.len().min(8)];
    let mut digest = first_round(password, salt);
    for round in 0..1000 {
        digest = next_round(round, &digest, password, salt);
    }
    let mut out = [MAGIC, salt, b"$"].concat();
    for [a, b, c] in ORDER {
        push64(&mut out, u32::from_be_bytes([0, digest[a], digest[b], digest[c]]), 4);
    }
    push64(&mut out, digest[11].into(), 2);
    out
}

fn first_round(password: &[u8], salt: &[u8]) -> [u8; 16] {
    let inner = Md5::digest([password, salt, password].concat());
    let mut outer = Md5::new_with_prefix([password, MAGIC, salt].concat());
    for chunk in password.chunks(inner.len()) {
        outer.update(&inner[..chunk.len()]);
    }
    let mut bits = password.len();
    while bits > 0 {
        outer.update(if bits & 1 == 1 { &[0] } else { &password[..1] });
        bits >>= 1;
    }
    outer.finalize().into()
}

fn next_round(round: usize, digest: &[u8], password: &[u8], salt: &[u8]) -> [u8; 16] {
    let odd = round % 2 == 1;
    let mut md5 = Md5::new_with_prefix(if odd { password } else { digest });
    if !round.is_multiple_of(3) {
        md5.update(salt);
    }
    if !round.is_multiple_of(7) {
        md5.update(password);
    }
    md5.update(if odd { digest } else { password });
    md5.finalize().into()
}
