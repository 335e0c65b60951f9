//! `//TRANSLIT`: what is written for a character that the target lacks.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::php::Libc;

static GLIBC: LazyLock<HashMap<u32, &'static str>> = LazyLock::new(|| {
    let rows = include_str!("translit.tsv").lines().filter_map(|line| line.split_once('\t'));
    rows.filter_map(|(code, text)| Some((u32::from_str_radix(code, 16).ok()?, text))).collect()
});

/// A text in ASCII: glibc has at least a question mark for every character, libiconv nothing for most.
pub(super) fn similar(libc: Libc, code: u32) -> Option<&'static str> {
    match libc {
        Libc::Glibc => Some(GLIBC.get(&code).copied().unwrap_or("?")),
        Libc::Musl | Libc::Emscripten => {
            libiconv(code).or_else(|| GLIBC.get(&code).copied().filter(|_| code >= 0x2000))
        }
    }
}

/// Where libiconv differs: accents stand before their letters, and what looks alike is one dash.
fn libiconv(code: u32) -> Option<&'static str> {
    Some(match char::from_u32(code)? {
        'À' => "`A",
        'Á' => "'A",
        'Â' => "^A",
        'Ã' => "~A",
        'Ä' => "\"A",
        'Ç' => "C",
        'È' => "`E",
        'É' => "'E",
        'Ê' => "^E",
        'Ë' => "\"E",
        'Ì' => "`I",
        'Í' => "'I",
        'Î' => "^I",
        'Ï' => "\"I",
        'Ñ' => "~N",
        'Ò' => "`O",
        'Ó' => "'O",
        'Ô' => "^O",
        'Õ' => "~O",
        'Ö' => "\"O",
        'Ø' => "O",
        'Ù' => "`U",
        'Ú' => "'U",
        'Û' => "^U",
        'Ü' => "\"U",
        'Ý' => "'Y",
        'ß' => "ss",
        'à' => "`a",
        'á' => "'a",
        'â' => "^a",
        'ã' => "~a",
        'ä' => "\"a",
        'å' => "a",
        'ç' => "c",
        'è' => "`e",
        'é' => "'e",
        'ê' => "^e",
        'ë' => "\"e",
        'ì' => "`i",
        'í' => "'i",
        'î' => "^i",
        'ï' => "\"i",
        'ñ' => "~n",
        'ò' => "`o",
        'ó' => "'o",
        'ô' => "^o",
        'õ' => "~o",
        'ö' => "\"o",
        'ø' => "o",
        'ù' => "`u",
        'ú' => "'u",
        'û' => "^u",
        'ü' => "\"u",
        'ý' => "'y",
        'ÿ' => "\"y",
        'ł' => "l",
        'Ł' => "L",
        'İ' => "I",
        'ı' => "i",
        'ǆ' => "dz",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        '\u{a0}' => " ",
        '—' => "-",
        _ => return None,
    })
}
