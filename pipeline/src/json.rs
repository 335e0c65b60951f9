//! Between PHP's values and JSON.

use legacy_compat::{Array, Object, Str, Value};
use serde_json::{Map, Number, Value as Json};

/// The value as JSON; what is not UTF-8 becomes U+FFFD, a number that JSON has not becomes null.
pub(crate) fn to_json(value: &Value) -> Json {
    let map = |elements: &Array| {
        Json::Object(
            elements
                .iter()
                .map(|(key, value)| (key.to_str().to_string_lossy(), to_json(value)))
                .collect::<Map<_, _>>(),
        )
    };
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(int) => Json::from(*int),
        Value::Float(float) => Number::from_f64(*float).map_or(Json::Null, Json::Number),
        Value::Str(text) => Json::String(text.to_string_lossy()),
        Value::Array(list) if list.is_list() => Json::Array(list.values().map(to_json).collect()),
        Value::Array(elements) => map(elements),
        Value::Object(object) => map(object.props()),
    }
}

/// JSON as a value: objects stay objects.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Str(Str::new(text.as_bytes())),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        Json::Object(fields) => {
            let mut elements = Array::map_with_capacity(fields.len());
            fields.iter().for_each(|(name, value)| elements.insert(name.as_str(), from_json(value)));
            Value::Object(Object::std(elements))
        }
    }
}
