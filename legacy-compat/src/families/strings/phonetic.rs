//! How an English word sounds: `soundex` and `metaphone`.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("soundex(string $string)", |c, a| {
        if a.bytes(0).is_empty() && !c.php.is_8() {
            return ok(false);
        }
        ok(soundex(a.bytes(0)).as_slice())
    }),
    ("metaphone(string $string, int $max_phonemes = 0)", call_metaphone),
];

/// The group of consonants that a letter belongs to; 0 for vowels.
fn group(letter: u8) -> u8 {
    match letter {
        b'B' | b'F' | b'P' | b'V' => b'1',
        b'C' | b'G' | b'J' | b'K' | b'Q' | b'S' | b'X' | b'Z' => b'2',
        b'D' | b'T' => b'3',
        b'L' => b'4',
        b'M' | b'N' => b'5',
        b'R' => b'6',
        _ => 0,
    }
}

/// `soundex`: the first letter and the groups of the next three consonants; alike neighbours count once.
pub fn soundex(text: &[u8]) -> [u8; 4] {
    let (mut out, mut len, mut last) = (*b"0000", 0, 0);
    for letter in text.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_uppercase) {
        let code = group(letter);
        if len == 0 {
            out[0] = letter;
            len = 1;
        } else if code != last && code != 0 {
            out[len] = code;
            len += 1;
        }
        last = code;
        if len == out.len() {
            break;
        }
    }
    out
}

fn call_metaphone(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    match usize::try_from(args.int(1)) {
        Ok(limit) => ok(metaphone(args.bytes(0), limit)),
        Err(_) if ctx.php.is_8() => {
            ctx.value_error((), "metaphone(): Argument #2 ($max_phonemes) must be greater than or equal to 0")
        }
        Err(_) => ok(Value::FALSE),
    }
}

/// `metaphone`: the word in sixteen consonants (`X` is sh, `0` is th); it stops once it has `limit` of them, 0 for no limit.
pub fn metaphone(word: &[u8], limit: usize) -> Vec<u8> {
    let end = word.iter().position(|byte| *byte == 0).unwrap_or(word.len());
    let word = Word(&word[..end]);
    let Some(start) = word.0.iter().position(u8::is_ascii_alphabetic) else { return Vec::new() };
    let mut out = Vec::new();
    let mut at = start + word.begin(start, &mut out);
    while at < word.0.len() && (limit == 0 || out.len() < limit) {
        let letter = word.at(at);
        let doubled = at > 0 && letter == word.at(at - 1) && letter != b'C';
        let skipped = if letter.is_ascii_alphabetic() && !doubled { word.sound(at, &mut out) } else { 0 };
        at += 1 + skipped;
    }
    out
}

/// A word whose letters are asked for by place, in capitals; 0 beyond its ends.
struct Word<'a>(&'a [u8]);

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'A' | b'E' | b'I' | b'O' | b'U')
}

/// The letters that make C and G soft.
fn softens(letter: u8) -> bool {
    matches!(letter, b'E' | b'I' | b'Y')
}

impl Word<'_> {
    fn at(&self, place: usize) -> u8 {
        self.0.get(place).map_or(0, u8::to_ascii_uppercase)
    }

    fn before(&self, place: usize, distance: usize) -> u8 {
        place.checked_sub(distance).map_or(0, |place| self.at(place))
    }

    /// What is special about the first letter; how many letters that used up.
    fn begin(&self, at: usize, out: &mut Vec<u8>) -> usize {
        let next = self.at(at + 1);
        match self.at(at) {
            b'A' if next == b'E' => {
                out.push(b'E');
                2
            }
            b'G' | b'K' | b'P' if next == b'N' => {
                out.push(b'N');
                2
            }
            b'W' if next == b'R' => {
                out.push(b'R');
                2
            }
            b'W' if next == b'H' || is_vowel(next) => {
                out.push(b'W');
                2
            }
            b'X' => {
                out.push(b'S');
                1
            }
            vowel if is_vowel(vowel) => {
                out.push(vowel);
                1
            }
            _ => 0,
        }
    }

    /// The sound of the letter at a place; how many letters behind it that used up.
    fn sound(&self, at: usize, out: &mut Vec<u8>) -> usize {
        let (previous, next, after) = (self.before(at, 1), self.at(at + 1), self.at(at + 2));
        let sh_before = next == b'I' && matches!(after, b'O' | b'A');
        let (sound, skipped): (&[u8], usize) = match self.at(at) {
            b'B' if previous != b'M' => (b"B", 0),
            b'C' => return self.sound_of_c(at, out),
            b'D' if next == b'G' && softens(after) => (b"J", 1),
            b'D' => (b"T", 0),
            b'G' => return self.sound_of_g(at, out),
            b'H' if is_vowel(next) && !matches!(previous, b'C' | b'G' | b'P' | b'S' | b'T') => (b"H", 0),
            b'K' if previous != b'C' => (b"K", 0),
            b'P' if next == b'H' => (b"F", 0),
            b'P' => (b"P", 0),
            b'Q' => (b"K", 0),
            b'S' | b'T' if sh_before => (b"X", 0),
            b'S' if next == b'H' => (b"X", 1),
            b'T' if next == b'H' => (b"0", 1),
            b'T' if next == b'C' && after == b'H' => (b"", 0),
            b'S' => (b"S", 0),
            b'T' => (b"T", 0),
            b'V' => (b"F", 0),
            b'W' if is_vowel(next) => (b"W", 0),
            b'X' => (b"KS", 0),
            b'Y' if is_vowel(next) => (b"Y", 0),
            b'Z' => (b"S", 0),
            b'F' => (b"F", 0),
            b'J' => (b"J", 0),
            b'L' => (b"L", 0),
            b'M' => (b"M", 0),
            b'N' => (b"N", 0),
            b'R' => (b"R", 0),
            _ => (b"", 0),
        };
        out.extend_from_slice(sound);
        skipped
    }

    /// sh in CIA and CH, s before E, I and Y (silent behind an S), else k.
    fn sound_of_c(&self, at: usize, out: &mut Vec<u8>) -> usize {
        let (previous, next, after) = (self.before(at, 1), self.at(at + 1), self.at(at + 2));
        match next {
            b'I' if after == b'A' => out.push(b'X'),
            soft if softens(soft) && previous == b'S' => {}
            soft if softens(soft) => out.push(b'S'),
            b'H' => {
                out.push(b'X');
                return 1;
            }
            _ => out.push(b'K'),
        }
        0
    }

    /// f or silent in GH, silent in GN at the end and GNED, j before E, I and Y, else k.
    fn sound_of_g(&self, at: usize, out: &mut Vec<u8>) -> usize {
        let (previous, next, after) = (self.before(at, 1), self.at(at + 1), self.at(at + 2));
        match next {
            b'H' if matches!(self.before(at, 3), b'B' | b'D' | b'H') || self.before(at, 4) == b'H' => {}
            b'H' => {
                out.push(b'F');
                return 1;
            }
            b'N' if !after.is_ascii_alphabetic() || after == b'E' && self.at(at + 3) == b'D' => {}
            soft if softens(soft) && previous != b'G' => out.push(b'J'),
            _ => out.push(b'K'),
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_as_php_does() {
        let rows: [(&str, &str, &str); 5] = [
            ("Thompson", "T512", "0MPSN"),
            ("Knight", "K523", "NFT"),
            ("Tymczak", "T522", "TMKSK"),
            ("Wright", "W623", "RFT"),
            ("", "0000", ""),
        ];
        for (word, by_soundex, by_metaphone) in rows {
            assert_eq!(soundex(word.as_bytes()), by_soundex.as_bytes(), "{word}");
            assert_eq!(metaphone(word.as_bytes(), 0), by_metaphone.as_bytes(), "{word}");
        }
    }
}
