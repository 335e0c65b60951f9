//! Avro's `long`: zigzag, seven bits a byte, the least first. The frame's message indexes are written so, too.

/// Appends a number.
pub(crate) fn put(out: &mut Vec<u8>, number: i64) {
    let mut left = ((number << 1) ^ (number >> 63)) as u64;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

/// Takes a number off the front; `None` where there is no whole one that 64 bits hold.
pub(crate) fn take(from: &mut &[u8]) -> Option<i64> {
    let mut bits = 0_u64;
    for (at, byte) in from.iter().enumerate().take(10) {
        let seven = u64::from(byte & 0x7f);
        if at == 9 && seven > 1 {
            return None;
        }
        bits |= seven << (7 * at);
        if byte & 0x80 == 0 {
            *from = &from[at + 1..];
            return Some((bits >> 1) as i64 ^ -((bits & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_avro_s_specification_has_them() {
        for (number, bytes) in
            [(0, &[0][..]), (-1, &[1]), (1, &[2]), (-64, &[0x7f]), (64, &[0x80, 1]), (8192, &[0x80, 0x80, 1])]
        {
            let mut out = Vec::new();
            put(&mut out, number);
            assert_eq!(out, bytes, "{number}");
        }
        for number in [i64::MIN, i64::MIN + 1, -300, 300, i64::MAX] {
            let mut out = Vec::new();
            put(&mut out, number);
            let mut rest = &out[..];
            assert_eq!((take(&mut rest), rest), (Some(number), &[][..]));
        }
    }

    #[test]
    fn what_does_not_end_or_is_too_large_is_no_number() {
        for bytes in [
            &[][..],
            &[0x80],
            &[0xff; 9],
            &[0xff; 11],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            let mut rest = bytes;
            assert_eq!((take(&mut rest), rest), (None, bytes));
        }
    }
}
