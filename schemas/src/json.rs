//! JSON that a JSON Schema allows.

use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{Registry, Validator};
use serde_json::Value as Json;

use crate::place::{KEY, Misfit};
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
            Misfit::at(place(fault.instance_path(), fault.evaluation_path()), fault.masked().to_string())
        })
    }
}

/// Where in a value something is wrong: names that are properties on the way through the schema, and [`KEY`] for others, which are
/// the value's own.
fn place(in_value: &Location, in_schema: &Location) -> String {
    let mut way = in_schema.segments();
    let mut place = String::new();
    for segment in in_value.segments() {
        place.push('/');
        let name = match &segment {
            LocationSegment::Index(index) => index.to_string(),
            LocationSegment::Property(name) => {
                let mut further = way.clone();
                let is_property = further.any(|step| step.to_string() == "properties")
                    && further.next().is_some_and(|step| step.to_string() == *name);
                if is_property {
                    way = further;
                }
                if is_property { name.to_string() } else { KEY.to_owned() }
            }
        };
        place.push_str(&name);
    }
    if place.is_empty() { ".".to_owned() } else { place }
}
