//! Whether texts are in ISO-2022-JP or JIS: from 8.2 `mb_check_encoding` goes by rules of its own, which are stricter than reading.

use super::double::jis;
use super::iso_2022_jp::Set;

/// Whether a text is in ISO-2022-JP, or, `wide`, in JIS: which has kana of half width and JIS X 0212 as well. It has to end in ASCII.
pub(super) fn is_iso_2022_jp(text: &[u8], wide: bool) -> bool {
    let (mut set, mut rest) = (Set::Ascii, text);
    while let [first, after @ ..] = rest {
        (set, rest) = match (first, after) {
            (0x1b, _) => match switch(after, wide).filter(|_| set != Set::ShiftedKana) {
                Some(switched) => switched,
                None => return false,
            },
            (0x0e, _) if wide && set == Set::Ascii => (Set::ShiftedKana, after),
            (0x0f, _) if wide && set == Set::ShiftedKana => (Set::Ascii, after),
            (0x0e | 0x0f, _) => return false,
            (0x21..=0x7e, _) if matches!(set, Set::Kanji | Set::Supplement) => match after {
                [column @ 0x21..=0x7e, after @ ..] => {
                    let cell = u16::from_be_bytes([*first, *column]);
                    if jis(false).jis_char(cell, set == Set::Supplement).is_none() {
                        return false;
                    }
                    (set, after)
                }
                _ => return false,
            },
            (..0x80, _) => (set, after),
            (0xa1..=0xdf, _) if wide => (set, after),
            _ => return false,
        };
    }
    set == Set::Ascii
}

/// What an escape sequence switches to, and what follows it.
fn switch(behind_escape: &[u8], wide: bool) -> Option<(Set, &[u8])> {
    Some(match behind_escape {
        [b'$', b'@' | b'B', rest @ ..] => (Set::Kanji, rest),
        [b'$', b'(', b'@' | b'B', rest @ ..] if wide => (Set::Kanji, rest),
        [b'$', b'(', b'D', rest @ ..] if wide => (Set::Supplement, rest),
        [b'(', b'B', rest @ ..] => (Set::Ascii, rest),
        [b'(', b'H', rest @ ..] if wide => (Set::Ascii, rest),
        [b'(', b'J', rest @ ..] => (Set::Roman, rest),
        [b'(', b'I', rest @ ..] if wide => (Set::Kana, rest),
        _ => return None,
    })
}
