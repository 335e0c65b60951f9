//! The forms that `strtotime` knows, as patterns of which the longest match counts.
//!
//! The forms are those of PHP's manual ("Supported Date and Time Formats").

use std::cell::RefCell;
use std::sync::LazyLock;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use crate::php::{Php, Version};

/// A form; of forms that match equally far the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Yesterday,
    Now,
    Noon,
    Midnight,
    Tomorrow,
    Timestamp,
    TimestampFraction,
    DayOf,
    BackOf,
    WeekdayOf,
    Time12,
    MsSqlTime,
    Time24,
    GnuNoColon,
    IsoNoColon,
    American,
    IsoDate,
    IsoDate2,
    IsoDateX,
    GnuDateShorter,
    GnuDateShort,
    DateFull,
    PointedDate4,
    PointedDate2,
    DateNoDay,
    DateNoDayReverse,
    DateTextual,
    DateNoYearReverse,
    DateNoColon,
    DateTime,
    PgDotted,
    IsoWeekDay,
    IsoWeek,
    PgTextShort,
    PgTextReverse,
    Clf,
    Year4,
    Ago,
    DayText,
    RelativeTextWeek,
    RelativeText,
    MonthText,
    Zone,
    DateShortTime12,
    DateShortTime,
    Relative,
    Blank,
}

const HOUR24: &str = "(?:[01]?[0-9]|2[0-4])";
const HOUR24LZ: &str = "(?:[01][0-9]|2[0-4])";
const HOUR12: &str = "(?:0?[1-9]|1[0-2])";
const MINUTE: &str = "[0-5]?[0-9]";
const MINUTELZ: &str = "[0-5][0-9]";
const SECOND: &str = "(?:[0-5]?[0-9]|60)";
const SECONDLZ: &str = "(?:[0-5][0-9]|60)";
const MERIDIAN: &str = r"(?:[AaPp]\.?[Mm]\.?(?:[\x00\t ]))";
const TZ: &str = r"(?:\(?[A-Za-z]{1,6}\)?|[A-Z][a-z]+(?:[_/-][A-Za-z]+)+)";
const CORRECTION: &str = "(?:(?:GMT)?[+-](?:[01]?[0-9]|2[0-4]):?(?:[0-5]?[0-9])?)";
const MONTH: &str = "(?:0?[0-9]|1[0-2])";
const MONTHLZ: &str = "(?:0[0-9]|1[0-2])";
const DAY: &str = "(?:(?:[0-2]?[0-9]|3[01])(?:st|nd|rd|th)?)";
const DAYLZ: &str = "(?:0[0-9]|[1-2][0-9]|3[01])";
const YEAR: &str = "[0-9]{1,4}";
const DAYFULL: &str = "(?i:sunday|monday|tuesday|wednesday|thursday|friday|saturday)";
const DAYFULLS: &str = "(?i:sundays|mondays|tuesdays|wednesdays|thursdays|fridays|saturdays)";
const DAYABBR: &str = "(?i:sun|mon|tue|wed|thu|fri|sat)";
const DAYSPECIAL: &str = "(?i:weekdays?)";
const MONTHFULL: &str =
    "(?i:january|february|march|april|may|june|july|august|september|october|november|december)";
const MONTHABBR: &str = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sept|sep|oct|nov|dec)";
const RELNUMBER: &str =
    "(?i:first|second|third|fourth|fifth|sixth|seventh|eighth|eight|ninth|tenth|eleventh|twelfth)";
const RELTEXT: &str = "(?i:next|last|previous|this)";
const SMALLUNIT: &str = r"(?i:ms|\xc2\xb5s|(?:msec|millisecond|\xc2\xb5sec|microsecond|usec)s?)|";
const RELUNIT: &str = r"(?i:(?:sec|second|min|minute|hour|day|fortnight|forthnight|month|year)s?|weeks)";

/// A state of the grammar, by the PHP version that it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Edition {
    V5_6,
    V7_1,
    V7_3,
    V8_0,
    V8_1,
    V8_2,
}

const EDITIONS: usize = 6;

impl Edition {
    fn of(php: &Php) -> Self {
        let known = [
            (Version::V8_2, Self::V8_2),
            (Version::V8_1, Self::V8_1),
            (Version::V8_0, Self::V8_0),
            (Version::V7_3, Self::V7_3),
            (Version::V7_1, Self::V7_1),
        ];
        known.into_iter().find(|(since, _)| php.since(*since)).map_or(Self::V5_6, |(_, edition)| edition)
    }
}

/// Forms and their patterns, in PHP's order.
fn forms(edition: Edition) -> Vec<(Form, String)> {
    use Form::*;
    let since = |from: Edition| edition >= from;
    let dayfull = if since(Edition::V8_1) { format!("(?:{DAYFULLS}|{DAYFULL})") } else { DAYFULL.to_owned() };
    let daytext = format!("(?:{dayfull}|{DAYABBR}|{DAYSPECIAL})");
    let monthroman = "(?:I{1,3}|I[VX]|VI{0,3}|XI{0,2})";
    let monthtext = format!("(?:{MONTHFULL}|{MONTHABBR}|{monthroman})");
    let smallunit = if since(Edition::V7_1) { SMALLUNIT } else { "" };
    let unit = format!("(?:{smallunit}{RELUNIT}|{daytext})");
    let space = if since(Edition::V8_2) { r"(?:[ \t]+|(?:\xc2\xa0)+|(?:\xe2\x80\xaf)+)" } else { r"[ \t]+" };
    let sep = r"[ .\t-]*";
    let seconds = format!("{HOUR24LZ}{MINUTELZ}{SECONDLZ}|{HOUR24LZ}:{MINUTELZ}:{SECONDLZ}");
    let correction = match since(Edition::V8_1) {
        true => format!("(?:(?:GMT)?[+-](?:{HOUR24}(?::?{MINUTE})?|{seconds}))"),
        false => CORRECTION.to_owned(),
    };
    let noyear = format!(r"{monthtext}{sep}{DAY}(?:[,.stndrh\t ]+|\x00)");
    let fraction = if since(Edition::V8_0) { "{0,6}" } else { "{6}" };
    let digits = if since(Edition::V7_3) { "{1,13}" } else { "+" };
    let dotted = if since(Edition::V8_1) { "[.-]?" } else { "[.]?" };
    let tiny24 = if since(Edition::V8_1) { format!("[tT]{HOUR24}|") } else { String::new() };
    let short24 = format!("[tT]?{HOUR24}[:.]{MINUTE}");
    let long24 = format!("{short24}[:.]{SECOND}");
    let normtz = format!(r"[tT]?{HOUR24}[:.]{MINUTE}[:.]{SECONDLZ}(?:{space})?(?:{correction}|{TZ})");
    let short12 = format!("{HOUR12}[:.]{MINUTELZ}(?:{space})?{MERIDIAN}");
    let long12 = format!("{HOUR12}[:.]{MINUTE}[:.]{SECONDLZ}(?:{space})?{MERIDIAN}");
    let mut forms = vec![
        (Yesterday, "(?i:yesterday)".into()),
        (Now, "(?i:now)".into()),
        (Noon, "(?i:noon)".into()),
        (Midnight, "(?i:midnight|today)".into()),
        (Tomorrow, "(?i:tomorrow)".into()),
        (Timestamp, "@-?[0-9]+".into()),
        (TimestampFraction, format!(r"@-?[0-9]+\.[0-9]{fraction}")),
        (DayOf, "(?i:first|last) (?i:day of)".into()),
        (BackOf, format!("(?i:back of |front of ){HOUR24}(?:(?:{space})?{MERIDIAN})?")),
        (WeekdayOf, format!("(?:{RELNUMBER}|{RELTEXT}){space}(?:{dayfull}|{DAYABBR}){space}(?i:of)")),
        (Time12, format!("(?:{HOUR12}(?:{space})?{MERIDIAN}|{short12}|{long12})")),
        (MsSqlTime, format!("{HOUR12}:{MINUTELZ}:{SECONDLZ}[:.][0-9]+{MERIDIAN}")),
        (Time24, format!(r"(?:{tiny24}{short24}|{long24}|{long24}\.[0-9]+)")),
        (GnuNoColon, format!("[tT]?{HOUR24LZ}{MINUTELZ}")),
        (IsoNoColon, format!("[tT]?{HOUR24LZ}{MINUTELZ}{SECONDLZ}")),
        (American, format!("{MONTH}/{DAY}(?:/{YEAR})?")),
        (
            IsoDate,
            format!(
                "(?:[+-]?[0-9]{{4}}-{MONTHLZ}-{DAYLZ}|[0-9]{{4}}/{MONTHLZ}/{DAYLZ}/?|[0-9]{{4}}/{MONTH}/{DAY})"
            ),
        ),
        (IsoDate2, format!("[0-9]{{2}}-{MONTHLZ}-{DAYLZ}")),
        (IsoDateX, format!("[+-][0-9]{{5,19}}-{MONTHLZ}-{DAYLZ}")),
        (GnuDateShorter, format!("[0-9]{{4}}-{MONTH}")),
        (GnuDateShort, format!("{YEAR}-{MONTH}-{DAY}")),
        (DateFull, format!("{DAY}{sep}{monthtext}{sep}{YEAR}")),
        (PointedDate4, format!(r"{DAY}[.\t-]{MONTH}[.-][0-9]{{4}}")),
        (PointedDate2, format!(r"{DAY}[.\t]{MONTH}\.[0-9]{{2}}")),
        (DateNoDay, format!("{monthtext}{sep}[0-9]{{4}}")),
        (DateNoDayReverse, format!("[0-9]{{4}}{sep}{monthtext}")),
        (DateTextual, format!(r"(?:{monthtext}{sep}{DAY}[,.stndrh\t ]+{YEAR}|{noyear})")),
        (DateNoYearReverse, format!("{DAY}{sep}{monthtext}")),
        (DateNoColon, format!("[0-9]{{4}}{MONTHLZ}{DAYLZ}")),
        (
            DateTime,
            format!(
                "(?:[0-9]{{4}}{MONTHLZ}{DAYLZ}T{HOUR24}:{MINUTELZ}:{SECONDLZ}\
                 |[0-9]{{4}}{MONTHLZ}{DAYLZ}[tT]{HOUR24}{MINUTELZ}{SECONDLZ}\
                 |[0-9]{{4}}-{MONTHLZ}-{DAYLZ}T{HOUR24LZ}:{MINUTELZ}:{SECONDLZ}\\.[0-9]+{correction}?\
                 |[0-9]{{4}}-{MONTH}-{DAY}T{HOUR24}:{MINUTE}:{SECOND}\
                 |[0-9]{{4}}:{MONTHLZ}:{DAYLZ} {HOUR24LZ}:{MINUTELZ}:{SECONDLZ})"
            ),
        ),
        (PgDotted, format!("[0-9]{{4}}{dotted}(?:00[1-9]|0[1-9][0-9]|[1-2][0-9][0-9]|3[0-5][0-9]|36[0-6])")),
        (IsoWeekDay, "[0-9]{4}-?W(?:0[1-9]|[1-4][0-9]|5[0-3])-?[0-7]".into()),
        (IsoWeek, "[0-9]{4}-?W(?:0[1-9]|[1-4][0-9]|5[0-3])".into()),
        (PgTextShort, format!("{MONTHABBR}-{DAYLZ}-{YEAR}")),
        (PgTextReverse, format!("{YEAR}-{MONTHABBR}-{DAYLZ}")),
        (Clf, format!("{DAY}/{MONTHABBR}/[0-9]{{4}}:{HOUR24LZ}:{MINUTELZ}:{SECONDLZ}{space}{correction}")),
        (Year4, "[0-9]{4}".into()),
        (Ago, "(?i:ago)".into()),
        (DayText, daytext.clone()),
        (RelativeTextWeek, format!("{RELTEXT}{space}(?i:week)")),
        (RelativeText, format!("(?:{RELNUMBER}|{RELTEXT}){space}{unit}")),
        (MonthText, format!("(?:{MONTHFULL}|{MONTHABBR})")),
        (Zone, format!("(?:{correction}|{TZ})")),
        (DateShortTime12, format!("{noyear}(?:{short12}|{long12})")),
        (DateShortTime, format!("{noyear}(?:{short24}|{long24}|{normtz})")),
        (Relative, format!("[+-]*[ \\t]*[0-9]{digits}(?:{space})?(?:{unit}|(?i:week))")),
        (Blank, format!("(?:[.,]|{space})")),
    ];
    let new = |form: &Form| match form {
        TimestampFraction => since(Edition::V7_1),
        IsoDateX => since(Edition::V8_0),
        _ => true,
    };
    forms.retain(|(form, _)| new(form));
    forms
}

struct Grammar {
    dfa: DFA,
    forms: Vec<Form>,
}

fn build(edition: Edition) -> Option<Grammar> {
    let (forms, patterns): (Vec<Form>, Vec<String>) = forms(edition).into_iter().unzip();
    let dfa = DFA::builder()
        .configure(DFA::config().match_kind(MatchKind::All))
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build_many(&patterns)
        .ok()?;
    Some(Grammar { dfa, forms })
}

static GRAMMARS: [LazyLock<Option<Grammar>>; EDITIONS] = [
    LazyLock::new(|| build(Edition::V5_6)),
    LazyLock::new(|| build(Edition::V7_1)),
    LazyLock::new(|| build(Edition::V7_3)),
    LazyLock::new(|| build(Edition::V8_0)),
    LazyLock::new(|| build(Edition::V8_1)),
    LazyLock::new(|| build(Edition::V8_2)),
];

thread_local! {
    static CACHES: RefCell<[Option<Cache>; EDITIONS]> = const { RefCell::new([const { None }; EDITIONS]) };
}

/// The form at the start of a text, and its length. The end of the text counts as NUL, as some forms want it.
pub(super) fn longest(php: &Php, text: &[u8]) -> Option<(Form, usize)> {
    let edition = Edition::of(php) as usize;
    let grammar = GRAMMARS[edition].as_ref()?;
    CACHES.with_borrow_mut(|caches| {
        let cache = caches[edition].get_or_insert_with(|| grammar.dfa.create_cache());
        let found = grammar.dfa.try_search_fwd(cache, &Input::new(text).anchored(Anchored::Yes)).ok()??;
        Some((grammar.forms[found.pattern().as_usize()], found.offset()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edition_can_be_read() {
        for grammar in &GRAMMARS {
            assert!(grammar.is_some());
        }
    }

    #[test]
    fn the_longest_form_counts() {
        for (text, form, len) in [
            ("2024-01-15 10:00", Form::IsoDate, 10),
            ("2024", Form::GnuNoColon, 4),
            ("1999", Form::Year4, 4),
            ("10:00:00.5", Form::Time24, 10),
            ("next monday", Form::RelativeText, 11),
            ("last day of", Form::DayOf, 11),
            ("+1 week", Form::Relative, 7),
            ("15 January 2024", Form::DateFull, 15),
        ] {
            let php = Php::new(Version::V8_2);
            assert_eq!(longest(&php, text.as_bytes()), Some((form, len)), "{text}");
        }
    }
}
