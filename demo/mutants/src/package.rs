//! Builds mutants: a package beside the workspace, of the handler's sources alone, so that only these are built again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::listed::{Genre, Mutant, SOURCES};
use crate::switched::{on_line, switched};

/// The package. What the handler depends on, as the workspace has it: its `Cargo.lock` says in which versions.
const MANIFEST: &str = r#"[package]
name = "mutants"
edition = "2024"
autobins = false
[workspace]
[lib]
name = "judge"
path = "{repository}/demo/mutants/src/judge.rs"
[dependencies]
handover-api = { path = "{repository}/api" }
handover-shadow = { path = "{repository}/shadow" }
legacy-compat = { path = "{repository}/legacy-compat" }
crc32fast = "*"
csv = "*"
jiff = { version = "*", features = ["serde", "tzdb-bundle-always"] }
pcre2 = "*"
serde_json = { version = "*", features = ["preserve_order", "raw_value"] }
tokio = { version = "*", features = ["rt"] }
[profile.dev]
debug = false
opt-level = 1
"#;

/// The most times that what is no Rust is taken out of the program of all.
const ROUNDS: usize = 20;

/// A folder in which mutants are built.
pub(crate) struct Package<'m> {
    repository: PathBuf,
    folder: PathBuf,
    mutants: &'m [Mutant],
}

/// What was built.
#[derive(Serialize, Deserialize)]
pub(crate) struct Built {
    /// Of what: another handler, judge or list of mutants is built anew.
    of: u64,
    /// The program that a number makes any of these mutants.
    pub(crate) all: PathBuf,
    pub(crate) within: BTreeSet<usize>,
    /// Programs of one mutant.
    pub(crate) alone: BTreeMap<usize, PathBuf>,
    /// The rest is no Rust.
    pub(crate) broken: BTreeSet<usize>,
}

/// A line of what cargo says.
#[derive(Deserialize)]
struct Said {
    reason: String,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<Place>,
}

impl Diagnostic {
    fn is_of_a_crate(&self) -> bool {
        self.code.as_ref().is_some_and(|code| matches!(&*code.code, "E0432" | "E0433"))
    }
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Place {
    file_name: String,
    line_start: usize,
    is_primary: bool,
}

impl<'m> Package<'m> {
    /// Begins one in that folder. What was built there before is used again.
    pub(crate) fn new(repository: &Path, folder: PathBuf, mutants: &'m [Mutant]) -> anyhow::Result<Self> {
        fs::create_dir_all(&folder)?;
        fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self { repository: repository.to_owned(), folder, mutants })
    }

    /// Builds all of them: most in one program, what cannot stand in that apart. What was built before of the same is used again.
    pub(crate) fn build(&self) -> anyhow::Result<Built> {
        let (known, of) = (self.folder.join("built.json"), self.hash()?);
        let before = fs::read(&known).ok().and_then(|text| serde_json::from_slice::<Built>(&text).ok());
        if let Some(built) = before.filter(|built| built.of == of && built.all.exists()) {
            return Ok(built);
        }
        let built = Built { of, ..self.build_anew()? };
        fs::write(known, serde_json::to_vec(&built)?)?;
        Ok(built)
    }

    /// A hash of all that is built, but for what the handler depends on.
    fn hash(&self) -> anyhow::Result<u64> {
        let mut hash = DefaultHasher::new();
        for mutant in self.mutants {
            (&mutant.name, &mutant.replacement).hash(&mut hash);
        }
        let files: BTreeSet<&str> = self.mutants.iter().map(|mutant| &*mutant.file).collect();
        for file in files.into_iter().chain(["demo/src/lib.rs", "demo/mutants/src/judge.rs"]) {
            fs::read(self.repository.join(file))?.hash(&mut hash);
        }
        Ok(hash.finish())
    }

    fn build_anew(&self) -> anyhow::Result<Built> {
        let mut left: BTreeSet<usize> = BTreeSet::new();
        let mut broken = BTreeSet::new();
        for _ in 0..ROUNDS {
            let out = left.union(&broken).copied().collect();
            let (texts, within) = self.write_all(&out)?;
            self.manifest(&["all".to_owned()])?;
            let errors = self.cargo("build")?;
            if errors.is_empty() {
                left.extend((0..self.mutants.len()).filter(|n| !within.contains(n) && !broken.contains(n)));
                let alone = self.build_alone(&left)?;
                broken.extend(left.iter().filter(|number| !alone.contains_key(number)));
                return Ok(Built { of: 0, all: self.program("all"), within, alone, broken });
            }
            // No mutant names another crate: the handler does.
            if let Some(error) = errors.iter().find(|error| error.is_of_a_crate()) {
                bail!(
                    "the handler has come to need more than `MANIFEST` in {} says: {}",
                    file!(),
                    error.message
                );
            }
            let before = left.len() + broken.len();
            for error in &errors {
                let Some(place) = error.spans.iter().find(|place| place.is_primary) else { continue };
                let Some(text) = texts.iter().find(|(file, _)| place.file_name.ends_with(&**file)) else {
                    bail!("{}: {}", place.file_name, error.message)
                };
                for number in on_line(text.1, place.line_start) {
                    match self.is_no_rust(number, error) {
                        true => _ = broken.insert(number),
                        false => _ = left.insert(number),
                    }
                }
            }
            if left.len() + broken.len() == before {
                bail!("the mutants cannot be built together: {}", errors[0].message);
            }
        }
        bail!("the mutants cannot be built together in {ROUNDS} rounds")
    }

    /// Whether an expression in the place of another has a type that it cannot have. All else may come of the switch.
    fn is_no_rust(&self, number: usize, error: &Diagnostic) -> bool {
        let of_type = ["E0277", "E0308", "E0369", "E0600", "E0614", "E0604", "E0606", "E0610"];
        let is_expression = matches!(
            self.mutants[number].genre,
            Genre::BinaryOperator | Genre::UnaryOperator | Genre::MatchArmGuard
        );
        is_expression && error.code.as_ref().is_some_and(|code| of_type.contains(&&*code.code))
    }

    /// The program of all but these: its texts by file, and which mutants it has.
    fn write_all(
        &self,
        out: &BTreeSet<usize>,
    ) -> anyhow::Result<(BTreeMap<String, String>, BTreeSet<usize>)> {
        self.write("all", None)?;
        let (mut texts, mut within) = (BTreeMap::new(), BTreeSet::new());
        let files: BTreeSet<&str> = self.mutants.iter().map(|mutant| &*mutant.file).collect();
        for file in files {
            let of_file = |(number, mutant): &(usize, &Mutant)| mutant.file == file && !out.contains(number);
            let mutants: Vec<_> = self.mutants.iter().enumerate().filter(of_file).collect();
            let text = fs::read_to_string(self.repository.join(file))?;
            let (text, placed) = switched(&text, &mutants).with_context(|| file.to_owned())?;
            let inner = format!("flights/{}", file.strip_prefix(SOURCES).unwrap_or(file).trim_matches('/'));
            fs::write(self.folder.join("all").join(&inner), &text)?;
            texts.insert(inner, text);
            within.extend(placed);
        }
        Ok((texts, within))
    }

    fn build_alone(&self, numbers: &BTreeSet<usize>) -> anyhow::Result<BTreeMap<usize, PathBuf>> {
        for number in numbers {
            self.write(&format!("m{number}"), Some(&self.mutants[*number]))?;
        }
        let names: Vec<String> = numbers.iter().map(|number| format!("m{number}")).collect();
        self.manifest(&names)?;
        let program = |number: &usize| self.program(&format!("m{number}"));
        numbers.iter().for_each(|number| _ = fs::remove_file(program(number)));
        if !numbers.is_empty() {
            self.cargo("build")?;
        }
        let programs = numbers.iter().map(|number| (*number, program(number)));
        Ok(programs.filter(|(_, program)| program.exists()).collect())
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("target/debug").join(name)
    }

    fn manifest(&self, programs: &[String]) -> anyhow::Result<()> {
        let mut manifest = MANIFEST.replace("{repository}", &self.repository.display().to_string());
        for name in programs {
            manifest.push_str(&format!("[[bin]]\nname = \"{name}\"\npath = \"{name}/main.rs\"\n"));
        }
        Ok(fs::write(self.folder.join("Cargo.toml"), manifest)?)
    }

    /// Builds what the manifest names; the errors.
    fn cargo(&self, command: &str) -> anyhow::Result<Vec<Diagnostic>> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args([command, "--offline", "--keep-going", "--bins", "--message-format=json"])
            .current_dir(&self.folder)
            .env_remove("CARGO_TARGET_DIR")
            .stderr(Stdio::piped())
            .output()
            .context("cargo does not run")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let lines = said.lines().filter_map(|line| serde_json::from_str::<Said>(line).ok());
        let messages = lines.filter(|said| said.reason == "compiler-message").filter_map(|said| said.message);
        let errors: Vec<_> =
            messages.filter(|said| said.level == "error" && !said.spans.is_empty()).collect();
        if errors.is_empty() && !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(errors)
    }

    /// The handler's sources, with a mutant applied or none.
    fn write(&self, name: &str, mutant: Option<&Mutant>) -> anyhow::Result<()> {
        let to = self.folder.join(name);
        let _ = fs::remove_dir_all(&to);
        copy(&self.repository.join(SOURCES), &to.join("flights"))?;
        if let Some(mutant) = mutant {
            let file = to.join("flights").join(Path::new(&mutant.file).strip_prefix(SOURCES)?);
            let text = fs::read_to_string(&file)?;
            fs::write(&file, mutant.applied(&text))?;
        }
        let lib = fs::read_to_string(self.repository.join("demo/src/lib.rs"))?;
        let version = lib.lines().find(|line| line.contains("APP_VERSION: ")).context("no APP_VERSION")?;
        let main = format!(
            "#![allow(warnings)]\n{version}\nmod flights;\nfn main() {{ judge::judge(flights::CreateFlight) }}\n"
        );
        Ok(fs::write(to.join("main.rs"), main)?)
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => _ = fs::copy(entry.path(), target)?,
        }
    }
    Ok(())
}
