//! The files that a configuration is read from: the main one and those that it includes.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::fault::{Fault, Faults, Place};
use super::interpolate::Lookup;

/// One file, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    /// Where it stands.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// Whether it is the pipeline of a route. These stand behind the others.
    #[serde(default)]
    pub pipeline: bool,
}

/// All files of a configuration. The first is the main one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// Reads the main file and all that it includes.
    pub(crate) fn load(main: &Path, env: &Lookup<'_>) -> Result<Self, Faults> {
        let text = match read(main) {
            Ok(text) => text,
            Err(why) => return Err(Faults::of(Self::default(), vec![Fault::nowhere(why)])),
        };
        let mut sources = Self(vec![Source { path: main.to_owned(), text, pipeline: false }]);
        let mut faults = Vec::new();
        for (pattern, span) in includes(&sources.0[0].text, env) {
            let place = Place { file: 0, span };
            match matching(&main.parent().unwrap_or(Path::new("")).join(&pattern)) {
                Ok(paths) if paths.is_empty() && !is_pattern(&pattern) => {
                    faults.push(Fault::at(place, format!("there is no file `{pattern}`")));
                }
                Ok(paths) => {
                    for path in paths {
                        if sources.0.iter().any(|source| source.path == path) {
                            continue;
                        }
                        match read(&path) {
                            Ok(text) => sources.0.push(Source { path, text, pipeline: false }),
                            Err(why) => faults.push(Fault::at(place.clone(), why)),
                        }
                    }
                }
                Err(why) => faults.push(Fault::at(place, why)),
            }
        }
        sources.load_pipelines(env, &mut faults);
        if faults.is_empty() { Ok(sources) } else { Err(Faults::of(sources, faults)) }
    }

    /// Reads the pipelines that the files' routes name.
    fn load_pipelines(&mut self, env: &Lookup<'_>, faults: &mut Vec<Fault>) {
        for file in 0..self.0.len() {
            for (name, span) in pipelines(file, &self.0[file].text, env) {
                let path = self.dir(file).join(&name);
                if self.0.iter().any(|source| source.path == path) {
                    continue;
                }
                match read(&path) {
                    Ok(text) => self.0.push(Source { path, text, pipeline: true }),
                    Err(why) => faults.push(Fault::at(Place { file, span }, why)),
                }
            }
        }
    }

    /// How many of the files are the configuration itself; behind them stand the pipelines.
    pub(crate) fn configs(&self) -> usize {
        self.0.iter().take_while(|source| !source.pipeline).count()
    }

    /// The pipeline of that path, by its place among the files.
    pub(crate) fn pipeline(&self, path: &Path) -> Option<usize> {
        self.0.iter().position(|source| source.pipeline && source.path == path)
    }

    /// One file of that text, for tests and for text that is not on disk.
    #[cfg(test)]
    pub(crate) fn text(text: &str) -> Self {
        Self(vec![Source { path: "routes.toml".into(), text: text.to_owned(), pipeline: false }])
    }

    /// The files.
    pub(crate) fn files(&self) -> &[Source] {
        &self.0
    }

    /// The folder that relative paths of a file begin at.
    pub(crate) fn dir(&self, file: usize) -> PathBuf {
        let folder = self.0.get(file).and_then(|source| source.path.parent());
        folder.map_or_else(PathBuf::new, Path::to_owned)
    }

    /// SHA-256 of all files' names and texts, its first 16 hex digits.
    pub(crate) fn hash(&self) -> String {
        let mut hash = Context::new(&SHA256);
        for source in &self.0 {
            let name = source.path.file_name().unwrap_or_default().as_encoded_bytes();
            for part in [name, source.text.as_bytes()] {
                hash.update(&part.len().to_be_bytes());
                hash.update(part);
            }
        }
        hash.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|why| format!("{} cannot be read: {why}", path.display()))?;
    String::from_utf8(bytes).map_err(|why| {
        let line =
            why.as_bytes().iter().take(why.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count() + 1;
        format!("{} is not UTF-8: see line {line}", path.display())
    })
}

/// The texts of `include`, as far as they can be made out. What is wrong with them is found later.
fn includes(text: &str, env: &Lookup<'_>) -> Vec<(String, Range<usize>)> {
    let (mut document, _) = Document::parse(0, text);
    let _ = document.interpolate(env);
    let found = document.table().get("include").and_then(|value| value.get_ref().as_array().cloned());
    let texts = found.into_iter().flatten();
    texts.filter_map(|v| Some((v.get_ref().as_str()?.to_owned(), v.span()))).collect()
}

/// The pipelines that a file's routes name, as far as they can be made out.
fn pipelines(file: usize, text: &str, env: &Lookup<'_>) -> Vec<(String, Range<usize>)> {
    let (mut document, _) = Document::parse(file, text);
    let _ = document.interpolate(env);
    let routes = document.table().get("route").and_then(|value| value.get_ref().as_array().cloned());
    let named = routes.into_iter().flatten().filter_map(|route| {
        let pipeline = route.get_ref().get("native")?.get_ref().get("pipeline")?;
        Some((pipeline.get_ref().as_str()?.to_owned(), pipeline.span()))
    });
    named.collect()
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The files that match, in the order of their names. Dot files do not: a ConfigMap's volume has its own.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let text = pattern.to_string_lossy();
    let paths =
        glob::glob_with(&text, options).map_err(|why| format!("no pattern of file names: {}", why.msg))?;
    paths.map(|path| path.map_err(|why| why.to_string())).collect()
}
