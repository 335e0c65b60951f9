//! JSON that a JSON Schema allows.

use jsonschema::{Registry, Validator};
use serde_json::Value as Json;

use crate::place::Misfit;
use crate::source::{Source, Unusable};

/// Where schemas live that are called by a mere name.
const BASE: &str = "json-schema:///";

/// A JSON Schema.
pub(crate) struct JsonSchema(Validator);

impl std::fmt::Debug for JsonSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON Schema")
    }
}

impl JsonSchema {
    pub(crate) fn new(source: &Source) -> Result<Self, Unusable> {
        let parsed = |text: &str| serde_json::from_str::<Json>(text).map_err(Unusable::because);
        let mut others = Registry::new();
        for other in &source.references {
            let uri =
                if other.name.contains(':') { other.name.clone() } else { format!("{BASE}{}", other.name) };
            let schema = jsonschema::Draft::default().create_resource(parsed(&other.text)?);
            others = others.add(uri, schema).map_err(Unusable::because)?;
        }
        let others = others.prepare().map_err(Unusable::because)?;
        let options = jsonschema::options().with_base_uri(BASE).with_registry(&others);
        options.build(&parsed(&source.text)?).map(Self).map_err(Unusable::because)
    }

    /// Whether it allows the value.
    pub(crate) fn check(&self, json: &Json) -> Result<(), Misfit> {
        self.0.validate(json).map_err(|fault| {
            let place = fault.instance_path().to_string();
            let place = if place.is_empty() { "." } else { &place };
            Misfit::at(place, fault.masked().to_string())
        })
    }
}
