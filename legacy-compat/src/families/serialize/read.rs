//! What `unserialize` reads, value by value.

use super::classes::{self, Keeper, Making};
use crate::error::Thrown;
use crate::numeric;
use crate::php::{Php, Version};
use crate::value::{Array, Key, Object, Str, Value, deeper};

/// The value that a text begins with, and how many bytes it takes: sessions are made of such.
pub(crate) fn unserialize_prefix(php: &Php, text: &[u8]) -> Option<(Value, usize)> {
    let mut reader = Reader::new(php, text, Allowed::All, MAX_DEPTH);
    let value = reader.value(0)?;
    Some((value, reader.at))
}

/// PHP's default of `unserialize_max_depth`, and as deep as this reader goes.
pub(super) const MAX_DEPTH: usize = 4096;

/// The most that a text may grow to where references point to the same values again and again, in bytes: written out they
/// would double with every step.
const EXPANDED_MAX: usize = 64 << 20;

/// A value that references may point to.
enum Slot {
    /// One that is not complete yet.
    Open { is_object: bool },
    Complete {
        value: Value,
        /// In bytes, what it refers to included.
        size: usize,
        /// How many values lie within each other in it.
        height: usize,
    },
}

pub(super) struct Reader<'a> {
    php: &'a Php,
    text: &'a [u8],
    at: usize,
    allowed: Allowed<'a>,
    /// How deep arrays and objects may nest.
    max_depth: usize,
    /// The values read so far, to which references point by number.
    slots: Vec<Slot>,
    /// How much has been read, in bytes, what references point to counted each time.
    size: usize,
    /// How deep the deepest of the values lies that belong to the one that is being read.
    deepest: usize,
    /// What was thrown on the way, which ended it.
    thrown: Option<Thrown>,
    /// What an object throws that has been read whole, when everything is read.
    complaint: Option<Thrown>,
}

/// Which classes objects may be of; those of others are incomplete.
#[derive(Clone, Copy)]
pub(super) enum Allowed<'a> {
    All,
    Nothing,
    /// Those of a list of names.
    These(&'a Array),
}

impl Allowed<'_> {
    fn has(self, class: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::These(names) => names
                .values()
                .any(|name| name.as_bytes().is_some_and(|name| name.eq_ignore_ascii_case(class))),
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(php: &'a Php, text: &'a [u8], allowed: Allowed<'a>, max_depth: usize) -> Self {
        let slots = Vec::new();
        Self {
            php,
            text,
            at: 0,
            allowed,
            max_depth,
            slots,
            size: 0,
            deepest: 0,
            thrown: None,
            complaint: None,
        }
    }

    /// The whole of a text: none where it is no value.
    ///
    /// # Errors
    /// What PHP throws about an object in it, be the rest right or not.
    pub(super) fn whole(mut self) -> Result<Option<Value>, Thrown> {
        let value = self.value(0);
        self.thrown.or(self.complaint).map_or(Ok(value), Err)
    }

    /// Ends the reading.
    fn throw<T>(&mut self, thrown: Thrown) -> Option<T> {
        self.thrown.get_or_insert(thrown);
        None
    }

    fn expect(&mut self, bytes: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(bytes).then(|| self.at += bytes.len())
    }

    /// Up to a byte, which is skipped.
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let text = &self.text[self.at..];
        let len = memchr::memchr(end, text)?;
        self.at += len + 1;
        Some(&text[..len])
    }

    fn length(&mut self, end: u8) -> Option<usize> {
        let digits = self.until(end)?;
        let digits =
            if self.php.since(Version::V7_2) { digits } else { digits.strip_prefix(b"+").unwrap_or(digits) };
        let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        plain.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
    }

    fn int(&mut self) -> Option<i64> {
        let text = self.until(b';')?;
        let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        plain.then(|| numeric::strtol(text, 10))
    }

    /// A value, which takes a number of its own unless it is a reference (`R`).
    pub(super) fn value(&mut self, depth: usize) -> Option<Value> {
        if self.text.get(self.at) == Some(&b'R') {
            self.at += 1;
            return self.referred(depth, None);
        }
        let slot = self.slots.len();
        let kind = self.text.get(self.at).copied();
        self.slots.push(Slot::Open { is_object: matches!(kind, Some(b'O' | b'C')) });
        let (before, around) = (self.size, std::mem::replace(&mut self.deepest, depth));
        let value = deeper(|| self.unnumbered(depth))?;
        let (size, height) = (self.size - before, self.deepest - depth);
        // What a reference brought did not come to its number in 5.6.
        let known = if kind == Some(b'r') && self.php.is_5() { Value::Null } else { value.clone() };
        self.slots[slot] = Slot::Complete { value: known, size, height };
        self.deepest = self.deepest.max(around);
        Some(value)
    }

    /// `:3;`, the value of that number, which is not its own and stands here once more.
    fn referred(&mut self, depth: usize, own: Option<usize>) -> Option<Value> {
        self.expect(b":")?;
        let number = self.length(b';').filter(|number| own != Some(*number))?;
        // From 7.3 only an object stands in two places by itself.
        let any = own.is_none() || !self.php.since(Version::V7_3);
        match self.slots.get(number.checked_sub(1)?)? {
            Slot::Complete { value, size, height } => {
                self.size += size;
                self.deepest = self.deepest.max(depth + height);
                let fits = self.size <= EXPANDED_MAX && self.deepest <= MAX_DEPTH;
                (fits && (any || matches!(value, Value::Object(_)))).then(|| value.clone())
            }
            Slot::Open { is_object } if any || *is_object => {
                Some(Value::Object(Object::new(Str::from("*RECURSION*"), Array::new())))
            }
            Slot::Open { .. } => None,
        }
    }

    fn unnumbered(&mut self, depth: usize) -> Option<Value> {
        let kind = *self.text.get(self.at)?;
        self.size += 1;
        if kind == b'r' {
            self.at += 1;
            return self.referred(depth, Some(self.slots.len()));
        }
        if kind == b'N' {
            self.at += 1;
            self.expect(b";")?;
            return Some(Value::Null);
        }
        self.at += 1;
        self.expect(b":")?;
        match kind {
            b'b' => match self.until(b';')? {
                b"0" => Some(Value::FALSE),
                b"1" => Some(Value::TRUE),
                _ => None,
            },
            b'i' => Some(self.php.int_size.number(self.int()?).into()),
            b'd' => self.float().map(Value::Float),
            b's' => {
                let text = self.string()?;
                self.expect(b";")?;
                Some(Value::Str(text))
            }
            b'S' => {
                let text = self.escaped()?;
                self.expect(b";")?;
                Some(Value::Str(text))
            }
            b'C' => self.custom(depth),
            b'a' => {
                let count = self.length(b':')?;
                self.pairs(count, false, depth).map(Value::Array)
            }
            b'O' => self.object(depth),
            _ => None,
        }
    }

    fn float(&mut self) -> Option<f64> {
        let text = self.until(b';')?;
        match text {
            b"NAN" => Some(f64::NAN),
            b"INF" => Some(f64::INFINITY),
            b"-INF" => Some(f64::NEG_INFINITY),
            text => {
                if text == b"-0" {
                    return Some(-0.0);
                }
                let found = numeric::prefix(self.php, text)?;
                (found.len == text.len() && !numeric::is_blank(text[0])).then(|| numeric::strtod(text))
            }
        }
    }

    fn string(&mut self) -> Option<Str> {
        let len = self.length(b':')?;
        self.expect(b"\"")?;
        let text = self.text.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        self.size += len;
        self.expect(b"\"")?;
        Some(Str::new(text))
    }

    /// A string whose bytes may be written `\\41`.
    fn escaped(&mut self) -> Option<Str> {
        let len = self.length(b':')?;
        self.expect(b"\"")?;
        let mut text = Vec::new();
        for _ in 0..len {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            if byte != b'\\' {
                text.push(byte);
                continue;
            }
            let &[high, low] = self.text.get(self.at..self.at + 2)? else { return None };
            let digit = |byte: u8| char::from(byte).to_digit(16);
            text.push((digit(high)? << 4 | digit(low)?) as u8);
            self.at += 2;
        }
        self.expect(b"\"")?;
        self.size += len;
        Some(Str::from(text))
    }

    /// An object that its class wrote itself: what most classes wrote is their own business.
    fn custom(&mut self, depth: usize) -> Option<Value> {
        let class = self.string().filter(|class| classes::is_name(class))?;
        self.made(&class, true)?;
        self.expect(b":")?;
        let len = self.length(b':')?;
        // Up to 8.0 any two bytes may stand around what the class wrote.
        let strict = self.php.since(Version::V8_1);
        match strict {
            true => self.expect(b"{")?,
            false => self.at += 1,
        }
        let end = self.at.checked_add(len).filter(|end| *end < self.text.len())?;
        match classes::keeper(&class).filter(|_| len > 0 && self.allowed.has(&class)) {
            Some(keeper) => self.kept(keeper, end, depth)?,
            None => self.at = end,
        }
        match strict {
            true => self.expect(b"}")?,
            false => self.at += 1,
        }
        Some(classes::incomplete(class, &Array::new()))
    }

    /// What a class that keeps values wrote, up to `end`.
    fn kept(&mut self, keeper: Keeper, end: usize, depth: usize) -> Option<()> {
        let text = self.text;
        self.text = &text[..end];
        let read = match keeper {
            Keeper::Array => self.kept_array(depth),
            Keeper::Objects => self.kept_objects(depth),
            Keeper::List => self.kept_list(depth),
        };
        if read.is_none() {
            return self.throw(classes::unexpected("Error at offset"));
        }
        (self.text, self.at) = (text, end);
        Some(())
    }

    /// `x:i:0;a:0:{};m:a:0:{}`: flags, what is kept, and properties.
    fn kept_array(&mut self, depth: usize) -> Option<()> {
        self.expect(b"x:")?;
        let Value::Int(flags) = self.value(depth + 1)? else { return None };
        if flags & classes::KEEPS_ITSELF == 0 {
            self.begins_with(b"aOCr")?;
            let kept = self.value(depth + 1)?;
            if let Some(refused) = classes::not_to_keep(&kept) {
                return self.throw(refused);
            }
            self.expect(b";")?;
        }
        self.properties(depth)
    }

    /// `x:i:1;O:8:"stdClass":0:{},i:1;;m:a:0:{}`: how many, each object with what belongs to it, and properties.
    fn kept_objects(&mut self, depth: usize) -> Option<()> {
        self.expect(b"x:")?;
        let Value::Int(count) = self.value(depth + 1)? else { return None };
        if count < 0 && self.php.since(Version::V7_2) {
            return None;
        }
        for _ in 0..count {
            self.begins_with(b"OCr")?;
            let object = self.value(depth + 1)?;
            if self.expect(b",").is_some() {
                self.value(depth + 1)?;
            }
            if !matches!(object, Value::Object(_)) {
                return None;
            }
            self.expect(b";")?;
        }
        self.properties(depth)
    }

    fn properties(&mut self, depth: usize) -> Option<()> {
        self.expect(b"m:")?;
        self.value(depth + 1)?.as_array().map(|_| ())
    }

    /// `i:0;:i:1;:i:2;`: flags, then each value.
    fn kept_list(&mut self, depth: usize) -> Option<()> {
        let Value::Int(_) = self.value(depth + 1)? else { return None };
        while self.expect(b":").is_some() {
            self.value(depth + 1)?;
        }
        (self.at == self.text.len()).then_some(())
    }

    fn begins_with(&self, kinds: &[u8]) -> Option<()> {
        self.text.get(self.at).filter(|kind| kinds.contains(kind)).map(|_| ())
    }

    /// Whether PHP makes an object of this class.
    fn made(&mut self, class: &[u8], wrote_itself: bool) -> Option<()> {
        if !self.allowed.has(class) {
            return Some(());
        }
        match classes::making(self.php, class, wrote_itself) {
            Making::Possible => Some(()),
            Making::Refused => None,
            Making::Throws(thrown) => self.throw(thrown),
        }
    }

    /// A key, which takes no number.
    fn key(&mut self) -> Option<Value> {
        match self.text.get(self.at)? {
            b'i' | b's' | b'S' => self.unnumbered(MAX_DEPTH),
            _ => None,
        }
    }

    fn pairs(&mut self, count: usize, names: bool, depth: usize) -> Option<Array> {
        self.expect(b"{")?;
        // An element takes four bytes at least: a count beyond that is a lie.
        if count > self.text.len() || count > 0 && depth >= self.max_depth {
            return None;
        }
        let mut array = Array::new();
        for _ in 0..count {
            let key = match self.key()? {
                Value::Int(int) if names => Key::Str(Str::from(int.to_string())),
                Value::Int(int) => Key::Int(int),
                Value::Str(name) if names => Key::Str(name),
                Value::Str(name) => self.php.int_size.key(Key::from_text(name)),
                _ => return None,
            };
            let value = self.value(depth + 1)?;
            array.insert(key, value);
        }
        self.expect(b"}")?;
        Some(array)
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let class = self.string().filter(|class| classes::is_name(class))?;
        self.made(&class, false)?;
        self.expect(b":")?;
        // The one length that takes a sign in every version.
        if self.php.since(Version::V7_2) {
            let _ = self.expect(b"+");
        }
        let count = self.length(b':')?;
        let props = self.pairs(count, true, depth)?;
        if !self.allowed.has(&class) {
            return Some(classes::incomplete(class, &props));
        }
        if class.eq_ignore_ascii_case(b"stdClass") {
            return Some(Value::Object(Object::std(props)));
        }
        if let Some(thrown) = classes::wrong_type(self.php, &class, &props) {
            return self.throw(thrown);
        }
        if self.complaint.is_none() {
            self.complaint = classes::complaint(self.php, &class, &props);
        }
        Some(classes::incomplete(class, &props))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn read(text: &str) -> Option<Value> {
        Reader::new(&Php::new(Version::V8_2), text.as_bytes(), Allowed::All, MAX_DEPTH).value(0)
    }

    /// Elements that each hold the one before, as often as `times` says.
    fn chain(steps: usize, times: usize) -> String {
        let mut text = format!("a:{}:{{i:0;a:1:{{i:0;s:4:\"text\";}}", steps + 1);
        // The text is the third value; each link is one value more, for references are none.
        let mut last = 2;
        for step in 1..=steps {
            write!(text, "i:{step};a:{times}:{{").unwrap();
            for at in 0..times {
                write!(text, "i:{at};R:{last};").unwrap();
            }
            text.push('}');
            last = if step == 1 { 4 } else { last + 1 };
        }
        text + "}"
    }

    #[test]
    fn references_to_what_refers_do_not_double_without_bound() {
        assert!(read(&chain(20, 2)).is_some());
        assert!(read(&chain(30, 2)).is_none());
    }

    #[test]
    fn an_escaped_byte_is_two_digits_without_a_sign() {
        assert_eq!(read(r#"S:2:"\41\7a";"#), Some(Value::from("Az")));
        assert!(read(r#"S:1:"\+f";"#).is_none());
    }

    #[test]
    fn references_to_what_refers_do_not_nest_without_bound() {
        assert!(read(&chain(1000, 1)).is_some());
        assert!(read(&chain(5000, 1)).is_none());
    }
}
