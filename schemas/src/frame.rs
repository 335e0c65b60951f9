//! The registry's frame around a value.
//!
//! ```text
//! 0 · schema id u32, big endian · (Protobuf alone) message indexes · the value
//! message indexes: count · each index, from the outermost message inwards; the first message, [0], is a 0 alone
//! ```
//!
//! Counts and indexes are zigzag variable-length integers.

use crate::DEPTH_MAX;
use crate::varint;

/// The first byte.
const MAGIC: u8 = 0;

/// Begins a value by that schema.
pub(crate) fn begin(id: u32) -> Vec<u8> {
    let mut out = vec![MAGIC];
    out.extend_from_slice(&id.to_be_bytes());
    out
}

/// The schema that a value says it is by, and what is behind that.
///
/// # Errors
/// When it has no frame.
pub fn split(value: &[u8]) -> Result<(u32, &[u8]), NoFrame> {
    match *value {
        [MAGIC, a, b, c, d, ref rest @ ..] => Ok((u32::from_be_bytes([a, b, c, d]), rest)),
        [MAGIC, ..] => Err(NoFrame::Short(value.len())),
        [first, ..] => Err(NoFrame::Other(first)),
        [] => Err(NoFrame::Empty),
    }
}

/// A value that is by no schema of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFrame {
    /// It is empty.
    #[error("it is empty: there is no registry's frame")]
    Empty,
    /// It ends within its frame.
    #[error("it ends within the registry's frame, after {0} bytes")]
    Short(usize),
    /// It begins otherwise.
    #[error("it has no registry's frame: it begins with 0x{0:02x}")]
    Other(u8),
}

/// Appends the way to a message.
pub(crate) fn put_indexes(out: &mut Vec<u8>, indexes: &[usize]) {
    if indexes == [0] {
        return out.push(0);
    }
    varint::put(out, indexes.len() as i64);
    indexes.iter().for_each(|index| varint::put(out, *index as i64));
}

/// Takes the way to a message; `None` where there is none.
pub(crate) fn take_indexes(from: &mut &[u8]) -> Option<Vec<usize>> {
    match usize::try_from(varint::take(from)?).ok()? {
        0 => Some(vec![0]),
        count if count > DEPTH_MAX => None,
        count => (0..count).map(|_| usize::try_from(varint::take(from)?).ok()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let framed = begin(0x0102_0304);
        assert_eq!(framed, [0, 1, 2, 3, 4]);
        assert_eq!(split(&[&framed[..], b"x"].concat()), Ok((0x0102_0304, &b"x"[..])));
        for indexes in [&[0][..], &[1], &[0, 2], &[3, 0, 70]] {
            let mut out = Vec::new();
            put_indexes(&mut out, indexes);
            assert_eq!(take_indexes(&mut &out[..]), Some(indexes.to_vec()));
        }
    }

    #[test]
    fn what_has_none_says_what_it_has() {
        assert_eq!(split(b""), Err(NoFrame::Empty));
        assert_eq!(split(&[0, 0, 0, 1]), Err(NoFrame::Short(4)));
        assert_eq!(split(b"{}"), Err(NoFrame::Other(b'{')));
        assert_eq!(take_indexes(&mut &[0xff, 0xff, 0x01, 0][..]), None, "a count that nobody nests to");
        assert_eq!(take_indexes(&mut &[1][..]), None, "a negative count");
    }
}
