//! What a schema asks for, as nodes that know each other by number: names are looked up once.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{InnerDecimalSchema, Name, UuidSchema};
use serde_json::Value as Json;

use super::decimal::{DIGITS_MAX, SIZE_MAX};
use super::lean::{DEFAULT, Texts};
use crate::source::{Source, Unusable};

/// A schema's nodes.
#[derive(Debug)]
pub(crate) struct Avro {
    pub(super) nodes: Vec<Node>,
    pub(super) root: usize,
}

#[derive(Debug)]
pub(super) enum Node {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Array(usize),
    Map(usize),
    Union(Union),
    Record(Vec<Field>),
    Enum(Vec<String>),
    Fixed(usize),
    Decimal(Decimal),
    /// 16 bytes.
    Uuid,
    /// Named, and not yet gone through.
    Unknown,
}

#[derive(Debug)]
pub(super) struct Union {
    /// Each with what names it in JSON.
    pub branches: Vec<(String, usize)>,
    /// Whether a value's branch is named: there are several beside null.
    pub named: bool,
}

#[derive(Debug)]
pub(super) struct Field {
    pub name: String,
    pub node: usize,
    pub default: Option<Json>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal {
    pub precision: usize,
    pub scale: usize,
    /// Of a `fixed`; else it has as many bytes as it needs.
    pub size: Option<usize>,
}

impl Avro {
    pub(crate) fn new(source: &Source) -> Result<Self, Unusable> {
        let mut texts = Texts::default();
        let text = texts.lean(&source.text)?;
        let others: Vec<String> =
            source.references.iter().map(|other| texts.lean(&other.text)).collect::<Result<_, _>>()?;
        let (schema, others) = Schema::parse_str_with_list(&text, others).map_err(Unusable::because)?;
        let mut planner = Planner::default();
        for other in &others {
            planner.node(other)?;
        }
        let root = planner.node(&schema)?;
        let avro = Self { nodes: planner.nodes, root };
        if let Some(name) = planner.named.iter().find(|(_, at)| matches!(avro.nodes[**at], Node::Unknown)) {
            return Err(Unusable::because(format!("it names `{}`, which is nowhere", full(name.0))));
        }
        avro.check_defaults()?;
        Ok(avro)
    }

    /// One by which nothing can be read or written without a panic: no schema is read as such.
    #[cfg(test)]
    pub(crate) fn faulty() -> Self {
        let node = Node::Decimal(Decimal { precision: 1, scale: usize::from(u16::MAX) + 1, size: None });
        Self { nodes: vec![node], root: 0 }
    }
}

impl Decimal {
    /// Itself, where its values are such as can be read and written.
    fn checked(self) -> Result<Self, Unusable> {
        if self.scale > DIGITS_MAX {
            let scale = self.scale;
            return Err(Unusable(format!(
                "a decimal has the scale {scale}: at most {DIGITS_MAX} digits can be read and written"
            )));
        }
        match self.size {
            Some(size) if size > SIZE_MAX => {
                Err(Unusable(format!("a decimal has {size} bytes, more than {SIZE_MAX}")))
            }
            _ => Ok(self),
        }
    }
}

#[derive(Default)]
struct Planner {
    nodes: Vec<Node>,
    named: HashMap<Name, usize>,
}

impl Planner {
    fn node(&mut self, schema: &Schema) -> Result<usize, Unusable> {
        let node = match schema {
            Schema::Null => Node::Null,
            Schema::Boolean => Node::Boolean,
            Schema::Int | Schema::Date | Schema::TimeMillis => Node::Int,
            Schema::Long
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos => Node::Long,
            Schema::Float => Node::Float,
            Schema::Double => Node::Double,
            Schema::Bytes | Schema::BigDecimal | Schema::Uuid(UuidSchema::Bytes) => Node::Bytes,
            Schema::String | Schema::Uuid(UuidSchema::String) => Node::Text,
            Schema::Array(array) => Node::Array(self.node(&array.items)?),
            Schema::Map(map) => Node::Map(self.node(&map.types)?),
            Schema::Union(union) => {
                let branches = union.variants().iter();
                let branches: Result<Vec<_>, _> =
                    branches.map(|branch| Ok((branch_name(branch), self.node(branch)?))).collect();
                let branches = branches?;
                let named = branches.iter().filter(|(name, _)| name != "null").count() > 1;
                Node::Union(Union { branches, named })
            }
            Schema::Record(record) => {
                let at = self.place(&record.name);
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    let (name, default) = (field.name.clone(), field.custom_attributes.get(DEFAULT).cloned());
                    fields.push(Field { name, node: self.node(&field.schema)?, default });
                }
                self.nodes[at] = Node::Record(fields);
                return Ok(at);
            }
            Schema::Enum(symbols) => {
                return Ok(self.put(&symbols.name, Node::Enum(symbols.symbols.clone())));
            }
            Schema::Fixed(fixed) | Schema::Duration(fixed) => {
                return Ok(self.put(&fixed.name, Node::Fixed(fixed.size)));
            }
            Schema::Uuid(UuidSchema::Fixed(fixed)) if fixed.size == 16 => {
                return Ok(self.put(&fixed.name, Node::Uuid));
            }
            Schema::Uuid(UuidSchema::Fixed(fixed)) => {
                return Ok(self.put(&fixed.name, Node::Fixed(fixed.size)));
            }
            Schema::Decimal(decimal) => {
                let (precision, scale) = (decimal.precision, decimal.scale);
                let sized = |size| Decimal { precision, scale, size }.checked().map(Node::Decimal);
                match &decimal.inner {
                    InnerDecimalSchema::Bytes => sized(None)?,
                    InnerDecimalSchema::Fixed(fixed) => {
                        let node = sized(Some(fixed.size))?;
                        return Ok(self.put(&fixed.name, node));
                    }
                }
            }
            Schema::Ref { name } => return Ok(self.place(name)),
        };
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// The place of what has that name.
    fn place(&mut self, name: &Name) -> usize {
        let next = self.nodes.len();
        let at = *self.named.entry(name.clone()).or_insert(next);
        if at == next {
            self.nodes.push(Node::Unknown);
        }
        at
    }

    fn put(&mut self, name: &Name, node: Node) -> usize {
        let at = self.place(name);
        self.nodes[at] = node;
        at
    }
}

/// What names a branch in JSON: Avro's own JSON form has the same.
fn branch_name(schema: &Schema) -> String {
    let name = match schema {
        Schema::Null => "null",
        Schema::Boolean => "boolean",
        Schema::Int | Schema::Date | Schema::TimeMillis => "int",
        Schema::Float => "float",
        Schema::Double => "double",
        Schema::Bytes | Schema::BigDecimal | Schema::Uuid(UuidSchema::Bytes) => "bytes",
        Schema::String | Schema::Uuid(UuidSchema::String) => "string",
        Schema::Array(_) => "array",
        Schema::Map(_) => "map",
        Schema::Decimal(decimal) => match &decimal.inner {
            InnerDecimalSchema::Bytes => "bytes",
            InnerDecimalSchema::Fixed(fixed) => return full(&fixed.name),
        },
        other => return other.name().map_or_else(|| "long".to_owned(), full),
    };
    name.to_owned()
}

fn full(name: &Name) -> String {
    name.fullname(None)
}
