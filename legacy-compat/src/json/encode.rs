//! `json_encode`.

use std::io::Write as _;

use super::string::{self, REPLACEMENT};
use super::*;
use crate::families::html::next_char;
use crate::float;
use crate::numeric;
use crate::value::{Array, KeyRef};

/// What `json_encode` made, and what it noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The text; with an error it is what `JSON_PARTIAL_OUTPUT_ON_ERROR` would show.
    pub text: Vec<u8>,
    /// What `json_last_error()` says: the last fault.
    pub error: Option<JsonError>,
}

/// `json_encode($value, $flags)`.
///
/// # Errors
/// The fault for which PHP answers false.
pub fn encode(php: &Php, value: &Value, flags: i64) -> Result<Vec<u8>, JsonError> {
    match encode_with(php, value, flags, DEFAULT_DEPTH) {
        Encoded { error: Some(error), .. } if flags & PARTIAL_OUTPUT_ON_ERROR == 0 => Err(error),
        encoded => Ok(encoded.text),
    }
}

/// `json_encode($value, $flags, $depth)`, with text and error both.
pub fn encode_with(php: &Php, value: &Value, flags: i64, depth: i64) -> Encoded {
    let mut writer =
        Writer { php, flags, max_depth: depth, depth: 0, out: Vec::with_capacity(128), error: None };
    let _ = writer.value(value);
    Encoded { text: writer.out, error: writer.error }
}

/// The writing ends here: an error without `JSON_PARTIAL_OUTPUT_ON_ERROR`.
struct Stop;

struct Writer<'a> {
    php: &'a Php,
    flags: i64,
    max_depth: i64,
    depth: i64,
    out: Vec<u8>,
    error: Option<JsonError>,
}

impl Writer<'_> {
    fn has(&self, flag: i64) -> bool {
        self.flags & flag != 0
    }

    /// Notes a fault; goes on with this text in place of the value where partial output is wanted.
    fn fault(&mut self, error: JsonError, instead: &[u8]) -> Result<(), Stop> {
        self.error = Some(error);
        self.out.extend_from_slice(instead);
        if self.has(PARTIAL_OUTPUT_ON_ERROR) { Ok(()) } else { Err(Stop) }
    }

    fn value(&mut self, value: &Value) -> Result<(), Stop> {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(int) => self.int(*int),
            Value::Float(float) => return self.float(*float),
            Value::Str(text) => return self.string(text, self.has(NUMERIC_CHECK)),
            Value::Array(array) => {
                let as_object = self.has(FORCE_OBJECT) || !array.is_list();
                return self.members(array, as_object);
            }
            Value::Object(object) => return self.members(object.props(), true),
        }
        Ok(())
    }

    fn int(&mut self, int: i64) {
        // Writing to a vector cannot fail.
        let _ = write!(self.out, "{int}");
    }

    fn float(&mut self, value: f64) -> Result<(), Stop> {
        if !self.php.takes_for_finite(value) {
            return self.fault(JsonError::InfOrNan, b"0");
        }
        let precision =
            if self.php.since(Version::V7_1) { self.php.serialize_precision } else { self.php.precision };
        let text = float::to_text(value, precision, b'e');
        let whole = !text.contains(&b'.');
        self.out.extend_from_slice(&text);
        if whole && self.has(PRESERVE_ZERO_FRACTION) {
            self.out.extend_from_slice(b".0");
        }
        Ok(())
    }

    fn members(&mut self, array: &Array, as_object: bool) -> Result<(), Stop> {
        let (open, close) = if as_object { (b'{', b'}') } else { (b'[', b']') };
        self.out.push(open);
        self.depth += 1;
        for (index, (key, value)) in array.iter_ref().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.line();
            if as_object {
                self.name(key)?;
            }
            self.value(value)?;
        }
        self.depth -= 1;
        // PHP finds on the way out that it went too deep.
        if self.depth + 1 > self.max_depth {
            self.error = Some(JsonError::Depth);
            if !self.has(PARTIAL_OUTPUT_ON_ERROR) {
                return Err(Stop);
            }
        }
        if !array.is_empty() {
            self.line();
        }
        self.out.push(close);
        Ok(())
    }

    fn line(&mut self) {
        if self.has(PRETTY_PRINT) {
            self.out.push(b'\n');
            let indent = 4 * self.depth.max(0) as usize;
            self.out.resize(self.out.len() + indent, b' ');
        }
    }

    fn name(&mut self, key: KeyRef<'_>) -> Result<(), Stop> {
        match key {
            KeyRef::Int(int) => {
                self.out.push(b'"');
                self.int(int);
                self.out.push(b'"');
            }
            KeyRef::Str(name) => {
                let start = self.out.len();
                self.string(name, false)?;
                // A name that could not be written is empty.
                if self.out[start..] == *b"null" && self.php.since(Version::V7_2) {
                    self.out.truncate(start);
                    self.out.extend_from_slice(b"\"\"");
                }
            }
        }
        self.out.extend_from_slice(if self.has(PRETTY_PRINT) { b": " } else { b":" });
        Ok(())
    }

    fn string(&mut self, text: &[u8], numeric_check: bool) -> Result<(), Stop> {
        let number = if numeric_check { numeric::whole(self.php, text) } else { None };
        if let Some(found) = number.filter(|found| self.php.takes_for_finite(found.number.to_f64())) {
            return self.value(&found.number.into());
        }
        let start = self.out.len();
        self.out.push(b'"');
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.iter().position(|byte| !PLAIN[usize::from(*byte)]).unwrap_or(rest.len());
            self.out.extend_from_slice(&rest[..plain]);
            rest = &rest[plain..];
            let Some(byte) = rest.first() else { break };
            let len = match (byte, string::utf8_len(rest)) {
                (..0x80, _) => {
                    self.ascii(*byte);
                    1
                }
                (_, Some(len)) => {
                    self.unicode(&rest[..len]);
                    len
                }
                (_, None) => match string::utf8_flags(self.php, self.flags) {
                    0 => {
                        self.out.truncate(start);
                        return self.fault(JsonError::Utf8, b"null");
                    }
                    flags => {
                        if flags & INVALID_UTF8_IGNORE == 0 {
                            self.unicode(REPLACEMENT);
                        }
                        next_char(rest).1
                    }
                },
            };
            rest = &rest[len..];
        }
        self.out.push(b'"');
        Ok(())
    }

    fn ascii(&mut self, byte: u8) {
        let escaped: &[u8] = match byte {
            b'"' if self.has(HEX_QUOT) => br"\u0022",
            b'"' => br#"\""#,
            b'\\' => br"\\",
            b'/' if self.has(UNESCAPED_SLASHES) => b"/",
            b'/' => br"\/",
            0x08 => br"\b",
            0x0c => br"\f",
            b'\n' => br"\n",
            b'\r' => br"\r",
            b'\t' => br"\t",
            b'<' if self.has(HEX_TAG) => br"\u003C",
            b'>' if self.has(HEX_TAG) => br"\u003E",
            b'&' if self.has(HEX_AMP) => br"\u0026",
            b'\'' if self.has(HEX_APOS) => br"\u0027",
            ..0x20 => return self.escape_unit(byte.into()),
            _ => return self.out.push(byte),
        };
        self.out.extend_from_slice(escaped);
    }

    fn escape_unit(&mut self, unit: u16) {
        let digit = |shift: u16| b"0123456789abcdef"[usize::from(unit >> shift & 15)];
        self.out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
    }

    /// One character of several bytes, escaped unless told otherwise.
    fn unicode(&mut self, bytes: &[u8]) {
        let code = std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()).unwrap_or('\u{fffd}');
        let line_end = matches!(code, '\u{2028}' | '\u{2029}')
            && self.php.since(Version::V7_1)
            && !self.has(UNESCAPED_LINE_TERMINATORS);
        if self.has(UNESCAPED_UNICODE) && !line_end {
            return self.out.extend_from_slice(bytes);
        }
        for unit in code.encode_utf16(&mut [0; 2]) {
            self.escape_unit(*unit);
        }
    }
}

/// Bytes that stand for themselves whatever the flags.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = is_plain(byte as u8);
        byte += 1;
    }
    plain
};

const fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..0x80) && !matches!(byte, b'"' | b'\\' | b'/' | b'<' | b'>' | b'&' | b'\'')
}
