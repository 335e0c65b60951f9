//! What the tz database said before: the copy that came with a PHP is as old as its last release.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::php::{Php, Version};

/// A rule that was expected to go on for ever and did not.
struct Rule {
    zone: &'static str,
    /// The last PHP whose copy still had it.
    last: Version,
    /// From when on the rule was expected, in seconds since 1970.
    from: i64,
    /// The rule, as POSIX writes it.
    posix: &'static str,
}

/// Those that were measured.
const RULES: [Rule; 2] = [
    // Summer time was given up in 2021.
    Rule {
        zone: "Pacific/Apia",
        last: Version::V7_3,
        from: 1_617_580_800,
        posix: "<+13>-13<+14>,M9.5.0/3,M4.1.0/4",
    },
    // From 2018 on it began later in the year, since 2019 there is none.
    Rule {
        zone: "America/Sao_Paulo",
        last: Version::V7_1,
        from: 1_519_862_400,
        posix: "<-03>3<-02>,M10.3.0/0,M2.3.0/0",
    },
];

static ZONES: LazyLock<Vec<Option<TimeZone>>> =
    LazyLock::new(|| RULES.iter().map(|rule| TimeZone::posix(rule.posix).ok()).collect());

/// From when on another rule holds in a zone for this PHP, and the rule.
pub(super) fn later(php: &Php, name: &str) -> Option<(i64, TimeZone)> {
    let at =
        RULES.iter().position(|rule| rule.zone.eq_ignore_ascii_case(name) && php.version <= rule.last)?;
    Some((RULES[at].from, ZONES[at].clone()?))
}

/// Names that came into the database later than the copy of an old PHP: the PHP that has them first. From 7.4 on distributions gave
/// PHP a current database.
const YOUNG: [(&str, Version); 7] = [
    ("America/Punta_Arenas", Version::V7_0),
    ("Asia/Qostanay", Version::V7_2),
    ("America/Nuuk", Version::V7_3),
    ("America/Ciudad_Juarez", Version::V7_4),
    ("America/Coyhaique", Version::V7_4),
    ("Europe/Kyiv", Version::V7_4),
    ("Pacific/Kanton", Version::V7_4),
];

/// Whether this PHP's database has a name that the current one has.
pub(super) fn knows(php: &Php, name: &str) -> bool {
    YOUNG.iter().all(|(young, since)| php.since(*since) || !young.eq_ignore_ascii_case(name))
}

/// Abbreviations that 5.6's copy still had in letters, of the zones that were measured.
pub(super) fn letters(name: &[u8], abbreviation: &str) -> Option<&'static str> {
    const LETTERS: [(&str, &str, &str); 4] = [
        ("America/Sao_Paulo", "-03", "BRT"),
        ("America/Sao_Paulo", "-02", "BRST"),
        ("Pacific/Apia", "+13", "WSST"),
        ("Pacific/Apia", "+14", "WSDT"),
    ];
    let known =
        |row: &&(&str, &str, &str)| row.0.as_bytes().eq_ignore_ascii_case(name) && row.1 == abbreviation;
    LETTERS.iter().find(known).map(|row| row.2)
}
