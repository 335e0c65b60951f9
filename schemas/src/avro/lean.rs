//! A schema's text as the library is given it: its names and types, and of them no more than it can take.
//!
//! The library fills each default with the defaults of the fields that it leaves out, and these with theirs: a schema of
//! forty records that name each other twice would have it write 2⁴⁰ values. It also keeps a copy of each named type, with
//! all that is inside, for each type around it and each alias. So defaults pass by it as an attribute that means nothing to
//! it ([`DEFAULT`]), and are checked here, within a bound; and what nobody here reads is left out.

use serde_json::{Map, Value as Json};

use crate::source::Unusable;

/// What the default of a field is called on its way through the library.
pub(super) const DEFAULT: &str = "handover-default";

/// How much the library may make of all the texts: each part of them, as often as there are types around it.
const WEIGHT_MAX: usize = 64 << 20;
/// What a part weighs beside its text: names and types are some hundred bytes each in memory, however short they are.
const PART: usize = 64;

/// The texts of one schema and of those that it refers to, together within a bound.
#[derive(Default)]
pub(super) struct Texts {
    weight: usize,
}

impl Texts {
    /// A text without what nobody reads.
    pub(super) fn lean(&mut self, text: &str) -> Result<String, Unusable> {
        let schema = serde_json::from_str(text).map_err(Unusable::because)?;
        Ok(self.schema(schema, 1)?.to_string())
    }

    fn schema(&mut self, schema: Json, depth: usize) -> Result<Json, Unusable> {
        match schema {
            Json::Array(branches) => {
                self.weigh(PART, depth)?;
                let branches = branches.into_iter().map(|branch| self.schema(branch, depth + 1));
                branches.collect::<Result<_, _>>().map(Json::Array)
            }
            Json::Object(parts) => {
                self.weigh(PART, depth)?;
                let parts = parts.into_iter().filter_map(|(name, part)| {
                    let part = match name.as_str() {
                        "type" | "items" | "values" => self.schema(part, depth + 1),
                        "fields" => self.fields(part, depth + 1),
                        "name" | "namespace" | "symbols" | "size" | "logicalType" | "precision" | "scale" => {
                            self.whole(part, depth)
                        }
                        _ => return None,
                    };
                    Some(part.map(|part| (name, part)))
                });
                parts.collect::<Result<_, _>>().map(Json::Object)
            }
            named => self.whole(named, depth),
        }
    }

    fn fields(&mut self, fields: Json, depth: usize) -> Result<Json, Unusable> {
        // The library says what is wrong with others.
        let Json::Array(fields) = fields else { return Ok(Json::Null) };
        let fields = fields.into_iter().map(|field| match field {
            Json::Object(field) => self.field(field, depth),
            _ => Ok(Json::Null),
        });
        fields.collect::<Result<_, _>>().map(Json::Array)
    }

    fn field(&mut self, field: Map<String, Json>, depth: usize) -> Result<Json, Unusable> {
        self.weigh(PART, depth)?;
        let parts = field.into_iter().filter_map(|(name, part)| {
            let (name, part) = match name.as_str() {
                "type" => (name, self.schema(part, depth + 1)),
                "name" => (name, self.whole(part, depth)),
                "default" => (DEFAULT.to_owned(), self.whole(part, depth)),
                _ => return None,
            };
            Some(part.map(|part| (name, part)))
        });
        parts.collect::<Result<_, _>>().map(Json::Object)
    }

    /// What stays as it is.
    fn whole(&mut self, part: Json, depth: usize) -> Result<Json, Unusable> {
        self.weigh(size(&part), depth)?;
        Ok(part)
    }

    fn weigh(&mut self, size: usize, depth: usize) -> Result<(), Unusable> {
        self.weight = self.weight.saturating_add(size.saturating_mul(depth));
        if self.weight > WEIGHT_MAX {
            return Err(Unusable(format!(
                "its types are too many, nested too deeply: they weigh more than {WEIGHT_MAX}"
            )));
        }
        Ok(())
    }
}

fn size(json: &Json) -> usize {
    PART + match json {
        Json::Array(items) => items.iter().map(size).sum(),
        Json::Object(entries) => entries.iter().map(|(name, value)| name.len() + size(value)).sum(),
        Json::String(text) => text.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_library_is_given_names_and_types() {
        let text = json!({
            "type": "record", "name": "Flight", "namespace": "acme", "doc": "…", "aliases": ["Trip"], "fields": [
                {"name": "faa", "type": "string", "doc": "…", "aliases": ["a"], "default": "?", "order": "ignore"},
                {"name": "tail", "type": ["null", {"type": "fixed", "name": "Tail", "size": 3, "default": "abc"}], "default": null},
                {"name": "doc", "type": {"type": "array", "items": {"type": "enum", "name": "E", "symbols": ["A"], "default": "A"}}},
            ],
        });
        let lean = json!({
            "type": "record", "name": "Flight", "namespace": "acme", "fields": [
                {"name": "faa", "type": "string", DEFAULT: "?"},
                {"name": "tail", "type": ["null", {"type": "fixed", "name": "Tail", "size": 3}], DEFAULT: null},
                {"name": "doc", "type": {"type": "array", "items": {"type": "enum", "name": "E", "symbols": ["A"]}}},
            ],
        });
        let given = Texts::default().lean(&text.to_string()).unwrap();
        assert_eq!(serde_json::from_str::<Json>(&given).unwrap(), lean);
        assert_eq!(Texts::default().lean("\"string\"").as_deref(), Ok("\"string\""));
    }
}
