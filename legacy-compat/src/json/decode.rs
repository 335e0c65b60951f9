//! `json_decode`: one pass, no recursion, PHP's order of errors.

use super::string::{self, Text};
use super::{BIGINT_AS_STRING, DEFAULT_DEPTH, JsonError};
use crate::php::{Php, Version};
use crate::value::{Array, Key, Object, Str, Value};

/// However deep the caller allows: deeper than this is refused as [`JsonError::Depth`], so that no walk of the value can exhaust
/// the stack.
const MAX_DEPTH: usize = 4096;

/// How to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decode {
    /// Objects as arrays (`json_decode($json, true)`), else as `stdClass`.
    pub assoc: bool,
    /// PHP's depth: arrays and objects nest one level less. At most 4,096.
    pub depth: usize,
    /// `JSON_BIGINT_AS_STRING` and the flags for invalid UTF-8.
    pub flags: i64,
}

impl Decode {
    /// Objects as arrays, the usual depth, no flags.
    pub const fn assoc() -> Self {
        Self { assoc: true, depth: DEFAULT_DEPTH as usize, flags: 0 }
    }

    /// Objects as `stdClass`, the usual depth, no flags.
    pub const fn objects() -> Self {
        Self { assoc: false, ..Self::assoc() }
    }
}

/// Decodes a JSON text.
///
/// ```
/// use legacy_compat::{Php, Version, json};
/// let php = Php::new(Version::V8_2);
/// let value = json::decode(&php, br#"{"a": [1, 2.0], "a": "last wins"}"#, json::Decode::assoc()).unwrap();
/// assert_eq!(value.at("a").as_bytes(), Some(&b"last wins"[..]));
/// ```
///
/// # Errors
/// The first fault of the text.
pub fn decode(php: &Php, json: &[u8], options: Decode) -> Result<Value, JsonError> {
    let json = if php.is_5() { json.trim_ascii() } else { json };
    if php.is_5() && !matches!(json.first(), Some(b'[' | b'{' | b'"')) {
        return scalar_5(php, json, options.flags);
    }
    let mut parser = Parser { php, json, at: 0, options };
    let value = parser.document()?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(value),
        Some(b']' | b'}') if php.is_5() => Err(JsonError::StateMismatch),
        Some(_) => Err(parser.unexpected()),
    }
}

/// PHP 5 takes any numeric string for a number, and the literals, at the top.
fn scalar_5(php: &Php, json: &[u8], flags: i64) -> Result<Value, JsonError> {
    match json {
        b"true" => Ok(Value::TRUE),
        b"false" => Ok(Value::FALSE),
        b"null" => Ok(Value::Null),
        _ => match crate::numeric::whole(php, json) {
            Some(found) if found.overflow != 0 && flags & BIGINT_AS_STRING != 0 => Ok(Value::string(json)),
            Some(found) => Ok(found.number.into()),
            None if matches!(json.first(), Some(..0x20)) => Err(JsonError::ControlCharacter),
            None if std::str::from_utf8(json).is_err() => Err(JsonError::Utf8),
            None => Err(JsonError::Syntax),
        },
    }
}

struct Parser<'a> {
    php: &'a Php,
    json: &'a [u8],
    at: usize,
    options: Decode,
}

/// An array or object that is not closed yet.
struct Open {
    array: Array,
    /// The name whose value comes next, in an object.
    name: Option<Key>,
    is_object: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The fault of a byte that no token starts with, or that stands where it may not.
    fn unexpected(&self) -> JsonError {
        let rest = &self.json[self.at..];
        match rest.first() {
            None => JsonError::Syntax,
            Some(..0x20) => JsonError::ControlCharacter,
            Some(b'"') => self.clone_at().string().err().unwrap_or(JsonError::Syntax),
            Some(..0x80) => JsonError::Syntax,
            Some(_) if string::utf8_len(rest).is_some() => JsonError::Syntax,
            Some(_) => JsonError::Utf8,
        }
    }

    fn clone_at(&self) -> Parser<'_> {
        Parser { php: self.php, json: self.json, at: self.at, options: self.options }
    }

    fn document(&mut self) -> Result<Value, JsonError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip_blanks();
            let mut value = match self.peek() {
                Some(bracket @ (b'[' | b'{')) => match self.open(bracket, &mut open)? {
                    Some(empty) => empty,
                    None => continue,
                },
                _ => self.scalar()?,
            };
            // The value is whole: put it into what encloses it, and close what ends here.
            loop {
                let Some(parent) = open.last_mut() else { return Ok(value) };
                match parent.name.take() {
                    Some(name) => parent.array.insert(name, value),
                    None => parent.array.push(value).map_err(|_| JsonError::Depth)?,
                }
                if self.next_or_close(open.last().is_some_and(|open| open.is_object))? {
                    if let Some(parent) = open.last_mut().filter(|open| open.is_object) {
                        let name = self.name()?;
                        parent.name = Some(name);
                    }
                    break;
                }
                let Some(closed) = open.pop() else { return Err(JsonError::Syntax) };
                value = self.close(closed);
            }
        }
    }

    /// Reads an opening bracket: the empty array or object, or none where members follow.
    fn open(&mut self, bracket: u8, open: &mut Vec<Open>) -> Result<Option<Value>, JsonError> {
        if open.len() + 1 >= self.options.depth.min(MAX_DEPTH) {
            return Err(JsonError::Depth);
        }
        self.at += 1;
        self.skip_blanks();
        let is_object = bracket == b'{';
        let array = if is_object { Array::map_with_capacity(0) } else { Array::new() };
        let mut opened = Open { array, name: None, is_object };
        match self.peek() {
            Some(b']' | b'}') => {
                self.closing(is_object)?;
                return Ok(Some(self.close(opened)));
            }
            _ if is_object => opened.name = Some(self.name()?),
            _ => {}
        }
        open.push(opened);
        Ok(None)
    }

    fn close(&self, closed: Open) -> Value {
        match closed.is_object && !self.options.assoc {
            true => Value::Object(Object::std(closed.array)),
            false => Value::Array(closed.array),
        }
    }

    /// After a member: true for a comma, false for the closing bracket.
    fn next_or_close(&mut self, is_object: bool) -> Result<bool, JsonError> {
        self.skip_blanks();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_blanks();
                Ok(true)
            }
            Some(b']' | b'}') => self.closing(is_object).map(|()| false),
            _ => Err(self.unexpected()),
        }
    }

    fn closing(&mut self, is_object: bool) -> Result<(), JsonError> {
        let wanted = if is_object { b'}' } else { b']' };
        if self.peek() != Some(wanted) {
            return Err(JsonError::StateMismatch);
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a member's name and the colon.
    fn name(&mut self) -> Result<Key, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let text = self.string()?;
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err(self.unexpected());
        }
        self.at += 1;
        if self.options.assoc {
            return Ok(self.php.int_size.key(Key::from_text(text)));
        }
        match text.first() {
            Some(0) => Err(JsonError::InvalidPropertyName),
            None if !self.php.since(Version::V7_1) => Ok(Key::from("_empty_")),
            _ => Ok(Key::Str(text)),
        }
    }

    fn scalar(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Str),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true", Value::TRUE),
            Some(b'f') => self.literal(b"false", Value::FALSE),
            Some(b'n') => self.literal(b"null", Value::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn literal(&mut self, word: &[u8], value: Value) -> Result<Value, JsonError> {
        if !self.json[self.at..].starts_with(word) {
            return Err(JsonError::Syntax);
        }
        self.at += word.len();
        Ok(value)
    }

    fn string(&mut self) -> Result<Str, JsonError> {
        let Text { text, len } = string::read(&self.json[self.at..], self.options.flags, self.php)?;
        self.at += len;
        Ok(text)
    }

    fn digits(&self, from: usize) -> usize {
        self.json[from..].iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        let mut end = start + usize::from(self.json[start] == b'-');
        let whole = match self.json.get(end) {
            Some(b'0') => 1,
            _ => self.digits(end),
        };
        if whole == 0 {
            return Err(JsonError::Syntax);
        }
        end += whole;
        let integer_end = end;
        if self.json.get(end) == Some(&b'.') {
            let fraction = self.digits(end + 1);
            end += if fraction > 0 || self.php.is_5() { 1 + fraction } else { 0 };
        }
        if let Some(b'e' | b'E') = self.json.get(end) {
            let sign = usize::from(matches!(self.json.get(end + 1), Some(b'-' | b'+')));
            let exponent = self.digits(end + 1 + sign);
            end += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        self.at = end;
        let text = std::str::from_utf8(&self.json[start..end]).unwrap_or("0");
        if end > integer_end {
            return Ok(Value::Float(text.parse().unwrap_or(0.0)));
        }
        Ok(self.integer(text))
    }

    fn integer(&self, text: &str) -> Value {
        match text.parse::<i64>() {
            Ok(int) if self.php.int_size.holds(int) => Value::Int(int),
            _ if self.options.flags & BIGINT_AS_STRING != 0 => Value::from(text),
            _ => Value::Float(text.parse().unwrap_or(0.0)),
        }
    }
}
