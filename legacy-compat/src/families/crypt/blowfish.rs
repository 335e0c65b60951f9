//! `$2y$` and its kin: bcrypt, with the faults that its older forms have to keep.

use blowfish::Blowfish;

/// bcrypt's own order of the 64 characters.
const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What is encrypted again and again.
const MAGIC: &[u8; 24] = b"OrpheanBeholderScryDoubt";

/// `$2y$10$` and 22 characters of salt.
const PREFIX: usize = 7;
const SALT_TEXT: usize = 22;

/// The costs that PHP takes: the binary logarithm of the rounds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;

/// What follows the salt does not matter: a whole hash serves as one.
pub(super) fn hash(password: &[u8], setting: &[u8]) -> Option<Vec<u8>> {
    let text = setting.get(..PREFIX + SALT_TEXT)?;
    let [b'$', b'2', form, b'$', tens @ b'0'..=b'3', ones @ b'0'..=b'9', b'$', salt_text @ ..] = text else {
        return None;
    };
    let cost = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    if !COSTS.contains(&cost) {
        return None;
    }
    let salt = decode(salt_text)?;
    let digest = digest(&Key::of(*form, password)?, &salt, cost);
    let mut out = text[..text.len() - 1].to_vec();
    // Of the last character only two bits are salt.
    out.push(ALPHABET[usize::from(index(text[text.len() - 1])? & 0x30)]);
    encode(&mut out, &digest[..23]);
    Some(out)
}

fn digest(key: &Key, salt: &[u8; 16], cost: u32) -> Vec<u8> {
    let mut state: Blowfish = Blowfish::bc_init_state();
    state.salted_expand_key(salt, &key.first);
    for _ in 0..1u64 << cost {
        state.bc_expand_key(&key.expanded);
        state.bc_expand_key(salt);
    }
    let word = |bytes: &[u8]| bytes.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    let encrypt =
        |block: &[u8]| (0..64).fold([word(&block[..4]), word(&block[4..])], |lr, _| state.bc_encrypt(lr));
    MAGIC.chunks(8).flat_map(encrypt).flat_map(u32::to_be_bytes).collect()
}

/// The password made long enough for Blowfish: itself with its NUL, over and over.
struct Key {
    /// For the first expansion, which `$2a$` guards against collisions with `$2x$`.
    first: [u8; 72],
    expanded: [u8; 72],
}

impl Key {
    /// By the letter of the form: `x` takes bytes above 127 as negative numbers, a fault once common; `a` leaves the right way where a
    /// password could be one that the fault makes of another.
    fn of(form: u8, password: &[u8]) -> Option<Self> {
        let mut bytes = password.iter().copied().chain([0]).cycle();
        let (mut right, mut faulty) = ([0u32; 18], [0u32; 18]);
        let mut sign_spread = false;
        for (right, faulty) in right.iter_mut().zip(&mut faulty) {
            for place in 0..4 {
                let byte = bytes.next().unwrap_or_default();
                *right = *right << 8 | u32::from(byte);
                *faulty = *faulty << 8 | i32::from(byte as i8) as u32;
                sign_spread |= place > 0 && *faulty & 0x80 != 0;
            }
        }
        let words = match form {
            b'a' | b'b' | b'y' => right,
            b'x' => faulty,
            _ => return None,
        };
        let mut first = words;
        if form == b'a' && sign_spread && right == faulty {
            first[0] ^= 0x1_0000;
        }
        Some(Self { first: to_bytes(first), expanded: to_bytes(words) })
    }
}

fn to_bytes(words: [u32; 18]) -> [u8; 72] {
    let mut bytes = [0; 72];
    for (chunk, word) in bytes.chunks_mut(4).zip(words) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

fn index(character: u8) -> Option<u8> {
    ALPHABET.iter().position(|known| *known == character).map(|index| index as u8)
}

/// 16 bytes of 22 characters, the highest bits first.
fn decode(text: &[u8]) -> Option<[u8; 16]> {
    let mut bits = 0u128;
    for character in &text[..SALT_TEXT - 1] {
        bits = bits << 6 | u128::from(index(*character)?);
    }
    Some((bits << 2 | u128::from(index(text[SALT_TEXT - 1])? >> 4)).to_be_bytes())
}

fn encode(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        out.extend((0..=chunk.len()).map(|group| ALPHABET[(bits >> (18 - 6 * group)) as usize & 0x3f]));
    }
}
