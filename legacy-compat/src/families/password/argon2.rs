//! Argon2 as `password_hash` writes it: `$argon2id$v=19$m=65536,t=4,p=1$` salt `$` digest.

use argon2::{Argon2, Params, Version as Argon2Version};

use super::Algorithm;
use crate::families::strings::base64::{base64_decode, base64_encode};
use crate::php::{Php, Version};
use crate::value::Array;

/// The length of a digest that `password_hash` makes, in bytes.
const DIGEST: usize = 32;

/// What a hash cost to make.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Costs {
    /// In KiB.
    memory: i64,
    time: i64,
    threads: i64,
}

impl Costs {
    /// PHP's own choice.
    fn default_of(php: &Php) -> Self {
        match php.since(Version::V7_4) {
            true => Self { memory: 65_536, time: 4, threads: 1 },
            false => Self { memory: 1_024, time: 2, threads: 2 },
        }
    }

    /// What the options ask for.
    pub(super) fn asked(php: &Php, options: &Array) -> Self {
        let default = Self::default_of(php);
        let option = |name, default| super::option(php, options, name).unwrap_or(default);
        Self {
            memory: option("memory_cost", default.memory),
            time: option("time_cost", default.time),
            threads: option("threads", default.threads),
        }
    }

    /// What a hash says of itself; what it leaves out is PHP's own choice.
    pub(super) fn of(php: &Php, hash: &[u8]) -> Self {
        Self::default_of(php).read(hash)
    }

    /// The same; what it leaves out is 0.
    pub(super) fn written(hash: &[u8]) -> Self {
        Self::default().read(hash)
    }

    /// Reads up to the first part that is not as it should be, as `sscanf` does.
    fn read(mut self, hash: &[u8]) -> Self {
        let Some(mut rest) = after_name(hash) else { return self };
        let mut version = 0;
        let parts = [
            ("v=", &mut version),
            ("$m=", &mut self.memory),
            (",t=", &mut self.time),
            (",p=", &mut self.threads),
        ];
        for (prefix, place) in parts {
            match number(rest, prefix) {
                Some((found, behind)) => (*place, rest) = (found, behind),
                None => break,
            }
        }
        self
    }

    /// Writes them as `password_get_info` does.
    pub(super) fn write(self, options: &mut Array) {
        options.insert("memory_cost", self.memory);
        options.insert("time_cost", self.time);
        options.insert("threads", self.threads);
    }

    /// Why they cannot be, in PHP's words.
    pub(super) fn fault(self) -> Option<&'static str> {
        let memory = i64::from(Params::MIN_M_COST)..=i64::from(u32::MAX);
        if !memory.contains(&self.memory) {
            return Some("Memory cost is outside of allowed memory range");
        }
        if !(1..=i64::from(u32::MAX)).contains(&self.time) {
            return Some("Time cost is outside of allowed time range");
        }
        (!(1..=i64::from(Params::MAX_P_COST)).contains(&self.threads)).then_some("Invalid number of threads")
    }

    fn params(self, digest: usize) -> Option<Params> {
        let [memory, time, threads] = [self.memory, self.time, self.threads].map(u32::try_from);
        Params::new(memory.ok()?, time.ok()?, threads.ok()?, Some(digest)).ok()
    }
}

fn after_name(hash: &[u8]) -> Option<&[u8]> {
    hash.strip_prefix(b"$argon2id$").or_else(|| hash.strip_prefix(b"$argon2i$"))
}

/// The number behind a prefix, and what follows it.
fn number<'a>(text: &'a [u8], prefix: &str) -> Option<(i64, &'a [u8])> {
    let digits = text.strip_prefix(prefix.as_bytes())?;
    let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let found = std::str::from_utf8(&digits[..len]).ok()?.parse().ok()?;
    Some((found, &digits[len..]))
}

impl Algorithm {
    fn argon2(self) -> argon2::Algorithm {
        if self == Self::Argon2i { argon2::Algorithm::Argon2i } else { argon2::Algorithm::Argon2id }
    }
}

/// The hash of a password with a salt; none where memory does not suffice.
pub(super) fn hash(algorithm: Algorithm, costs: Costs, password: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    let argon2 = Argon2::new(algorithm.argon2(), Argon2Version::V0x13, costs.params(DIGEST)?);
    let mut digest = [0; DIGEST];
    argon2.hash_password_into(password, salt, &mut digest).ok()?;
    let Costs { memory, time, threads } = costs;
    let mut out = format!("${}$v=19$m={memory},t={time},p={threads}$", algorithm.name()).into_bytes();
    out.extend(unpadded(salt));
    out.push(b'$');
    out.extend(unpadded(&digest));
    Some(out)
}

fn unpadded(bytes: &[u8]) -> Vec<u8> {
    base64_encode(bytes).into_iter().filter(|byte| *byte != b'=').collect()
}

pub(super) fn verify(algorithm: Algorithm, password: &[u8], hash: &[u8]) -> bool {
    digest_again(algorithm, password, hash).is_some_and(|(made, kept)| super::same(&made, &kept))
}

/// The digest that the hash's salt and costs give, and the one that it holds.
fn digest_again(algorithm: Algorithm, password: &[u8], hash: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let rest = after_name(hash)?;
    let version = match number(rest, "v=") {
        Some((version, _)) => Argon2Version::try_from(u32::try_from(version).ok()?).ok()?,
        None => Argon2Version::V0x10,
    };
    let mut fields = rest.rsplit(|byte| *byte == b'$');
    let (kept, salt) = (base64_decode(fields.next()?, true)?, base64_decode(fields.next()?, true)?);
    let params = Costs::written(hash).params(kept.len())?;
    let mut made = vec![0; kept.len()];
    Argon2::new(algorithm.argon2(), version, params).hash_password_into(password, &salt, &mut made).ok()?;
    Some((made, kept))
}
