//! Avro to JSON.

use serde_json::{Map, Number, Value as Json};

use super::decimal;
use super::plan::{Avro, Node};
use crate::DEPTH_MAX;
use crate::bounds::{NO_ROOM, room};
use crate::varint;

/// So many values may take no byte at all (nulls, empty records), whatever a count claims.
const FREE: usize = 1024;

impl Avro {
    /// The value; or why it is none.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<Json, String> {
        let (values, room) = (FREE + bytes.len(), room(bytes.len()));
        let mut reader = Reader { avro: self, rest: bytes, depth: 0, values, room };
        let json = reader.value(self.root)?;
        match reader.rest.len() {
            0 => Ok(json),
            left => Err(format!("{left} bytes are left over")),
        }
    }
}

struct Reader<'a> {
    avro: &'a Avro,
    rest: &'a [u8],
    depth: usize,
    /// How many more values there may be.
    values: usize,
    /// How many more bytes of names and texts there may be: what stands for a name is a byte or none.
    room: usize,
}

impl Reader<'_> {
    fn value(&mut self, node: usize) -> Result<Json, String> {
        if self.depth == DEPTH_MAX {
            return Err(format!("it is nested more than {DEPTH_MAX} deep"));
        }
        self.values = self.values.checked_sub(1).ok_or("it has more values than its length makes likely")?;
        self.depth += 1;
        let json = self.value_here(node)?;
        self.depth -= 1;
        if let Json::String(text) = &json {
            self.take_room(text.len())?;
        }
        Ok(json)
    }

    fn take_room(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.room.checked_sub(bytes);
        self.room = left.ok_or(NO_ROOM)?;
        Ok(())
    }

    fn value_here(&mut self, node: usize) -> Result<Json, String> {
        Ok(match &self.avro.nodes[node] {
            Node::Null => Json::Null,
            Node::Boolean => match self.take(1)? {
                [0] => Json::Bool(false),
                [1] => Json::Bool(true),
                _ => return Err("a boolean that is neither 0 nor 1".to_owned()),
            },
            Node::Int => Json::from(i32::try_from(self.long()?).map_err(|_| "an int that is too large")?),
            Node::Long => Json::from(self.long()?),
            Node::Float => float(f32::from_le_bytes(self.array()?).into()),
            Node::Double => float(f64::from_le_bytes(self.array()?)),
            Node::Bytes => latin_1(self.bytes()?),
            Node::Text => Json::String(self.text()?),
            Node::Fixed(size) => latin_1(self.take(*size)?),
            Node::Uuid => {
                let hex = format!("{:032x}", u128::from_be_bytes(self.array()?));
                let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
                Json::String(parts.join("-"))
            }
            Node::Decimal(of) => {
                let bytes = match of.size {
                    Some(size) => self.take(size)?,
                    None => self.bytes()?,
                };
                Json::String(decimal::decode(bytes, *of)?)
            }
            Node::Enum(symbols) => {
                let at = self.long()?;
                let symbol = usize::try_from(at).ok().and_then(|at| symbols.get(at));
                Json::String(symbol.ok_or_else(|| format!("an enum has no symbol {at}"))?.clone())
            }
            Node::Array(items) => {
                let (mut list, items) = (Vec::new(), *items);
                while let Some(count) = self.block()? {
                    for _ in 0..count {
                        list.push(self.value(items)?);
                    }
                }
                Json::Array(list)
            }
            Node::Map(values) => {
                let (mut entries, values) = (Map::new(), *values);
                while let Some(count) = self.block()? {
                    for _ in 0..count {
                        let key = self.text()?;
                        let value = self.value(values)?;
                        if entries.insert(key, value).is_some() {
                            return Err("a map has a key twice".to_owned());
                        }
                    }
                }
                // They have no order.
                entries.sort_keys();
                Json::Object(entries)
            }
            Node::Record(fields) => {
                // Before anything is made of them: a record without values is but its names.
                self.take_room(fields.iter().map(|field| field.name.len()).sum())?;
                let mut record = Map::with_capacity(fields.len());
                for field in fields {
                    record.insert(field.name.clone(), self.value(field.node)?);
                }
                Json::Object(record)
            }
            Node::Union(union) => {
                let at = self.long()?;
                let branch = usize::try_from(at).ok().and_then(|at| union.branches.get(at));
                let (name, node) = branch.ok_or_else(|| format!("a union has no branch {at}"))?;
                match self.value(*node)? {
                    value if union.named && name != "null" => {
                        self.take_room(name.len())?;
                        Json::Object([(name.clone(), value)].into_iter().collect())
                    }
                    value => value,
                }
            }
            Node::Unknown => return Err("the schema does not say what it is".to_owned()),
        })
    }

    /// How many items the next block has; `None` at the end.
    fn block(&mut self) -> Result<Option<u64>, String> {
        let count = self.long()?;
        if count < 0 {
            // Its size in bytes, for who skips it.
            let size = self.long()?;
            if usize::try_from(size).map_or(true, |size| size > self.rest.len()) {
                return Err("a block ends behind its value".to_owned());
            }
        }
        let count = count.unsigned_abs();
        if count > self.values as u64 {
            return Err("a block has more items than its length makes likely".to_owned());
        }
        Ok((count > 0).then_some(count))
    }

    fn long(&mut self) -> Result<i64, String> {
        varint::take(&mut self.rest).ok_or_else(|| "there is no whole number where one should be".to_owned())
    }

    fn bytes(&mut self) -> Result<&[u8], String> {
        let length = self.long()?;
        self.take(usize::try_from(length).map_err(|_| format!("a length of {length}"))?)
    }

    fn text(&mut self) -> Result<String, String> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| "a text that is not UTF-8")?;
        Ok(text.to_owned())
    }

    fn take(&mut self, length: usize) -> Result<&[u8], String> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| format!("it ends within {length} bytes"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?.try_into().map_err(|_| "too few bytes".to_owned())
    }
}

fn float(float: f64) -> Json {
    let name = || {
        Json::String(
            if float.is_nan() {
                "NaN"
            } else if float > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            }
            .to_owned(),
        )
    };
    Number::from_f64(float).map_or_else(name, Json::Number)
}

fn latin_1(bytes: &[u8]) -> Json {
    Json::String(bytes.iter().map(|byte| char::from(*byte)).collect())
}
