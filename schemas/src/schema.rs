//! A schema, ready to be used.

use serde_json::Value as Json;

use crate::avro::Avro;
use crate::bounds::{guarded, shown};
use crate::frame::{self, NoFrame};
use crate::json::JsonSchema;
use crate::place::{Misfit, Place};
use crate::protobuf::Protobuf;
use crate::source::{Kind, Source, Unusable};

/// A schema of a registry, ready to be used. Cheap to ask, not to make.
#[derive(Debug)]
pub struct Schema {
    id: u32,
    /// How long its texts are.
    size: usize,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Avro(Avro),
    Json(JsonSchema),
    Protobuf(Protobuf),
}

/// A value that cannot be read by a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It has no frame.
    #[error(transparent)]
    NoFrame(#[from] NoFrame),
    /// It is by another schema.
    #[error("it is by schema {0}")]
    OfAnother(u32),
    /// It is no value by this one.
    #[error("it is no value by its schema {id}: {why}")]
    Broken {
        /// The schema.
        id: u32,
        /// Why.
        why: String,
    },
}

impl Schema {
    /// Makes the schema that the registry knows by that id. Values are written as `message`, where it is Protobuf and that
    /// is given; else as the first that it has.
    ///
    /// # Errors
    /// When it is none, or has no such message.
    pub fn new(id: u32, source: &Source, message: Option<&str>) -> Result<Self, Unusable> {
        let size = source.size()?;
        let made = || {
            Ok(match source.kind {
                Kind::Avro => Form::Avro(Avro::new(source)?),
                Kind::Json => Form::Json(JsonSchema::new(source)?),
                Kind::Protobuf => Form::Protobuf(Protobuf::new(source, message)?),
            })
        };
        Ok(Self { id, size, form: guarded(made, |fault| Unusable::because(fault))? })
    }

    /// Its id.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// How long its text is, with the texts of all that it refers to, in bytes. In memory it takes some times that.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The value, as JSON text, as it goes to Kafka.
    ///
    /// # Errors
    /// When it is no JSON, or does not fit the schema.
    pub fn encode(&self, text: &[u8]) -> Result<Vec<u8>, Misfit> {
        guarded(|| self.encoded(text), |fault| Misfit::at(Place::Whole, fault))
    }

    fn encoded(&self, text: &[u8]) -> Result<Vec<u8>, Misfit> {
        let mut out = frame::begin(self.id);
        match &self.form {
            Form::Avro(avro) => avro.encode(&json(text)?, text.len(), &mut out)?,
            Form::Json(schema) => {
                schema.check(&json(text)?)?;
                out.extend_from_slice(text);
            }
            Form::Protobuf(protobuf) => protobuf.encode(text, &mut out)?,
        }
        Ok(out)
    }

    /// A value as it came from Kafka, as JSON text: the same for what the schema says is the same.
    ///
    /// # Errors
    /// When it is by another schema, or is none.
    pub fn decode(&self, value: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let (id, rest) = frame::split(value)?;
        if id != self.id {
            return Err(Unreadable::OfAnother(id));
        }
        let decoded = guarded(|| self.decoded(rest), str::to_owned);
        decoded.map_err(|why| Unreadable::Broken { id, why: shown(why) })
    }

    fn decoded(&self, rest: &[u8]) -> Result<Vec<u8>, String> {
        match &self.form {
            Form::Avro(avro) => avro.decode(rest).map(|json| json.to_string().into_bytes()),
            Form::Json(_) => match serde_json::from_slice::<&serde_json::value::RawValue>(rest) {
                Ok(_) => Ok(rest.to_vec()),
                Err(why) => Err(format!("it is no JSON: {why}")),
            },
            Form::Protobuf(protobuf) => protobuf.decode(rest).map(|json| json.to_string().into_bytes()),
        }
    }
}

fn json(text: &[u8]) -> Result<Json, Misfit> {
    serde_json::from_slice(text).map_err(|why| {
        let at = format!("it is no JSON: line {}, column {}", why.line(), why.column());
        Misfit::at(Place::Whole, at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_ours_is_the_error_of_one_value() {
        let schema = Schema { id: 7, size: 0, form: Form::Avro(Avro::faulty()) };
        let misfit = schema.encode(b"\"1\"").unwrap_err();
        assert!(misfit.why.contains("a panic of ours"), "{misfit}");
        let why = schema.decode(&[0, 0, 0, 0, 7, 2, 1]).unwrap_err().to_string();
        assert!(why.contains("schema 7: a panic of ours"), "{why}");
    }
}
