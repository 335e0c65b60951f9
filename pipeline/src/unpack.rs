//! Makes variables of a map's fields: from there on each has a type.

use legacy_compat::{Str, Value};

use crate::expr::error::{EvalError, Evaluated};
use crate::expr::types::Type;
use crate::expr::values::as_map;

/// One field.
#[derive(Debug)]
pub(crate) struct Unpack {
    pub field: Str,
    pub slot: u32,
    pub ty: Type,
}

impl Unpack {
    /// The field's value, of the type that it was said to have.
    pub(crate) fn from(&self, map: &Value) -> Evaluated<Value> {
        let value = as_map(map).ok_or(EvalError::NoOverload("unpack"))?.get_str(&self.field);
        let value = value.cloned().unwrap_or_default();
        if fits(&value, &self.ty) {
            return Ok(value);
        }
        let why =
            format!("`{}` is {} instead of {}", self.field.to_string_lossy(), value.type_name(), self.ty);
        Err(EvalError::Function("unpack", why.into()))
    }
}

fn fits(value: &Value, ty: &Type) -> bool {
    match (ty, value) {
        (Type::Dyn, _) | (Type::Nullable(_), Value::Null) => true,
        (Type::Nullable(inner), value) => fits(value, inner),
        (Type::Int, Value::Int(_)) | (Type::Double, Value::Float(_)) | (Type::Bool, Value::Bool(_)) => true,
        (Type::Text, Value::Str(_)) | (Type::List(_) | Type::Map(_), Value::Array(_)) => true,
        (Type::Map(_), Value::Object(_)) => true,
        _ => false,
    }
}

/// The type of that name: `int`, `text?`, …
pub(crate) fn type_named(name: &str) -> Option<Type> {
    if let Some(name) = name.strip_suffix('?') {
        return type_named(name).map(Type::or_null);
    }
    Some(match name {
        "any" => Type::Dyn,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "double" => Type::Double,
        "string" => Type::Text,
        "list" => Type::any_list(),
        "map" => Type::any_map(),
        _ => return None,
    })
}
