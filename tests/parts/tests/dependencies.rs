//! Rules about dependencies that would otherwise be broken unseen, by some crate's default feature.

const LOCK: &str = include_str!("../../../Cargo.lock");

/// The lock file names all that any feature of ours can bring in, so what is not there is never built.
#[test]
fn tls_is_done_by_ring_alone() {
    let packages: Vec<&str> = LOCK.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    assert!(packages.contains(&"\"ring\""), "the lock file was not understood");
    for unwanted in ["\"aws-lc-sys\"", "\"aws-lc-rs\"", "\"native-tls\""] {
        assert!(
            !packages.contains(&unwanted),
            "{unwanted} came back, by default features of reqwest, rustls, tokio-rustls, jsonschema or the AWS crates: \
             `cargo tree --workspace -i aws-lc-sys` says whose"
        );
    }
}

#[test]
fn every_crate_inherits_the_workspace_lints() {
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest: toml::Table = std::fs::read_to_string(top.join("Cargo.toml")).unwrap().parse().unwrap();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        // What people copy stands on its own.
        if member.starts_with("examples/") {
            continue;
        }
        let path = top.join(member).join("Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(
            inherits,
            Some(&toml::Value::Boolean(true)),
            "{} lacks [lints] workspace = true",
            path.display()
        );
    }
}
