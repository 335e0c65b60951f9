//! Finds the programs that the parts are made of: what `scripts/setup.sh test` installed or fetched.

use std::env;
use std::path::PathBuf;

/// The versions that `scripts/setup.sh` fetches, the same file as it reads.
const VERSIONS: &str = include_str!("../../../scripts/tools.env");

/// The first of `names` that is on the `PATH` or where Debian keeps its daemons (a user's `PATH` lacks `/usr/sbin`).
///
/// # Panics
/// When none is installed, with what to do about it.
#[must_use]
pub fn program(names: &[&str]) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from)).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| missing(&names.join(" or ")))
}

/// PHP's command line, for tests that ask real PHP.
///
/// # Panics
/// When PHP is not installed, with what to do about it.
#[must_use]
pub fn php() -> PathBuf {
    program(&["php8.2", "php"])
}

/// The folder with Apache Kafka's jars.
pub(crate) fn kafka() -> PathBuf {
    fetched("kafka", "KAFKA_VERSION")
}

/// Apicurio, a schema registry: what Java is to run.
pub(crate) fn apicurio() -> PathBuf {
    fetched("apicurio", "APICURIO_VERSION").join("apicurio-registry.jar")
}

/// The folder with the Python packages of Confluent's client.
pub(crate) fn confluent() -> PathBuf {
    fetched("confluent", "CONFLUENT_VERSION")
}

/// The versitygw binary, an S3 server.
///
/// # Panics
/// When it was not fetched, with what to do about it.
#[must_use]
pub fn versitygw() -> PathBuf {
    fetched("versitygw", "VERSITYGW_VERSION")
}

/// toxiproxy's server, a bad network.
pub(crate) fn toxiproxy() -> PathBuf {
    fetched("toxiproxy", "TOXIPROXY_VERSION")
}

/// h2spec, the conformance suite for HTTP/2.
pub(crate) fn h2spec() -> PathBuf {
    fetched("h2spec", "H2SPEC_VERSION")
}

/// The folder with kosoku's Python packages, the conformance suite for WebSocket.
pub(crate) fn kosoku() -> PathBuf {
    fetched("kosoku", "KOSOKU_VERSION")
}

/// The folder of the HTTP caching tests.
pub(crate) fn cache_tests() -> PathBuf {
    fetched("cache-tests", "CACHE_TESTS_VERSION")
}

/// The folder of modules with ws, a WebSocket server for Node.
pub(crate) fn ws() -> PathBuf {
    fetched("ws", "WS_VERSION").join("node_modules/ws")
}

/// axe-core, which looks for what keeps people from using a page.
pub(crate) fn axe() -> PathBuf {
    fetched("axe", "AXE_VERSION").join("node_modules/axe-core/axe.min.js")
}

/// What stands in the tools' cache under `name` and the version under `key`.
fn fetched(name: &str, key: &str) -> PathBuf {
    let path = cache().join(format!("{name}-{}", version(key)));
    if path.exists() { path } else { missing(&path.display().to_string()) }
}

/// The folder that all clones share; the same rule as in `scripts/setup.sh`.
fn cache() -> PathBuf {
    let set = |key| env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("HANDOVER_TOOLS")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("handover")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/handover")))
        .unwrap_or_else(|| {
            panic!("none of HANDOVER_TOOLS, XDG_CACHE_HOME and HOME is set: where are the tests' tools?")
        })
}

fn version(key: &str) -> &'static str {
    VERSIONS
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("scripts/tools.env has no line {key}=…"))
}

fn missing(what: &str) -> ! {
    panic!(
        "not found: {what}. Run `make setup-test` (or `make test`): it installs what the end-to-end tests need"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_every_system_has() {
        assert!(program(&["no-such-program", "sh"]).ends_with("sh"));
    }

    #[test]
    #[should_panic(expected = "make setup-test")]
    fn says_what_to_do_about_a_missing_program() {
        let _ = program(&["no-such-program"]);
    }

    #[test]
    fn reads_the_versions_of_the_set_up() {
        assert!(version("KAFKA_VERSION").starts_with(|c: char| c.is_ascii_digit()));
    }
}
