//! The named entities, as `get_html_translation_table` of a real PHP lists them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Names to characters and back, of one kind of document.
pub(super) struct Table {
    pub by_name: HashMap<&'static str, String>,
    pub by_text: HashMap<String, &'static str>,
}

fn read(text: &'static str) -> Table {
    let code = |hex: &str| u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
    let rows = text.lines().filter_map(|line| {
        let (name, codes) = line.split_once('\t')?;
        Some((name, codes.split(' ').map(code).collect::<Option<String>>()?))
    });
    let by_name: HashMap<_, _> = rows.collect();
    let by_text = by_name.iter().map(|(name, text)| (text.clone(), *name)).collect();
    Table { by_name, by_text }
}

pub(super) static HTML_401: LazyLock<Table> = LazyLock::new(|| read(include_str!("html401.tsv")));
pub(super) static HTML_5: LazyLock<Table> = LazyLock::new(|| read(include_str!("html5.tsv")));
