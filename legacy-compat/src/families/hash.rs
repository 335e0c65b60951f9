//! `md5`, `sha1`, `crc32`, `hash` and `hash_hmac` with the usual algorithms.

use md5::Md5;
use sha1::Sha1;
use sha2::digest::{Digest, DynDigest};
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

use super::strings::escape::bin2hex;
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::Version;

pub(crate) const ROWS: &[Row] = &[
    ("md5(string $string, bool $binary = false)", |_, a| {
        digest_answer(Md5::digest(a.bytes(0)).to_vec(), a.bool(1))
    }),
    ("sha1(string $string, bool $binary = false)", |_, a| {
        digest_answer(Sha1::digest(a.bytes(0)).to_vec(), a.bool(1))
    }),
    ("crc32(string $string)", |_, a| ok(i64::from(crc32(a.bytes(0))))),
    ("8.0- hash(string $algo, string $data, bool $binary = false, array $options = [])", hash),
    ("-7.4 hash(string $algo, string $data, bool $raw_output = false)", hash),
    ("hash_hmac(string $algo, string $data, string $key, bool $binary = false)", hash_hmac),
    ("hash_equals(mixed $known_string, mixed $user_string)", |c, a| match (a.opt_bytes(0), a.opt_bytes(1)) {
        (Some(known), Some(user)) => ok(known == user),
        _ => c.type_error(false, "hash_equals(): Argument must be of type string"),
    }),
];

fn digest_answer(bytes: Vec<u8>, binary: bool) -> Outcome {
    if binary { ok(bytes) } else { ok(bin2hex(&bytes)) }
}

/// `crc32`: the usual polynomial, as `hash('crc32b')`.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn cryptographic(name: &[u8]) -> Option<Box<dyn DynDigest>> {
    Some(match name.to_ascii_lowercase().as_slice() {
        b"md5" => Box::new(Md5::new()),
        b"sha1" => Box::new(Sha1::new()),
        b"sha224" => Box::new(Sha224::new()),
        b"sha256" => Box::new(Sha256::new()),
        b"sha384" => Box::new(Sha384::new()),
        b"sha512" => Box::new(Sha512::new()),
        b"sha512/224" => Box::new(Sha512_224::new()),
        b"sha512/256" => Box::new(Sha512_256::new()),
        b"sha3-224" => Box::new(sha3::Sha3_224::new()),
        b"sha3-256" => Box::new(sha3::Sha3_256::new()),
        b"sha3-384" => Box::new(sha3::Sha3_384::new()),
        b"sha3-512" => Box::new(sha3::Sha3_512::new()),
        b"md2" => Box::new(md2::Md2::new()),
        b"md4" => Box::new(md4::Md4::new()),
        b"ripemd128" => Box::new(ripemd::Ripemd128::new()),
        b"ripemd160" => Box::new(ripemd::Ripemd160::new()),
        b"ripemd256" => Box::new(ripemd::Ripemd256::new()),
        b"ripemd320" => Box::new(ripemd::Ripemd320::new()),
        b"whirlpool" => Box::new(whirlpool::Whirlpool::new()),
        _ => return None,
    })
}

/// `hash` with one of md5, sha1, the SHA-2 family, crc32b, adler32, fnv and joaat; none for another algorithm.
pub fn digest(name: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    if let Some(mut hasher) = cryptographic(name) {
        hasher.update(data);
        return Some(hasher.finalize().to_vec());
    }
    Some(match name.to_ascii_lowercase().as_slice() {
        b"crc32b" => crc32(data).to_be_bytes().to_vec(),
        b"crc32" => crc(data, |crc, byte| crc << 8 ^ table_entry(0x04c1_1db7, crc >> 24 ^ u32::from(byte)))
            .to_le_bytes()
            .to_vec(),
        b"crc32c" => {
            crc(data, |crc, byte| crc >> 8 ^ reflected_entry(0x82f6_3b78, (crc ^ u32::from(byte)) & 0xff))
                .to_be_bytes()
                .to_vec()
        }
        b"xxh32" => xxhash_rust::xxh32::xxh32(data, 0).to_be_bytes().to_vec(),
        b"xxh64" => xxhash_rust::xxh64::xxh64(data, 0).to_be_bytes().to_vec(),
        b"xxh3" => xxhash_rust::xxh3::xxh3_64(data).to_be_bytes().to_vec(),
        b"xxh128" => xxhash_rust::xxh3::xxh3_128(data).to_be_bytes().to_vec(),
        b"adler32" => adler32(data).to_be_bytes().to_vec(),
        b"fnv132" => fnv32(data, false).to_be_bytes().to_vec(),
        b"fnv1a32" => fnv32(data, true).to_be_bytes().to_vec(),
        b"fnv164" => fnv64(data, false).to_be_bytes().to_vec(),
        b"fnv1a64" => fnv64(data, true).to_be_bytes().to_vec(),
        b"joaat" => joaat(data).to_be_bytes().to_vec(),
        _ => return None,
    })
}

fn crc(data: &[u8], step: impl Fn(u32, u8) -> u32) -> u32 {
    !data.iter().fold(!0, |crc, byte| step(crc, *byte))
}

/// One entry of a CRC's table, the highest bit first: bzip2's polynomial, which PHP calls `crc32`.
fn table_entry(polynomial: u32, index: u32) -> u32 {
    (0..8).fold(index << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { polynomial } else { 0 })
}

/// The same, the lowest bit first.
fn reflected_entry(polynomial: u32, index: u32) -> u32 {
    (0..8).fold(index, |crc, _| crc >> 1 ^ if crc & 1 == 1 { polynomial } else { 0 })
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn fnv32(data: &[u8], xor_first: bool) -> u32 {
    data.iter().fold(0x811c_9dc5, |hash, byte| match xor_first {
        true => (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193),
        false => hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte),
    })
}

fn fnv64(data: &[u8], xor_first: bool) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| match xor_first {
        true => (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3),
        false => hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte),
    })
}

fn joaat(data: &[u8]) -> u32 {
    let mut hash = data.iter().fold(0u32, |hash, byte| {
        let hash = hash.wrapping_add(u32::from(*byte));
        let hash = hash.wrapping_add(hash << 10);
        hash ^ hash >> 6
    });
    hash = hash.wrapping_add(hash << 3);
    hash ^= hash >> 11;
    hash.wrapping_add(hash << 15)
}

/// Whether PHP of this version has the algorithm.
fn is_known(php: &crate::php::Php, name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let since = match name.as_slice() {
        b"sha3-224" | b"sha3-256" | b"sha3-384" | b"sha3-512" | b"sha512/224" | b"sha512/256" => {
            Version::V7_1
        }
        b"crc32c" => Version::V7_4,
        name if name.starts_with(b"xxh") || name.starts_with(b"murmur3") => Version::V8_1,
        _ => return true,
    };
    php.since(since)
}

fn hash(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match digest(args.bytes(0), args.bytes(1)).filter(|_| is_known(ctx.php, args.bytes(0))) {
        Some(bytes) => digest_answer(bytes, args.bool(2)),
        None => ctx.value_error(false, "hash(): Argument #1 ($algo) must be a valid hashing algorithm"),
    }
}

fn hash_hmac(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match hmac_of(ctx.php, args) {
        Some(bytes) => digest_answer(bytes, args.bool(3)),
        None => ctx.value_error(
            false,
            "hash_hmac(): Argument #1 ($algo) must be a valid cryptographic hashing algorithm",
        ),
    }
}

/// Up to 7.1 checksums could be keyed as well.
fn hmac_of(php: &crate::php::Php, args: &Args<'_>) -> Option<Vec<u8>> {
    let name = args.bytes(0);
    let keyed = cryptographic(name).is_some() || !php.since(Version::V7_2);
    if !keyed || !is_known(php, name) { None } else { hmac(name, args.bytes(2), args.bytes(1)) }
}

/// How many bytes an algorithm takes at a time.
fn block_len(name: &[u8]) -> usize {
    match name.to_ascii_lowercase().as_slice() {
        b"sha384" | b"sha512" | b"sha512/224" | b"sha512/256" => 128,
        b"sha3-224" => 144,
        b"sha3-256" => 136,
        b"sha3-384" => 104,
        b"sha3-512" => 72,
        b"md2" => 16,
        b"crc32" | b"crc32b" | b"crc32c" | b"adler32" | b"fnv132" | b"fnv1a32" | b"joaat" => 4,
        b"fnv164" | b"fnv1a64" => 8,
        _ => 64,
    }
}

/// RFC 2104 over one of the cryptographic algorithms.
pub fn hmac(name: &[u8], key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let block = block_len(name);
    let mut padded = if key.len() > block { digest(name, key)? } else { key.to_vec() };
    padded.resize(block, 0);
    let with = |pad: u8, rest: &[u8]| {
        digest(name, &[padded.iter().map(|byte| byte ^ pad).collect(), rest.to_vec()].concat())
    };
    with(0x5c, &with(0x36, data)?)
}
