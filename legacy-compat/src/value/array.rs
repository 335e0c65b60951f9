//! PHP's array: an ordered map whose lists are kept packed.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Key, KeyRef, Str, Value};

type Map = IndexMap<Key, Value, foldhash::fast::RandomState>;

/// PHP's array: keys are integers or strings, order is that of insertion.
///
/// A clone shares the elements until one of both is changed, as in PHP. Arrays with keys 0, 1, 2 … are kept as a plain vector.
#[derive(Clone, Default)]
pub struct Array(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    elements: Elements,
    /// One more than the largest integer key there ever was; `None` while there was none.
    next: Option<i64>,
    /// The largest integer key is `i64::MAX`: nothing can be appended.
    full: bool,
}

#[derive(Clone)]
enum Elements {
    List(Vec<Value>),
    Map(Map),
}

impl Default for Inner {
    fn default() -> Self {
        Self { elements: Elements::List(Vec::new()), next: None, full: false }
    }
}

/// The array has an element at the largest integer key: PHP cannot append to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Cannot add element to the array as the next element is already occupied")]
pub struct Occupied;

impl Array {
    /// An empty array.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty array with room for `capacity` elements of a list.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::from_elements(Elements::List(Vec::with_capacity(capacity)), None)
    }

    /// An empty array with room for `capacity` elements under string keys.
    pub fn map_with_capacity(capacity: usize) -> Self {
        Self::from_elements(Elements::Map(Map::with_capacity_and_hasher(capacity, Default::default())), None)
    }

    fn from_elements(elements: Elements, next: Option<i64>) -> Self {
        Self(Arc::new(Inner { elements, next, full: false }))
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        match &self.0.elements {
            Elements::List(list) => list.len(),
            Elements::Map(map) => map.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the keys are 0, 1, 2 … in this order (`array_is_list`).
    pub fn is_list(&self) -> bool {
        match &self.0.elements {
            Elements::List(_) => true,
            Elements::Map(map) => map.keys().enumerate().all(|(i, key)| *key == Key::Int(i as i64)),
        }
    }

    /// The element under a key that is already what PHP makes of it.
    pub fn get_ref(&self, key: KeyRef<'_>) -> Option<&Value> {
        match (&self.0.elements, key) {
            (Elements::List(list), KeyRef::Int(int)) => usize::try_from(int).ok().and_then(|i| list.get(i)),
            (Elements::List(_), KeyRef::Str(_)) => None,
            (Elements::Map(map), key) => map.get(&key),
        }
    }

    /// The element under a key.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.get_ref(key.borrow())
    }

    /// The element under an integer key.
    pub fn get_int(&self, key: i64) -> Option<&Value> {
        self.get_ref(KeyRef::Int(key))
    }

    /// The element under a string, which is looked up as an integer where PHP would.
    pub fn get_str(&self, key: impl AsRef<[u8]>) -> Option<&Value> {
        self.get_ref(KeyRef::from_bytes(key.as_ref()))
    }

    /// Whether there is an element under this key, null or not.
    pub fn contains_key(&self, key: &Key) -> bool {
        self.get(key).is_some()
    }

    /// The element under a key, to be changed.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Value> {
        match &mut Arc::make_mut(&mut self.0).elements {
            Elements::List(list) => match key {
                Key::Int(int) => usize::try_from(*int).ok().and_then(|i| list.get_mut(i)),
                Key::Str(_) => None,
            },
            Elements::Map(map) => map.get_mut(key),
        }
    }

    /// Sets the element under a key; a new one comes last.
    pub fn insert(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        let inner = Arc::make_mut(&mut self.0);
        if let Key::Int(int) = key {
            inner.note(int);
        }
        if let Elements::List(list) = &mut inner.elements {
            match key {
                Key::Int(int) if int == list.len() as i64 => return list.push(value),
                Key::Int(int) if int >= 0 && int < list.len() as i64 => {
                    list[int as usize] = value;
                    return;
                }
                _ => {}
            }
        }
        inner.map().insert(key, value);
    }

    /// Appends under the next free integer key, which is never negative (PHP up to 8.2).
    ///
    /// # Errors
    /// [`Occupied`] where the largest integer key is in use.
    pub fn push(&mut self, value: impl Into<Value>) -> Result<(), Occupied> {
        let next = self.0.next.unwrap_or(0).max(0);
        self.push_at(next, value.into())
    }

    /// Appends under the next free integer key; after `-5` comes `-4` (PHP from 8.3).
    ///
    /// # Errors
    /// [`Occupied`] where the largest integer key is in use.
    pub fn push_8_3(&mut self, value: impl Into<Value>) -> Result<(), Occupied> {
        let next = self.0.next.unwrap_or(0);
        self.push_at(next, value.into())
    }

    fn push_at(&mut self, next: i64, value: Value) -> Result<(), Occupied> {
        if self.0.full {
            return Err(Occupied);
        }
        self.insert(next, value);
        Ok(())
    }

    /// Removes the element under a key and returns it. The next free integer key stays what it was.
    pub fn remove(&mut self, key: &Key) -> Option<Value> {
        self.get(key)?;
        let inner = Arc::make_mut(&mut self.0);
        if let Elements::List(list) = &mut inner.elements
            && *key == Key::Int(list.len() as i64 - 1)
        {
            return list.pop();
        }
        inner.map().shift_remove(key)
    }

    /// Removes the last element and returns it. The next free integer key becomes its key, where that was the largest there ever was.
    pub fn pop(&mut self) -> Option<Value> {
        let (key, _) = self.nth(self.len().checked_sub(1)?)?;
        let popped = self.remove(&key);
        let inner = Arc::make_mut(&mut self.0);
        if let Key::Int(int) = key
            && (inner.next == int.checked_add(1) || int == i64::MAX)
        {
            (inner.next, inner.full) = (Some(int), false);
        }
        popped
    }

    /// The elements in order, each with its key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Key, &Value)> + ExactSizeIterator {
        (0..self.len()).map(|i| self.at(i))
    }

    /// The elements in order, each with its key borrowed.
    pub fn iter_ref(&self) -> impl DoubleEndedIterator<Item = (KeyRef<'_>, &Value)> + ExactSizeIterator {
        (0..self.len()).map(|i| match &self.0.elements {
            Elements::List(list) => (KeyRef::Int(i as i64), &list[i]),
            Elements::Map(map) => {
                let (key, value) = map.get_index(i).expect("the index is below the length");
                (key.borrow(), value)
            }
        })
    }

    fn at(&self, index: usize) -> (Key, &Value) {
        match &self.0.elements {
            Elements::List(list) => (Key::Int(index as i64), &list[index]),
            Elements::Map(map) => {
                let (key, value) = map.get_index(index).expect("the index is below the length");
                (key.clone(), value)
            }
        }
    }

    /// The element at a place (0 is the first), with its key.
    pub fn nth(&self, index: usize) -> Option<(Key, &Value)> {
        (index < self.len()).then(|| self.at(index))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = Key> + ExactSizeIterator {
        self.iter().map(|(key, _)| key)
    }

    /// The elements in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        (0..self.len()).map(|i| match &self.0.elements {
            Elements::List(list) => &list[i],
            Elements::Map(map) => &map[i],
        })
    }

    /// Changes every element in place.
    pub fn for_each_mut(&mut self, mut change: impl FnMut(&mut Value)) {
        match &mut Arc::make_mut(&mut self.0).elements {
            Elements::List(list) => list.iter_mut().for_each(&mut change),
            Elements::Map(map) => map.values_mut().for_each(&mut change),
        }
    }

    /// Whether both share the same elements in memory.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Inner {
    fn note(&mut self, int: i64) {
        match int.checked_add(1) {
            Some(next) if self.next.is_none_or(|old| next > old) => self.next = Some(next),
            Some(_) => {}
            None => self.full = true,
        }
    }

    /// The elements as a map, which they become where they are not.
    fn map(&mut self) -> &mut Map {
        if let Elements::List(list) = &mut self.elements {
            let pairs = std::mem::take(list).into_iter().enumerate();
            self.elements = Elements::Map(pairs.map(|(i, value)| (Key::Int(i as i64), value)).collect());
        }
        match &mut self.elements {
            Elements::Map(map) => map,
            Elements::List(_) => unreachable!("was just made a map"),
        }
    }
}

impl From<Vec<Value>> for Array {
    fn from(list: Vec<Value>) -> Self {
        let next = (!list.is_empty()).then_some(list.len() as i64);
        Self::from_elements(Elements::List(list), next)
    }
}

impl<V: Into<Value>> FromIterator<V> for Array {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self::from(values.into_iter().map(Into::into).collect::<Vec<Value>>())
    }
}

impl<K: Into<Key>, V: Into<Value>> FromIterator<(K, V)> for Array {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut array = Self::new();
        array.extend(pairs);
        array
    }
}

impl<K: Into<Key>, V: Into<Value>> Extend<(K, V)> for Array {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl PartialEq for Array {
    /// PHP's `===`: the same pairs in the same order, of the same types.
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || self.len() == other.len() && self.iter_ref().eq(other.iter_ref())
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.elements {
            Elements::List(list) => list.fmt(f),
            Elements::Map(map) => map.fmt(f),
        }
    }
}

impl std::ops::Index<&str> for Array {
    type Output = Value;
    /// The element under a key, or null where there is none, as PHP reads it.
    fn index(&self, key: &str) -> &Value {
        self.get_str(Str::from(key)).unwrap_or(&Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_after_a_pop_takes_the_key_that_was_popped() {
        // As PHP 8.4 answers, whose arrays go on from negative keys too.
        let rows: [(&[i64], &[i64]); 5] =
            [(&[0, 5], &[0, 5]), (&[5, 3], &[5, 6]), (&[-5], &[-5]), (&[i64::MAX], &[i64::MAX]), (&[], &[0])];
        for (before, after) in rows {
            let mut array: Array = before.iter().map(|key| (*key, 1i64)).collect();
            array.pop();
            array.push_8_3(2i64).expect("room for one more");
            let keys: Vec<Key> = array.keys().collect();
            assert_eq!(keys, after.iter().map(|key| Key::Int(*key)).collect::<Vec<_>>(), "{before:?}");
        }
    }
}
