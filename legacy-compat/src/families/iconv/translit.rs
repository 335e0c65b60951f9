//! `//TRANSLIT`: what is written for a character that the target lacks.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::php::Libc;

type Texts = LazyLock<HashMap<u32, &'static str>>;

static GLIBC: Texts = LazyLock::new(|| texts(include_str!("translit.tsv")));
static LIBICONV: Texts = LazyLock::new(|| texts(include_str!("translit_libiconv.tsv")));

fn texts(rows: &'static str) -> HashMap<u32, &'static str> {
    let rows = rows.lines().filter_map(|line| line.split_once('\t'));
    rows.filter_map(|(code, text)| Some((u32::from_str_radix(code, 16).ok()?, text))).collect()
}

/// A text in ASCII: glibc has at least a question mark for every character, libiconv, which stands beside musl, nothing for most.
pub(super) fn similar(libc: Libc, code: u32) -> Option<&'static str> {
    match libc {
        Libc::Glibc => Some(GLIBC.get(&code).copied().unwrap_or("?")),
        Libc::Musl | Libc::Emscripten => LIBICONV.get(&code).copied(),
    }
}
