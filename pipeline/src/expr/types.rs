//! The types that the checker knows, and how a JSON Schema gives them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

/// A type, as far as it is known when the file loads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// Anything: checked when it runs.
    Dyn,
    Null,
    Bool,
    Int,
    Double,
    Text,
    List(Arc<Type>),
    Map(Arc<Type>),
    Record(Arc<Record>),
    /// The type, or null.
    Nullable(Arc<Type>),
}

/// A map whose fields are known by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    /// The known fields.
    pub fields: BTreeMap<String, Type>,
    /// Whether there may be others.
    pub open: bool,
}

impl Type {
    /// A list of anything.
    pub(crate) fn any_list() -> Self {
        Self::List(Arc::new(Self::Dyn))
    }

    /// A map to anything.
    pub(crate) fn any_map() -> Self {
        Self::Map(Arc::new(Self::Dyn))
    }

    /// The type, or null.
    pub(crate) fn or_null(self) -> Self {
        match self {
            Self::Dyn | Self::Null | Self::Nullable(_) => self,
            other => Self::Nullable(Arc::new(other)),
        }
    }

    /// The type where it is not null.
    pub(crate) fn not_null(&self) -> &Self {
        match self {
            Self::Nullable(inner) => inner,
            other => other,
        }
    }

    /// Whether a value of this type may turn out to be a number, a text and so on of `other`.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        match (self.not_null(), other.not_null()) {
            (Self::Dyn, _) | (_, Self::Dyn) => true,
            (Self::List(a), Self::List(b)) | (Self::Map(a), Self::Map(b)) => a.may_be(b),
            (Self::Map(_) | Self::Record(_), Self::Map(_) | Self::Record(_)) => true,
            (a, b) => a == b,
        }
    }

    /// What a value is that is of one of the two types.
    pub(crate) fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a.clone(),
            (Self::Null, b) => b.clone().or_null(),
            (a, Self::Null) => a.clone().or_null(),
            (a, b) if a.not_null() == b.not_null() => a.clone().or_null(),
            _ => Self::Dyn,
        }
    }

    /// What one gets from iterating over it; `None` where that is not possible.
    pub(crate) fn item(&self) -> Option<Self> {
        match self.not_null() {
            Self::Dyn => Some(Self::Dyn),
            Self::List(item) => Some(Self::clone(item)),
            Self::Map(_) | Self::Record(_) => Some(Self::Dyn),
            _ => None,
        }
    }

    /// The type of what a JSON Schema describes. What it leaves open is [`Type::Dyn`].
    pub(crate) fn of_schema(schema: &Json) -> Self {
        match schema.get("type") {
            Some(Json::String(name)) => Self::of_schema_named(name, schema),
            Some(Json::Array(names)) => {
                let names: Vec<&str> = names.iter().filter_map(Json::as_str).collect();
                match names.as_slice() {
                    [one] => Self::of_schema_named(one, schema),
                    [one, "null"] | ["null", one] => Self::of_schema_named(one, schema).or_null(),
                    _ => Self::Dyn,
                }
            }
            _ if schema.get("properties").is_some() => Self::of_object(schema),
            _ => Self::of_enumeration(schema),
        }
    }

    fn of_schema_named(name: &str, schema: &Json) -> Self {
        match name {
            "null" => Self::Null,
            "boolean" => Self::Bool,
            "integer" => Self::Int,
            "string" => Self::Text,
            "array" => Self::List(Arc::new(schema.get("items").map_or(Self::Dyn, Self::of_schema))),
            "object" => Self::of_object(schema),
            // JSON's 5 is a whole number, its 5.0 is not: which of both comes is the client's choice
            _ => Self::Dyn,
        }
    }

    fn of_object(schema: &Json) -> Self {
        let others = schema.get("additionalProperties");
        let Some(properties) = schema.get("properties").and_then(Json::as_object) else {
            let item = others.filter(|others| others.is_object()).map_or(Self::Dyn, Self::of_schema);
            return Self::Map(Arc::new(item));
        };
        let fields =
            properties.iter().map(|(name, schema)| (name.clone(), Self::of_schema(schema))).collect();
        let open = others.is_some_and(|others| others != &Json::Bool(false));
        Self::Record(Arc::new(Record { fields, open }))
    }

    fn of_enumeration(schema: &Json) -> Self {
        let texts = |values: &Vec<Json>| values.iter().all(Json::is_string);
        match schema.get("enum").and_then(Json::as_array) {
            Some(values) if texts(values) => Self::Text,
            _ => Self::Dyn,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("anything"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("a bool"),
            Self::Int => f.write_str("an int"),
            Self::Double => f.write_str("a double"),
            Self::Text => f.write_str("a string"),
            Self::List(_) => f.write_str("a list"),
            Self::Map(_) | Self::Record(_) => f.write_str("a map"),
            Self::Nullable(inner) => write!(f, "{inner} or null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_gives_each_field_its_type() {
        let schema = serde_json::json!({"type": "object", "properties": {
            "n": {"type": "integer"}, "t": {"type": ["string", "null"]}, "x": {"type": "number"},
            "l": {"type": "array", "items": {"type": "boolean"}}, "c": {"enum": ["a", "b"]}
        }});
        let Type::Record(record) = Type::of_schema(&schema) else { panic!("a record") };
        assert_eq!(record.fields["n"], Type::Int);
        assert_eq!(record.fields["t"], Type::Text.or_null());
        assert_eq!(record.fields["x"], Type::Dyn);
        assert_eq!(record.fields["l"], Type::List(Arc::new(Type::Bool)));
        assert_eq!(record.fields["c"], Type::Text);
        assert!(!record.open, "a field that the schema does not name is a mistake");
    }
}
