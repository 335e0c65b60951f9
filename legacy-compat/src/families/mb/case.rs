//! `mb_strtolower`, `mb_strtoupper`, `mb_convert_case`, `mb_ucfirst`, `mb_lcfirst`: upper and lower case.

use std::sync::LazyLock;

use regex_automata::meta::Regex;

use super::part::Units;
use super::{BAD, encoding_of, utf8};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- mb_strtolower(string $string, ?string $encoding = null)", |c, a| {
        convert(c, a, 1, "mb_strtolower", Case::Lower)
    }),
    ("7.3-7.4 mb_strtolower(string $str, ?string $encoding = ?)", |c, a| {
        convert(c, a, 1, "mb_strtolower", Case::Lower)
    }),
    ("-7.2 mb_strtolower(string $str, string $encoding = ?)", |c, a| {
        convert(c, a, 1, "mb_strtolower", Case::Lower)
    }),
    ("8.0- mb_strtoupper(string $string, ?string $encoding = null)", |c, a| {
        convert(c, a, 1, "mb_strtoupper", Case::Upper)
    }),
    ("7.3-7.4 mb_strtoupper(string $str, ?string $encoding = ?)", |c, a| {
        convert(c, a, 1, "mb_strtoupper", Case::Upper)
    }),
    ("-7.2 mb_strtoupper(string $str, string $encoding = ?)", |c, a| {
        convert(c, a, 1, "mb_strtoupper", Case::Upper)
    }),
    ("8.0- mb_convert_case(string $string, int $mode, ?string $encoding = null): false", convert_case),
    ("7.3-7.4 mb_convert_case(string $str, int $mode, ?string $encoding = ?): false", convert_case),
    ("-7.2 mb_convert_case(string $str, int $mode, string $encoding = ?): false", convert_case),
    ("8.4- mb_ucfirst(string $string, ?string $encoding = null)", |c, a| {
        first(c, a, "mb_ucfirst", Case::Title)
    }),
    ("8.4- mb_lcfirst(string $string, ?string $encoding = null)", |c, a| {
        first(c, a, "mb_lcfirst", Case::Lower)
    }),
];

/// What characters become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
    Fold,
    UpperSimple,
    LowerSimple,
    TitleSimple,
    FoldSimple,
}

const MODES: [Case; 8] = [
    Case::Upper,
    Case::Lower,
    Case::Title,
    Case::Fold,
    Case::UpperSimple,
    Case::LowerSimple,
    Case::TitleSimple,
    Case::FoldSimple,
];

/// `mb_strtolower` of UTF-8.
pub fn mb_strtolower(php: &Php, text: &[u8]) -> Vec<u8> {
    utf8().encode(&change(php, &utf8().decode(php, text), Case::Lower))
}

/// `mb_strtoupper` of UTF-8: from 7.3 `ß` becomes `SS`.
pub fn mb_strtoupper(php: &Php, text: &[u8]) -> Vec<u8> {
    utf8().encode(&change(php, &utf8().decode(php, text), Case::Upper))
}

fn convert(ctx: &mut Ctx<'_>, args: &Args<'_>, at: usize, name: &str, case: Case) -> Outcome {
    match encoding_of(ctx, args, at, name) {
        // Up to 7.2 texts were converted, changed and converted back; bytes that are carried were no characters then.
        Ok(encoding) if !ctx.php.since(Version::V7_3) => {
            let chars = encoding.decode_to_convert(ctx.php, args.bytes(0));
            match encoding.carries_bytes() {
                true => ok(encoding.encode(&chars)),
                false => ok(encoding.encode(&change(ctx.php, &chars, case))),
            }
        }
        Ok(encoding) => ok(encoding.encode(&change(ctx.php, &encoding.decode(ctx.php, args.bytes(0)), case))),
        Err(answer) => answer,
    }
}

fn convert_case(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let encoding = match encoding_of(ctx, args, 2, "mb_convert_case") {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let known = if ctx.php.since(Version::V7_3) { 8 } else { 3 };
    let mode = usize::try_from(args.int(1)).ok().filter(|mode| *mode < known);
    match mode {
        Some(mode) => convert(ctx, args, 2, "mb_convert_case", MODES[mode]),
        None if ctx.php.since(Version::V7_3) => {
            let message = "mb_convert_case(): Argument #2 ($mode) must be one of the MB_CASE_* constants";
            ctx.value_error(false, message)
        }
        None => ok(encoding.encode(&encoding.decode(ctx.php, args.bytes(0)))),
    }
}

/// The first character alone.
fn first(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str, case: Case) -> Outcome {
    let encoding = match encoding_of(ctx, args, 1, name) {
        Ok(encoding) => encoding,
        Err(answer) => return answer,
    };
    let units = Units::read(ctx.php, encoding, args.bytes(0));
    let first = units.bytes(0, units.len().min(1));
    let changed = encoding.encode(&change(ctx.php, &encoding.decode(ctx.php, &first), case));
    if changed == first {
        return ok(args.bytes(0));
    }
    ok([changed, units.bytes(1, units.len())].concat())
}

/// The characters in another case; up to 7.2 one character stays one.
pub(super) fn change(php: &Php, chars: &[u32], case: Case) -> Vec<u32> {
    let full = php.since(Version::V7_3);
    let case = match case {
        Case::Upper if !full => Case::UpperSimple,
        Case::Lower if !full => Case::LowerSimple,
        Case::Title if !full => Case::TitleSimple,
        other => other,
    };
    if matches!(case, Case::Title | Case::TitleSimple) {
        return title(php, chars, case);
    }
    let mut out = Vec::with_capacity(chars.len());
    for (index, code) in chars.iter().enumerate() {
        let last =
            *code == 0x3a3 && case == Case::Lower && php.since(Version::V8_3) && is_final(chars, index);
        match char::from_u32(*code) {
            _ if last => out.push(0x3c2),
            Some(char) => out.extend(one(php, char, case).into_iter().map(u32::from)),
            // Up to 7.2 what is no character got lost here.
            None if !php.since(Version::V7_3) => out.push(BAD),
            None => out.push(*code),
        }
    }
    out
}

/// The title case of the letters that are two in one, which are three.
fn digraph(char: char) -> Option<char> {
    match char {
        'Ǆ'..='ǆ' => Some('ǅ'),
        'Ǉ'..='ǉ' => Some('ǈ'),
        'Ǌ'..='ǌ' => Some('ǋ'),
        'Ǳ'..='ǳ' => Some('ǲ'),
        _ => None,
    }
}

/// Whether it is a letter in title case: part of its word is small.
fn is_title(char: char) -> bool {
    digraph(char) == Some(char) || matches!(char, 'ᾈ'..='ᾏ' | 'ᾘ'..='ᾟ' | 'ᾨ'..='ᾯ' | 'ᾼ' | 'ῌ' | 'ῼ')
}

/// Whether a sigma ends a word: letters stand before it and none behind, whatever marks are between.
fn is_final(chars: &[u32], index: usize) -> bool {
    let cased = |mut side: Box<dyn Iterator<Item = &u32> + '_>| {
        side.find(|code| !CASE_IGNORABLE.holds(**code)).is_some_and(|code| CASED.holds(*code))
    };
    cased(Box::new(chars[..index].iter().rev())) && !cased(Box::new(chars[index + 1..].iter()))
}

/// A property of characters.
struct Property(LazyLock<Regex>);

impl Property {
    fn holds(&self, code: u32) -> bool {
        let Some(char) = char::from_u32(code) else { return false };
        self.0.is_match(char.encode_utf8(&mut [0; 4]) as &str)
    }
}

fn class(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the class of characters is a pattern")
}

static CASED: Property = Property(LazyLock::new(|| class(r"\p{Cased}")));
static CASE_IGNORABLE: Property = Property(LazyLock::new(|| class(r"\p{Case_Ignorable}")));
/// Up to 7.2 a word goes on over these.
static IN_WORD: Property =
    Property(LazyLock::new(|| class(r"[\p{Mn}\p{Me}\p{Cf}\p{Lm}\p{Sk}\p{Lu}\p{Ll}\p{Lt}\p{Po}]")));

/// The first letter of each word large, the others small.
fn title(php: &Php, chars: &[u32], case: Case) -> Vec<u32> {
    let new = php.since(Version::V7_3);
    let lower = if case == Case::Title { Case::Lower } else { Case::LowerSimple };
    let (mut out, mut inside) = (Vec::with_capacity(chars.len()), false);
    for (index, code) in chars.iter().enumerate() {
        let in_word = if new { false } else { IN_WORD.holds(*code) };
        let sigma = *code == 0x3a3 && inside && php.since(Version::V8_3) && is_final(chars, index);
        match char::from_u32(*code) {
            _ if sigma => out.push(0x3c2),
            None => out.push(*code),
            Some(_) if !new && !in_word => out.push(*code),
            Some(char) => {
                out.extend(one(php, char, if inside { lower } else { case }).into_iter().map(u32::from));
            }
        }
        match new {
            false => inside = in_word,
            true if !CASE_IGNORABLE.holds(*code) => inside = CASED.holds(*code),
            true => {}
        }
    }
    out
}

/// What one character becomes.
fn one(php: &Php, char: char, case: Case) -> Vec<char> {
    match case {
        // Up to 7.1 letters in title case stayed so, and small ones went no further than to it.
        _ if !php.since(Version::V7_2) && is_title(char) => vec![char],
        Case::UpperSimple if !php.since(Version::V7_2) => match digraph(char) {
            Some(title) if char.is_lowercase() => vec![title],
            Some(_) => vec![char],
            None => vec![upper_simple(char)],
        },
        Case::Upper => char.to_uppercase().collect(),
        Case::Lower => char.to_lowercase().collect(),
        Case::UpperSimple => vec![upper_simple(char)],
        Case::LowerSimple => vec![lower_simple(char)],
        Case::Title => title_of(char),
        Case::TitleSimple => vec![title_simple(char)],
        Case::FoldSimple => vec![fold_simple(char)],
        Case::Fold => fold(char),
    }
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    first.filter(|_| chars.next().is_none())
}

fn upper_simple(char: char) -> char {
    single(char.to_uppercase()).unwrap_or(match char {
        '\u{1f80}'..='\u{1faf}' => char::from_u32(u32::from(char) | 8).unwrap_or(char),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(u32::from(char) + 9).unwrap_or(char),
        _ => char,
    })
}

fn lower_simple(char: char) -> char {
    if char == 'İ' { 'i' } else { single(char.to_lowercase()).unwrap_or(char) }
}

/// Where title case is not upper case: the Croatian letters of two, Georgian.
fn title_simple(char: char) -> char {
    match char {
        '\u{10d0}'..='\u{10ff}' => char,
        _ => digraph(char).unwrap_or_else(|| upper_simple(char)),
    }
}

fn title_of(char: char) -> Vec<char> {
    let simple = title_simple(char);
    if single(char.to_uppercase()).is_some()
        || simple != char
        || matches!(char, '\u{1f80}'..='\u{1faf}' | '\u{1fbc}' | '\u{1fcc}' | '\u{1ffc}')
    {
        return vec![simple];
    }
    // `ß` is `Ss`: the first letter large, the others small; an iota below stays below.
    let mut large = false;
    let one = |char: char| match char {
        _ if !large => {
            large = lower_simple(char) != char;
            char
        }
        '\u{399}' => '\u{345}',
        _ => lower_simple(char),
    };
    char.to_uppercase().map(one).collect()
}

/// Cherokee folds to upper case.
fn cherokee(char: char) -> Option<char> {
    match char {
        '\u{13a0}'..='\u{13f5}' => Some(char),
        '\u{13f8}'..='\u{13fd}' => char::from_u32(u32::from(char) - 8),
        '\u{ab70}'..='\u{abbf}' => char::from_u32(u32::from(char) - 0xab70 + 0x13a0),
        _ => None,
    }
}

fn fold_simple(char: char) -> char {
    match char {
        'İ' | 'ı' => char,
        _ => cherokee(char).unwrap_or_else(|| lower_simple(upper_simple(char))),
    }
}

fn fold(char: char) -> Vec<char> {
    if char == 'ı' {
        return vec![char];
    }
    if let Some(char) = cherokee(char) {
        return vec![char];
    }
    char.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// A text in which case no longer counts, to search in.
pub(super) fn without_case(php: &Php, chars: &[u32]) -> Vec<u32> {
    change(php, chars, if php.since(Version::V7_3) { Case::FoldSimple } else { Case::UpperSimple })
}
