//! The documentation says what the code does: generated pages are current, examples pass `check`, links lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = top().join(path);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The pages, and the README.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(top().join("docs")).expect("the folder").flatten().map(|entry| entry.path());
    docs.filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .chain([top().join("README.md")])
        .collect()
}

#[test]
fn every_key_of_the_file_is_described_as_the_code_has_it() {
    let made = Command::new(env!("CARGO_BIN_EXE_handover"))
        .args(["schema", "--markdown"])
        .output()
        .expect("it runs");
    let made = String::from_utf8(made.stdout).expect("text");
    for key in
        ["`[listen]`", "`[[route]]`", "`[route.gate]`", "`[legacy.NAME]`", "`per_shape`", "`correlate`"]
    {
        assert!(made.contains(key), "{key} is not in\n{made}");
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(top().join("docs/routes-toml.md"), &made).expect("the page can be written");
    }
    let is_current = read("docs/routes-toml.md") == made;
    assert!(is_current, "docs/routes-toml.md is not what the code says: UPDATE=1 cargo test --test docs");
}

#[test]
fn every_metric_is_described() {
    let described = names(&read("docs/metrics.md"));
    let mut written = BTreeSet::new();
    let mut folders = vec![top().join("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            match path.extension().and_then(|ending| ending.to_str()) {
                None => folders.push(path),
                Some("rs") => written.extend(names(&read(&path))),
                Some(_) => {}
            }
        }
    }
    let missing: Vec<_> = written.difference(&described).collect();
    let gone: Vec<_> = described.difference(&written).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "docs/metrics.md lacks {missing:?} and has {gone:?} too many"
    );
}

#[test]
fn every_request_of_the_admin_api_is_described() {
    let code = read("src/admin/mod.rs");
    let routes = code.split(".route(\"").skip(1).filter_map(|rest| rest.split_once(')'));
    let page = read("docs/admin-api.md");
    let mut missing = Vec::new();
    for (route, _) in routes {
        let (path, way) = route.split_once("\", ").expect("a path, and what it does");
        let method = if way.starts_with("post(") { "POST" } else { "GET" };
        if !page.contains(&format!("| `{method} {path}` |")) {
            missing.push(format!("{method} {path}"));
        }
    }
    assert!(code.contains(".route(\"/api/status\", get(status))"), "the code is written otherwise now");
    assert!(missing.is_empty(), "docs/admin-api.md lacks {missing:?}");
}

/// Metrics by their form: words that begin with `handover_`, but for crates, which a path goes on behind.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    let metrics = words.filter(|word| word.starts_with("handover_") && !word.contains(':'));
    metrics.map(str::to_owned).collect()
}

#[test]
fn examples_that_are_whole_pass_check() {
    let mut checked = 0;
    for page in pages() {
        for block in read(&page).split("```toml whole\n").skip(1) {
            let text = block.split("```").next().unwrap_or_default();
            check(text, &page.display().to_string());
            checked += 1;
        }
    }
    assert!(checked >= 2, "the blocks were not found");
    let first = read("docs/first-route.md");
    let (_, route) = first.split_once("cat >> routes.toml <<'END'\n").expect("the route of the first route");
    let (route, _) = route.split_once("END\n").expect("an end");
    check(&format!("{}{route}", block(&first, "toml whole")), "docs/first-route.md, with its route");
    for name in ["front.toml", "behind.toml"] {
        check(&read(Path::new("examples/places").join(name)), name);
    }
}

#[test]
fn the_manifest_s_file_passes_check() {
    let manifest = read("deploy/kubernetes/handover.yaml");
    let (_, rest) = manifest.split_once("routes.toml: |\n").expect("a ConfigMap");
    let lines =
        rest.lines().take_while(|line| line.is_empty() || line.starts_with("    ")).map(str::trim_start);
    let text = lines.collect::<Vec<_>>().join("\n");
    let users = tempfile::NamedTempFile::new().expect("a file");
    check(&text.replace("/run/secrets/handover/users", &users.path().to_string_lossy()), "the ConfigMap");
}

fn check(text: &str, of: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("routes.toml"), text).expect("a file");
    let healthz = Path::new(env!("CARGO_BIN_EXE_handover")).with_file_name("healthz");
    assert!(healthz.exists(), "{} is not built: run `cargo build -p takeover`", healthz.display());
    let said = Command::new(healthz).arg("check").current_dir(folder.path()).output().expect("it runs");
    assert!(said.status.success(), "{of}:\n{text}\n{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn the_program_of_the_first_route_is_the_one_in_examples() {
    let page = read("docs/first-route.md");
    for (language, file) in [("toml", "Cargo.toml"), ("rust", "build.rs"), ("rust", "src/main.rs")] {
        let shown = block(&page, &format!("{language} {file}"));
        // The example stands in the clone, where a program of one's own stands beside it; and its binary lies in the
        // same folder as the stock one, whose name it therefore cannot have.
        let shown = shown
            .replace("path = \"../handover", "path = \"../..")
            .replace("name = \"handover\"", "name = \"healthz\"");
        assert_eq!(shown, read(Path::new("examples/healthz").join(file)), "{file} in docs/first-route.md");
    }
}

#[test]
fn what_the_readme_shows_of_a_handler_is_of_the_same_program() {
    let whole = read("examples/healthz/src/main.rs");
    let mut rest = whole.lines().map(str::trim);
    for line in block(&read("README.md"), "rust").lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(rest.any(|other| other == line), "`{line}` is not there, or not at that place");
    }
}

/// The first block of a page with that heading, whether it is indented or not.
fn block<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, rest) =
        page.split_once(&format!("```{heading}\n")).unwrap_or_else(|| panic!("no block {heading}"));
    rest.split("```").next().unwrap_or_default()
}

#[test]
fn every_link_within_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = read(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            let is_ours = !path.is_empty() && !path.contains("://") && !path.contains(' ');
            if is_ours && !page.with_file_name(path).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
