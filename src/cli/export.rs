//! Writes differences as regression tests: for each way in which native differs, the smallest experiment that shows it
//! as a recording of one, and a test that runs it under `cargo test`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use handover_shadow::recording::{Recorded, RecordingWriter};
use handover_shadow::{ClusterKey, Judgement, Verdict};

use crate::route::generation::Generation;

/// The most ways that are exported.
const WAYS_MAX: usize = 500;

/// The smallest experiment of each way in which the sides differ.
#[derive(Default)]
pub(super) struct Exports(BTreeMap<ClusterKey, (usize, Recorded)>);

impl Exports {
    /// Keeps the experiment for each way that it is the smallest of.
    pub(super) fn offer(&mut self, recorded: &Recorded, judgement: &Judgement) {
        let Verdict::Mismatched(differences) = &judgement.verdict else { return };
        let size = serde_json::to_vec(&recorded.request).map_or(usize::MAX, |request| request.len());
        for difference in differences {
            let key = ClusterKey::of(&recorded.route, difference);
            let is_better = match self.0.get(&key) {
                Some((smallest, _)) => size < *smallest,
                None => self.0.len() < WAYS_MAX,
            };
            if is_better {
                self.0.insert(key, (size, recorded.clone()));
            }
        }
    }

    /// All of them, each way with its experiment.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ClusterKey, &Recorded)> {
        self.0.iter().map(|(key, (_, recorded))| (key, recorded))
    }

    /// Writes them; how many tests there are.
    pub(super) fn write(&self, folder: &Path, generation: &Generation) -> anyhow::Result<usize> {
        let at = || format!("{} cannot be written", folder.display());
        fs::create_dir_all(folder).with_context(at)?;
        let mut tests = String::from(HEAD);
        let mut names = BTreeMap::<String, usize>::new();
        for (key, recorded) in self.iter() {
            let base = name(key);
            let nth = names.entry(base.clone()).and_modify(|n| *n += 1).or_insert(1);
            let name = if *nth == 1 { base } else { format!("{base}_{nth}") };
            let mut writer = RecordingWriter::begin(Vec::new())?;
            writer.add(recorded)?;
            fs::write(folder.join(format!("{name}.recording")), writer.into_inner()).with_context(at)?;
            let spec = generation.route(&recorded.route).map(|route| &route.spec);
            let policy = spec.map_or_else(|| "{}".to_owned(), |spec| spec.shadow.written().to_owned());
            let _ = write!(
                tests,
                "\n/// {}: {}, {}, {}.\n#[tokio::test]\nasync fn {name}() {{\n    \
                 answers_as_recorded(&handler(), include_str!(\"{name}.recording\"), r##\"{policy}\"##).await;\n}}\n",
                key.route,
                key.path,
                key.kind.name(),
                key.shape.replace('\n', " "),
            );
        }
        fs::write(folder.join("mod.rs"), tests).with_context(at)?;
        Ok(self.0.len())
    }
}

const HEAD: &str = "//! Experiments in which native has differed from legacy, written by `handover replay --export`.
//!
//! Take it into a test of the handler's crate: `mod regressions;`, with a function `handler()` beside it. That crate needs
//! `handover-shadow` and tokio's `macros` as dev-dependencies.

use handover_shadow::recording::testing::answers_as_recorded;

use super::handler;
";

/// A function's name.
fn name(key: &ClusterKey) -> String {
    let text = format!("{} {} {}", key.route, key.path, key.kind.name());
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let words: String = text.chars().map(word).collect();
    words.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}
