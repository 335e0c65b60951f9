//! `password_hash`, with a salt from the system's random numbers.

use super::{Algorithm, argon2, default_cost, option, options};
use crate::call::{Args, Ctx, Level, Outcome, ok};
use crate::cast::to_str;
use crate::error::ErrorClass;
use crate::families::crypt;
use crate::families::strings::base64::base64_encode;
use crate::php::Version;
use crate::value::{Array, Value};

/// bcrypt takes 16 bytes of salt, which are 22 characters.
const BCRYPT_SALT: usize = 22;
const ARGON2_SALT: usize = 16;

pub(super) fn password_hash(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (password, options) = (args.bytes(0).to_vec(), options(ctx.php, args));
    match Algorithm::asked(ctx.php, args.value(1)) {
        Some(Algorithm::Bcrypt) => bcrypt(ctx, &password, &options),
        Some(algorithm) => argon2(ctx, algorithm, &password, &options),
        None => ctx.value_error(
            (),
            "password_hash(): Argument #2 ($algo) must be a valid password hashing algorithm",
        ),
    }
}

fn bcrypt(ctx: &mut Ctx<'_>, password: &[u8], options: &Array) -> Outcome {
    if ctx.php.is_8() && password.contains(&0) {
        return ctx.value_error((), "Bcrypt password must not contain null character");
    }
    let cost = option(ctx.php, options, "cost").unwrap_or(default_cost(ctx.php));
    if !(4..=31).contains(&cost) {
        return ctx.value_error((), format!("Invalid bcrypt cost parameter specified: {cost}"));
    }
    let Some(salt) = salt(ctx, options, BCRYPT_SALT) else { return Ok(Value::Null) };
    let setting = [format!("$2y${cost:02}$").as_bytes(), &salt].concat();
    ok(crypt::hash(ctx.php, password, &setting).map_or(Value::FALSE, Value::from))
}

fn argon2(ctx: &mut Ctx<'_>, algorithm: Algorithm, password: &[u8], options: &Array) -> Outcome {
    let costs = argon2::Costs::asked(ctx.php, options);
    if let Some(fault) = costs.fault() {
        return ctx.value_error((), fault);
    }
    let Some(salt) = salt(ctx, options, ARGON2_SALT) else { return Ok(Value::Null) };
    match argon2::hash(algorithm, costs, password, &salt) {
        Some(hash) => ok(hash),
        None => ctx.error(ErrorClass::ValueError, (), "Memory allocation error"),
    }
}

/// A random salt of as many characters, or up to 7.4 the one that the options name; none where that is too short.
fn salt(ctx: &mut Ctx<'_>, options: &Array, len: usize) -> Option<Vec<u8>> {
    let given = options.get_str("salt");
    if given.is_some() && ctx.php.since(Version::V7_0) {
        ctx.note(
            Level::Deprecated,
            "password_hash(): Use of the 'salt' option to password_hash is deprecated",
        );
    }
    let given = match given {
        Some(given) if !ctx.php.is_8() => to_str(ctx.php, given),
        _ => return Some(crypt::random_text(len)),
    };
    if given.len() < len {
        ctx.warn(format!("password_hash(): Provided salt is too short: {} expecting {len}", given.len()));
        return None;
    }
    let is_text = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    let mut text = if given.iter().all(is_text) { given.to_vec() } else { base64_encode(&given) };
    text.iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b'.');
    text.truncate(len);
    Some(text)
}
