//! `var_export`.

use crate::float;
use crate::php::{Php, Version};
use crate::value::{Key, Value};

/// `var_export($value, true)`
pub fn var_export(php: &Php, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    export(php, value, 0, &mut out);
    out
}

fn export(php: &Php, value: &Value, indent: usize, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"NULL"),
        Value::Bool(bool) => out.extend_from_slice(if *bool { b"true" } else { b"false" }),
        Value::Int(i64::MIN) if php.since(Version::V7_0) => out.extend_from_slice(b"-9223372036854775807-1"),
        Value::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
        Value::Float(number) => {
            let text = float::to_text(*number, php.serialize_precision, b'E');
            let whole = !php.is_5()
                && number.is_finite()
                && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-');
            out.extend_from_slice(&text);
            if whole {
                out.extend_from_slice(b".0");
            }
        }
        Value::Str(text) => quoted(text, out),
        Value::Array(array) => {
            out.extend_from_slice(b"array (\n");
            for (key, value) in array.iter() {
                spaces(indent + 2, out);
                match key {
                    Key::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
                    Key::Str(name) => quoted(&name, out),
                }
                member(php, value, indent, out);
            }
            spaces(indent, out);
            out.push(b')');
        }
        Value::Object(object) => {
            let std = php.since(Version::V7_3);
            out.extend_from_slice(if std { b"(object) array(\n" } else { b"stdClass::__set_state(array(\n" });
            for (key, value) in object.props().iter() {
                spaces(indent + if std { 4 } else { 3 } - usize::from(std), out);
                quoted(&key.to_str(), out);
                member(php, value, indent, out);
            }
            spaces(indent, out);
            out.extend_from_slice(if std { b")" } else { b"))" });
        }
    }
}

fn member(php: &Php, value: &Value, indent: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b" => ");
    if matches!(value, Value::Array(_) | Value::Object(_)) {
        out.push(b'\n');
        spaces(indent + 2, out);
    }
    export(php, value, indent + 2, out);
    out.extend_from_slice(b",\n");
}

fn spaces(count: usize, out: &mut Vec<u8>) {
    out.resize(out.len() + count, b' ');
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in text {
        match byte {
            b'\'' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0 => out.extend_from_slice(b"' . \"\\0\" . '"),
            byte => out.push(*byte),
        }
    }
    out.push(b'\'');
}
