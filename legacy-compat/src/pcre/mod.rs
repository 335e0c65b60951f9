//! Regular expressions: PHP's delimiters and modifiers on PCRE2, and the `preg_*` functions.

mod code;
mod dialect;
mod functions;
mod replace;
mod split;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use pcre2_sys::*;

pub use functions::{preg_match, preg_quote};

pub(crate) use code::{Code, Found};

use crate::call::{Ctx, Row};
use crate::php::{Php, Version};

/// The rows of all functions.
pub(crate) fn rows() -> Vec<Vec<Row>> {
    vec![functions::ROWS.to_vec(), replace::ROWS.to_vec(), split::ROWS.to_vec()]
}

/// `PREG_INTERNAL_ERROR`
pub(crate) const INTERNAL_ERROR: i64 = 1;
/// `PREG_BACKTRACK_LIMIT_ERROR`
pub(crate) const BACKTRACK_LIMIT_ERROR: i64 = 2;

/// `PREG_BAD_UTF8_ERROR`
pub(crate) const BAD_UTF8_ERROR: i64 = 4;

/// The number for `preg_last_error()` of one of PCRE2's.
fn error_code(error: i32) -> i64 {
    match error {
        PCRE2_ERROR_MATCHLIMIT => BACKTRACK_LIMIT_ERROR,
        PCRE2_ERROR_RECURSIONLIMIT => 3,
        PCRE2_ERROR_BADUTFOFFSET => 5,
        PCRE2_ERROR_JIT_STACKLIMIT => 6,
        PCRE2_ERROR_UTF8_ERR21..=PCRE2_ERROR_UTF8_ERR1 => BAD_UTF8_ERROR,
        _ => INTERNAL_ERROR,
    }
}

/// A pattern as PHP writes it, compiled: `/^a.c$/iu`.
pub(crate) struct Regex {
    pub code: Code,
    /// Has the modifier `e`, that the replacement is code, which is known up to 7.2.
    pub eval: bool,
}

type Cache = HashMap<(Version, Vec<u8>), Arc<Regex>>;

/// How many compiled patterns a thread keeps, as PHP does.
const CACHE: usize = 4096;

thread_local! {
    static COMPILED: RefCell<Cache> = RefCell::new(HashMap::new());
}

impl Regex {
    /// Compiles, or takes what was compiled before.
    ///
    /// # Errors
    /// PHP's warning.
    pub(crate) fn get(php: &Php, pattern: &[u8]) -> Result<Arc<Self>, String> {
        let key = (php.version, pattern.to_vec());
        if let Some(known) = COMPILED.with_borrow(|compiled| compiled.get(&key).cloned()) {
            return Ok(known);
        }
        let regex = Arc::new(Self::compile(php, pattern)?);
        COMPILED.with_borrow_mut(|compiled| {
            if compiled.len() >= CACHE {
                compiled.clear();
            }
            compiled.insert(key, regex.clone());
        });
        Ok(regex)
    }

    fn compile(php: &Php, text: &[u8]) -> Result<Self, String> {
        let nul_allowed = php.since(Version::V8_2);
        let start = text.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
        let (open, rest) = match &text[start..] {
            [] => return Err("Empty regular expression".into()),
            [0, ..] => return Err("Delimiter must not be alphanumeric, backslash, or NUL".into()),
            [open, ..] if open.is_ascii_alphanumeric() || *open == b'\\' => {
                return Err("Delimiter must not be alphanumeric, backslash, or NUL".into());
            }
            [open, rest @ ..] => (*open, rest),
        };
        let end = closing(open, rest).ok_or("No ending delimiter found")?;
        let (pattern, modifiers) = (&rest[..end], &rest[end + 1..]);
        if pattern.contains(&0) && !nul_allowed {
            return Err("NUL is not a valid pattern byte".into());
        }
        let options = options_of(php, modifiers)?;
        let code = dialect::compile(php, pattern, options, modifiers.contains(&b'X'))?;
        Ok(Self { code, eval: modifiers.contains(&b'e') })
    }
}

/// Where the pattern ends: at the closing bracket of the same level, or the next delimiter that is not escaped.
fn closing(open: u8, rest: &[u8]) -> Option<usize> {
    let close = match open {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        other => other,
    };
    let (mut depth, mut at) = (1, 0);
    while at < rest.len() {
        match rest[at] {
            b'\\' if at + 1 < rest.len() => at += 1,
            byte if byte == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            byte if byte == open => depth += 1,
            _ => {}
        }
        at += 1;
    }
    None
}

fn options_of(php: &Php, modifiers: &[u8]) -> Result<u32, String> {
    let mut options = 0;
    for modifier in modifiers {
        options |= match modifier {
            b'i' => PCRE2_CASELESS,
            b'm' => PCRE2_MULTILINE,
            b's' => PCRE2_DOTALL,
            b'x' => PCRE2_EXTENDED,
            b'A' => PCRE2_ANCHORED,
            b'D' => PCRE2_DOLLAR_ENDONLY,
            b'U' => PCRE2_UNGREEDY,
            b'J' => PCRE2_DUPNAMES,
            b'u' => PCRE2_UTF | PCRE2_UCP,
            b'n' if php.since(Version::V8_2) => PCRE2_NO_AUTO_CAPTURE,
            b'r' if php.since(Version::V8_4) => 0,
            b'S' | b'X' | b' ' | b'\n' => 0,
            b'\r' if php.since(Version::V7_0) => 0,
            b'e' if !php.since(Version::V7_3) => 0, // the replacement is code, which nothing here runs
            0 => return Err("NUL is not a valid modifier".into()),
            other => return Err(format!("Unknown modifier '{}'", char::from(*other))),
        };
    }
    Ok(options)
}

/// One after the other the matches in a subject, empty ones included, as `/g` does it in Perl.
pub(crate) struct Matches<'a> {
    php: &'a Php,
    regex: &'a Regex,
    subject: &'a [u8],
    offset: usize,
    options: u32,
    /// The subject is known to be UTF-8: to check all of it for each match would take time by its square.
    checked: bool,
    done: bool,
}

impl<'a> Matches<'a> {
    pub(crate) fn new(php: &'a Php, regex: &'a Regex, subject: &'a [u8], offset: usize) -> Self {
        Self { php, regex, subject, offset, options: 0, checked: false, done: false }
    }

    /// The length of the character at the offset.
    fn step(&self) -> usize {
        let rest = &self.subject[self.offset..];
        match self.regex.code.utf {
            true => 1 + rest.iter().skip(1).take_while(|byte| **byte & 0xc0 == 0x80).count(),
            false => 1,
        }
    }

    /// The option not to check the subject again. Within a character, where `\C` may have ended, PCRE2 has to refuse to begin.
    fn unchecked(&self) -> u32 {
        let within = self.subject.get(self.offset).is_some_and(|byte| byte & 0xc0 == 0x80);
        if self.checked && !within { PCRE2_NO_UTF_CHECK } else { 0 }
    }
}

impl Iterator for Matches<'_> {
    type Item = Result<Found, i32>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            match self.regex.code.find(self.php, self.subject, self.offset, self.options | self.unchecked()) {
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
                Ok(Some(found)) => {
                    self.checked = true;
                    let (start, end) = found.whole();
                    self.options = if start == end { PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED } else { 0 };
                    self.offset = end;
                    return Some(Ok(found));
                }
                // Behind an empty match nothing else starts here: go on one character further.
                Ok(None) if self.options != 0 && self.offset < self.subject.len() => {
                    self.offset += self.step();
                    self.options = 0;
                }
                Ok(None) => self.done = true,
            }
        }
        None
    }
}

impl Ctx<'_> {
    /// Compiles a pattern, with PHP's warning where it is none.
    pub(crate) fn regex(&mut self, name: &str, pattern: &[u8]) -> Option<Arc<Regex>> {
        match Regex::get(self.php, pattern) {
            Ok(regex) => {
                self.preg_error = 0;
                Some(regex)
            }
            Err(message) => {
                self.warn(format!("{name}(): {message}"));
                if !self.php.is_5() {
                    self.preg_error = INTERNAL_ERROR;
                }
                None
            }
        }
    }
}
