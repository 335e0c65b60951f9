//! Who native is: what evidence belongs to.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ring::digest::{SHA256, digest};

use crate::config::valid::RouteSpec;

/// Knows the fingerprint of each route's native side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The sources that the binary was built from, a line each: `HASH path`.
    sources: Option<&'static str>,
    whole: OnceLock<Arc<str>>,
    /// Fingerprints of those routes that name their sources, by what they name.
    narrowed: Mutex<HashMap<Vec<String>, Arc<str>>>,
}

impl Identities {
    /// Of a binary that says what it was built from.
    pub(crate) fn built_from(sources: &'static str) -> Self {
        Self(Arc::new(Known { sources: Some(sources), ..Known::default() }))
    }

    /// All natives have that fingerprint.
    #[cfg(test)]
    pub(crate) fn said(fingerprint: &str) -> Self {
        let known = Known::default();
        known.whole.get_or_init(|| fingerprint.into());
        Self(Arc::new(known))
    }

    /// The fingerprint of a route's native side, or the beginning of what its candidate is known by: of the sources that it names, else of all that the binary was built
    /// from. What a pipeline answers hangs on both, on its file and on what runs it.
    pub(crate) fn of(&self, route: &RouteSpec) -> Arc<str> {
        if let Some(candidate) = &route.candidate {
            return of_legacy(&candidate.name).into();
        }
        let code = self.of_code(route);
        match &route.pipeline {
            Some(pipeline) => format!("{code}-{}", pipeline.hash).into(),
            None => code,
        }
    }

    fn of_code(&self, route: &RouteSpec) -> Arc<str> {
        if route.sources.is_empty() {
            return Arc::clone(self.0.whole.get_or_init(|| self.0.whole()));
        }
        let mut narrowed = self.0.narrowed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = narrowed.get(&route.sources) {
            return Arc::clone(known);
        }
        let fingerprint = self.0.narrowed_to(&route.sources);
        narrowed.insert(route.sources.clone(), Arc::clone(&fingerprint));
        fingerprint
    }
}

/// What a candidate is known by, whatever its version: the judge has the version behind it.
pub(crate) fn of_legacy(name: &str) -> String {
    format!("legacy {name}")
}

impl Known {
    fn whole(&self) -> Arc<str> {
        match self.sources {
            Some(sources) => short_hash(sources.as_bytes()),
            None => of_this_binary(),
        }
    }

    /// Names that nothing matches leave the whole: a wrong name must not stand for no source at all.
    fn narrowed_to(&self, names: &[String]) -> Arc<str> {
        let patterns: Vec<glob::Pattern> =
            names.iter().filter_map(|name| glob::Pattern::new(name).ok()).collect();
        let is_named = |line: &&str| {
            let path = line.split_once(' ').map_or("", |(_, path)| path);
            path == "features" || patterns.iter().any(|pattern| pattern.matches(path))
        };
        let lines: Vec<&str> = self.sources.unwrap_or_default().lines().filter(is_named).collect();
        let all_match = patterns.len() == names.len()
            && patterns.iter().all(|pattern| {
                lines.iter().any(|line| line.split_once(' ').is_some_and(|(_, path)| pattern.matches(path)))
            });
        if all_match {
            return short_hash(lines.join("\n").as_bytes());
        }
        tracing::warn!(
            ?names,
            "not each of these names a source of this binary, so evidence belongs to all of them"
        );
        self.whole()
    }
}

/// The whole binary, where nothing narrower is known: a new one is a new native, even where no handler changed.
fn of_this_binary() -> Arc<str> {
    let hash = std::env::current_exe().and_then(std::fs::read).map(|exe| short_hash(&exe));
    hash.unwrap_or_else(|_| env!("CARGO_PKG_VERSION").into())
}

fn short_hash(bytes: &[u8]) -> Arc<str> {
    let hash = digest(&SHA256, bytes);
    hash.as_ref()
        .iter()
        .take(8)
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = "a1 Cargo.lock\na2 app/src/flights/mod.rs\na3 app/src/flights/rules/one.rs\na4 app/src/main.rs\na5 features\n";

    fn narrowed(sources: &'static str, names: &[&str]) -> Arc<str> {
        let known = Known { sources: Some(sources), ..Known::default() };
        known.narrowed_to(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_route_that_names_its_sources_belongs_to_these_and_the_features() {
        let main_changed = SOURCES.replace("a4", "b4").leak();
        let rule_changed = SOURCES.replace("a3", "b3").leak();
        let features_changed = SOURCES.replace("a5", "b5").leak();
        let flights = &["app/src/flights/**"];
        assert_eq!(narrowed(SOURCES, flights), narrowed(main_changed, flights));
        assert_ne!(narrowed(SOURCES, flights), narrowed(rule_changed, flights));
        assert_ne!(narrowed(SOURCES, flights), narrowed(features_changed, flights));
    }

    #[test]
    fn a_name_that_matches_nothing_narrows_nothing() {
        let whole = short_hash(SOURCES.as_bytes());
        for names in [&["app/src/flihgts/**"][..], &["app/src/flights/**", "x"], &["[", "app/**"]] {
            assert_eq!(narrowed(SOURCES, names), whole, "{names:?}");
        }
    }
}
