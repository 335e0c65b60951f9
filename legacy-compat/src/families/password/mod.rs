//! `password_hash`, `password_verify` and what reads a hash: bcrypt, which is `crypt`'s, and Argon2 where PHP has it.

mod argon2;
mod hash;

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::to_int;
use crate::php::{Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("password_verify(string $password, string $hash): false", |c, a| {
        ok(verify(c.php, a.bytes(0), a.bytes(1)))
    }),
    ("password_get_info(string $hash)", |c, a| ok(info(c.php, a.bytes(0)))),
    ("8.0- password_needs_rehash(string $hash, string|int|null $algo, array $options = [])", needs_rehash),
    ("7.4-7.4 password_needs_rehash(string $hash, mixed $algo, array|object $options = [])", needs_rehash),
    ("-7.3 password_needs_rehash(string $hash, int $algo, array|object $options = [])", needs_rehash),
    ("8.0- password_hash(string $password, string|int|null $algo, array $options = [])", hash::password_hash),
    ("7.4-7.4 password_hash(string $password, mixed $algo, array|object $options = [])", hash::password_hash),
    ("-7.3 password_hash(string $password, int $algo, array|object $options = [])", hash::password_hash),
];

/// What a password is hashed with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Bcrypt,
    Argon2i,
    Argon2id,
}

impl Algorithm {
    /// By its name from 7.4, which is also how its hashes begin.
    fn named(php: &Php, name: &[u8]) -> Option<Self> {
        match name {
            b"2y" => Some(Self::Bcrypt),
            b"argon2i" if php.argon2 && php.since(Version::V7_2) => Some(Self::Argon2i),
            b"argon2id" if php.argon2 && php.since(Version::V7_3) => Some(Self::Argon2id),
            _ => None,
        }
    }

    /// By the number that it had up to 7.3; later 0 is the default.
    fn numbered(php: &Php, number: i64) -> Option<Self> {
        match number {
            0 if php.since(Version::V7_4) => Some(Self::Bcrypt),
            1 => Some(Self::Bcrypt),
            2 => Self::named(php, b"argon2i"),
            3 => Self::named(php, b"argon2id"),
            _ => None,
        }
    }

    /// As a caller asks for it.
    fn asked(php: &Php, value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Self::numbered(php, *number),
            Value::Str(name) => Self::named(php, name),
            Value::Null => Some(Self::Bcrypt),
            _ => None,
        }
    }

    /// What made a hash.
    fn of(php: &Php, hash: &[u8]) -> Option<Self> {
        let rest = hash.get(1..)?;
        let algorithm = Self::named(php, &rest[..memchr::memchr(b'$', rest)?])?;
        (algorithm != Self::Bcrypt || bcrypt_cost(php, hash).is_some()).then_some(algorithm)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bcrypt => "bcrypt",
            Self::Argon2i => "argon2i",
            Self::Argon2id => "argon2id",
        }
    }

    /// As `password_get_info` gives it.
    fn id(self, php: &Php) -> Value {
        match self {
            _ if !php.since(Version::V7_4) => Value::Int(self as i64 + 1),
            Self::Bcrypt => Value::from("2y"),
            _ => Value::from(self.name()),
        }
    }
}

/// The cost of a bcrypt hash as PHP makes them, its own choice where the hash names none; none for any other text.
fn bcrypt_cost(php: &Php, hash: &[u8]) -> Option<i64> {
    const LENGTH: usize = 60;
    let tail = hash.strip_prefix(b"$2y").filter(|_| hash.len() == LENGTH)?;
    let digits = tail.strip_prefix(b"$").unwrap_or_default();
    let signed = digits.strip_prefix(b"-").or(digits.strip_prefix(b"+")).unwrap_or(digits);
    let is_number = signed.first().is_some_and(u8::is_ascii_digit);
    Some(if is_number { crate::numeric::strtol(digits, 10) } else { default_cost(php) })
}

/// `password_verify`: any hash of `crypt`'s, or of Argon2 where this PHP has it.
pub fn verify(php: &Php, password: &[u8], hash: &[u8]) -> bool {
    match Algorithm::of(php, hash) {
        Some(algorithm @ (Algorithm::Argon2i | Algorithm::Argon2id)) => {
            argon2::verify(algorithm, password, hash)
        }
        _ => {
            super::crypt::hash(php, password, hash).is_some_and(|made| hash.len() >= 13 && same(&made, hash))
        }
    }
}

/// Equality that takes as long wherever the difference is.
fn same(made: &[u8], hash: &[u8]) -> bool {
    made.len() == hash.len() && made.iter().zip(hash).fold(0, |sum, (a, b)| sum | a ^ b) == 0
}

fn info(php: &Php, hash: &[u8]) -> Array {
    let algorithm = Algorithm::of(php, hash);
    let mut options = Array::new();
    match algorithm {
        Some(Algorithm::Bcrypt) => options.insert("cost", bcrypt_cost(php, hash).unwrap_or_default()),
        Some(_) => argon2::Costs::of(php, hash).write(&mut options),
        None => {}
    }
    let unknown = if php.since(Version::V7_4) { Value::Null } else { Value::Int(0) };
    let mut out = Array::new();
    out.insert("algo", algorithm.map_or(unknown, |algorithm| algorithm.id(php)));
    out.insert("algoName", algorithm.map_or("unknown", Algorithm::name));
    out.insert("options", Value::Array(options));
    out
}

/// Options are an array; up to 7.4 an object serves as well.
fn options(php: &Php, args: &Args<'_>) -> Array {
    crate::cast::to_array(php, args.value(2))
}

/// An option as a number.
fn option(php: &Php, options: &Array, name: &str) -> Option<i64> {
    options.get_str(name).map(|value| to_int(php, value))
}

/// bcrypt's cost where the options name none.
fn default_cost(php: &Php) -> i64 {
    if php.since(Version::V8_4) { 12 } else { 10 }
}

fn needs_rehash(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (php, hash) = (ctx.php, args.bytes(0));
    let (asked, made) = (Algorithm::asked(php, args.value(1)), Algorithm::of(php, hash));
    let options = options(php, args);
    ok(match asked {
        // From 7.4 what is not known is never asked for again; before, no algorithm was one as well.
        None if php.since(Version::V7_4) => false,
        None => made.is_some() || args.int(1) != 0,
        asked if asked != made => true,
        Some(Algorithm::Bcrypt) => {
            bcrypt_cost(php, hash) != Some(option(php, &options, "cost").unwrap_or(default_cost(php)))
        }
        Some(_) => argon2::Costs::written(hash) != argon2::Costs::asked(php, &options),
    })
}
