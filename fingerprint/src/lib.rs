//! For build scripts: tells a binary which sources its native handlers are made of, since evidence belongs to exactly
//! these. A rebuild that changes nothing then keeps its evidence, on whatever machine it is made.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), handover_fingerprint::Error> {
//!     handover_fingerprint::emit()
//! }
//! ```
//!
//! and in the program: `Proxy::builder().sources(handover::sources!())`. What counts: the package's `Cargo.toml`,
//! `build.rs` and all below `src/`, the same of every path dependency, the lockfile, and the features. A route that is
//! made of less says so: `sources = ["app/src/flights/**"]`.

mod packages;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Why the sources cannot be told.
#[derive(Debug)]
pub enum Error {
    /// This is no build script: cargo's variable of that name is not there.
    NoVariable(&'static str),
    /// A file or folder cannot be read or written.
    Io(PathBuf, std::io::Error),
    /// A manifest is no TOML.
    Manifest(PathBuf, toml::de::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoVariable(name) => write!(f, "{name} is not set: call this from a build script"),
            Self::Io(path, _) => write!(f, "{} cannot be read or written", path.display()),
            Self::Manifest(path, _) => write!(f, "{} is no manifest", path.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoVariable(_) => None,
            Self::Io(_, why) => Some(why),
            Self::Manifest(_, why) => Some(why),
        }
    }
}

/// Lists the sources where `handover::sources!()` finds them, and has cargo run this again when one changes.
///
/// # Errors
/// When this is no build script, or a file cannot be read.
pub fn emit() -> Result<(), Error> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).ok_or(Error::NoVariable(name));
    let package = variable("CARGO_MANIFEST_DIR")?;
    let list = variable("OUT_DIR")?.join("handover-sources.txt");
    let mut features: Vec<String> = std::env::vars()
        .filter_map(|(name, _)| name.strip_prefix("CARGO_FEATURE_").map(str::to_owned))
        .collect();
    features.sort_unstable();
    let sources = sources(&package, &features)?;
    std::fs::write(&list, sources.list).map_err(|why| Error::Io(list.clone(), why))?;
    for path in sources.watched {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    println!("cargo:rustc-env=HANDOVER_SOURCES={}", list.display());
    Ok(())
}

/// What is listed, and what it depends on.
struct Sources {
    list: String,
    watched: Vec<PathBuf>,
}

/// A line a file, `HASH path`, paths below the folder of the lockfile.
fn sources(package: &Path, features: &[String]) -> Result<Sources, Error> {
    let package = &package.canonicalize().map_err(|why| Error::Io(package.to_owned(), why))?;
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").exists()).unwrap_or(package);
    let mut files = Vec::new();
    let mut watched = Vec::new();
    for folder in packages::with_path_dependencies(package, root)? {
        for name in ["Cargo.toml", "build.rs"] {
            files.extend(Some(folder.join(name)).filter(|file| file.exists()));
        }
        let src = folder.join("src");
        watched.push(src.clone());
        below(&src, &mut files)?;
    }
    files.extend(Some(root.join("Cargo.lock")).filter(|file| file.exists()));
    files.sort();
    files.dedup();
    let mut list = String::new();
    for file in &files {
        let bytes = std::fs::read(file).map_err(|why| Error::Io(file.clone(), why))?;
        let shown = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let _ = writeln!(list, "{} {shown}", hash(&bytes));
    }
    let _ = writeln!(list, "{} features", hash(features.join(",").as_bytes()));
    watched.extend(files);
    Ok(Sources { list, watched })
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if !folder.exists() {
        return Ok(());
    }
    let io = |why| Error::Io(folder.to_owned(), why);
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.is_dir() { below(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of `app`, which uses `rules` by its path and `tools` by the workspace, and of `other`.
    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("Cargo.lock", "version = 4");
        write("Cargo.toml", "[workspace.dependencies]\ntools = { path = 'tools' }\nserde = '1'\n");
        write(
            "app/Cargo.toml",
            "[dependencies]\nrules = { path = '../rules' }\ntools.workspace = true\nserde.workspace = true\n",
        );
        write("app/src/main.rs", "fn main() {}");
        write("app/src/flights/mod.rs", "");
        write("app/tests/all.rs", "");
        write("rules/Cargo.toml", "[dependencies]\n");
        write("rules/src/lib.rs", "");
        write("tools/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nrules = { path = '../rules' }\n");
        write("tools/src/lib.rs", "");
        write("other/Cargo.toml", "");
        write("other/src/lib.rs", "");
        folder
    }

    fn list(folder: &Path, features: &[&str]) -> String {
        let features: Vec<String> = features.iter().map(|name| (*name).to_owned()).collect();
        sources(&folder.join("app"), &features).unwrap().list
    }

    #[test]
    fn a_package_is_listed_with_its_path_dependencies_the_lockfile_and_the_features() {
        let folder = workspace();
        let list = list(folder.path(), &[]);
        let paths: Vec<&str> = list.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        let expected = [
            "Cargo.lock",
            "app/Cargo.toml",
            "app/src/flights/mod.rs",
            "app/src/main.rs",
            "rules/Cargo.toml",
            "rules/src/lib.rs",
            "tools/Cargo.toml",
            "tools/src/lib.rs",
            "features",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn only_what_counts_changes_it_and_the_place_does_not() {
        let folder = workspace();
        let before = list(folder.path(), &["A"]);
        assert_eq!(list(workspace().path(), &["A"]), before, "another folder");
        assert_ne!(list(folder.path(), &["A", "B"]), before, "another feature");
        for (file, counts) in [
            ("other/src/lib.rs", false),
            ("app/tests/all.rs", false),
            ("rules/src/lib.rs", true),
            ("app/src/flights/mod.rs", true),
            ("Cargo.lock", true),
        ] {
            let path = folder.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, format!("{text}// changed")).unwrap();
            assert_eq!(list(folder.path(), &["A"]) != before, counts, "{file}");
            std::fs::write(&path, text).unwrap();
        }
    }
}
