//! `handover schema`: every key of `routes.toml`, as a JSON Schema for editors or as a page for people.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::Value;

use super::Context;

/// What `schema` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print a page in Markdown in place of the JSON Schema.
    #[arg(long)]
    markdown: bool,
}

/// Prints it.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let schema = crate::config::raw::schema();
    if args.markdown {
        context.output.text(&Page::of(schema.as_value()).text)?;
    } else {
        context.output.json(&schema)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The page in the making.
struct Page<'s> {
    schema: &'s Value,
    text: String,
    /// Tables that are still to be described: how they are written, and what they hold.
    next: VecDeque<(String, &'s Value)>,
    seen: BTreeSet<String>,
}

impl<'s> Page<'s> {
    fn of(schema: &'s Value) -> Self {
        let text = "# Every key of routes.toml\n\nMade from the code by `handover schema --markdown`; `handover schema` prints the \
                    JSON Schema, with which editors complete.\n"
            .to_owned();
        let mut page = Self { schema, text, next: VecDeque::new(), seen: BTreeSet::new() };
        page.next.push_back((String::new(), schema));
        while let Some((path, table)) = page.next.pop_front() {
            page.table(&path, table);
        }
        page
    }

    fn table(&mut self, path: &str, table: &'s Value) {
        let heading = match path {
            "" => "The file".to_owned(),
            "route" => "`[[route]]`".to_owned(),
            path => format!("`[{path}]`"),
        };
        let _ = write!(self.text, "\n## {heading}\n\n{}\n", prose(table));
        self.text.push_str("\n| key | what it holds | |\n| --- | --- | --- |\n");
        let required: Vec<&str> =
            table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, value) in table["properties"].as_object().into_iter().flatten() {
            let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let holds = self.holds(value, &below);
            let must = if required.contains(&key.as_str()) { " Required." } else { "" };
            let text = prose(value);
            let text = if text.is_empty() { prose(self.resolved(value)) } else { text };
            let _ = writeln!(
                self.text,
                "| `{key}` | {holds} | {}{must} |",
                text.replace('|', "\\|").replace('\n', " ")
            );
        }
    }

    /// What a value is, in words; tables in it are described further down.
    fn holds(&mut self, value: &'s Value, path: &str) -> String {
        let value = self.resolved(value);
        if value.get("properties").is_some() {
            if self.seen.insert(path.to_owned()) {
                self.next.push_back((path.to_owned(), value));
            }
            return "a table".to_owned();
        }
        if let Some(items) = value.get("items") {
            let items = self.holds(items, path);
            return format!("a list: {items}");
        }
        if let Some(each) = value.get("additionalProperties").filter(|each| each.is_object()) {
            let each = self.holds(each, &format!("{path}.NAME"));
            return format!("by name: {each}");
        }
        if let Some(ways) = value.get("oneOf").or_else(|| value.get("anyOf")).and_then(Value::as_array) {
            let ways: Vec<String> =
                ways.iter().filter(|way| way["type"] != "null").map(|way| self.way(way, path)).collect();
            return ways.join(", or ");
        }
        if let Some(values) = value.get("enum").and_then(Value::as_array) {
            return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        }
        if let Some(value) = value.get("const") {
            return format!("`{value}`");
        }
        kind(&value["type"]).to_owned()
    }

    /// One of several ways to write a value; a table with one key is written within the line.
    fn way(&mut self, way: &'s Value, path: &str) -> String {
        let inner = way.get("properties").and_then(Value::as_object).filter(|inner| inner.len() == 1);
        match inner.and_then(|inner| inner.iter().next()) {
            Some((key, value)) => {
                let holds = self.holds(value, &format!("{path}.{key}"));
                format!("`{{ {key} = … }}` ({holds})")
            }
            None => self.holds(way, path),
        }
    }

    /// What stands where a value refers to; of one that may be left out, what it is.
    fn resolved(&self, value: &'s Value) -> &'s Value {
        let value = match value["anyOf"].as_array().map(Vec::as_slice) {
            Some([one, null]) if null["type"] == "null" => one,
            _ => value,
        };
        let there = value["$ref"].as_str().and_then(|there| self.schema.pointer(there.strip_prefix('#')?));
        there.map_or(value, |there| self.resolved(there))
    }
}

fn kind(types: &Value) -> &'static str {
    let is =
        |name: &str| types == name || types.as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let kinds = [
        ("string", "a text"),
        ("boolean", "`true` or `false`"),
        ("integer", "a whole number"),
        ("number", "a number"),
    ];
    kinds.into_iter().find(|(name, _)| is(name)).map_or("anything", |(_, kind)| kind)
}

/// What a value's documentation says, without its examples, which are Rust.
fn prose(value: &Value) -> String {
    let text = value["description"].as_str().unwrap_or_default();
    text.split("```").step_by(2).collect::<String>().trim_end().to_owned()
}
