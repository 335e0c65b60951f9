//! The named entities, as `get_html_translation_table` of a real PHP lists them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Names to characters and back, of one kind of document.
pub(super) struct Table {
    pub by_name: HashMap<&'static str, String>,
    pub by_text: HashMap<String, &'static str>,
}

/// `aliases` are further names for what already has one.
fn read(text: &'static str, aliases: &'static str) -> Table {
    let code = |hex: &str| u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
    let row = |line: &'static str| {
        let (name, codes) = line.split_once('\t')?;
        Some((name, codes.split(' ').map(code).collect::<Option<String>>()?))
    };
    let mut by_name: HashMap<_, _> = text.lines().filter_map(row).collect();
    let by_text = by_name.iter().map(|(name, text)| (text.clone(), *name)).collect();
    by_name.extend(aliases.lines().filter_map(row));
    Table { by_name, by_text }
}

pub(super) static HTML_401: LazyLock<Table> = LazyLock::new(|| read(include_str!("html401.tsv"), ""));
pub(super) static HTML_5: LazyLock<Table> =
    LazyLock::new(|| read(include_str!("html5.tsv"), include_str!("html5_aliases.tsv")));

/// The character of an HTML 4.01 entity that is no mark of the language itself.
pub(crate) fn char_of(name: &str) -> Option<char> {
    HTML_401.by_name.get(name).and_then(|text| text.chars().next())
}

/// The HTML 4.01 entity of a character.
pub(crate) fn name_of(char: char) -> Option<&'static str> {
    HTML_401.by_text.get(char.encode_utf8(&mut [0; 4]) as &str).copied()
}
