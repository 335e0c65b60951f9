//! `serialize`, `unserialize` and `var_export`.

use crate::call::{Args, Ctx, Level, Outcome, Row, ok};
use crate::cast::to_bool;
use crate::float;
use crate::numeric;
use crate::php::{Php, Version};
use crate::value::{Array, Key, Object, Str, Value};

pub(crate) const ROWS: &[Row] = &[
    ("serialize(mixed $value)", |c, a| ok(serialize(c.php, a.value(0)))),
    ("8.0- unserialize(string $data, array $options = [])", call_unserialize),
    ("7.0-7.4 unserialize(string $data, array $options = []): false", call_unserialize),
    ("-5.6 unserialize(string $variable_representation): false", call_unserialize),
    ("var_export(mixed $value, bool $return = false)", |c, a| match a.bool(1) {
        true => ok(var_export(c.php, a.value(0))),
        false => ok(()),
    }),
];

/// `serialize`
pub fn serialize(php: &Php, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(php, value, &mut out);
    out
}

fn write(php: &Php, value: &Value, out: &mut Vec<u8>) {
    let text = |out: &mut Vec<u8>, text: &[u8]| {
        out.extend_from_slice(format!("s:{}:\"", text.len()).as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(b"\";");
    };
    let pairs = |out: &mut Vec<u8>, array: &Array, names: bool| {
        out.extend_from_slice(format!("{}:{{", array.len()).as_bytes());
        for (key, value) in array.iter() {
            match key {
                Key::Int(int) if !names => out.extend_from_slice(format!("i:{int};").as_bytes()),
                key => text(out, &key.to_str()),
            }
            write(php, value, out);
        }
        out.push(b'}');
    };
    match value {
        Value::Null => out.extend_from_slice(b"N;"),
        Value::Bool(bool) => out.extend_from_slice(if *bool { b"b:1;" } else { b"b:0;" }),
        Value::Int(int) => out.extend_from_slice(format!("i:{int};").as_bytes()),
        Value::Float(number) => {
            out.extend_from_slice(b"d:");
            out.extend_from_slice(&float::to_text(*number, php.serialize_precision, b'E'));
            out.push(b';');
        }
        Value::Str(bytes) => text(out, bytes),
        Value::Array(array) => {
            out.extend_from_slice(b"a:");
            pairs(out, array, false);
        }
        Value::Object(object) => {
            let (class, props) = written_as(object);
            out.extend_from_slice(format!("O:{}:\"", class.len()).as_bytes());
            out.extend_from_slice(&class);
            out.extend_from_slice(b"\":");
            pairs(out, &props, true);
        }
    }
}

/// An object of a class that was not there when it was read goes back as what it was.
fn written_as(object: &Object) -> (Str, Array) {
    let mut props = object.props().clone();
    if &**object.class() == b"__PHP_Incomplete_Class" {
        if let Some(Value::Str(class)) = props.remove(&"__PHP_Incomplete_Class_Name".into()) {
            return (class, props);
        }
        props = object.props().clone();
    }
    (object.class().clone(), props)
}

fn call_unserialize(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let given = args.value(1).as_array().and_then(|options| options.get_str("allowed_classes"));
    let allowed = given.cloned().unwrap_or(Value::TRUE);
    if !matches!(allowed, Value::Bool(_) | Value::Array(_)) && ctx.php.since(Version::V7_1) {
        let message = "unserialize(): Option \"allowed_classes\" must be of type array|bool";
        return ctx.type_error(false, message);
    }
    let std_allowed = match &allowed {
        Value::Array(names) => names
            .values()
            .any(|name| name.as_bytes().is_some_and(|name| name.eq_ignore_ascii_case(b"stdClass"))),
        other => to_bool(other),
    };
    let mut max_depth = MAX_DEPTH;
    if ctx.php.since(Version::V7_4) {
        match args.value(1).at("max_depth") {
            Value::Null | Value::Int(0) => {}
            Value::Int(depth @ 1..) => max_depth = MAX_DEPTH.min(*depth as usize),
            Value::Int(_) => {
                let message = "unserialize(): Option \"max_depth\" must be greater than or equal to 0";
                return ctx.value_error(false, message);
            }
            _ => return ctx.type_error(false, "unserialize(): Option \"max_depth\" must be of type int"),
        }
    }
    let mut reader = Reader::new(ctx.php, args.bytes(0), std_allowed);
    reader.max_depth = max_depth;
    match reader.value(0) {
        Some(value) => Ok(value),
        None => {
            if !args.bytes(0).is_empty() {
                ctx.note(Level::Notice, "unserialize(): Error at offset");
            }
            ok(false)
        }
    }
}

/// `unserialize`: none is PHP's false. Objects come back as `stdClass` where that class is allowed, of other classes as
/// `__PHP_Incomplete_Class`, and what would contain itself as one of `*RECURSION*`. A reference is a copy of what it points to.
pub fn unserialize(php: &Php, text: &[u8], std_allowed: bool) -> Option<Value> {
    Reader::new(php, text, std_allowed).value(0)
}

/// The value that a text begins with, and how many bytes it takes: sessions are made of such.
pub(crate) fn unserialize_prefix(php: &Php, text: &[u8]) -> Option<(Value, usize)> {
    let mut reader = Reader::new(php, text, true);
    let value = reader.value(0)?;
    Some((value, reader.at))
}

/// PHP's default of `unserialize_max_depth`; no more is read whatever is allowed.
const MAX_DEPTH: usize = 4096;

struct Reader<'a> {
    php: &'a Php,
    text: &'a [u8],
    at: usize,
    std_allowed: bool,
    /// How deep arrays and objects may nest.
    max_depth: usize,
    /// The values read so far, to which references point by number; none for those that are not complete.
    slots: Vec<Option<Value>>,
}

impl<'a> Reader<'a> {
    fn new(php: &'a Php, text: &'a [u8], std_allowed: bool) -> Self {
        Self { php, text, at: 0, std_allowed, max_depth: MAX_DEPTH, slots: Vec::new() }
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
    fn value(&mut self, depth: usize) -> Option<Value> {
        if self.text.get(self.at) == Some(&b'R') {
            self.at += 1;
            return self.referred(None);
        }
        let slot = self.slots.len();
        self.slots.push(None);
        let value = self.unnumbered(depth)?;
        self.slots[slot] = Some(value.clone());
        Some(value)
    }

    /// `:3;`, the value of that number, which is not its own.
    fn referred(&mut self, own: Option<usize>) -> Option<Value> {
        self.expect(b":")?;
        let number = usize::try_from(self.int()?).ok().filter(|number| own != Some(*number))?;
        let slot = self.slots.get(number.checked_sub(1)?)?;
        Some(
            slot.clone()
                .unwrap_or_else(|| Value::Object(Object::new(Str::from("*RECURSION*"), Array::new()))),
        )
    }

    fn unnumbered(&mut self, depth: usize) -> Option<Value> {
        let kind = *self.text.get(self.at)?;
        if kind == b'r' {
            self.at += 1;
            return self.referred(Some(self.slots.len())).filter(|value| matches!(value, Value::Object(_)));
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
                text if !self.php.since(Version::V7_4) => {
                    text.iter().all(u8::is_ascii_digit).then(|| Value::Bool(numeric::strtol(text, 10) != 0))
                }
                _ => None,
            },
            b'i' => self.int().map(Value::Int),
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
            b'C' => self.custom(),
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
                if text == b"-0" && !self.php.is_5() {
                    return Some(-0.0);
                }
                let found = numeric::prefix(text)?;
                (found.len == text.len() && !numeric::is_blank(text[0])).then(|| found.number.to_f64())
            }
        }
    }

    fn string(&mut self) -> Option<Str> {
        let len = self.length(b':')?;
        self.expect(b"\"")?;
        let text = self.text.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
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
            let hex = std::str::from_utf8(self.text.get(self.at..self.at + 2)?).ok()?;
            text.push(u8::from_str_radix(hex, 16).ok()?);
            self.at += 2;
        }
        self.expect(b"\"")?;
        Some(Str::from(text))
    }

    /// An object that its class wrote itself: what it wrote is that class's own business.
    fn custom(&mut self) -> Option<Value> {
        let class = self.string()?;
        self.expect(b":")?;
        let len = self.length(b':')?;
        self.expect(b"{")?;
        self.at = self.at.checked_add(len).filter(|at| *at <= self.text.len())?;
        self.expect(b"}")?;
        let incomplete = [("__PHP_Incomplete_Class_Name", class)].into_iter().collect();
        Some(Value::Object(Object::new(Str::from("__PHP_Incomplete_Class"), incomplete)))
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
                Value::Str(name) => Key::from_text(name),
                _ => return None,
            };
            let value = self.value(depth + 1)?;
            array.insert(key, value);
        }
        self.expect(b"}")?;
        Some(array)
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let class = self.string()?;
        self.expect(b":")?;
        let count = self.length(b':')?;
        let props = self.pairs(count, true, depth)?;
        if class.eq_ignore_ascii_case(b"stdClass") && self.std_allowed {
            return Some(Value::Object(Object::std(props)));
        }
        let mut incomplete = Array::new();
        incomplete.insert("__PHP_Incomplete_Class_Name", class);
        incomplete.extend(props.iter().map(|(key, value)| (key, value.clone())));
        Some(Value::Object(Object::new(Str::from("__PHP_Incomplete_Class"), incomplete)))
    }
}

/// `var_export($value, true)`
pub fn var_export(php: &Php, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    export(php, value, 0, &mut out);
    out
}

fn export(php: &Php, value: &Value, indent: usize, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"NULL"),
        Value::Bool(bool) => out.extend_from_slice(if *bool { b"true" } else { b"false" }),
        Value::Int(i64::MIN) if php.since(Version::V7_0) => out.extend_from_slice(b"-9223372036854775807-1"),
        Value::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
        Value::Float(number) => {
            let text = float::to_text(*number, php.serialize_precision, b'E');
            let whole = !php.is_5()
                && number.is_finite()
                && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-');
            out.extend_from_slice(&text);
            if whole {
                out.extend_from_slice(b".0");
            }
        }
        Value::Str(text) => quoted(text, out),
        Value::Array(array) => {
            out.extend_from_slice(b"array (\n");
            for (key, value) in array.iter() {
                spaces(indent + 2, out);
                match key {
                    Key::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
                    Key::Str(name) => quoted(&name, out),
                }
                member(php, value, indent, out);
            }
            spaces(indent, out);
            out.push(b')');
        }
        Value::Object(object) => {
            let std = php.since(Version::V7_3);
            out.extend_from_slice(if std { b"(object) array(\n" } else { b"stdClass::__set_state(array(\n" });
            for (key, value) in object.props().iter() {
                spaces(indent + if std { 4 } else { 3 } - usize::from(std), out);
                quoted(&key.to_str(), out);
                member(php, value, indent, out);
            }
            spaces(indent, out);
            out.extend_from_slice(if std { b")" } else { b"))" });
        }
    }
}

fn member(php: &Php, value: &Value, indent: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b" => ");
    if matches!(value, Value::Array(_) | Value::Object(_)) {
        out.push(b'\n');
        spaces(indent + 2, out);
    }
    export(php, value, indent + 2, out);
    out.extend_from_slice(b",\n");
}

fn spaces(count: usize, out: &mut Vec<u8>) {
    out.resize(out.len() + count, b' ');
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in text {
        match byte {
            b'\'' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0 => out.extend_from_slice(b"' . \"\\0\" . '"),
            byte => out.push(*byte),
        }
    }
    out.push(b'\'');
}
