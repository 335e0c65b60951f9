//! PHP's values: null, booleans, integers, floats, byte strings, arrays and objects.

mod array;
mod convert;
mod deep;
mod key;
mod object;
mod str;

pub use array::{Array, Occupied};
pub(crate) use deep::deeper;
pub use key::{Key, KeyRef};
pub use object::Object;
pub use str::Str;

/// A PHP value. `==` on it is PHP's `===`; the loose one is [`crate::compare::loose_eq`].
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// A byte string.
    Str(Str),
    /// An array.
    Array(Array),
    /// An object.
    Object(Object),
}

impl Value {
    /// `false`, the answer of many a function that failed.
    pub const FALSE: Self = Self::Bool(false);
    /// `true`.
    pub const TRUE: Self = Self::Bool(true);

    /// A string of these bytes.
    pub fn string(bytes: impl AsRef<[u8]>) -> Self {
        Self::Str(Str::new(bytes.as_ref()))
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The integer, where it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// The bytes, where it is a string.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The array, where it is one.
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The element of an array under a string, or null where there is none or no array: PHP's `$value['key'] ?? null`.
    pub fn at(&self, key: impl AsRef<[u8]>) -> &Self {
        static NULL: Value = Value::Null;
        self.as_array().and_then(|array| array.get_str(key)).unwrap_or(&NULL)
    }

    /// What `gettype()` says.
    pub fn gettype(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "double",
            Self::Str(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The type's name as in messages of errors and in `get_debug_type()`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "stdClass",
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(bool) => bool.fmt(f),
            Self::Int(int) => int.fmt(f),
            Self::Float(float) => float.fmt(f),
            Self::Str(text) => text.fmt(f),
            Self::Array(array) => array.fmt(f),
            Self::Object(object) => object.fmt(f),
        }
    }
}
