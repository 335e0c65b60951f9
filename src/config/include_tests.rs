//! Files that include others.

use super::*;
use crate::legacy::spec::Kind;
use crate::native::application::Names;

fn load(files: &[(&str, &str)]) -> Result<Checked, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let strip = |faults: Faults| {
        let prefix = format!("{}/", folder.path().display());
        faults
            .to_string()
            .lines()
            .filter(|l| l.starts_with("error") || l.contains("-->"))
            .map(|l| l.replace(&prefix, ""))
            .collect::<Vec<_>>()
    };
    let env = |_: &str| None;
    let sources = Sources::load(&folder.path().join("routes.toml"), &env).map_err(strip)?;
    validate(&sources, &Against { env: &env, names: &Names::of_handlers(&[]), state: None }).map_err(strip)
}

const MAIN: &str = "include = ['routes.d/*.toml']\n[legacy.a]\nhttp = 'http://a'\n";

#[test]
fn files_are_read_in_the_order_of_their_names() {
    let route = |name: &str| format!("[[route]]\nname = '{name}'\nmatch = 'GET /{name}'\n");
    let config = load(&[
        ("routes.toml", &format!("{MAIN}{}", route("main"))),
        ("routes.d/b.toml", &route("b")),
        ("routes.d/a.toml", &format!("{}[legacy.b]\nfastcgi = 'b:9000'\nroot = 'public'\n", route("a"))),
        ("routes.d/.hidden.toml", "broken"),
        ("routes.d/other.txt", "broken"),
    ]);
    let config = config.unwrap_err();
    assert_eq!(
        config,
        ["error: there are several legacies, and none is the default", " --> routes.d/a.toml:4:1"]
    );
}

#[test]
fn relative_paths_begin_at_the_file_that_has_them() {
    let checked = load(&[
        ("routes.toml", &MAIN.replace("http =", "default = true\nhttp =")),
        ("routes.d/a.toml", "[legacy.b]\nfastcgi = 'b:9000'\nroot = 'public'\n"),
    ]);
    let config = checked.unwrap().config;
    assert!(
        matches!(&config.legacies[1].kind, Kind::FastCgi(fastcgi) if fastcgi.root.ends_with("routes.d/public"))
    );
}

#[test]
fn faults_name_the_files_on_both_sides() {
    let route = "[[route]]\nname = 'r'\nmatch = 'GET /r'\n";
    let faults = load(&[
        ("routes.toml", MAIN),
        ("routes.d/a.toml", route),
        ("routes.d/b.toml", &format!("workers = 1\n{route}")),
    ]);
    assert_eq!(
        faults.unwrap_err(),
        [
            "error: this belongs into the main file",
            " --> routes.d/b.toml:1:11",
            "error: there are two routes `r`",
            " --> routes.d/b.toml:3:8",
            "error: another route matches the same requests",
            " --> routes.d/b.toml:4:9",
        ]
    );
}

#[test]
fn a_file_that_is_not_there_is_a_fault_and_a_pattern_without_files_is_none() {
    let missing = load(&[("routes.toml", "include = ['x.toml']\n[legacy.a]\nhttp = 'http://a'\n")]);
    assert_eq!(missing.unwrap_err(), ["error: there is no file `x.toml`", " --> routes.toml:1:12"]);
    assert!(load(&[("routes.toml", MAIN)]).is_ok());
    assert!(load(&[]).unwrap_err()[0].starts_with("error: routes.toml cannot be read: No such file"));
}

const PIPELINE: &str = "[[step]]\n[[step.rule]]\nid = 'R1'\nwhen = \"method == 'PUT'\"\nerror = 'no'\n\
    [response.pass]\nstatus = 204\n[response.fail]\nstatus = 422\n";

#[test]
fn a_pipeline_stands_beside_the_file_that_names_it() {
    let route =
        "[[route]]\nname = 'r'\nmatch = '* /r'\nstage = 'shadow'\nnative = { pipeline = 'p/r.toml' }\n";
    let checked = load(&[("routes.toml", MAIN), ("routes.d/a.toml", route), ("routes.d/p/r.toml", PIPELINE)]);
    let route = &checked.unwrap().config.routes[0];
    let rules = route.pipeline.as_ref().unwrap().handler.rule_counts();
    assert_eq!((route.native.as_deref(), &*rules[0].id), (Some("p/r.toml"), "R1"));
}

#[test]
fn what_is_wrong_with_a_pipeline_is_said_with_its_own_place() {
    let route = "[[route]]\nname = 'r'\nmatch = '* /r'\nnative = { pipeline = 'r.toml' }\n";
    let broken = PIPELINE.replace("method ==", "methd ==").replace("'no'", "'{1 +}'");
    let faults = load(&[("routes.toml", &format!("{MAIN}{route}")), ("r.toml", &broken)]).unwrap_err();
    assert_eq!(faults[..2], ["error: there is no `methd` here", " --> r.toml:4:9"]);
    assert!(faults[2].starts_with("error: this is no CEL"), "{faults:?}");
    let missing = load(&[("routes.toml", &format!("{MAIN}{route}"))]).unwrap_err();
    assert!(missing[0].contains("cannot be read"), "{missing:?}");
    let table = format!("tables = ['planes']\n{PIPELINE}");
    let unknown = load(&[("routes.toml", &format!("{MAIN}{route}")), ("r.toml", &table)]).unwrap_err();
    assert_eq!(unknown[0], "error: its pipeline reads the table `planes`, which nothing defines");
}
