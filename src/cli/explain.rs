//! `handover explain`: where a request would go, and why, as files and overrides on disk are.

use std::net::IpAddr;
use std::process::ExitCode;

use serde_json::json;

use super::{Context, unusable};
use crate::route::decide::{Decision, decide};
use crate::route::generation::Generation;
use crate::route::matcher::Lookup;
use crate::route::pattern::Method;
use crate::route::{Asked, Values};

/// What `explain` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: handover explain POST /v1/events --header 'Cookie: PHPSESSID=abc'")]
pub(super) struct Args {
    /// The method.
    method: String,

    /// The path, percent-encoded as a client would send it; a query does not matter.
    path: String,

    /// A header field, `NAME: VALUE`; again for each.
    #[arg(long, short = 'H', value_name = "FIELD", value_parser = header)]
    header: Vec<(String, String)>,

    /// The host that the request is for.
    #[arg(long)]
    host: Option<String>,

    /// The client's address.
    #[arg(long)]
    ip: Option<IpAddr>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header field is written `NAME: VALUE`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Explains.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let decision = decide(&generation, args);
    if args.json {
        context.output.json(&shown(args, &generation, &decision))?;
    } else {
        context.output.text(&text(args, &generation, &decision))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(args: &Args, generation: &Generation, decision: &Decision<'_>) -> serde_json::Value {
    let route = decision.route;
    json!({
        "route": route.map(|route| route.name()),
        "stage": route.map(|route| route.stage),
        "plan": decision.plan.name(),
        "why": decision.why_text(),
        "legacy": generation.legacy(route.map(|route| &**route)).name,
        "params": decision.params(args.path()).map(|(n, v)| (n, String::from_utf8_lossy(v))).collect::<Vec<_>>(),
        "generation_hash": generation.config.hash,
    })
}

fn text(args: &Args, generation: &Generation, decision: &Decision<'_>) -> String {
    let mut lines = vec![format!("{} {}", args.method, args.path)];
    let mut say = |what: &str, text: String| lines.push(format!("  {what:<9}{text}"));
    say("plan", decision.plan_text());
    say("why", decision.why_text());
    match decision.route {
        Some(route) => {
            let owner =
                route.spec.owner.as_ref().map_or_else(String::new, |owner| format!(", owned by {owner}"));
            say("route", format!("{}{owner}", route.name()));
            say("matches", route.spec.pattern.to_string());
            let stage = match route.stage == route.spec.stage {
                true => route.stage.to_string(),
                false => format!("{}, though {} in the file", route.stage, route.spec.stage),
            };
            say("stage", stage);
            if let Some(native) = &route.spec.native {
                say("native", native.clone());
            }
            if let Some(candidate) = &route.spec.candidate {
                say("compared", candidate.name.clone());
            }
        }
        None => {
            let others = other_methods(args, generation);
            if !others.is_empty() {
                say("note", format!("routes of this path take {}", others.join(", ")));
            }
        }
    }
    say("legacy", generation.legacy(decision.route.map(|route| &**route)).name.clone());
    for (name, value) in decision.params(args.path()) {
        say("capture", format!("{name} = {}", String::from_utf8_lossy(value)));
    }
    lines.join("\n")
}

/// The methods by which the path would find a route.
fn other_methods(args: &Args, generation: &Generation) -> Vec<&'static str> {
    let finds = |method: &Method| {
        let asked = WithMethod { args, method: method.as_str() };
        matches!(generation.config.matcher.find(&asked), Lookup::Clear(_))
    };
    Method::ALL.into_iter().filter(finds).map(Method::as_str).collect()
}

impl Asked for Args {
    fn method(&self) -> &[u8] {
        self.method.as_bytes()
    }

    fn path(&self) -> &[u8] {
        self.path.split('?').next().unwrap_or_default().as_bytes()
    }

    fn host(&self) -> Option<&[u8]> {
        self.host.as_deref().map(str::as_bytes).or_else(|| Asked::field(self, "host").first())
    }

    fn field(&self, name: &str) -> Values<'_> {
        let mut values =
            self.header.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_bytes());
        match (values.next(), values.next()) {
            (None, _) => Values::Absent,
            (Some(one), None) => Values::One(one),
            (Some(first), Some(_)) => Values::Several(first),
        }
    }

    fn peer(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The last of all draws: in a share only if that is everything.
    fn draw(&self) -> f64 {
        1.0 - f64::EPSILON
    }
}

/// The same request by another method.
struct WithMethod<'a> {
    args: &'a Args,
    method: &'static str,
}

impl Asked for WithMethod<'_> {
    fn method(&self) -> &[u8] {
        self.method.as_bytes()
    }

    fn path(&self) -> &[u8] {
        self.args.path()
    }

    fn host(&self) -> Option<&[u8]> {
        Asked::host(self.args)
    }

    fn field(&self, name: &str) -> Values<'_> {
        self.args.field(name)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.args.peer()
    }

    fn draw(&self) -> f64 {
        self.args.draw()
    }
}
