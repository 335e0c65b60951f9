//! Variables into nested arrays, by PHP's rules for names.

use crate::access;
use crate::numeric;
use crate::php::Php;
use crate::value::{Array, Key, Value};

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
    /// [`Truncated`] where that is one too many: PHP ignores it and all that follow.
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
        let Some(open) = open else { return self.put(&base, &[], value, keep) };
        match steps(&name[open..]) {
            Some(steps) if steps.len() > self.php.max_input_nesting_level => {}
            Some(steps) => self.put(&base, &steps, value, keep),
            None => {
                // A bracket that is not closed is an underscore; the rest belongs to the name.
                base.push(b'_');
                base.extend(name[open + 1..].iter().map(|byte| match byte {
                    b' ' | b'.' | b'[' if self.php.is_8() => b'_',
                    byte => *byte,
                }));
                self.put(&base, &[], value, keep);
            }
        }
    }

    fn put(&mut self, base: &[u8], steps: &[Step<'_>], value: Value, keep: bool) {
        let key = Key::from_bytes(base);
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
                Step::Key(name) => Key::from_bytes(name),
                Step::Append => {
                    if access::append(self.php, array, Value::Null).is_err() {
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

/// `[a][][b]` as steps; none where the first bracket is not closed. What follows a closed bracket and is no bracket is ignored, and
/// so is a later bracket that is not closed.
fn steps(mut rest: &[u8]) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    while let [b'[', inner @ ..] = rest {
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
            None if steps.is_empty() => return None,
            None => break,
        }
    }
    Some(steps)
}
