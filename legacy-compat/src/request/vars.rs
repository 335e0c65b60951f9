//! Variables into nested arrays, by PHP's rules for names.

use crate::numeric;
use crate::php::{Php, Version};
use crate::value::{Array, Key, Occupied, Value};

/// There were more variables than `max_input_vars`; the rest was left out, with a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated {
    /// The limit.
    pub limit: usize,
}

/// Variables as they are registered, one after the other.
#[derive(Debug)]
pub struct Vars<'a> {
    php: &'a Php,
    array: Array,
    count: usize,
    truncated: Option<Truncated>,
}

/// One step into the array: a key, or `[]`.
enum Step<'a> {
    Key(&'a [u8]),
    Append,
}

impl<'a> Vars<'a> {
    /// None yet.
    pub fn new(php: &'a Php) -> Self {
        Self { php, array: Array::new(), count: 0, truncated: None }
    }

    /// Counts one more variable.
    ///
    /// # Errors
    /// [`Truncated`] where that is one too many: PHP ignores it (in a form, takes it as the last) and all that follow.
    pub fn count(&mut self) -> Result<(), Truncated> {
        self.count += 1;
        if self.count <= self.php.max_input_vars {
            return Ok(());
        }
        let truncated = Truncated { limit: self.php.max_input_vars };
        self.truncated = Some(truncated);
        Err(truncated)
    }

    /// The array, and whether it was cut short.
    pub fn finish(self) -> (Array, Option<Truncated>) {
        (self.array, self.truncated)
    }

    /// Sets a variable; the last one wins. Names that PHP cannot use are ignored.
    pub fn register(&mut self, name: &[u8], value: Value) {
        self.set(name, value, false);
    }

    /// Sets a variable unless there is one: how PHP treats cookies.
    pub fn register_first(&mut self, name: &[u8], value: Value) {
        self.set(name, value, true);
    }

    fn set(&mut self, name: &[u8], value: Value, keep: bool) {
        let end = memchr::memchr(0, name).unwrap_or(name.len());
        let name = &name[..end];
        let start = name.iter().take_while(|byte| **byte == b' ').count();
        let name = &name[start..];
        let open = memchr::memchr(b'[', name);
        let mut base: Vec<u8> = name[..open.unwrap_or(name.len())].to_vec();
        if base.is_empty() {
            return;
        }
        for byte in &mut base {
            if matches!(byte, b' ' | b'.') {
                *byte = b'_';
            }
        }
        if self.php.since(Version::V7_4) && is_forged(&base, name) {
            return;
        }
        let Some(open) = open else { return self.put(name, &base, &[], value, keep) };
        match steps(&name[open..], self.php.max_input_nesting_level) {
            Steps::TooDeep => {
                self.array.remove(&self.key(&base));
            }
            Steps::Path(steps) => self.put(name, &base, &steps, value, keep),
            Steps::Unclosed => {
                // A bracket that is not closed is an underscore; the rest belongs to the name.
                base.push(b'_');
                base.extend(name[open + 1..].iter().map(|byte| match byte {
                    b' ' | b'.' | b'[' if self.php.is_8() => b'_',
                    byte => *byte,
                }));
                if !self.php.since(Version::V8_1) || !is_forged(&base, name) {
                    self.put(name, &base, &[], value, keep);
                }
            }
        }
    }

    fn key(&self, name: &[u8]) -> Key {
        self.php.int_size.key(Key::from_bytes(name))
    }

    fn put(&mut self, name: &[u8], base: &[u8], steps: &[Step<'_>], value: Value, keep: bool) {
        let key = self.key(base);
        if keep && steps.is_empty() && self.array.contains_key(&key) {
            return;
        }
        let mut array = &mut self.array;
        let mut key = key;
        for step in steps {
            if !matches!(array.get(&key), Some(Value::Array(_))) {
                array.insert(key.clone(), Array::new());
            }
            let Some(Value::Array(inner)) = array.get_mut(&key) else { return };
            array = inner;
            key = match step {
                Step::Key(index) if self.php.since(Version::V8_1) && is_forged(index, name) => return,
                Step::Key(index) => self.php.int_size.key(Key::from_bytes(index)),
                Step::Append => {
                    if append(self.php, array).is_err() {
                        return;
                    }
                    let last = array.nth(array.len() - 1).map(|(key, _)| key);
                    last.unwrap_or(Key::Int(0))
                }
            };
        }
        array.insert(key, value);
    }
}

/// Whether what became of a name, or stands in its brackets, looks like the name of a protected cookie that it is not. PHP refuses
/// names since 7.4.31 and 8.0.24, brackets since 8.1.28.
fn is_forged(mangled: &[u8], name: &[u8]) -> bool {
    let becomes = |prefix: &[u8]| mangled.starts_with(prefix) && !name.starts_with(prefix);
    becomes(b"__Host-") || becomes(b"__Secure-")
}

/// After `-5` comes `-4`, from 8.0: earlier than in arrays that a script begins.
fn append(php: &Php, array: &mut Array) -> Result<(), Occupied> {
    if php.is_8() { array.push_8_3(Value::Null) } else { array.push(Value::Null) }
}

/// What stands in a name's brackets.
enum Steps<'a> {
    /// The way into the array.
    Path(Vec<Step<'a>>),
    /// The first bracket is not closed.
    Unclosed,
    /// There are more than the limit: PHP takes the whole variable away.
    TooDeep,
}

/// `[a][][b]` as steps. What follows a closed bracket and is no bracket is ignored, and so is a later bracket that is not
/// closed.
fn steps(mut rest: &[u8], deepest: usize) -> Steps<'_> {
    let mut steps = Vec::new();
    while let [b'[', inner @ ..] = rest {
        if steps.len() == deepest {
            return Steps::TooDeep;
        }
        let blank = usize::from(inner.first().is_some_and(|byte| numeric::is_blank(*byte)));
        if inner.get(blank) == Some(&b']') {
            steps.push(Step::Append);
            rest = &inner[blank + 1..];
            continue;
        }
        match memchr::memchr(b']', &inner[blank..]) {
            Some(end) => {
                steps.push(Step::Key(&inner[..blank + end]));
                rest = &inner[blank + end + 1..];
            }
            None if steps.is_empty() => return Steps::Unclosed,
            None => break,
        }
    }
    Steps::Path(steps)
}
