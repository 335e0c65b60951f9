//! `docker-compose.yml` and what it is made of, checked without Docker: paths, names, ports, versions, and each part's
//! settings by the part itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use handover_parts::{Kafka, tools};
use saphyr::{LoadableYamlNode as _, Yaml};

#[test]
fn every_path_of_the_compose_file_exists() {
    let text = read("docker-compose.yml");
    let compose = parse(&text);
    for (name, service) in services(&compose) {
        if let Some(build) = service.as_mapping_get("build") {
            assert!(
                top().join(string(build, "context")).join(string(build, "dockerfile")).is_file(),
                "{name}'s Dockerfile"
            );
            let stages = dockerfile_words("FROM");
            let target = string(build, "target");
            assert!(stages.iter().any(|words| words.last() == Some(&target)), "{name}: no stage {target}");
        }
        for mount in list(service, "volumes") {
            let source = mount.split(':').next().unwrap();
            let named = compose["volumes"].contains_mapping_key(source);
            assert!(named || top().join(source).is_dir(), "{name} mounts {source}, which is not there");
        }
        for other in list(service, "depends_on") {
            assert!(
                compose["services"].contains_mapping_key(&other),
                "{name} depends on {other}, which is no service"
            );
        }
    }
}

#[test]
fn every_path_that_the_dockerfile_copies_exists() {
    let copies = dockerfile_words("COPY");
    let sources = copies.iter().filter(|words| !words[0].starts_with("--from")).map(|words| &words[0]);
    let missing: Vec<_> = sources.filter(|source| !top().join(source).exists()).collect();
    assert!(missing.is_empty(), "copied but not there: {missing:?}");
    assert!(copies.len() >= 5, "the Dockerfile was not understood: {copies:?}");
}

#[test]
fn every_address_that_a_service_is_given_is_one_that_another_listens_on() {
    let text = read("docker-compose.yml");
    let compose = parse(&text);
    let routes: toml::Table = read("deploy/compose/routes.toml").parse().unwrap();
    let listens = |key: &str| port(routes["listen"][key].as_str().unwrap());
    let pool = read("deploy/php-fpm.conf");
    let fpm = pool.lines().find_map(|line| line.strip_prefix("listen = ")).unwrap();
    let services = &compose["services"];
    let kafka = string(&services["kafka"]["environment"], "KAFKA_LISTENERS");
    let s3 = list(&services["s3"], "command");
    let open = BTreeSet::from([
        format!("proxy:{}", listens("http")),
        format!("proxy:{}", listens("admin")),
        format!("php:{fpm}"),
        format!("kafka:{}", port(kafka.split(',').next().unwrap())),
        format!("s3:{}", port(&s3[1])),
    ]);

    let published = list(&services["proxy"], "ports");
    let mut given: BTreeSet<_> = published.iter().map(|mapping| format!("proxy:{}", port(mapping))).collect();
    let mut texts = Vec::new();
    strings(&toml::Value::Table(routes), &mut texts);
    texts.push(string(&services["php"]["environment"], "KAFKA_BROKERS"));
    texts.push(string(&services["kafka"]["environment"], "KAFKA_ADVERTISED_LISTENERS"));
    given.extend(texts.iter().filter_map(|text| address(text)));

    assert_eq!(given, open);
}

#[test]
fn the_images_are_of_the_versions_that_the_tests_run() {
    let text = read("docker-compose.yml");
    let compose = parse(&text);
    let image = |service: &str| string(&compose["services"][service], "image");
    let versions = read("scripts/tools.env");
    let version = |key: &str| versions.lines().find_map(|line| line.strip_prefix(key)).unwrap().to_owned();
    assert_eq!(image("kafka"), format!("apache/kafka:{}", version("KAFKA_VERSION=")));
    assert_eq!(image("s3"), format!("versity/versitygw:v{}", version("VERSITYGW_VERSION=")));
    let rust = version("RUST_NEEDED=");
    assert_eq!(dockerfile_words("FROM")[0][0], format!("rust:{rust}-bookworm"));
    assert!(read("Cargo.toml").contains(&format!("rust-version = \"{rust}\"")));
}

#[test]
fn php_fpm_accepts_the_pool() {
    let output = Command::new(tools::program(&["php-fpm8.2", "php-fpm"]))
        .args(["--allow-to-run-as-root", "--test", "--fpm-config"])
        .arg(top().join("deploy/php-fpm.conf"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("WARNING"), "{said}");
}

#[test]
fn kafka_accepts_its_settings() {
    let text = read("docker-compose.yml");
    let compose = parse(&text);
    let environment = &compose["services"]["kafka"]["environment"];
    // As the image's start does: KAFKA_NODE_ID is node.id. Addresses stay the test's own.
    let properties: String = pairs(environment)
        .into_iter()
        .map(|(key, value)| (key.trim_start_matches("KAFKA_").replace('_', ".").to_ascii_lowercase(), value))
        .filter(|(key, _)| !key.ends_with("listeners") && !key.ends_with("voters"))
        .map(|(key, value)| format!("{key}={value}\n"))
        .collect();
    let kafka = Kafka::start_with(&properties);
    kafka.create_topic("by-default", -1);
    assert_eq!(kafka.partitions("by-default"), 6);
}

#[test]
fn s3_accepts_its_flags_and_the_proxy_has_its_keys() {
    let text = read("docker-compose.yml");
    let compose = parse(&text);
    let services = &compose["services"];
    let command = list(&services["s3"], "command");
    let (folder, flags) = command.split_last().unwrap();
    assert_eq!(folder, "/objects");
    let output = Command::new(tools::versitygw()).args(flags).arg("--help").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (s3, proxy) = (&services["s3"]["environment"], &services["proxy"]["environment"]);
    assert_eq!(string(s3, "ROOT_ACCESS_KEY"), string(proxy, "AWS_ACCESS_KEY_ID"));
    assert_eq!(string(s3, "ROOT_SECRET_KEY"), string(proxy, "AWS_SECRET_ACCESS_KEY"));
}

/// The top of the repository.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn parse(text: &str) -> Yaml<'_> {
    Yaml::load_from_str(text).expect("docker-compose.yml is YAML").remove(0)
}

fn services<'a>(compose: &'a Yaml<'a>) -> impl Iterator<Item = (&'a str, &'a Yaml<'a>)> {
    let services = compose["services"].as_mapping().expect("services");
    services.iter().map(|(name, service)| (name.as_str().expect("a name"), service))
}

/// A scalar as it is written.
fn text_of(value: &Yaml<'_>) -> String {
    value
        .as_str()
        .map(str::to_owned)
        .or_else(|| value.as_integer().map(|number| number.to_string()))
        .expect("a scalar")
}

fn string(mapping: &Yaml<'_>, key: &str) -> String {
    text_of(mapping.as_mapping_get(key).unwrap_or_else(|| panic!("no {key}")))
}

/// The items under `key`; none when there is no such key.
fn list(mapping: &Yaml<'_>, key: &str) -> Vec<String> {
    let items = mapping.as_mapping_get(key).map(|items| items.as_sequence().expect("a list"));
    items.into_iter().flatten().map(text_of).collect()
}

fn pairs(mapping: &Yaml<'_>) -> Vec<(String, String)> {
    let mapping = mapping.as_mapping().expect("a mapping");
    mapping.iter().map(|(key, value)| (text_of(key), text_of(value))).collect()
}

/// The words behind each `instruction` of the Dockerfile.
fn dockerfile_words(instruction: &str) -> Vec<Vec<String>> {
    let text = read("deploy/Dockerfile");
    let lines = text.lines().filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '));
    lines.map(|words| words.split_whitespace().map(str::to_owned).collect()).collect()
}

/// What stands behind the last colon.
fn port(address: &str) -> &str {
    address.rsplit(':').next().expect("a split has a first part")
}

/// All strings of a TOML value.
fn strings(value: &toml::Value, found: &mut Vec<String>) {
    match value {
        toml::Value::String(text) => found.push(text.clone()),
        toml::Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        toml::Value::Table(table) => table.values().for_each(|item| strings(item, found)),
        _ => {}
    }
}

/// `host:port` when `text` is one with a named host, a scheme before it or not.
fn address(text: &str) -> Option<String> {
    let address = text.rsplit("//").next()?;
    let (host, port) = address.split_once(':')?;
    let named = host.starts_with(|first: char| first.is_ascii_alphabetic());
    (named && port.parse::<u16>().is_ok()).then(|| address.to_owned())
}
