//! The bytes of a frame and the name of a segment; the crate's head draws them.

use std::ops::RangeInclusive;

/// Bytes before the body.
pub(crate) const HEAD: usize = 24;
const ALIGN: usize = 8;

/// What a frame with a body of that length takes in its segment.
pub(crate) const fn framed(body: usize) -> usize {
    (HEAD + body).next_multiple_of(ALIGN)
}

/// The most frames of one batch.
pub(crate) const BATCH_MAX: usize = u16::MAX as usize;

/// Appends a frame, the `index`th of its batch, to a buffer whose length is a multiple of 8.
pub(crate) fn encode(out: &mut Vec<u8>, salt: u32, number: u64, (time, index): (u64, u16), body: &[u8]) {
    let end = out.len() + framed(body.len());
    let length = (body.len() as u32).to_le_bytes();
    let (number, when) = (number.to_le_bytes(), (u64::from(index) << 48 | time & TIME).to_le_bytes());
    out.extend_from_slice(&length);
    out.extend_from_slice(&checksum(salt, length, number, when, body).to_le_bytes());
    out.extend_from_slice(&number);
    out.extend_from_slice(&when);
    out.extend_from_slice(body);
    out.resize(end, 0);
}

const TIME: u64 = (1 << 48) - 1;

fn checksum(salt: u32, length: [u8; 4], number: [u8; 8], when: [u8; 8], body: &[u8]) -> u32 {
    let sum = [&length[..], &number, &when].into_iter().fold(salt, crc32c::crc32c_append);
    crc32c::crc32c_append(sum, body)
}

/// A frame as it lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawFrame<'a> {
    pub number: u64,
    pub time: u64,
    /// The number of the first frame of its batch.
    pub batch: u64,
    pub body: &'a [u8],
}

impl RawFrame<'_> {
    /// Its size with head and padding.
    pub(crate) const fn framed(&self) -> usize {
        framed(self.body.len())
    }
}

/// What begins at the start of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded<'a> {
    /// A whole frame.
    Frame(RawFrame<'a>),
    /// Nothing was written here.
    End,
    /// No frame, or one of which the buffer, which ends with the segment, has only a part.
    Bad,
}

/// Reads what begins at the start of `bytes`, whose number must be one of `numbers`.
pub(crate) fn decode<'a>(bytes: &'a [u8], salt: u32, numbers: &RangeInclusive<u64>) -> Decoded<'a> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return if bytes.iter().all(|byte| *byte == 0) { Decoded::End } else { Decoded::Bad };
    };
    if *head == [0; HEAD] {
        return Decoded::End;
    }
    let (length, sum) = (word(head, 0), u32::from_le_bytes(word(head, 4)));
    let (number, when) = (double(head, 8), double(head, 16));
    let body = rest.get(..u32::from_le_bytes(length) as usize);
    match body {
        Some(body)
            if !body.is_empty()
                && numbers.contains(&u64::from_le_bytes(number))
                && checksum(salt, length, number, when, body) == sum =>
        {
            let (number, when) = (u64::from_le_bytes(number), u64::from_le_bytes(when));
            let batch = number.saturating_sub(when >> 48);
            Decoded::Frame(RawFrame { number, time: when & TIME, batch, body })
        }
        _ => Decoded::Bad,
    }
}

/// The size of the frame whose head stands there, if it is one.
pub(crate) fn announced(head: &[u8]) -> Option<usize> {
    let (length, _) = head.split_first_chunk::<4>()?;
    Some(framed(u32::from_le_bytes(*length) as usize))
}

fn word(head: &[u8; HEAD], at: usize) -> [u8; 4] {
    [head[at], head[at + 1], head[at + 2], head[at + 3]]
}

fn double(head: &[u8; HEAD], at: usize) -> [u8; 8] {
    std::array::from_fn(|index| head[at + index])
}

/// The name of a segment's file.
pub(crate) fn segment_name(first: u64, salt: u32) -> String {
    format!("{first:020}-{salt:08x}.seg")
}

/// The first number and the salt that a file's name says; `None` where it is no segment.
pub(crate) fn parse_segment_name(name: &str) -> Option<(u64, u32)> {
    let (first, salt) = name.strip_suffix(".seg")?.split_once('-')?;
    if first.len() != 20 || salt.len() != 8 {
        return None;
    }
    Some((first.parse().ok()?, u32::from_str_radix(salt, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written_and_any_flipped_bit_is_seen() {
        let mut bytes = Vec::new();
        encode(&mut bytes, 7, 42, (1_700_000_000_000, 2), b"hello, spool");
        assert_eq!(bytes.len(), framed(12));
        let frame = RawFrame { number: 42, time: 1_700_000_000_000, batch: 40, body: b"hello, spool" };
        assert_eq!(decode(&bytes, 7, &(42..=42)), Decoded::Frame(frame));
        assert_eq!(decode(&bytes, 8, &(42..=42)), Decoded::Bad, "another segment's salt");
        assert_eq!(decode(&bytes, 7, &(43..=50)), Decoded::Bad, "a number that cannot be");
        for bit in 0..(HEAD + 12) * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped, 7, &(0..=u64::MAX)), Decoded::Bad, "bit {bit}");
        }
    }

    #[test]
    fn zeros_are_the_end_and_names_are_read_back() {
        for length in [0, 8, HEAD, 100] {
            assert_eq!(decode(&vec![0; length], 0, &(0..=u64::MAX)), Decoded::End);
        }
        assert_eq!(parse_segment_name(&segment_name(12, 0xab)), Some((12, 0xab)));
        for name in ["lock", "cursor", "1-2.seg", "00000000000000000001-9c3fa210.seg.damaged", "-.seg"] {
            assert_eq!(parse_segment_name(name), None, "{name}");
        }
    }
}
