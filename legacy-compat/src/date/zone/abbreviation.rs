//! Abbreviations of zones: `EST`, `CEST`, and the letters of the military.

use std::sync::LazyLock;

use crate::php::{Php, Version, Versions};

/// An abbreviation: seconds east of its standard time, and whether it is summer time, an hour more.
#[derive(Debug, Clone, Copy)]
pub(in crate::date) struct Abbreviation {
    pub name: &'static str,
    pub offset: i64,
    pub dst: bool,
    versions: Versions,
}

/// Name, offset, summer time and PHP versions, as their `timezone_abbreviations_list()` says them first for each; sorted by name.
static TABLE: LazyLock<Vec<Abbreviation>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().expect("a row of abbreviations.tsv has four fields");
        let (name, offset, dst, versions) = (next(), next(), next(), Versions::parse(next()));
        Abbreviation {
            name,
            offset: offset.parse().expect("an offset is a number"),
            dst: dst == "1",
            versions,
        }
    };
    let mut table: Vec<Abbreviation> = include_str!("abbreviations.tsv").lines().map(row).collect();
    table.sort_by_key(|row| row.name);
    table
});

/// The abbreviation of this name, whatever its case. Up to 7.1 its offset has whole minutes.
pub(in crate::date) fn by_abbreviation(php: &Php, word: &[u8]) -> Option<Abbreviation> {
    let word = word.to_ascii_lowercase();
    if word == b"utc" || word == b"gmt" {
        return Some(Abbreviation { name: "utc", offset: 0, dst: false, versions: Versions::parse("") });
    }
    let first = TABLE.partition_point(|row| row.name.as_bytes() < word.as_slice());
    let mut named = TABLE[first..].iter().take_while(|row| row.name.as_bytes() == word);
    let found = *named.find(|row| row.versions.contain(php.version))?;
    let offset = if php.since(Version::V7_2) { found.offset } else { found.offset / 60 * 60 };
    Some(Abbreviation { offset, ..found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_of_any_case() {
        let php = Php::new(Version::V8_2);
        let cest = by_abbreviation(&php, b"CeSt").unwrap();
        assert_eq!((cest.offset, cest.dst), (3600, true));
        assert_eq!(by_abbreviation(&php, b"Z").unwrap().offset, 0);
        assert_eq!(by_abbreviation(&php, b"m").unwrap().offset, 12 * 3600);
        assert!(by_abbreviation(&php, b"bogus").is_none() && by_abbreviation(&php, b"").is_none());
    }

    #[test]
    fn an_old_php_has_names_that_a_new_one_lacks_and_reads_others_otherwise() {
        let offset =
            |version, word: &[u8]| by_abbreviation(&Php::new(version), word).map(|found| found.offset);
        assert_eq!(offset(Version::V5_6, b"BRT"), Some(-10_800));
        assert_eq!(offset(Version::V7_0, b"BRT"), None);
        assert_eq!(offset(Version::V5_6, b"AST"), Some(10_800));
        assert_eq!(offset(Version::V7_0, b"AMT"), Some(-13_800));
        assert_eq!(offset(Version::V8_2, b"AMT"), Some(-13_840));
    }
}
