//! A line of CSV, read and written: `str_getcsv`, `fgetcsv`, `fputcsv`.

use crate::call::{Args, Ctx, Level, Outcome, Row, ok};
use crate::error::{ErrorClass, Thrown};
use crate::families::types::text_of;
use crate::php::{Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[(
    "str_getcsv(string $string, string $separator = \",\", string $enclosure = \"\\\"\", string $escape = \"\\\\\")",
    str_getcsv,
)];

/// What separates fields, what encloses them, and what keeps an enclosure from ending one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Between fields.
    pub separator: u8,
    /// Around fields that need it.
    pub enclosure: u8,
    /// Before an enclosure that does not end the field; none from 7.4 where it is `""`.
    pub escape: Option<u8>,
}

impl Default for Format {
    fn default() -> Self {
        Self { separator: b',', enclosure: b'"', escape: Some(b'\\') }
    }
}

fn str_getcsv(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let mut format = Format::default();
    let strict = ctx.php.since(Version::V8_4);
    for (index, name) in [(1, "separator"), (2, "enclosure"), (3, "escape")] {
        let Some(given) = args.opt_bytes(index).filter(|_| args.has(index)) else { continue };
        let allowed = given.len() == 1 || index == 3 && given.is_empty();
        if strict && !allowed {
            let or_empty = if index == 3 { "empty or " } else { "" };
            let message = format!(
                "str_getcsv(): Argument #{} (${name}) must be {or_empty}a single character",
                index + 1
            );
            return Err(Thrown::new(ErrorClass::ValueError, message));
        }
        match (index, given.first()) {
            (1, Some(first)) => format.separator = *first,
            (2, Some(first)) => format.enclosure = *first,
            (3, Some(first)) => format.escape = Some(*first),
            (3, None) if ctx.php.since(Version::V7_4) => format.escape = None,
            _ => {}
        }
    }
    ok(match read(ctx.php, args.bytes(0), format) {
        Some(fields) => fields.into_iter().collect::<Array>(),
        None => Array::from(vec![Value::Null]),
    })
}

/// Where the text ends before its last line break.
fn without_break(text: &[u8]) -> usize {
    match text {
        [.., b'\r', b'\n'] => text.len() - 2,
        [.., b'\r' | b'\n'] => text.len() - 1,
        _ => text.len(),
    }
}

/// The fields of a line; none where it is empty. Broken enclosures are read as PHP reads them, to the end of the text.
#[doc(alias("str_getcsv", "fgetcsv"))]
pub fn read(php: &Php, text: &[u8], format: Format) -> Option<Vec<Vec<u8>>> {
    let end = without_break(text);
    let mut fields = Vec::new();
    let mut line = Line { text, end, at: 0, format, reads_on: !php.since(Version::V8_3) };
    loop {
        let left = line.at < end;
        if left {
            line.skip_blanks_before_enclosure();
        }
        if fields.is_empty() && line.at == end {
            return None;
        }
        let (field, more) = match left && line.byte() == format.enclosure {
            true => line.enclosed(),
            false => line.plain(),
        };
        fields.push(field);
        if !more {
            return Some(fields);
        }
    }
}

struct Line<'a> {
    text: &'a [u8],
    /// Where the line break starts.
    end: usize,
    at: usize,
    format: Format,
    /// Whether one byte too many is read behind an enclosure that nothing follows, as PHP up to 8.2 does.
    reads_on: bool,
}

impl Line<'_> {
    /// The byte here; PHP's strings end in a NUL, which broken enclosures run into.
    fn byte(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn slice(&self, from: usize, to: usize) -> &[u8] {
        &self.text[from.min(self.text.len())..to.min(self.text.len())]
    }

    fn skip_blanks_before_enclosure(&mut self) {
        let blank = |byte: &u8| crate::numeric::is_blank(*byte) && *byte != self.format.separator;
        let rest = &self.text[self.at..];
        let blanks = rest.iter().take_while(|byte| blank(byte)).count();
        if self.at + blanks < self.end && self.text[self.at + blanks] == self.format.enclosure {
            self.at += blanks;
        }
    }

    fn find_separator(&mut self) {
        while self.at < self.end && self.byte() != self.format.separator {
            self.at += 1;
        }
    }

    /// A field without enclosure, less a line break at its end; and whether another follows.
    fn plain(&mut self) -> (Vec<u8>, bool) {
        let start = self.at;
        self.find_separator();
        let field = self.slice(start, self.at);
        let field = field[..without_break(field)].to_vec();
        let more = self.at < self.end;
        self.at += usize::from(more);
        (field, more)
    }

    /// A field in enclosures; what stands between its end and the separator belongs to it too.
    fn enclosed(&mut self) -> (Vec<u8>, bool) {
        self.at += 1;
        let mut field = Vec::new();
        let (opened, mut start) = (self.at, self.at);
        let mut escaped = false;
        loop {
            if self.at >= self.end {
                field.extend_from_slice(self.slice(start, self.end));
                field.extend_from_slice(&self.text[self.end..]);
                if opened == self.end && self.reads_on {
                    // The line break once more, or the NUL that PHP's strings end in.
                    field.push(self.byte());
                }
                return (field, false);
            }
            let byte = self.byte();
            self.at += 1;
            if escaped {
                escaped = false;
            } else if byte == self.format.enclosure {
                if self.at < self.end && self.byte() == self.format.enclosure {
                    field.extend_from_slice(self.slice(start, self.at));
                    self.at += 1;
                    start = self.at;
                } else {
                    field.extend_from_slice(self.slice(start, self.at - 1));
                    break;
                }
            } else if Some(byte) == self.format.escape {
                escaped = true;
            }
        }
        let rest = self.at;
        self.find_separator();
        field.extend_from_slice(self.slice(rest, self.at));
        let more = self.at < self.end;
        self.at += usize::from(more);
        (field, more)
    }
}

/// The format that `fputcsv` was given; none where it refuses with a warning, up to 7.4.
///
/// # Errors
/// A `ValueError` from 8.0, where one of them is no single byte.
pub fn put_format(ctx: &mut Ctx<'_>, given: [Option<&[u8]>; 3]) -> Result<Option<Format>, Thrown> {
    let mut bytes = [Some(b','), Some(b'"'), Some(b'\\')];
    for (index, (name, text)) in ["separator", "enclosure", "escape"].into_iter().zip(given).enumerate() {
        let Some(text) = text else { continue };
        bytes[index] = text.first().copied();
        let none_allowed = index == 2 && ctx.php.since(Version::V7_4);
        if text.len() == 1 || text.is_empty() && none_allowed {
            continue;
        }
        let message = format!("fputcsv(): Argument #{} (${name}) must be a single character", index + 3);
        if ctx.php.is_8() {
            return Err(Thrown::new(ErrorClass::ValueError, message));
        }
        let level = if text.is_empty() { Level::Warning } else { Level::Notice };
        ctx.note(level, message);
        if text.is_empty() {
            return Ok(None);
        }
    }
    let [separator, enclosure, escape] = bytes;
    Ok(separator.zip(enclosure).map(|(separator, enclosure)| Format { separator, enclosure, escape }))
}

/// The fields as a line of CSV, its line break included: what `fputcsv` writes.
///
/// # Errors
/// Where an object is no string.
#[doc(alias = "fputcsv")]
pub fn write(ctx: &mut Ctx<'_>, fields: &Array, format: Format) -> Result<Vec<u8>, Thrown> {
    let mut line = Vec::new();
    for (index, value) in fields.values().enumerate() {
        if index > 0 {
            line.push(format.separator);
        }
        let text = text_of(ctx, value)?;
        if text.iter().any(|byte| needs_enclosure(*byte, format)) {
            enclose(&mut line, &text, format);
        } else {
            line.extend_from_slice(&text);
        }
    }
    line.push(b'\n');
    Ok(line)
}

fn needs_enclosure(byte: u8, format: Format) -> bool {
    byte == format.separator
        || byte == format.enclosure
        || Some(byte) == format.escape
        || matches!(byte, b'\n' | b'\r' | b'\t' | b' ')
}

fn enclose(line: &mut Vec<u8>, text: &[u8], format: Format) {
    line.push(format.enclosure);
    let mut escaped = false;
    for byte in text {
        if Some(*byte) == format.escape {
            escaped = true;
        } else if !escaped && *byte == format.enclosure {
            line.push(format.enclosure);
        } else {
            escaped = false;
        }
        line.push(*byte);
    }
    line.push(format.enclosure);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(version: Version, line: &str) -> Vec<String> {
        let fields = read(&Php::new(version), line.as_bytes(), Format::default()).unwrap_or_default();
        fields.into_iter().map(|field| String::from_utf8(field).unwrap()).collect()
    }

    #[test]
    fn reads_enclosures_as_php_does() {
        let rows: [(&str, &[&str]); 11] = [
            ("a,b", &["a", "b"]),
            ("\"a\"\"b\",c", &["a\"b", "c"]),
            ("\"a\"b,c", &["ab", "c"]),
            (" \"a\" ,c", &["a ", "c"]),
            ("\"a\\\"b\"", &["a\\\"b"]),
            ("a,\"b\n", &["a", "b\n"]),
            ("a\n,b", &["a", "b"]),
            ("a,", &["a", ""]),
            ("\"", &["\0"]),
            ("\"\"\n", &[""]),
            ("\n", &[]),
        ];
        for (line, wanted) in rows {
            assert_eq!(fields(Version::V8_2, line), wanted, "{line:?}");
        }
    }

    #[test]
    fn an_enclosure_that_nothing_follows_is_empty_from_8_3() {
        for (line, before, since) in [("\"", "\0", ""), ("\"\n", "\n\n", "\n"), ("\"a", "a", "a")] {
            assert_eq!(fields(Version::V8_2, line), [before], "{line:?}");
            assert_eq!(fields(Version::V8_3, line), [since], "{line:?}");
        }
    }
}
