//! The arguments of one call, after coercion.

use crate::value::{Array, Value};

/// The arguments that a function reads: coerced to its signature, defaults filled in.
#[derive(Debug)]
pub struct Args<'a> {
    values: &'a mut Vec<Value>,
    given: usize,
}

impl<'a> Args<'a> {
    pub(super) fn new(values: &'a mut Vec<Value>, given: usize) -> Self {
        Self { values, given }
    }

    /// How many the caller gave.
    pub fn given(&self) -> usize {
        self.given
    }

    /// Whether the caller gave this one, null or not.
    pub fn has(&self, index: usize) -> bool {
        index < self.given
    }

    /// Whether there is a value that is not null.
    pub fn is_set(&self, index: usize) -> bool {
        !self.value(index).is_null()
    }

    /// The value, null where there is none.
    pub fn value(&self, index: usize) -> &Value {
        static NULL: Value = Value::Null;
        self.values.get(index).unwrap_or(&NULL)
    }

    /// Takes the value out, leaving null: for parameters by reference that are going to be written.
    pub fn take(&mut self, index: usize) -> Value {
        self.values.get_mut(index).map(std::mem::take).unwrap_or_default()
    }

    /// Takes an array out, leaving null; an empty one where it is none.
    pub fn take_array(&mut self, index: usize) -> Array {
        match self.take(index) {
            Value::Array(array) => array,
            _ => Array::new(),
        }
    }

    /// Writes a parameter by reference.
    pub fn set(&mut self, index: usize, value: impl Into<Value>) {
        if self.values.len() <= index {
            self.values.resize(index + 1, Value::Null);
        }
        self.values[index] = value.into();
    }

    /// The bytes of a string parameter; none of them where there is none.
    pub fn bytes(&self, index: usize) -> &[u8] {
        self.value(index).as_bytes().unwrap_or_default()
    }

    /// The bytes, where it is a string.
    pub fn opt_bytes(&self, index: usize) -> Option<&[u8]> {
        self.value(index).as_bytes()
    }

    /// The integer, 0 where there is none.
    pub fn int(&self, index: usize) -> i64 {
        self.value(index).as_int().unwrap_or(0)
    }

    /// The integer, where there is one.
    pub fn opt_int(&self, index: usize) -> Option<i64> {
        self.value(index).as_int()
    }

    /// The float, 0 where there is none.
    pub fn float(&self, index: usize) -> f64 {
        match self.value(index) {
            Value::Float(float) => *float,
            Value::Int(int) => *int as f64,
            _ => 0.0,
        }
    }

    /// Whether it is true.
    pub fn bool(&self, index: usize) -> bool {
        matches!(self.value(index), Value::Bool(true))
    }

    /// The array, an empty one where there is none.
    pub fn array(&self, index: usize) -> Array {
        self.value(index).as_array().cloned().unwrap_or_default()
    }

    /// All values from this one on: those of a variadic parameter.
    pub fn rest(&self, index: usize) -> &[Value] {
        self.values.get(index..).unwrap_or_default()
    }
}
