//! An array's key and PHP's rule of what becomes an integer key.

use std::fmt;
use std::hash::{Hash, Hasher};

use indexmap::Equivalent;

use super::Str;

/// An array's key: an integer or a string that does not look like one.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// An integer key.
    Int(i64),
    /// A string key. One that is a decimal integer (`"12"`) only occurs as a property name of an object.
    Str(Str),
}

impl Key {
    /// The key that a string becomes: `"12"` and `"-3"` are integers, `"012"`, `"-0"` and `"1.5"` are not.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match canonical_int(bytes) {
            Some(int) => Self::Int(int),
            None => Self::Str(Str::new(bytes)),
        }
    }

    /// The same, without copying the string where it stays one.
    pub fn from_text(text: Str) -> Self {
        match canonical_int(&text) {
            Some(int) => Self::Int(int),
            None => Self::Str(text),
        }
    }

    /// The key as a string, as property names and `foreach` over an object show it.
    pub fn to_str(&self) -> Str {
        match self {
            Self::Int(int) => Str::from(int.to_string()),
            Self::Str(text) => text.clone(),
        }
    }

    /// The key as a borrowed one.
    pub fn borrow(&self) -> KeyRef<'_> {
        match self {
            Self::Int(int) => KeyRef::Int(*int),
            Self::Str(text) => KeyRef::Str(text),
        }
    }
}

/// A key that borrows its string, to look up without allocating.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyRef<'a> {
    /// An integer key.
    Int(i64),
    /// A string key.
    Str(&'a [u8]),
}

impl<'a> KeyRef<'a> {
    /// The key that a string becomes, see [`Key::from_bytes`].
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        canonical_int(bytes).map_or(Self::Str(bytes), Self::Int)
    }

    /// The key, owned.
    pub fn to_key(self) -> Key {
        match self {
            Self::Int(int) => Key::Int(int),
            Self::Str(bytes) => Key::Str(Str::new(bytes)),
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrow().hash(state);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.borrow()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => int.fmt(f),
            Self::Str(text) => text.fmt(f),
        }
    }
}

impl From<i64> for Key {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self::from_bytes(bytes)
    }
}

impl From<Str> for Key {
    fn from(text: Str) -> Self {
        Self::from_text(text)
    }
}

/// The integer that is written exactly as PHP would write it, or none.
fn canonical_int(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let canonical = match digits {
        [b'0'] => bytes.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.len() < 19 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    canonical.then(|| std::str::from_utf8(bytes).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_integer_becomes_one() {
        for (text, int) in [("0", 0), ("12", 12), ("-3", -3), ("9223372036854775807", i64::MAX)] {
            assert_eq!(Key::from(text), Key::Int(int), "{text}");
        }
        for text in ["", "-", "-0", "01", "+1", "1.0", " 1", "1 ", "9223372036854775808", "1e3", "0x1"] {
            assert_eq!(Key::from(text), Key::Str(Str::from(text)), "{text}");
        }
    }
}
