//! Session ids: which are taken from a client, and how new ones are made.

use std::fmt;

/// The longest id that PHP takes, in bytes.
const LONGEST: usize = 256;

/// The digits of an id: the first 16, 32 or 64 of them.
const DIGITS: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-,";

/// A session's id: 1 to 256 of `a-z`, `A-Z`, `0-9`, `-` and `,`. Nothing in it climbs out of a folder.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// The id that a client sent, where PHP's own stores take it.
    pub fn from_client(text: &[u8]) -> Option<Self> {
        let fits = (1..=LONGEST).contains(&text.len()) && text.iter().all(|byte| DIGITS.contains(byte));
        fits.then(|| Self(String::from_utf8_lossy(text).into_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whoever has it is logged in: it is not shown.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId(of {} characters)", self.0.len())
    }
}

/// How new ids look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdSettings {
    /// `session.sid_length`: 22 to 256 characters. Default 32; 26 in the `php.ini` that distributions ship.
    pub length: usize,
    /// `session.sid_bits_per_character`: 4, 5 or 6. Default 4; 5 in the `php.ini` that distributions ship.
    pub bits: u32,
}

impl Default for IdSettings {
    fn default() -> Self {
        Self { length: 32, bits: 4 }
    }
}

impl IdSettings {
    /// How many random bytes an id takes.
    pub fn bytes(self) -> usize {
        (self.length.clamp(22, LONGEST) * self.bits.clamp(4, 6) as usize).div_ceil(8)
    }

    /// A new id out of [`bytes`](Self::bytes) random ones. Fewer make a shorter id.
    pub fn make(self, random: &[u8]) -> SessionId {
        let bits = self.bits.clamp(4, 6);
        let (mut have, mut held) = (0, 0u32);
        let mut source = random.iter();
        let mut id = String::new();
        while id.len() < self.length.clamp(22, LONGEST) {
            if have < bits {
                let Some(byte) = source.next() else { break };
                held |= u32::from(*byte) << have;
                have += 8;
            }
            id.push(char::from(DIGITS[(held & ((1 << bits) - 1)) as usize]));
            held >>= bits;
            have -= bits;
        }
        SessionId(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_length_and_the_digits_that_are_asked_for() {
        for (length, bits) in [(32, 4), (26, 5), (22, 6), (256, 6)] {
            let settings = IdSettings { length, bits };
            let random: Vec<u8> = (0..settings.bytes()).map(|n| (n * 151 + 255) as u8).collect();
            let id = settings.make(&random);
            assert_eq!(id.as_str().len(), length);
            assert!(id.as_str().bytes().all(|byte| DIGITS[..1 << bits].contains(&byte)), "{}", id.as_str());
            assert_eq!(SessionId::from_client(id.as_str().as_bytes()), Some(id));
        }
    }

    #[test]
    fn nothing_else_is_an_id() {
        for text in ["", "../etc/passwd", "a b", "a\0", "ä", &"a".repeat(257)] {
            assert!(SessionId::from_client(text.as_bytes()).is_none(), "{text}");
        }
    }
}
