//! `handover scaffold`: a route, its handler and its tests, from a template of paths and from recorded examples.

mod example;

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::{Context, count};
use example::Example;

/// So many recorded examples become tests.
const EXAMPLES_MAX: usize = 12;

/// What `scaffold` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Writes src/NAME.rs, a handler that declines everything, with a test for each recorded example, and schemas/NAME.json, what
the examples' bodies have in common. Prints the route for routes.toml. Nothing that is there is overwritten.

Example: handover scaffold GET '/v1/airports/{}' --name airport --with airports.jsonl")]
pub(super) struct Args {
    /// The method.
    method: String,

    /// The template, as `handover inventory` shows it; `{}` may have a name: `{faa}`.
    template: String,

    /// The route's name; made from the template when not given.
    #[arg(long)]
    name: Option<String>,

    /// A recording, as `handover record` makes it.
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,

    /// The folder of the program.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    into: PathBuf,
}

/// Makes them.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let method = args.method.to_ascii_uppercase();
    let template = named(&args.template);
    if !template.starts_with('/') {
        bail!("`{}` is no template of a path: it begins with a slash", args.template);
    }
    let name = args.name.clone().unwrap_or_else(|| name_of(&method, &template));
    if !crate::config::section::is_name(&name) {
        bail!("`{name}` is no name for a route: say another by --name");
    }
    let examples = match &args.with {
        Some(recording) => {
            example::read(recording, &method, |path| captures(&template, path).is_some(), EXAMPLES_MAX)?
        }
        None => Vec::new(),
    };
    let module = name.replace(['-', '.'], "_").to_ascii_lowercase();
    let mut written = vec![create(
        &args.into.join("src").join(format!("{module}.rs")),
        &handler(&method, &template, &name, &examples),
    )?];
    if let Some(schema) = example::schema(&examples) {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema)?);
        written.push(create(&args.into.join("schemas").join(format!("{name}.json")), &text)?);
    }
    for file in &written {
        context.output.complain(&format!("written: {file}"));
    }
    let tests = count(examples.len(), "recorded example");
    context.output.complain(&format!(
        "{tests} in the tests; in main.rs: mod {module};  …  .handler(\"{module}\", {module}::{})",
        pascal(&name)
    ));
    context.output.text(&format!(
        "[[route]]\nname   = \"{name}\"\nmatch  = \"{method} {template}\"\nstage  = \"legacy\"          # then shadow: both run, and are compared\nnative = \"{module}\"\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Gives parameters without a name one.
fn named(template: &str) -> String {
    let mut n = 0;
    let segment = |segment: &str| {
        if segment == "{}" {
            n += 1;
            return if n == 1 { "{id}".to_owned() } else { format!("{{id{n}}}") };
        }
        segment.to_owned()
    };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// `get-v1-airports` of `GET /v1/airports/{id}`.
fn name_of(method: &str, template: &str) -> String {
    let words = template.split('/').filter(|segment| !segment.is_empty() && !segment.starts_with('{'));
    let clean = |word: &str| {
        word.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>()
    };
    [method.to_ascii_lowercase()].into_iter().chain(words.map(clean)).collect::<Vec<_>>().join("-")
}

/// The values of a path's parameters; `None` where it is not of the template.
fn captures<'p>(template: &'p str, path: &'p str) -> Option<Vec<(&'p str, &'p str)>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut values = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) if !given.is_empty() => values.push((name, given)),
                    _ if wanted == given => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

fn pascal(name: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let pascal: String = name.split(['-', '.', '_']).filter(|part| !part.is_empty()).map(word).collect();
    if pascal.starts_with(|c: char| c.is_ascii_digit()) { format!("Route{pascal}") } else { pascal }
}

fn handler(method: &str, template: &str, name: &str, examples: &[Example]) -> String {
    let kind = pascal(name);
    let params = captures(template, template).unwrap_or_default();
    let mut text = format!(
        "//! `{method} {template}`, as legacy answers it.\n\nuse handover_api::{{Context, Decline, Handler, Outcome, Request}};\n\n\
         /// Answers `{method} {template}`.\npub struct {kind};\n\nimpl Handler for {kind} {{\n    \
         async fn handle(&self, request: &Request, _: &Context) -> Outcome {{\n"
    );
    for (param, _) in &params {
        let _ = writeln!(
            text,
            "        let Some(_{param}) = request.param(\"{param}\") else {{ return Decline::because(\"no {param}\").into() }};"
        );
    }
    if params.is_empty() {
        text.push_str("        let _ = request;\n");
    }
    text.push_str("        // Everything is legacy's until somebody has looked at it.\n        Decline::because(\"not written yet\").into()\n    }\n}\n");
    if !examples.is_empty() {
        let _ = write!(
            text,
            "\n/// What legacy answered to requests that were recorded. Each passes once it is answered natively.\n#[cfg(test)]\nmod tests {{\n    \
             use handover_api::testing::Frozen;\n    use http::Method;\n\n    use super::*;\n"
        );
        for (at, example) in examples.iter().enumerate() {
            text.push_str(&test(at + 1, method, template, &kind, example));
        }
        text.push_str("}\n");
    }
    text
}

fn test(at: usize, method: &str, template: &str, kind: &str, example: &Example) -> String {
    let Example { target, fields, body, status, answer } = example;
    let mut text = format!(
        "\n    #[tokio::test]\n    async fn recorded_{at}_is_answered_{status}() {{\n        let request = Request::builder(Method::{method}, {target:?})\n"
    );
    for (name, value) in fields {
        let _ = writeln!(text, "            .field({name:?}, {value:?})");
    }
    let path = target.split('?').next().unwrap_or_default();
    for (name, value) in captures(template, path).unwrap_or_default() {
        let _ = writeln!(text, "            .param({name:?}, {value:?})");
    }
    if !body.is_empty() {
        let _ = writeln!(text, "            .body({body:?})");
    }
    let _ = write!(
        text,
        "            .build()\n            .expect(\"a request\");\n        let answer = Frozen::default().run(&{kind}, &request).await;\n        \
         assert_eq!(answer.response.status, {status});\n        assert_eq!(String::from_utf8_lossy(&answer.response.body), {answer:?});\n    }}\n"
    );
    text
}

fn create(path: &Path, text: &str) -> anyhow::Result<String> {
    let shown = path.display().to_string();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.with_context(|| format!("{shown} is not written"))?;
    file.write_all(text.as_bytes()).with_context(|| format!("{shown} cannot be written"))?;
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_get_names_and_give_values() {
        assert_eq!(named("/v1/{}/x/{}"), "/v1/{id}/x/{id2}");
        assert_eq!(name_of("GET", "/v1/airports/{id}"), "get-v1-airports");
        assert_eq!(captures("/v1/{faa}/x", "/v1/JFK/x"), Some(vec![("faa", "JFK")]));
        assert_eq!(captures("/v1/{faa}", "/v1/JFK/x"), None);
        assert_eq!(captures("/v1/{faa}", "/v1/"), None);
        assert_eq!(pascal("create-flight.v2"), "CreateFlightV2");
    }

    #[test]
    fn examples_become_tests() {
        let example = Example {
            target: "/v1/airports/JFK?x=1".to_owned(),
            fields: vec![("X-Key".to_owned(), "a\"b".to_owned())],
            body: String::new(),
            status: 200,
            answer: "{\"faa\":\"JFK\"}".to_owned(),
        };
        let text = handler("GET", "/v1/airports/{faa}", "airport", &[example]);
        for part in [
            "pub struct Airport;",
            "request.param(\"faa\")",
            "async fn recorded_1_is_answered_200()",
            ".field(\"X-Key\", \"a\\\"b\")",
            ".param(\"faa\", \"JFK\")",
            "assert_eq!(answer.response.status, 200);",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}
