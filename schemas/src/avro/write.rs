//! JSON to Avro.

use serde_json::Value as Json;

use super::decimal;
use super::plan::{Avro, Field, Node, Union};
use crate::DEPTH_MAX;
use crate::bounds::{FACTOR, room};
use crate::place::{Misfit, Place, sort};
use crate::source::Unusable;
use crate::varint;

/// So many values may be written, beside those of which there is a text: defaults of defaults.
const DEFAULTS: usize = 1 << 16;

impl Avro {
    /// Appends the value of a JSON text of that length. It takes no more [`room`] than that length makes likely.
    pub(crate) fn encode(&self, json: &Json, length: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
        Writer::new(self, out, length).value(self.root, json, &Place::Whole)
    }

    /// Every default must be a value, or a request would find out. All of them together must be as small as those of one
    /// value are.
    pub(super) fn check_defaults(&self) -> Result<(), Unusable> {
        let mut out = Vec::new();
        let mut writer = Writer { is_default: true, ..Writer::new(self, &mut out, 0) };
        let fields = self.nodes.iter().filter_map(|node| match node {
            Node::Record(fields) => Some(fields),
            _ => None,
        });
        for field in fields.flatten() {
            if let Some(default) = &field.default {
                let place = Place::Field(&Place::Whole, &field.name);
                let written = writer.value(field.node, default, &place);
                written.map_err(|misfit| Unusable::because(format!("a default does not fit: {misfit}")))?;
            }
        }
        Ok(())
    }
}

struct Writer<'a> {
    avro: &'a Avro,
    out: &'a mut Vec<u8>,
    depth: usize,
    /// Whether a schema's default is written, where decimals are bytes.
    is_default: bool,
    /// How many more values there may be.
    values: usize,
    /// How many bytes there may be in the end.
    most: usize,
}

impl<'a> Writer<'a> {
    /// For a value of which there is a text of that length.
    fn new(avro: &'a Avro, out: &'a mut Vec<u8>, length: usize) -> Self {
        let (most, values) =
            (out.len() + room(length), DEFAULTS.saturating_add(FACTOR.saturating_mul(length)));
        Self { avro, out, depth: 0, is_default: false, values, most }
    }

    fn value(&mut self, node: usize, json: &Json, place: &Place<'_>) -> Result<(), Misfit> {
        if self.depth == DEPTH_MAX {
            return Err(Misfit::at(place, format!("it is nested more than {DEPTH_MAX} deep")));
        }
        self.values = self.values.checked_sub(1).ok_or_else(|| too_many_defaults(place))?;
        self.depth += 1;
        let written = self.value_here(node, json, place);
        self.depth -= 1;
        written
    }

    fn value_here(&mut self, node: usize, json: &Json, place: &Place<'_>) -> Result<(), Misfit> {
        let is_no = |what: &str| Misfit::at(place, format!("{} is no {what}", sort(json)));
        match (&self.avro.nodes[node], json) {
            (Node::Null, Json::Null) => {}
            (Node::Null, _) => return Err(is_no("null")),
            (Node::Boolean, Json::Bool(truth)) => self.out.push(u8::from(*truth)),
            (Node::Boolean, _) => return Err(is_no("boolean")),
            (Node::Int, _) => {
                let int = json.as_i64().ok_or_else(|| is_no("int"))?;
                let int = i32::try_from(int)
                    .map_err(|_| Misfit::at(place, "the integer is too large for an int"))?;
                varint::put(self.out, int.into());
            }
            (Node::Long, _) => varint::put(self.out, json.as_i64().ok_or_else(|| is_no("long"))?),
            (Node::Float, _) => {
                let float = float(json).ok_or_else(|| is_no("float"))?;
                let single = float as f32;
                if single.is_infinite() && float.is_finite() {
                    return Err(Misfit::at(place, "the number is too large for a float"));
                }
                self.out.extend_from_slice(&single.to_le_bytes());
            }
            (Node::Double, _) => {
                self.out.extend_from_slice(&float(json).ok_or_else(|| is_no("double"))?.to_le_bytes());
            }
            (Node::Text, Json::String(text)) => self.bytes(text.as_bytes()),
            (Node::Text, _) => return Err(is_no("string")),
            (Node::Bytes, _) => {
                let bytes = latin_1(json).ok_or_else(|| is_no("text of bytes (U+0000 to U+00FF)"))?;
                self.bytes(&bytes);
            }
            (Node::Fixed(size), _) => {
                let bytes = latin_1(json).ok_or_else(|| is_no("text of bytes (U+0000 to U+00FF)"))?;
                if bytes.len() != *size {
                    return Err(Misfit::at(place, format!("it has {} bytes instead of {size}", bytes.len())));
                }
                self.out.extend_from_slice(&bytes);
            }
            (Node::Uuid, _) => {
                let number = json.as_str().and_then(uuid).ok_or_else(|| is_no("UUID"))?;
                self.out.extend_from_slice(&number.to_be_bytes());
            }
            (Node::Decimal(of), _) => {
                let bytes = match json {
                    _ if self.is_default => latin_1(json).ok_or_else(|| is_no("text of bytes"))?,
                    Json::String(text) => decimal::encode(text, *of).map_err(|why| Misfit::at(place, why))?,
                    Json::Number(number) => {
                        decimal::encode(&number.to_string(), *of).map_err(|why| Misfit::at(place, why))?
                    }
                    _ => return Err(is_no("decimal")),
                };
                match of.size {
                    Some(_) => self.out.extend_from_slice(&bytes),
                    None => self.bytes(&bytes),
                }
            }
            (Node::Enum(symbols), Json::String(text)) => {
                let at = symbols.iter().position(|symbol| symbol == text);
                let at = at.ok_or_else(|| Misfit::at(place, "it is none of the enum's symbols"))?;
                varint::put(self.out, at as i64);
            }
            (Node::Enum(_), _) => return Err(is_no("enum's symbol")),
            (Node::Array(items), Json::Array(list)) => {
                let items = *items;
                self.block(list.len());
                for (at, item) in list.iter().enumerate() {
                    self.value(items, item, &Place::Item(place, at))?;
                }
                self.out.push(0);
            }
            (Node::Array(_), _) => return Err(is_no("array")),
            (Node::Map(values), Json::Object(entries)) => {
                let values = *values;
                self.block(entries.len());
                for (key, value) in entries {
                    self.bytes(key.as_bytes());
                    self.value(values, value, &Place::Key(place))?;
                }
                self.out.push(0);
            }
            (Node::Map(_), _) => return Err(is_no("map")),
            (Node::Record(fields), Json::Object(given)) => {
                if let Some(name) = given.keys().find(|name| fields.iter().all(|field| field.name != **name))
                {
                    return Err(Misfit::at(Place::Unknown(place, name), "the schema has no such field"));
                }
                for field in fields {
                    self.field(field, given.get(&field.name), &Place::Field(place, &field.name))?;
                }
            }
            (Node::Record(_), _) => return Err(is_no("record")),
            (Node::Union(union), _) => {
                let (at, node, value) = self.branch(union, json).ok_or_else(|| {
                    let names: Vec<_> = union.branches.iter().map(|(name, _)| name.as_str()).collect();
                    Misfit::at(place, format!("{} is none of {}", sort(json), names.join(", ")))
                })?;
                varint::put(self.out, at as i64);
                self.value(node, value, place)?;
            }
            (Node::Unknown, _) => return Err(Misfit::at(place, "the schema does not say what it is")),
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, given: Option<&Json>, place: &Place<'_>) -> Result<(), Misfit> {
        if let Some(given) = given {
            return self.value(field.node, given, place);
        }
        let default = field.default.as_ref();
        let default =
            default.ok_or_else(|| Misfit::at(place, "it is missing, and the schema has no default"))?;
        let before = std::mem::replace(&mut self.is_default, true);
        let written = self.value(field.node, default, place);
        self.is_default = before;
        if self.out.len() > self.most {
            return Err(too_many_defaults(place));
        }
        written
    }

    /// The branch of a union for a value, and what of the value goes there.
    fn branch<'j>(&self, union: &Union, json: &'j Json) -> Option<(usize, usize, &'j Json)> {
        let branches = || union.branches.iter().enumerate();
        if union.named
            && let Json::Object(fields) = json
            && let (1, Some((name, value))) = (fields.len(), fields.iter().next())
            && let Some((at, (_, node))) = branches().find(|(_, (known, _))| known == name)
            && self.looks_like(*node, value)
        {
            return Some((at, *node, value));
        }
        let alike = branches().find(|(_, (_, node))| self.looks_like(*node, json));
        // Where there is but one, it can say better what is wrong.
        let only = || branches().find(|(_, (name, _))| !union.named && !json.is_null() && name != "null");
        alike.or_else(only).map(|(at, (_, node))| (at, *node, json))
    }

    /// Whether a value is of a node's kind, as far as can be told without looking into it.
    fn looks_like(&self, node: usize, json: &Json) -> bool {
        match (&self.avro.nodes[node], json) {
            (Node::Null, Json::Null)
            | (Node::Boolean, Json::Bool(_))
            | (Node::Text, Json::String(_))
            | (Node::Array(_), Json::Array(_))
            | (Node::Map(_), Json::Object(_)) => true,
            (Node::Int, _) => json.as_i64().is_some_and(|int| i32::try_from(int).is_ok()),
            (Node::Long, _) => json.is_i64(),
            (Node::Float | Node::Double, _) => float(json).is_some(),
            (Node::Bytes, _) => latin_1(json).is_some(),
            (Node::Fixed(size), _) => latin_1(json).is_some_and(|bytes| bytes.len() == *size),
            (Node::Uuid, Json::String(text)) => uuid(text).is_some(),
            (Node::Decimal(of), Json::String(text)) => self.is_default || decimal::encode(text, *of).is_ok(),
            (Node::Decimal(of), Json::Number(number)) => decimal::encode(&number.to_string(), *of).is_ok(),
            (Node::Enum(symbols), Json::String(text)) => symbols.contains(text),
            (Node::Record(fields), Json::Object(given)) => {
                given.keys().all(|name| fields.iter().any(|field| field.name == *name))
                    && fields.iter().all(|field| field.default.is_some() || given.contains_key(&field.name))
            }
            _ => false,
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        varint::put(self.out, bytes.len() as i64);
        self.out.extend_from_slice(bytes);
    }

    fn block(&mut self, items: usize) {
        if items > 0 {
            varint::put(self.out, items as i64);
        }
    }
}

fn too_many_defaults(place: &Place<'_>) -> Misfit {
    Misfit::at(place, "defaults, and defaults in these, make far more of it than was given")
}

fn float(json: &Json) -> Option<f64> {
    match json {
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => json.as_f64(),
    }
}

fn latin_1(json: &Json) -> Option<Vec<u8>> {
    json.as_str()?.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect()
}

fn uuid(text: &str) -> Option<u128> {
    let mut parts = text.split('-');
    let mut hex = String::with_capacity(32);
    for length in [8, 4, 4, 4, 12] {
        let part = parts.next().filter(|part| part.len() == length)?;
        part.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| hex.push_str(part))?;
    }
    parts.next().is_none().then(|| u128::from_str_radix(&hex, 16).ok())?
}
