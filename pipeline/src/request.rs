//! The request as variables.

use handover_api::Request;
use legacy_compat::{Array, Php, Value, request::parse_str};

use crate::expr::types::Type;

/// A variable's name, and what makes its type.
type Variable = (&'static str, fn() -> Type);

/// The variables that every pipeline has, with their types; the first four are made by the pipeline itself.
pub(crate) const VARIABLES: [Variable; 11] = [
    ("errors", Type::any_list),
    ("warnings", Type::any_list),
    ("repairs", Type::any_list),
    ("decode_error", || Type::Dyn),
    ("now", || Type::Int),
    ("method", || Type::Text),
    ("path", || Type::Text),
    ("query", Type::any_map),
    ("header", || Type::Map(Type::Text.into())),
    ("param", || Type::Map(Type::Text.into())),
    ("raw", || Type::Text),
];

/// The values of these for one request; what no expression asks for is left out.
pub(crate) fn variables(request: &Request, now: i64, php: &Php, used: &[bool]) -> Vec<Value> {
    let mut vars = vec![Value::Null; used.len().max(VARIABLES.len())];
    for empty in &mut vars[..3] {
        *empty = Value::Array(Array::new());
    }
    vars[4] = now.into();
    let makers: [fn(&Request, &Php) -> Value; 6] = [
        |request, _| Value::string(request.method().as_str()),
        |request, _| Value::string(request.path()),
        |request, php| parse_str(php, request.query().unwrap_or_default()).into(),
        |request, _| headers(request),
        |request, _| {
            Value::Array(
                request
                    .params()
                    .collect::<Vec<_>>()
                    .into_iter()
                    .map(|(name, value)| (name, Value::string(value)))
                    .collect(),
            )
        },
        |request, _| Value::string(request.body()),
    ];
    for (offset, make) in makers.iter().enumerate() {
        let slot = 5 + offset;
        if used.get(slot).copied().unwrap_or(false) {
            vars[slot] = make(request, php);
        }
    }
    vars
}

/// The last of each name, the name in lower case.
fn headers(request: &Request) -> Value {
    let mut map = Array::map_with_capacity(request.fields().len());
    for field in request.fields() {
        map.insert(
            legacy_compat::Key::from_bytes(&field.name().to_ascii_lowercase()),
            Value::string(field.value()),
        );
    }
    Value::Array(map)
}
