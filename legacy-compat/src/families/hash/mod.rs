//! `md5`, `sha1`, `crc32`, `hash`, `hash_hmac` and `hash_pbkdf2` with all of PHP's algorithms.

pub mod algorithms;
mod checksum;
mod haval;
mod murmur;
mod snefru;
mod tiger;

use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;

use super::strings::escape::bin2hex;
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::error::{ErrorClass, Thrown};
use crate::php::Php;
use crate::value::{Array, Value};
use algorithms::{Algorithm, Seed};
pub use checksum::crc32;

pub(crate) const ROWS: &[Row] = &[
    ("md5(string $string, bool $binary = false)", |_, a| {
        digest_answer(Md5::digest(a.bytes(0)).to_vec(), a.bool(1))
    }),
    ("sha1(string $string, bool $binary = false)", |_, a| {
        digest_answer(Sha1::digest(a.bytes(0)).to_vec(), a.bool(1))
    }),
    ("crc32(string $string)", |c, a| ok(c.php.int_size.wrap(crc32(a.bytes(0)).into()))),
    ("8.1- hash(string $algo, string $data, bool $binary = false, array $options = [])", hash),
    ("-8.0 hash(string $algo, string $data, bool $raw_output = false)", hash),
    ("hash_hmac(string $algo, string $data, string $key, bool $binary = false)", hash_hmac),
    (
        "8.1- hash_pbkdf2(string $algo, string $password, string $salt, int $iterations, int $length = 0, \
         bool $binary = false, array $options = [])",
        hash_pbkdf2,
    ),
    (
        "-8.0 hash_pbkdf2(string $algo, string $password, string $salt, int $iterations, int $length = 0, \
         bool $raw_output = false)",
        hash_pbkdf2,
    ),
    ("hash_equals(mixed $known_string, mixed $user_string)", |c, a| match (a.opt_bytes(0), a.opt_bytes(1)) {
        (Some(known), Some(user)) => ok(known == user),
        _ => c.type_error(false, "hash_equals(): Argument must be of type string"),
    }),
];

fn digest_answer(bytes: Vec<u8>, binary: bool) -> Outcome {
    if binary { ok(bytes) } else { ok(bin2hex(&bytes)) }
}

/// `hash` with an algorithm by PHP's name; none where PHP of this version has no such one.
pub fn digest(php: &Php, name: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    Some(Algorithm::find(php, name)?.digest(&[data], &Seed::None))
}

fn hash(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(algorithm) = Algorithm::find(ctx.php, args.bytes(0)) else {
        return ctx.value_error(false, "hash(): Argument #1 ($algo) must be a valid hashing algorithm");
    };
    let seed = seed(ctx, algorithm, &args.array(3))?;
    digest_answer(algorithm.digest(&[args.bytes(1)], &seed), args.bool(2))
}

/// The option `seed`, a number, or `secret`, for those that take one.
fn seed(ctx: &Ctx<'_>, algorithm: &Algorithm, options: &Array) -> Result<Seed, Thrown> {
    let number = match options.get_str("seed") {
        Some(Value::Int(seed)) => Seed::Number(*seed),
        _ => Seed::None,
    };
    let Some(secret) = options.get_str("secret").filter(|_| algorithm.takes_secret()) else {
        return Ok(number);
    };
    if options.get_str("seed").is_some() {
        let message =
            format!("{}: Only one of seed or secret is to be passed for initialization", algorithm.name);
        return Err(Thrown::new(ErrorClass::ValueError, message));
    }
    let secret = crate::cast::to_str(ctx.php, secret);
    if secret.len() < algorithms::MIN_SECRET {
        let message = format!(
            "{}: Secret length must be >= {} bytes, {} bytes passed",
            algorithm.name,
            algorithms::MIN_SECRET,
            secret.len()
        );
        return Err(Thrown::new(ErrorClass::Error, message));
    }
    Ok(Seed::Secret(secret.to_vec()))
}

fn hash_hmac(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match Algorithm::find_keyed(ctx.php, args.bytes(0)) {
        Some(algorithm) => {
            digest_answer(Key::new(algorithm, args.bytes(2)).hmac(args.bytes(1)), args.bool(3))
        }
        None => ctx.value_error(
            false,
            "hash_hmac(): Argument #1 ($algo) must be a valid cryptographic hashing algorithm",
        ),
    }
}

/// RFC 2104 over one of the algorithms; none where PHP of this version cannot key it.
pub fn hmac(php: &Php, name: &[u8], key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    Some(Key::new(Algorithm::find_keyed(php, name)?, key).hmac(data))
}

/// A key made as long as the algorithm's block.
struct Key {
    algorithm: &'static Algorithm,
    inner: Vec<u8>,
    outer: Vec<u8>,
}

impl Key {
    fn new(algorithm: &'static Algorithm, key: &[u8]) -> Self {
        let mut padded =
            if key.len() > algorithm.block { algorithm.digest(&[key], &Seed::None) } else { key.to_vec() };
        padded.resize(algorithm.block, 0);
        let with = |pad: u8| padded.iter().map(|byte| byte ^ pad).collect();
        Self { algorithm, inner: with(0x36), outer: with(0x5c) }
    }

    fn hmac(&self, data: &[u8]) -> Vec<u8> {
        let inner = self.algorithm.digest(&[&self.inner, data], &Seed::None);
        self.algorithm.digest(&[&self.outer, &inner], &Seed::None)
    }
}

/// More of a derived key than this would not fit into PHP's memory either.
const MAX_DERIVED: i64 = 128 << 20;

fn hash_pbkdf2(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(algorithm) = Algorithm::find_keyed(ctx.php, args.bytes(0)) else {
        let message = "hash_pbkdf2(): Argument #1 ($algo) must be a valid cryptographic hashing algorithm";
        return ctx.value_error(false, message);
    };
    let (iterations, length, binary) = (args.int(3), args.int(4), args.bool(5));
    if iterations <= 0 {
        return ctx.value_error(false, "hash_pbkdf2(): Argument #4 ($iterations) must be greater than 0");
    }
    if length < 0 {
        let message = "hash_pbkdf2(): Argument #5 ($length) must be greater than or equal to 0";
        return ctx.value_error(false, message);
    }
    if length > MAX_DERIVED {
        return Err(Thrown::out_of_memory());
    }
    let key = Key::new(algorithm, args.bytes(1));
    let bytes = if binary { length } else { length.div_euclid(2) + length % 2 } as usize;
    let derived = derive(&key, args.bytes(2), iterations, bytes);
    let mut answer = if binary { derived } else { bin2hex(&derived).into_bytes() };
    if length > 0 {
        answer.truncate(length as usize);
    }
    ok(answer)
}

/// RFC 2898: as many blocks as `length` bytes take, or one for 0.
fn derive(key: &Key, salt: &[u8], iterations: i64, length: usize) -> Vec<u8> {
    let mut derived = Vec::with_capacity(length);
    for number in 1u32.. {
        let mut last = key.hmac(&[salt, &number.to_be_bytes()].concat());
        let mut block = last.clone();
        for _ in 1..iterations {
            last = key.hmac(&last);
            block.iter_mut().zip(&last).for_each(|(sum, byte)| *sum ^= byte);
        }
        derived.extend_from_slice(&block);
        if derived.len() >= length {
            break;
        }
    }
    if length > 0 {
        derived.truncate(length);
    }
    derived
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::php::Version;

    #[test]
    fn digests_as_php_8_2_did() {
        let php = Php::new(Version::V8_2);
        let rows = [
            ("tiger192,3", "6d12a41e72e644f017b6f0e2f7b44c6285f06dd5d2c5b075"),
            ("tiger192,4", "c1f3a704e9f6267e9f75fa47191f83c354100a04c4f1dc6f"),
            ("haval128,3", "713502673d67e5fa557629a71d331945"),
            ("haval160,4", "6e739d01f5739ceed94da1a115b52d5951280560"),
            ("haval192,5", "023d045f75d4bf051fd6e50f7b7417bf9949c4b5d2b4b7ef"),
            ("haval224,3", "e1d5792306f56b22419662b06d1885a66dca3eba01f53274c89aeaeb"),
            ("haval256,5", "b89c551cdfe2e06dbd4cea2be1bc7d557416c58ebb4d07cbc94e49f710c55be4"),
            ("snefru", "674caa75f9d8fd2089856b95e93a4fb42fa6c8702f8980e11d97a142d76cb358"),
            ("murmur3a", "2e4ff723"),
            ("murmur3c", "2f1583c3ecee2c675d7bf66ce5e91d2c"),
            ("murmur3f", "e34bbc7bbc071b6c7a433ca9c49a9347"),
            ("gost-crypto", "9004294a361a508c586fe53d1f1b02746765e71b765472786e4770d565830a76"),
            ("joaat", "519e91f5"),
        ];
        for (name, wanted) in rows {
            let got = digest(&php, name.as_bytes(), b"The quick brown fox jumps over the lazy dog").unwrap();
            assert_eq!(bin2hex(&got), wanted, "{name}");
        }
    }
}
