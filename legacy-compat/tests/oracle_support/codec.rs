//! Values as the oracle writes them: JSON that loses nothing.

use legacy_compat::value::{Key, Object};
use legacy_compat::{Array, Php, Str, Value, Version};
use serde_json::{Value as Json, json};

pub fn decode(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(*bool),
        Json::Object(tagged) => {
            tagged.iter().next().map_or(Value::Null, |(tag, inner)| decode_tagged(tag, inner, json))
        }
        other => panic!("no such encoding: {other}"),
    }
}

fn decode_tagged(tag: &str, inner: &Json, whole: &Json) -> Value {
    let text = || inner.as_str().unwrap_or("");
    match tag {
        "i" => text().parse::<i64>().map_or_else(|_| Value::Float(text().parse().unwrap()), Value::Int),
        "d" => Value::Float(f64::from_bits(u64::from_str_radix(text(), 16).unwrap())),
        "s" => Value::from(text()),
        "x" => Value::from(hex(text())),
        "a" => {
            let mut array = Array::new();
            for pair in inner.as_array().unwrap() {
                array.insert(key(&pair[0]), decode(&pair[1]));
            }
            Value::Array(array)
        }
        "o" => {
            let mut props = Array::new();
            for pair in whole["p"].as_array().unwrap() {
                props.insert(Key::Str(key(&pair[0]).to_str()), decode(&pair[1]));
            }
            Value::Object(Object::std(props))
        }
        other => panic!("no such tag: {other}"),
    }
}

fn key(json: &Json) -> Key {
    match decode(json) {
        Value::Int(int) => Key::Int(int),
        name => Key::from_bytes(name.as_bytes().expect("a key is a number or a text")),
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

pub fn encode(php: &Php, value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => json!(bool),
        Value::Int(int) => json!({"i": int.to_string()}),
        Value::Float(float) => json!({"d": format!("{:016x}", float.to_bits())}),
        Value::Str(text) => encode_str(text),
        Value::Array(array) => json!({"a": encode_pairs(php, array)}),
        Value::Object(object) => {
            let mut props = Array::new();
            for (key, value) in object.props().iter() {
                match key {
                    // The oracle's get_object_vars() did not see these in 5.6.
                    Key::Str(name) if name.is_empty() && php.version < Version::V7_0 => {}
                    Key::Str(name) => props.insert(php.int_size.key(Key::from_text(name)), value.clone()),
                    Key::Int(_) if php.version < Version::V7_0 => {}
                    key => props.insert(key, value.clone()),
                }
            }
            json!({"o": object.class().to_string_lossy(), "p": encode_pairs(php, &props)})
        }
    }
}

fn encode_str(text: &Str) -> Json {
    match text.to_str() {
        Some(text) => json!({"s": text}),
        None => json!({"x": text.iter().map(|b| format!("{b:02x}")).collect::<String>()}),
    }
}

fn encode_pairs(php: &Php, array: &Array) -> Json {
    array.iter().map(|(key, value)| json!([encode(php, &key.into()), encode(php, value)])).collect()
}
