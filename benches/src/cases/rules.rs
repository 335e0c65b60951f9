//! A POST of JSON through pipelines: forty rules, five thousand of which forty can apply, five thousand that all do.

use handover_parts::process;
use tempfile::TempDir;

use crate::contender::{Contender, Goal, Request};
use crate::report::{Row, Verdict};
use crate::rounds::{OWN, Pace, measure};
use crate::servers::{Origin, event, handover};

/// Rules of a large route.
const MANY: usize = 5000;
/// Rules of a small route, and of the large one that can apply to one country.
const FEW: usize = 40;
/// Countries that the large route has rules for; the event's is one of them.
const COUNTRIES: usize = MANY / FEW;
/// What a rule that is asked may cost, in nanoseconds.
const RULE_NS: f64 = 60.0;

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let (files, origin) = (process::folder("pipelines"), Origin::start());
    let routes = [
        route("none", &files, std::iter::empty()),
        route("few", &files, (0..FEW).map(applies)),
        route("guarded", &files, (0..MANY).map(guarded)),
        route("many", &files, (0..MANY).map(applies)),
    ];
    let ours =
        handover(&format!("[legacy.origin]\nhttp = \"http://{}\"\n{}", origin.address(), routes.concat()));
    let group = ours.id().expect("it runs");
    let contender =
        |name, path: &str| Contender::new(name, ours.http(), group, &Request::post(path, event(), 202));
    let contenders = [
        contender("no rules", "/none"),
        contender("40 rules", "/few"),
        contender("5,000, of which 40 can apply", "/guarded").goal(Goal::own(&["40 rules"], 2.0)),
        contender("5,000 that all apply", "/many"),
    ];
    let mut rows = measure("POST through a pipeline", &contenders, 64, pace);
    let cost = |row: &Row| row.figure(OWN).spread().median * 1000.0;
    let each = (cost(&rows[3]) - cost(&rows[0])) / MANY as f64;
    rows[3].verdicts.push(Verdict {
        against: format!("{RULE_NS} ns a rule ({each:.1} ns)"),
        ratio: each / RULE_NS,
        at_most: 1.0,
    });
    rows
}

/// A route of these rules, and its file.
fn route(name: &str, files: &TempDir, rules: impl Iterator<Item = String>) -> String {
    let mut file = String::from("[[step]]\ndecode = { as = ['json'], into = 'f' }\n[[step]]\n");
    file.extend(rules);
    file.push_str("[response.pass]\nstatus = 202\njson = \"{'id': f.id}\"\n[response.fail]\nstatus = 422\njson = 'errors'\n");
    let path = files.path().join(format!("{name}.toml"));
    process::write(&path, file);
    format!(
        "[[route]]\nname = \"{name}\"\nmatch = \"POST /{name}\"\nstage = \"native\"\nnative = {{ pipeline = \"{}\" }}\n",
        path.display()
    )
}

/// A rule that every event is checked by, and passes: numbers, a text, a comparison of two fields.
fn applies(number: usize) -> String {
    let checks = [
        format!("f.width > 0 - {number} && f.height > 0"),
        format!("f.price <= {number}.5 + 1000.0 && f.os != 'x{number}'"),
        format!("f.width - f.height < {number} + 10000"),
        format!("!f.lang.startsWith('q{number}')"),
    ];
    let check = &checks[number % checks.len()];
    format!("[[step.rule]]\nid = 'R{number}'\ncheck = \"{check}\"\nfield = 'width'\nerror = 'no'\n")
}

/// A rule that only one country's events are checked by.
fn guarded(number: usize) -> String {
    let country = match number % COUNTRIES {
        0 => "DE".to_owned(),
        other => format!("X{other}"),
    };
    let when = format!("when = \"f.country == '{country}' && f.width > 0\"\ncheck");
    applies(number).replacen("check", &when, 1)
}
