//! `$5$` and `$6$`: rounds of SHA-256 and SHA-512.

use sha_crypt::{Params, sha256_crypt, sha512_crypt};

use super::push64;
use crate::php::Php;

/// One of the two.
pub(super) struct Algorithm {
    magic: &'static [u8],
    digest: fn(&[u8], &[u8], Params) -> Vec<u8>,
    write: fn(&mut Vec<u8>, &[u8]),
}

pub(super) const SHA256: Algorithm = Algorithm {
    magic: b"$5$",
    digest: |password, salt, params| sha256_crypt(password, salt, params).to_vec(),
    write: |out, digest| {
        write_rotated(out, digest, [0, 10, 20], |[a, b, c]| [c + 1, a + 1, b + 1]);
        push64(out, u32::from_be_bytes([0, 0, digest[31], digest[30]]), 3);
    },
};

pub(super) const SHA512: Algorithm = Algorithm {
    magic: b"$6$",
    digest: |password, salt, params| sha512_crypt(password, salt, params).to_vec(),
    write: |out, digest| {
        write_rotated(out, digest, [0, 21, 42], |[a, b, c]| [b + 1, c + 1, a + 1]);
        push64(out, digest[63].into(), 2);
    },
};

/// Writes the digest in groups of three bytes, each group from three places that move on and change turns.
fn write_rotated(out: &mut Vec<u8>, digest: &[u8], first: [usize; 3], next: fn([usize; 3]) -> [usize; 3]) {
    let mut places = first;
    for _ in 0..digest.len() / 3 {
        let [a, b, c] = places.map(|place| digest[place]);
        push64(out, u32::from_be_bytes([0, a, b, c]), 4);
        places = next(places);
    }
}

/// How many rounds a salt may ask for.
const ROUNDS: std::ops::RangeInclusive<u32> = 1_000..=999_999_999;

/// The rounds where the salt names none.
const DEFAULT_ROUNDS: u32 = 5_000;

/// The salt: `rounds=N$` where it has that, then up to 16 bytes before the next `$`.
pub(super) fn hash(php: &Php, algorithm: &Algorithm, password: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    let rest = &salt[algorithm.magic.len()..];
    let asked = asked_rounds(rest);
    let mut out = algorithm.magic.to_vec();
    let (rounds, rest) = match asked {
        Some((rounds, _)) if php.is_8() && !ROUNDS.contains(&rounds) => return None,
        Some((rounds, rest)) => {
            let rounds = rounds.clamp(*ROUNDS.start(), *ROUNDS.end());
            out.extend_from_slice(format!("rounds={rounds}$").as_bytes());
            (rounds, rest)
        }
        None => (DEFAULT_ROUNDS, rest),
    };
    let salt = rest.split(|byte| *byte == b'$').next().unwrap_or_default();
    let salt = &salt[..salt.len().min(16)];
    let digest = (algorithm.digest)(password, salt, Params::new(rounds).ok()?);
    out.extend_from_slice(salt);
    out.push(b'$');
    (algorithm.write)(&mut out, &digest);
    Some(out)
}

/// The number of `rounds=N$` and what follows it.
fn asked_rounds(salt: &[u8]) -> Option<(u32, &[u8])> {
    let text = salt.strip_prefix(b"rounds=")?;
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let rest = text[end..].strip_prefix(b"$")?;
    let rounds = text[..end]
        .iter()
        .fold(0u32, |rounds, digit| rounds.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    Some((rounds, rest))
}
