//! `session.serialize_handler`: the three forms in which PHP stores `$_SESSION`.

use std::fmt;
use std::str::FromStr;

use crate::families::serialize::{serialize, unserialize, unserialize_prefix};
use crate::php::{Php, Version};
use crate::value::{Array, Key, Str, Value};

/// The longest name in `php_binary`, in bytes.
const BINARY_MAX: usize = 127;

/// The form in which a session is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// `php`, the default: `name|value` one after the other. Integer keys are left out, a `|` in a name spoils all.
    #[default]
    Php,
    /// `php_serialize`: the whole array as `serialize()` writes it.
    PhpSerialize,
    /// `php_binary`: a length of one byte, the name, the value. Integer keys and names above 127 bytes are left out.
    PhpBinary,
}

impl Format {
    /// The name in `php.ini`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Php => "php",
            Self::PhpSerialize => "php_serialize",
            Self::PhpBinary => "php_binary",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No `session.serialize_handler` that is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no serialize handler that is known here: `php`, `php_serialize` or `php_binary`")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Php, Self::PhpSerialize, Self::PhpBinary];
        all.into_iter().find(|format| format.name() == text).ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// What is stored is no session of that form; PHP would destroy it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is stored is no session in the form `{0}`")]
pub struct Undecodable(pub Format);

/// A session cannot be stored in that form; PHP would store an empty one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name with `|` (here {name:?}) cannot be stored in the form `php`")]
pub struct NotEncodable {
    /// The name.
    pub name: Str,
}

/// `session_decode`: what is stored, as `$_SESSION`.
///
/// ```
/// use legacy_compat::session::{Format, decode};
/// use legacy_compat::{Php, Version};
/// let session = decode(&Php::new(Version::V8_2), Format::Php, b"user|s:5:\"alice\";visits|i:3;")?;
/// assert_eq!(session["user"].as_bytes(), Some(&b"alice"[..]));
/// assert_eq!(session["visits"].as_int(), Some(3));
/// # Ok::<(), legacy_compat::session::Undecodable>(())
/// ```
///
/// # Errors
/// [`Undecodable`] where PHP would give up and destroy the session.
#[doc(alias = "session_decode")]
pub fn decode(php: &Php, format: Format, stored: &[u8]) -> Result<Array, Undecodable> {
    Ok(match decode_value(php, format, stored)? {
        Value::Array(session) => session,
        _ => Array::new(),
    })
}

/// The same where a script may have made `$_SESSION` something else than an array: `php_serialize` stores that as well.
///
/// # Errors
/// [`Undecodable`] where PHP would give up and destroy the session.
pub fn decode_value(php: &Php, format: Format, stored: &[u8]) -> Result<Value, Undecodable> {
    let decoded = match format {
        Format::Php => decode_php(php, stored).map(Value::Array),
        Format::PhpSerialize => decode_whole(php, stored),
        Format::PhpBinary => decode_binary(php, stored).map(Value::Array),
    };
    decoded.ok_or(Undecodable(format))
}

/// `session_encode`: `$_SESSION` as it is stored.
///
/// # Errors
/// [`NotEncodable`] for a name that the form `php` cannot hold.
#[doc(alias = "session_encode")]
pub fn encode(php: &Php, format: Format, session: &Array) -> Result<Vec<u8>, NotEncodable> {
    if format == Format::PhpSerialize {
        return Ok(serialize(php, &Value::Array(session.clone())));
    }
    let mut out = Vec::new();
    for (key, value) in session.iter() {
        let Key::Str(name) = key else { continue };
        match format {
            Format::PhpBinary if name.len() > BINARY_MAX => continue,
            Format::PhpBinary => {
                out.push(name.len() as u8);
                out.extend_from_slice(&name);
            }
            _ if name.contains(&b'|') || !php.since(Version::V7_1) && name.contains(&b'!') => {
                return Err(NotEncodable { name });
            }
            _ => {
                out.extend_from_slice(&name);
                out.push(b'|');
            }
        }
        out.extend_from_slice(&serialize(php, value));
    }
    Ok(out)
}

fn decode_php(php: &Php, stored: &[u8]) -> Option<Array> {
    let mut session = Array::new();
    let mut rest = stored;
    while !rest.is_empty() {
        let Some(end) = memchr::memchr(b'|', rest) else {
            // Up to 7.4 what is left over is passed over in silence.
            return (!php.is_8()).then_some(session);
        };
        let (name, behind) = (&rest[..end], &rest[end + 1..]);
        if !php.since(Version::V7_1) && name.starts_with(b"!") {
            session.insert(Key::Str(Str::new(&name[1..])), Value::Null);
            rest = behind;
            continue;
        }
        if php.is_5() && name == b"_SESSION" {
            rest = behind;
            continue;
        }
        let (value, len) = unserialize_prefix(php, behind)?;
        session.insert(Key::Str(Str::new(name)), value);
        rest = &behind[len..];
    }
    Some(session)
}

fn decode_binary(php: &Php, stored: &[u8]) -> Option<Array> {
    let mut session = Array::new();
    let mut rest = stored;
    while let [length, behind @ ..] = rest {
        // Up to 7.0 the highest bit says that there is no value; later it says nothing.
        let has_value = length & 0x80 == 0 || php.since(Version::V7_1);
        let length = usize::from(length & 0x7f);
        if length > behind.len() {
            return None;
        }
        let (name, behind) = behind.split_at(length);
        let (value, len) = if has_value { unserialize_prefix(php, behind)? } else { (Value::Null, 0) };
        session.insert(Key::Str(Str::new(name)), value);
        rest = &behind[len..];
    }
    Some(session)
}

/// Up to 7.4 what is no serialized value is an empty session.
fn decode_whole(php: &Php, stored: &[u8]) -> Option<Value> {
    match unserialize(php, stored, true) {
        Some(Value::Null) => Some(Array::new().into()),
        None if stored.is_empty() || !php.is_8() => Some(Array::new().into()),
        decoded => decoded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_value_is_null_up_to_7_0_and_no_session_later() {
        let stored = b"\x81a";
        let old = decode(&Php::new(Version::V7_0), Format::PhpBinary, stored).unwrap();
        assert!(old.contains_key(&"a".into()) && old["a"].is_null());
        for version in [Version::V7_2, Version::V7_4, Version::V8_2] {
            assert!(decode(&Php::new(version), Format::PhpBinary, stored).is_err(), "{version}");
        }
    }
}
