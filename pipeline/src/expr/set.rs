//! A list of constants, for `x in ['a', 'b', …]`: one look-up, however many there are.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use legacy_compat::{Array, Key, Str, Value};

use super::values;

/// The members of a constant list.
#[derive(Debug, PartialEq)]
pub(crate) struct ConstSet {
    texts: HashSet<Str, RandomState>,
    ints: HashSet<i64, RandomState>,
    /// All that is neither, compared one by one; and the numbers, for a double.
    others: Vec<Value>,
}

impl ConstSet {
    /// A set of these.
    pub(crate) fn of(list: &Array) -> Self {
        let mut set = Self { texts: HashSet::default(), ints: HashSet::default(), others: Vec::new() };
        for value in list.values() {
            match value {
                Value::Str(text) => drop(set.texts.insert(text.clone())),
                Value::Int(int) => drop(set.ints.insert(*int)),
                other => set.others.push(other.clone()),
            }
        }
        set
    }

    /// Whether one of them equals the value.
    pub(crate) fn contains(&self, value: &Value) -> bool {
        let other = || self.others.iter().any(|other| values::equal(other, value));
        match value {
            Value::Str(text) => self.texts.contains(text.as_bytes()) || other(),
            Value::Int(int) => self.ints.contains(int) || other(),
            Value::Float(float) => self.ints.iter().any(|int| *int as f64 == *float) || other(),
            _ => other(),
        }
    }
}

impl ConstSet {
    /// The members, where all of them are texts and integers.
    pub(crate) fn keys(&self) -> Option<Vec<Key>> {
        let texts = self.texts.iter().cloned().map(Key::Str);
        let ints = self.ints.iter().copied().map(Key::Int);
        self.others.is_empty().then(|| texts.chain(ints).collect())
    }
}
