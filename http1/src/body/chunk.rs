//! The size line of a chunk (RFC 9112 §7.1).

use crate::Refusal;

/// More digits would not fit 64 bits.
const MAX_DIGITS: usize = 16;

/// The size that the line at the start of `input` declares, and the line's length with its CRLF;
/// `None` while the line is incomplete. What is already wrong is refused before the line's end.
pub(super) fn size_line(input: &[u8], limit: u16) -> Result<Option<(u64, usize)>, Refusal> {
    let digits = input.iter().take(MAX_DIGITS + 1).take_while(|byte| byte.is_ascii_hexdigit()).count();
    match input.get(digits) {
        None if digits <= MAX_DIGITS => return Ok(None),
        Some(b'\r' | b';') if (1..=MAX_DIGITS).contains(&digits) => {}
        _ => return Err(Refusal::ChunkSize),
    }
    let rest = &input[digits..];
    let room = usize::from(limit).saturating_sub(digits);
    let Some(end) = rest.iter().take(room).position(|&byte| !is_extension_byte(byte)) else {
        return if rest.len() >= room { Err(Refusal::ChunkExtension) } else { Ok(None) };
    };
    match (&rest[end..], end) {
        ([b'\r', b'\n', ..], _) => {}
        ([b'\r'], _) => return Ok(None),
        (_, 0) => return Err(Refusal::ChunkSize),
        _ => return Err(Refusal::ChunkExtension),
    }
    let size = input[..digits].iter().fold(0, |sum, &digit| sum << 4 | u64::from(value(digit)));
    Ok(Some((size, digits + end + 2)))
}

fn is_extension_byte(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7F || byte == b'\t'
}

fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::size_line;
    use crate::Refusal;

    #[test]
    fn reads_a_size_with_and_without_extension() {
        for (line, size) in [
            ("0\r\n", 0),
            ("a\r\n", 10),
            ("FF;n=v\r\n", 255),
            ("5; a=\"b\"\r\n", 5),
            ("ffffffffffffffff\r\n", u64::MAX),
        ] {
            assert_eq!(size_line(line.as_bytes(), 64), Ok(Some((size, line.len()))), "{line:?}");
            for len in 0..line.len() {
                assert_eq!(size_line(&line.as_bytes()[..len], 64), Ok(None), "{line:?} at {len}");
            }
        }
    }

    #[test]
    fn refuses_what_is_no_size() {
        for line in [
            "g",
            "\r\n",
            ";a\r\n",
            " 5\r\n",
            "+5\r\n",
            "-1\r\n",
            "0x5\r\n",
            "5 \r\n",
            "5\n",
            "5\r5",
            "5_0\r\n",
            "10000000000000000\r\n",
            "00000000000000000\r\n",
        ] {
            assert_eq!(size_line(line.as_bytes(), 64), Err(Refusal::ChunkSize), "{line:?}");
        }
        for line in ["5;a\n", "5;a\rb", "5;\0", &format!("5;{}", "a".repeat(70))] {
            assert_eq!(size_line(line.as_bytes(), 64), Err(Refusal::ChunkExtension), "{line:?}");
        }
    }
}
