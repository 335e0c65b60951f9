//! Protobuf: a schema is the text of a `.proto` file, a value one of its messages, in JSON as Protobuf's own mapping has it.

mod misfit;

use std::collections::HashSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, FileDescriptor, MapKey, MessageDescriptor,
    ReflectMessage as _, SerializeOptions, Value,
};
use serde_json::Value as Json;

use self::misfit::misfit;
use crate::DEPTH_MAX;
use crate::bounds::Room;
use crate::frame;
use crate::place::{Misfit, Place};
use crate::source::{Source, Unusable};

/// What the schema's own file is called, which nothing refers to.
const FILE: &str = "handover-schema.proto";

/// The message that can hold any other, itself among them: the library unpacks one inside another for as long as the stack lasts.
const ANY: &str = "google.protobuf.Any";

/// A `.proto` file.
#[derive(Debug)]
pub(crate) struct Protobuf {
    file: FileDescriptor,
    message: MessageDescriptor,
    /// The way to the message.
    indexes: Vec<usize>,
    /// Whether values tell which message they are: there are several, and a value can be by any of them.
    are_named: bool,
}

impl Protobuf {
    pub(crate) fn new(source: &Source, message: Option<&str>) -> Result<Self, Unusable> {
        // With Google's own types in it.
        let mut pool = DescriptorPool::global();
        let others = source.references.iter().map(|other| (other.name.as_str(), other.text.as_str()));
        for (name, text) in others.chain([(FILE, source.text.as_str())]) {
            if pool.get_file_by_name(name).is_none() {
                let file = parsed(name, text)?;
                pool.add_file_descriptor_proto(file).map_err(Unusable::because)?;
            }
        }
        let file = pool.get_file_by_name(FILE).ok_or_else(|| Unusable("it is no file".to_owned()))?;
        if reaches_any(&file) {
            return Err(Unusable(format!(
                "it has or refers to a field of the type `{ANY}`, which can hold anything, nested without an end: name what the \
                 field can hold, by a message or a `oneof`, or send the topic's values without a schema"
            )));
        }
        let message = match message {
            Some(name) => pool.get_message_by_name(name).filter(|message| message.parent_file() == file),
            None => file.messages().next(),
        };
        let message = message.ok_or_else(|| Unusable("it has no such message".to_owned()))?;
        let indexes = indexes_of(&message).ok_or_else(|| Unusable("it has no such message".to_owned()))?;
        let are_named = has_several_messages(&file);
        Ok(Self { file, message, indexes, are_named })
    }

    /// Appends the way to the message and the message that a JSON text stands for.
    pub(crate) fn encode(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
        let mut track = serde_path_to_error::Track::new();
        let mut json = serde_json::Deserializer::from_slice(text);
        let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
        let options = DeserializeOptions::new();
        let message = DynamicMessage::deserialize_with_options(self.message.clone(), tracked, &options);
        let message = message.map_err(|why| misfit(&track.path(), &self.message, &why.to_string()))?;
        json.end().map_err(|_| Misfit::at(Place::Whole, "something follows it"))?;
        frame::put_indexes(out, &self.indexes);
        append(&message, out);
        Ok(())
    }

    /// The message; or why it is none.
    pub(crate) fn decode(&self, mut bytes: &[u8]) -> Result<Json, String> {
        let indexes =
            frame::take_indexes(&mut bytes).ok_or("there is no way to a message where one should be")?;
        let message = self.at(&indexes).ok_or_else(|| format!("its schema has no message {indexes:?}"))?;
        let name = message.full_name().to_owned();
        let message = DynamicMessage::decode(message, bytes).map_err(|why| why.to_string())?;
        if knows_not_all(&message) {
            return Err("it has fields that its schema does not have".to_owned());
        }
        let options = SerializeOptions::new().stringify_64_bit_integers(false);
        // A byte can stand for a symbol as long as a schema: that is found out before the JSON is there.
        let counted = &mut serde_json::Serializer::new(Room::of(bytes.len()));
        message.serialize_with_options(counted, &options).map_err(|why| why.to_string())?;
        let mut json = message
            .serialize_with_options(serde_json::value::Serializer, &options)
            .map_err(|why| why.to_string())?;
        // Maps have no order.
        json.sort_all_objects();
        if self.are_named {
            json = Json::Object([(name, json)].into_iter().collect());
        }
        Ok(json)
    }

    fn at(&self, indexes: &[usize]) -> Option<MessageDescriptor> {
        let (first, inner) = indexes.split_first()?;
        let outermost = self.file.messages().nth(*first)?;
        inner.iter().try_fold(outermost, |message, index| declared(&message).nth(*index))
    }
}

fn parsed(name: &str, text: &str) -> Result<FileDescriptorProto, Unusable> {
    // Confluent's client for Python registers what protoc makes of the file.
    if let Ok(compiled) = BASE64_STANDARD.decode(text.trim()) {
        let file = FileDescriptorProto::decode(&compiled[..]).map_err(Unusable::because)?;
        return Ok(FileDescriptorProto { name: Some(name.to_owned()), ..file });
    }
    // The parser goes as deep as the text.
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'{' | b'<' | b'[' => depth += 1,
            b'}' | b'>' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Unusable(format!("it is nested more than {DEPTH_MAX} deep")));
        }
    }
    protox_parse::parse(name, text).map_err(Unusable::because)
}

/// The messages declared in a message: not the entries of its maps, which nobody declared.
fn declared(message: &MessageDescriptor) -> impl Iterator<Item = MessageDescriptor> {
    message.child_messages().filter(|child| !child.is_map_entry())
}

/// Whether a value by some message of a file can hold an [`ANY`].
fn reaches_any(file: &FileDescriptor) -> bool {
    let mut open: Vec<MessageDescriptor> = file.messages().collect();
    let mut seen = HashSet::new();
    while let Some(message) = open.pop() {
        if message.full_name() == ANY {
            return true;
        }
        if seen.insert(message.full_name().to_owned()) {
            let fields = message.fields().map(|field| field.kind());
            let kinds = fields.chain(message.extensions().map(|field| field.kind()));
            open.extend(kinds.filter_map(|kind| kind.as_message().cloned()));
            open.extend(message.child_messages());
        }
    }
    false
}

/// Whether a file declares more than one message, those inside others too.
fn has_several_messages(file: &FileDescriptor) -> bool {
    let mut outermost = file.messages();
    outermost.len() > 1 || outermost.next().is_some_and(|only| declared(&only).next().is_some())
}

fn indexes_of(message: &MessageDescriptor) -> Option<Vec<usize>> {
    let mut indexes = Vec::new();
    let mut message = message.clone();
    while let Some(parent) = message.parent_message() {
        indexes.push(declared(&parent).position(|child| child == message)?);
        message = parent;
    }
    indexes.push(message.parent_file().messages().position(|outermost| outermost == message)?);
    indexes.reverse();
    Some(indexes)
}

/// Appends a message. The library writes a map in no order: here its entries go by their keys.
fn append(message: &DynamicMessage, out: &mut Vec<u8>) {
    for (field, value) in message.fields() {
        match value {
            Value::Map(entries) => {
                let prost_reflect::Kind::Message(entry) = field.kind() else { continue };
                let mut sorted: Vec<(&MapKey, &Value)> = entries.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| order(a).cmp(&order(b)));
                for (key, value) in sorted {
                    let mut one = DynamicMessage::new(entry.clone());
                    one.set_field_by_number(1, key.clone().into());
                    one.set_field_by_number(2, value.clone());
                    delimited(field.number(), &one, out);
                }
            }
            Value::Message(inner) if !field.is_group() => delimited(field.number(), inner, out),
            Value::List(items)
                if !field.is_group() && items.iter().all(|item| item.as_message().is_some()) =>
            {
                items
                    .iter()
                    .filter_map(Value::as_message)
                    .for_each(|inner| delimited(field.number(), inner, out));
            }
            value => {
                let mut alone = DynamicMessage::new(message.descriptor());
                alone.set_field(&field, value.clone());
                out.extend_from_slice(&alone.encode_to_vec());
            }
        }
    }
}

fn delimited(number: u32, message: &DynamicMessage, out: &mut Vec<u8>) {
    let mut inner = Vec::new();
    append(message, &mut inner);
    // The tag of a field of wire type 2, and the length: plain variable-length integers.
    prost_reflect::prost::encoding::encode_varint(u64::from(number) << 3 | 2, out);
    prost_reflect::prost::encoding::encode_varint(inner.len() as u64, out);
    out.extend_from_slice(&inner);
}

fn order(key: &MapKey) -> (i64, u64, &str) {
    match key {
        MapKey::Bool(key) => (i64::from(*key), 0, ""),
        MapKey::I32(key) => (i64::from(*key), 0, ""),
        MapKey::I64(key) => (*key, 0, ""),
        MapKey::U32(key) => (0, u64::from(*key), ""),
        MapKey::U64(key) => (0, *key, ""),
        MapKey::String(key) => (0, 0, key),
    }
}

/// Whether a message has fields anywhere in it that its schema does not have: what they say would be compared by nobody.
fn knows_not_all(message: &DynamicMessage) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::Message(message) => knows_not_all(message),
            Value::List(items) => items.iter().any(inside),
            Value::Map(entries) => entries.values().any(inside),
            _ => false,
        }
    }
    message.unknown_fields().next().is_some() || message.fields().any(|(_, value)| inside(value))
}
