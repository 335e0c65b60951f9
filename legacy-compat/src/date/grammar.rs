//! The forms that `strtotime` knows, as patterns of which the longest match counts.
//!
//! The forms are those of PHP's manual ("Supported Date and Time Formats").

use std::cell::RefCell;
use std::sync::LazyLock;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

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
const TZ: &str = r"(?:\(?[A-Za-z]{1,6}\)?|[A-Z][a-z]+(?:[_/][A-Z][a-z]+)+)";
const CORRECTION: &str = "(?:(?:GMT)?[+-](?:[01]?[0-9]|2[0-4]):?(?:[0-5]?[0-9])?)";
const CORRECTION_8_1: &str = "(?:(?:GMT)?[+-](?:(?:[01]?[0-9]|2[0-4])(?::?[0-5]?[0-9](?::?[0-5]?[0-9])?)?))";
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
const RELUNIT: &str = r"(?i:ms|\xc2\xb5s|(?:msec|millisecond|\xc2\xb5sec|microsecond|usec|sec|second|min|minute|hour|day|fortnight|forthnight|month|year)s?|weeks)";

/// Forms and their patterns, in PHP's order.
fn forms(seconds_in_zone: bool) -> Vec<(Form, String)> {
    use Form::*;
    let daytext = format!("(?:{DAYFULLS}|{DAYFULL}|{DAYABBR}|{DAYSPECIAL})");
    let monthroman = "(?:I{1,3}|I[VX]|VI{0,3}|XI{0,2})";
    let monthtext = format!("(?:{MONTHFULL}|{MONTHABBR}|{monthroman})");
    let unit = format!("(?:{RELUNIT}|{daytext})");
    let space = r"[ \t]+";
    let sep = r"[ .\t-]*";
    let correction = if seconds_in_zone { CORRECTION_8_1 } else { CORRECTION };
    let noyear = format!(r"{monthtext}{sep}{DAY}(?:[,.stndrh\t ]+|\x00)");
    let short24 = format!("[tT]?{HOUR24}[:.]{MINUTE}");
    let long24 = format!("{short24}[:.]{SECOND}");
    let normtz = format!(r"[tT]?{HOUR24}[:.]{MINUTE}[:.]{SECONDLZ}(?:{space})?(?:{correction}|{TZ})");
    let short12 = format!("{HOUR12}[:.]{MINUTELZ}(?:{space})?{MERIDIAN}");
    let long12 = format!("{HOUR12}[:.]{MINUTE}[:.]{SECONDLZ}(?:{space})?{MERIDIAN}");
    vec![
        (Yesterday, "(?i:yesterday)".into()),
        (Now, "(?i:now)".into()),
        (Noon, "(?i:noon)".into()),
        (Midnight, "(?i:midnight|today)".into()),
        (Tomorrow, "(?i:tomorrow)".into()),
        (Timestamp, "@-?[0-9]+".into()),
        (TimestampFraction, r"@-?[0-9]+\.[0-9]{0,6}".into()),
        (DayOf, "(?i:first|last) (?i:day of)".into()),
        (BackOf, format!("(?i:back of |front of ){HOUR24}(?:(?:{space})?{MERIDIAN})?")),
        (
            WeekdayOf,
            format!("(?:{RELNUMBER}|{RELTEXT}){space}(?:{DAYFULLS}|{DAYFULL}|{DAYABBR}){space}(?i:of)"),
        ),
        (Time12, format!("(?:{HOUR12}(?:{space})?{MERIDIAN}|{short12}|{long12})")),
        (MsSqlTime, format!("{HOUR12}:{MINUTELZ}:{SECONDLZ}[:.][0-9]+{MERIDIAN}")),
        (Time24, format!(r"(?:[tT]{HOUR24}|{short24}|{long24}|{long24}[.,:][0-9]+)")),
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
        (PgDotted, r"[0-9]{4}[.-]?(?:00[1-9]|0[1-9][0-9]|[1-2][0-9][0-9]|3[0-5][0-9]|36[0-6])".into()),
        (IsoWeekDay, "[0-9]{4}-?W(?:0[1-9]|[1-4][0-9]|5[0-3])-?[0-7]".into()),
        (IsoWeek, "[0-9]{4}-?W(?:0[1-9]|[1-4][0-9]|5[0-3])".into()),
        (PgTextShort, format!("{MONTHABBR}-{DAYLZ}-{YEAR}")),
        (PgTextReverse, format!("{YEAR}-{MONTHABBR}-{DAYLZ}")),
        (Clf, format!("{DAY}/{MONTHABBR}/[0-9]{{4}}:{HOUR24LZ}:{MINUTELZ}:{SECONDLZ}{space}{correction}")),
        (Year4, "[0-9]{4}".into()),
        (Ago, "(?i:ago)".into()),
        (DayText, daytext.clone()),
        (RelativeTextWeek, format!("{RELTEXT}{space}(?i:week)")),
        (RelativeText, format!("(?:{RELNUMBER}|{RELTEXT}|{unit})+{space}{unit}")),
        (MonthText, format!("(?:{MONTHFULL}|{MONTHABBR})")),
        (Zone, format!("(?:{correction}|{TZ})")),
        (DateShortTime12, format!("{noyear}(?:{short12}|{long12})")),
        (DateShortTime, format!("{noyear}(?:{short24}|{long24}|{normtz})")),
        (Relative, format!("[+-]*[ \\t]*[0-9]{{1,13}}(?:{space})?(?:{unit}|(?i:week))")),
        (Blank, r"[ .,\t]".into()),
    ]
}

struct Grammar {
    dfa: DFA,
    forms: Vec<Form>,
}

fn build(seconds_in_zone: bool) -> Option<Grammar> {
    let (forms, patterns): (Vec<Form>, Vec<String>) = forms(seconds_in_zone).into_iter().unzip();
    let dfa = DFA::builder()
        .configure(DFA::config().match_kind(MatchKind::All))
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build_many(&patterns)
        .ok()?;
    Some(Grammar { dfa, forms })
}

static OLD: LazyLock<Option<Grammar>> = LazyLock::new(|| build(false));
static NEW: LazyLock<Option<Grammar>> = LazyLock::new(|| build(true));

thread_local! {
    static CACHES: RefCell<[Option<Cache>; 2]> = const { RefCell::new([None, None]) };
}

/// The form at the start of a text, and its length. The end of the text counts as NUL, as some forms want it.
pub(super) fn longest(text: &[u8], new: bool) -> Option<(Form, usize)> {
    let grammar = if new { NEW.as_ref()? } else { OLD.as_ref()? };
    CACHES.with_borrow_mut(|caches| {
        let cache = caches[usize::from(new)].get_or_insert_with(|| grammar.dfa.create_cache());
        let found = grammar.dfa.try_search_fwd(cache, &Input::new(text).anchored(Anchored::Yes)).ok()??;
        Some((grammar.forms[found.pattern().as_usize()], found.offset()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(longest(text.as_bytes(), true), Some((form, len)), "{text}");
        }
    }
}
