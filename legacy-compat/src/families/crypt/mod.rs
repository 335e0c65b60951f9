//! `crypt`: the password hashes that every PHP brings itself, told apart by how the salt begins.

mod blowfish;
mod des;
mod md5;
mod sha;

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::Php;

pub(crate) const ROWS: &[Row] = &[
    ("8.0- crypt(string $string, string $salt)", crypt),
    ("-7.4 crypt(string $str, string $salt = ?)", crypt),
];

/// Longer salts are cut here.
const MAX_SALT: usize = 123;

/// The 64 characters that hashes are written with; bcrypt has an order of its own.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn crypt(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let salt = args.bytes(1);
    let salt = &salt[..salt.len().min(MAX_SALT)];
    if !ctx.php.is_8() && until_nul(salt).is_empty() {
        let salt = [b"$1$", random_text(8).as_slice()].concat();
        return ok(hash(ctx.php, args.bytes(0), &salt).unwrap_or_default());
    }
    let failed = if salt.starts_with(b"*0") { b"*1" } else { b"*0" };
    ok(hash(ctx.php, args.bytes(0), salt).unwrap_or_else(|| failed.to_vec()))
}

/// The hash of a password by the algorithm, cost and salt that `salt` names, itself in front; none for a salt that is not one. Both
/// count up to their first NUL, as in C.
///
/// The cost is the salt's: PHP too works as long as it asks for.
pub fn hash(php: &Php, password: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    let (password, salt) = (until_nul(password), until_nul(salt));
    match salt {
        [b'*', b'0' | b'1', ..] => None,
        [b'$', b'1', b'$', ..] => Some(md5::hash(password, salt)),
        [b'$', b'5', b'$', ..] => sha::hash(php, &sha::SHA256, password, salt),
        [b'$', b'6', b'$', ..] => sha::hash(php, &sha::SHA512, password, salt),
        [b'$', b'2', _, b'$', ..] => blowfish::hash(password, salt),
        [b'_', ..] => des::extended(password, salt),
        [a, b, ..] if ALPHABET.contains(a) && ALPHABET.contains(b) || !php.is_8() => {
            des::classic(password, [*a, *b])
        }
        _ => None,
    }
}

fn until_nul(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(0, text).unwrap_or(text.len())]
}

/// The lowest `count` groups of 6 bits, the lowest first.
fn push64(out: &mut Vec<u8>, bits: u32, count: u32) {
    out.extend((0..count).map(|group| ALPHABET[(bits >> (6 * group)) as usize & 0x3f]));
}

/// Characters for a salt, from the system's random numbers.
///
/// # Panics
/// Where the system has none: a salt that can be guessed would be worse.
pub(super) fn random_text(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes.iter().map(|byte| ALPHABET[usize::from(byte & 0x3f)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::php::Version;

    fn known(password: &str, hash: &str) {
        let php = Php::new(Version::V8_4);
        let got = super::hash(&php, password.as_bytes(), hash.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), hash);
    }

    #[test]
    fn hashes_as_the_published_examples_do() {
        known("U*U*U*U*", "CCNf8Sbh3HDfQ");
        known("*U*U*U*U*U*U*U*U*", "_J9..XXXXAj8cFbP5scI");
        known("rasmuslerdorf", "$1$rasmusle$rISCgZzpwk3UhDidwXvin0");
        known("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
        known("Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
        known(
            "Hello world!",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        );
    }

    #[test]
    fn refuses_what_is_no_salt() {
        let php = Php::new(Version::V8_4);
        for salt in [
            "",
            "a",
            "*0",
            "$2y$04$short",
            "$2y$03$abcdefghijklmnopqrstuu",
            "$6$rounds=10$salt$",
            "_J9..",
            "a\0b",
        ] {
            assert_eq!(super::hash(&php, b"x", salt.as_bytes()), None, "{salt:?}");
        }
    }
}
