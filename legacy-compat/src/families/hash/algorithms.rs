//! PHP's hash algorithms by name: what computes each, in which versions, and whether it can be keyed.

use sha2::digest::Digest;
use xxhash_rust::{xxh3, xxh32, xxh64};

use super::{checksum, haval, murmur, snefru, tiger};
use crate::php::{Php, Version};

/// What an algorithm starts from, for those that can be told.
pub(super) enum Seed {
    None,
    Number(i64),
    /// At least [`MIN_SECRET`] bytes.
    Secret(Vec<u8>),
}

/// The shortest secret of xxh3 and xxh128, in bytes.
pub(super) const MIN_SECRET: usize = 136;

impl Seed {
    /// As an unsigned number; 0 where there is none.
    pub(super) fn number(&self) -> u64 {
        match self {
            Self::Number(seed) => *seed as u64,
            _ => 0,
        }
    }
}

/// One of PHP's hash algorithms.
pub struct Algorithm {
    /// PHP's name.
    pub name: &'static str,
    /// How many bytes it takes at a time: what a key is padded to.
    pub(super) block: usize,
    cryptographic: bool,
    since: Version,
    run: Run,
}

/// The digest of the parts one after the other.
type Run = fn(&[&[u8]], &Seed) -> Vec<u8>;

impl Algorithm {
    /// The algorithm of this name, in any case, where PHP of this version has it.
    pub fn find(php: &Php, name: &[u8]) -> Option<&'static Self> {
        ALGORITHMS
            .iter()
            .find(|known| known.name.as_bytes().eq_ignore_ascii_case(name) && php.since(known.since))
    }

    /// The same, where it can be keyed: up to 7.1 checksums could be as well.
    pub fn find_keyed(php: &Php, name: &[u8]) -> Option<&'static Self> {
        Self::find(php, name).filter(|known| known.cryptographic || !php.since(Version::V7_2))
    }

    /// The digest of the parts one after the other.
    pub(super) fn digest(&self, parts: &[&[u8]], seed: &Seed) -> Vec<u8> {
        (self.run)(parts, seed)
    }

    pub(super) fn takes_secret(&self) -> bool {
        matches!(self.name, "xxh3" | "xxh128")
    }
}

const fn crypt(name: &'static str, block: usize, run: Run) -> Algorithm {
    Algorithm { name, block, cryptographic: true, since: Version::V5_6, run }
}

const fn checksum(name: &'static str, block: usize, run: Run) -> Algorithm {
    Algorithm { name, block, cryptographic: false, since: Version::V5_6, run }
}

const fn since(since: Version, algorithm: Algorithm) -> Algorithm {
    Algorithm { since, ..algorithm }
}

fn over<D: Digest>(parts: &[&[u8]], _: &Seed) -> Vec<u8> {
    let mut digest = D::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().to_vec()
}

fn xxh3_64(parts: &[&[u8]], seed: &Seed) -> Vec<u8> {
    let data = parts.concat();
    let digest = match seed {
        Seed::Secret(secret) => xxh3::xxh3_64_with_secret(&data, secret),
        seed => xxh3::xxh3_64_with_seed(&data, seed.number()),
    };
    digest.to_be_bytes().to_vec()
}

fn xxh3_128(parts: &[&[u8]], seed: &Seed) -> Vec<u8> {
    let data = parts.concat();
    let digest = match seed {
        Seed::Secret(secret) => xxh3::xxh3_128_with_secret(&data, secret),
        seed => xxh3::xxh3_128_with_seed(&data, seed.number()),
    };
    digest.to_be_bytes().to_vec()
}

static ALGORITHMS: &[Algorithm] = &[
    crypt("md2", 16, over::<md2::Md2>),
    crypt("md4", 64, over::<md4::Md4>),
    crypt("md5", 64, over::<md5::Md5>),
    crypt("sha1", 64, over::<sha1::Sha1>),
    crypt("sha224", 64, over::<sha2::Sha224>),
    crypt("sha256", 64, over::<sha2::Sha256>),
    since(Version::V7_1, crypt("sha512/224", 128, over::<sha2::Sha512_224>)),
    since(Version::V7_1, crypt("sha512/256", 128, over::<sha2::Sha512_256>)),
    crypt("sha384", 128, over::<sha2::Sha384>),
    crypt("sha512", 128, over::<sha2::Sha512>),
    since(Version::V7_1, crypt("sha3-224", 144, over::<sha3::Sha3_224>)),
    since(Version::V7_1, crypt("sha3-256", 136, over::<sha3::Sha3_256>)),
    since(Version::V7_1, crypt("sha3-384", 104, over::<sha3::Sha3_384>)),
    since(Version::V7_1, crypt("sha3-512", 72, over::<sha3::Sha3_512>)),
    crypt("ripemd128", 64, over::<ripemd::Ripemd128>),
    crypt("ripemd160", 64, over::<ripemd::Ripemd160>),
    crypt("ripemd256", 64, over::<ripemd::Ripemd256>),
    crypt("ripemd320", 64, over::<ripemd::Ripemd320>),
    crypt("whirlpool", 64, over::<whirlpool::Whirlpool>),
    crypt("tiger128,3", 64, |parts, _| tiger::digest(parts, 3, 16)),
    crypt("tiger160,3", 64, |parts, _| tiger::digest(parts, 3, 20)),
    crypt("tiger192,3", 64, |parts, _| tiger::digest(parts, 3, 24)),
    crypt("tiger128,4", 64, |parts, _| tiger::digest(parts, 4, 16)),
    crypt("tiger160,4", 64, |parts, _| tiger::digest(parts, 4, 20)),
    crypt("tiger192,4", 64, |parts, _| tiger::digest(parts, 4, 24)),
    crypt("snefru", 32, |parts, _| snefru::digest(parts)),
    crypt("snefru256", 32, |parts, _| snefru::digest(parts)),
    crypt("gost", 32, over::<gost94::Gost94Test>),
    crypt("gost-crypto", 32, over::<gost94::Gost94CryptoPro>),
    checksum("adler32", 4, |parts, _| checksum::adler32(&parts.concat()).to_be_bytes().to_vec()),
    checksum("crc32", 4, |parts, _| checksum::crc32_bzip2(&parts.concat()).to_le_bytes().to_vec()),
    checksum("crc32b", 4, |parts, _| checksum::crc32(&parts.concat()).to_be_bytes().to_vec()),
    since(
        Version::V7_4,
        checksum("crc32c", 4, |parts, _| checksum::crc32c(&parts.concat()).to_be_bytes().to_vec()),
    ),
    checksum("fnv132", 4, |parts, _| checksum::fnv132(&parts.concat()).to_be_bytes().to_vec()),
    checksum("fnv1a32", 4, |parts, _| checksum::fnv1a32(&parts.concat()).to_be_bytes().to_vec()),
    checksum("fnv164", 4, |parts, _| checksum::fnv164(&parts.concat()).to_be_bytes().to_vec()),
    checksum("fnv1a64", 4, |parts, _| checksum::fnv1a64(&parts.concat()).to_be_bytes().to_vec()),
    checksum("joaat", 4, |parts, _| checksum::joaat(parts).to_be_bytes().to_vec()),
    since(
        Version::V8_1,
        checksum("murmur3a", 4, |parts, seed| murmur::murmur3a(&parts.concat(), seed.number())),
    ),
    since(
        Version::V8_1,
        checksum("murmur3c", 4, |parts, seed| murmur::murmur3c(&parts.concat(), seed.number())),
    ),
    since(
        Version::V8_1,
        checksum("murmur3f", 8, |parts, seed| murmur::murmur3f(&parts.concat(), seed.number())),
    ),
    since(
        Version::V8_1,
        checksum("xxh32", 4, |parts, seed| {
            xxh32::xxh32(&parts.concat(), seed.number() as u32).to_be_bytes().to_vec()
        }),
    ),
    since(
        Version::V8_1,
        checksum("xxh64", 8, |parts, seed| {
            xxh64::xxh64(&parts.concat(), seed.number()).to_be_bytes().to_vec()
        }),
    ),
    since(Version::V8_1, checksum("xxh3", 8, xxh3_64)),
    since(Version::V8_1, checksum("xxh128", 8, xxh3_128)),
    crypt("haval128,3", 128, |parts, _| haval::digest(parts, 3, 128)),
    crypt("haval160,3", 128, |parts, _| haval::digest(parts, 3, 160)),
    crypt("haval192,3", 128, |parts, _| haval::digest(parts, 3, 192)),
    crypt("haval224,3", 128, |parts, _| haval::digest(parts, 3, 224)),
    crypt("haval256,3", 128, |parts, _| haval::digest(parts, 3, 256)),
    crypt("haval128,4", 128, |parts, _| haval::digest(parts, 4, 128)),
    crypt("haval160,4", 128, |parts, _| haval::digest(parts, 4, 160)),
    crypt("haval192,4", 128, |parts, _| haval::digest(parts, 4, 192)),
    crypt("haval224,4", 128, |parts, _| haval::digest(parts, 4, 224)),
    crypt("haval256,4", 128, |parts, _| haval::digest(parts, 4, 256)),
    crypt("haval128,5", 128, |parts, _| haval::digest(parts, 5, 128)),
    crypt("haval160,5", 128, |parts, _| haval::digest(parts, 5, 160)),
    crypt("haval192,5", 128, |parts, _| haval::digest(parts, 5, 192)),
    crypt("haval224,5", 128, |parts, _| haval::digest(parts, 5, 224)),
    crypt("haval256,5", 128, |parts, _| haval::digest(parts, 5, 256)),
];
