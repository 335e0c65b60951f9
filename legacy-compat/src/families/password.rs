//! `password_verify`, `password_hash`'s readers: bcrypt, as `crypt` of every PHP has it.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("password_verify(string $password, string $hash): false", |_, a| ok(verify(a.bytes(0), a.bytes(1)))),
    ("password_get_info(string $hash)", |c, a| ok(info(c.php, a.bytes(0)))),
    ("7.4- password_needs_rehash(string $hash, string|int|null $algo, array $options = [])", needs_rehash),
    ("-7.3 password_needs_rehash(string $hash, int $algo, array $options = [])", needs_rehash),
];

/// The length of a bcrypt hash, in bytes.
const LENGTH: usize = 60;

/// The cost of a bcrypt hash as PHP makes them; none for any other text.
fn cost(hash: &[u8]) -> Option<i64> {
    let tail = hash.strip_prefix(b"$2y$").filter(|_| hash.len() == LENGTH)?;
    Some(crate::numeric::strtol(&tail[..2], 10))
}

/// `password_verify` with a bcrypt hash: `$2a$`, `$2x$` and `$2y$`. A password counts up to its first NUL.
pub fn verify(password: &[u8], hash: &[u8]) -> bool {
    if hash.len() != LENGTH || !matches!(&hash[..4], b"$2y$" | b"$2a$") {
        return false;
    }
    let Ok(hash) = std::str::from_utf8(hash) else { return false };
    let password = &password[..memchr::memchr(0, password).unwrap_or(password.len()).min(72)];
    bcrypt::verify(password, hash).unwrap_or(false)
}

fn info(php: &Php, hash: &[u8]) -> Array {
    let mut options = Array::new();
    let (mut algo, mut name) = (Value::Null, "unknown");
    let numbered = !php.since(Version::V7_4);
    if numbered {
        algo = Value::Int(0);
    }
    if let Some(cost) = cost(hash) {
        name = "bcrypt";
        algo = if numbered { Value::Int(1) } else { Value::from("2y") };
        options.insert("cost", cost);
    }
    let mut out = Array::new();
    out.insert("algo", algo);
    out.insert("algoName", name);
    out.insert("options", Value::Array(options));
    out
}

fn needs_rehash(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let wanted_bcrypt = match args.value(1) {
        Value::Int(1) => true,
        Value::Str(text) if text == &"2y" || text == &"1" => true,
        Value::Null => ctx.php.since(Version::V7_4),
        Value::Int(_) | Value::Str(_) if ctx.php.since(Version::V7_4) => {
            let known =
                matches!(args.value(1), Value::Int(0)) || args.bytes(1) == b"0" || args.bytes(1).is_empty();
            if !known
                && !matches!(args.bytes(1), b"argon2i" | b"argon2id")
                && args.value(1).as_int().is_none_or(|n| !(1..=3).contains(&n))
            {
                let message =
                    "password_needs_rehash(): Argument #2 ($algo) must be a valid password hashing algorithm";
                return ctx.value_error(true, message);
            }
            return ok(true);
        }
        Value::Int(0) => return ok(cost(args.bytes(0)).is_some()),
        _ => return ok(true),
    };
    let asked = args.array(2);
    let default = if ctx.php.since(Version::V8_4) { 12 } else { 10 };
    let asked = asked.get_str("cost").map_or(default, |cost| crate::cast::to_int(ctx.php, cost));
    ok(wanted_bcrypt && cost(args.bytes(0)) != Some(asked))
}
