//! Abbreviations of zones: `EST`, `CEST`, and the letters of the military.

use std::sync::LazyLock;

/// An abbreviation: seconds east of its standard time, and whether it is summer time, an hour more.
#[derive(Debug, Clone, Copy)]
pub(in crate::date) struct Abbreviation {
    pub name: &'static str,
    pub offset: i64,
    pub dst: bool,
}

/// Name, offset and summer time as PHP's `timezone_abbreviations_list()` says them first for each, sorted by name.
static TABLE: LazyLock<Vec<Abbreviation>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().expect("a row of abbreviations.tsv has three fields");
        let (name, offset, dst) = (next(), next(), next());
        Abbreviation { name, offset: offset.parse().expect("an offset is a number"), dst: dst == "1" }
    };
    let mut table: Vec<Abbreviation> = include_str!("abbreviations.tsv").lines().map(row).collect();
    table.sort_by_key(|row| row.name);
    table
});

/// The abbreviation of this name, whatever its case.
pub(in crate::date) fn by_abbreviation(word: &[u8]) -> Option<Abbreviation> {
    let word = word.to_ascii_lowercase();
    if word == b"utc" || word == b"gmt" {
        return Some(Abbreviation { name: "utc", offset: 0, dst: false });
    }
    let found = TABLE.binary_search_by(|row| row.name.as_bytes().cmp(&word)).ok()?;
    Some(TABLE[found])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_of_any_case() {
        let cest = by_abbreviation(b"CeSt").unwrap();
        assert_eq!((cest.offset, cest.dst), (3600, true));
        assert_eq!(by_abbreviation(b"Z").unwrap().offset, 0);
        assert_eq!(by_abbreviation(b"m").unwrap().offset, 12 * 3600);
        assert!(by_abbreviation(b"bogus").is_none() && by_abbreviation(b"").is_none());
    }
}
