//! Rust's types into PHP's.

use super::{Array, Key, Object, Str, Value};

macro_rules! from {
    ($($from:ty => $name:ident $into:expr),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from($name: $from) -> Self {
                $into
            }
        })*
    };
}

from! {
    () => _unit Self::Null,
    bool => value Self::Bool(value),
    i32 => value Self::Int(value.into()),
    u32 => value Self::Int(value.into()),
    i64 => value Self::Int(value),
    usize => value Self::Int(value as i64),
    f64 => value Self::Float(value),
    &str => value Self::Str(value.into()),
    &[u8] => value Self::Str(value.into()),
    String => value Self::Str(value.into()),
    Vec<u8> => value Self::Str(value.into()),
    Str => value Self::Str(value),
    Array => value Self::Array(value),
    Vec<Self> => value Self::Array(value.into()),
    Object => value Self::Object(value),
    crate::Number => value match value {
        crate::Number::Int(int) => Self::Int(int),
        crate::Number::Float(float) => Self::Float(float),
    },
    Key => value match value {
        Key::Int(int) => Self::Int(int),
        Key::Str(text) => Self::Str(text),
    },
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
