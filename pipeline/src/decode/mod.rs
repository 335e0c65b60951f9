//! Bytes to values: what a client sent, read as JSON, as a form, unpacked before.

mod multipart;

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use legacy_compat::{Array, Php, Value, json, request};

use crate::file::raw::{Coding, Limits, Semantics};

/// How a body is read.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    pub forms: Vec<Coding>,
    pub semantics: Semantics,
    pub depth: usize,
    /// The most that unpacking may give, in bytes.
    pub unpacked: usize,
}

impl Decoder {
    /// These forms, one after the other.
    pub(crate) fn new(forms: Vec<Coding>, semantics: Semantics, limits: &Limits) -> Self {
        Self { forms, semantics, depth: limits.depth, unpacked: limits.unpacked }
    }

    /// The value, or what is wrong as a map of `code` and `message`.
    pub(crate) fn decode(&self, php: &Php, bytes: &[u8]) -> Result<Value, Value> {
        let mut value = Value::string(bytes);
        for form in &self.forms {
            let bytes = value.as_bytes().unwrap_or_default();
            value = match form {
                Coding::Gzip => Value::string(self.gunzip(bytes)?),
                Coding::Base64 => Value::string(self.base64(php, bytes)?),
                Coding::Json if self.semantics == Semantics::Php => self.php_json(php, bytes)?,
                Coding::Json => self.strict_json(bytes)?,
                Coding::Form | Coding::Query => Value::Array(request::parse_str(php, bytes)),
                Coding::Multipart => {
                    Value::Array(multipart::decode(php, bytes).map_err(|why| wrong(0, why))?)
                }
            };
        }
        Ok(value)
    }

    fn gunzip(&self, bytes: &[u8]) -> Result<Vec<u8>, Value> {
        let mut plain = Vec::new();
        let most = self.unpacked as u64 + 1;
        let read = flate2::read::MultiGzDecoder::new(bytes).take(most).read_to_end(&mut plain);
        match read {
            Ok(_) if plain.len() > self.unpacked => Err(wrong(0, "unpacked it is too large")),
            Ok(_) => Ok(plain),
            Err(why) => Err(wrong(0, format!("this is no gzip: {why}"))),
        }
    }

    fn base64(&self, php: &Php, bytes: &[u8]) -> Result<Vec<u8>, Value> {
        if self.semantics == Semantics::Php {
            let decoded = legacy_compat::call::call(php, "base64_decode", &mut vec![Value::string(bytes)]);
            return Ok(decoded
                .ok()
                .and_then(|value| value.as_bytes().map(<[u8]>::to_vec))
                .unwrap_or_default());
        }
        STANDARD.decode(bytes).map_err(|why| wrong(0, format!("this is no base64: {why}")))
    }

    fn php_json(&self, php: &Php, bytes: &[u8]) -> Result<Value, Value> {
        let options = json::Decode { depth: self.depth, ..json::Decode::assoc() };
        json::decode(php, bytes, options).map_err(|error| wrong(error.code(), error.to_string()))
    }

    fn strict_json(&self, bytes: &[u8]) -> Result<Value, Value> {
        let text = std::str::from_utf8(bytes).map_err(|why| wrong(0, why.to_string()))?;
        let json: serde_json::Value = serde_json::from_str(text).map_err(|why| wrong(0, why.to_string()))?;
        match deeper_than(&json, self.depth) {
            true => Err(wrong(0, "it nests too deep")),
            false => Ok(crate::json::from_json(&json)),
        }
    }
}

fn deeper_than(json: &serde_json::Value, depth: usize) -> bool {
    match json {
        serde_json::Value::Array(items) => {
            depth == 0 || items.iter().any(|item| deeper_than(item, depth - 1))
        }
        serde_json::Value::Object(fields) => {
            depth == 0 || fields.values().any(|item| deeper_than(item, depth - 1))
        }
        _ => false,
    }
}

fn wrong(code: i64, message: impl AsRef<str>) -> Value {
    let mut error = Array::map_with_capacity(2);
    error.insert("code", code);
    error.insert("message", Value::string(message.as_ref()));
    Value::Array(error)
}
