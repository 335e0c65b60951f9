//! The mutants that do what the handler does, as `equivalent.toml` lists them.

use serde::Deserialize;

use crate::listed::{Mutant, SOURCES};

/// Mutants of one line that do what the handler does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Equivalent {
    /// Its file, in the folder of the handler's sources.
    file: String,
    /// The line that they change, as it is.
    line: String,
    /// What is changed, as cargo-mutants says it, without the place.
    mutants: Vec<String>,
    /// Why nobody can tell.
    pub(crate) reason: String,
}

/// All of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    equivalent: Vec<Equivalent>,
}

/// A mutant, and the line that it changes.
pub(crate) type Of<'m> = (&'m Mutant, &'m str);

impl List {
    /// Reads the list.
    pub(crate) fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What is said of a mutant.
    pub(crate) fn of(&self, mutant: Of<'_>) -> Option<&Equivalent> {
        self.equivalent.iter().find(|equivalent| {
            equivalent.changes(mutant) && equivalent.mutants.iter().any(|what| what == mutant.0.what())
        })
    }

    /// What is listed and is none of these mutants: its line has changed, or cargo-mutants makes another one of it.
    pub(crate) fn stale(&self, mutants: &[Of<'_>]) -> Vec<String> {
        let listed =
            self.equivalent.iter().flat_map(|entry| entry.mutants.iter().map(move |what| (entry, what)));
        let is_there = |(entry, what): &(&Equivalent, &String)| {
            mutants.iter().any(|mutant| entry.changes(*mutant) && mutant.0.what() == *what)
        };
        let said = |(entry, what): (&Equivalent, &String)| format!("{}: {what}: {}", entry.file, entry.line);
        listed.filter(|one| !is_there(one)).map(said).collect()
    }
}

impl Equivalent {
    fn changes(&self, (mutant, line): Of<'_>) -> bool {
        let file = mutant.file.strip_prefix(SOURCES);
        file.is_some_and(|file| file.trim_matches('/') == self.file) && line == self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listed::{At, Genre, Span};

    const LIST: &str = r#"
[[equivalent]]
file = "time.rs"
line = "if a < b {"
mutants = ["replace < with <= in order", "replace < with > in order"]
reason = "they are never equal"
"#;

    fn mutant(what: &str) -> Mutant {
        let at = At { line: 3, column: 6 };
        Mutant {
            name: format!("{SOURCES}/time.rs:3:6: {what}"),
            file: format!("{SOURCES}/time.rs"),
            genre: Genre::BinaryOperator,
            span: Span { start: at, end: at },
            replacement: String::new(),
        }
    }

    #[test]
    fn what_is_listed_and_not_there_is_stale_however_often_the_rest_is_there() {
        let list = List::read(LIST).unwrap();
        let (at_most, more) = (mutant("replace < with <= in order"), mutant("replace < with > in order"));
        let line = "if a < b {";
        assert_eq!(list.of((&at_most, line)).unwrap().reason, "they are never equal");
        assert!(list.of((&at_most, "if a < c {")).is_none());
        assert!(list.of((&mutant("replace < with == in order"), line)).is_none());
        assert_eq!(list.stale(&[(&at_most, line), (&more, line)]), [""; 0]);
        let stale = ["time.rs: replace < with > in order: if a < b {"];
        assert_eq!(list.stale(&[(&at_most, line), (&at_most, line)]), stale);
        assert_eq!(list.stale(&[]).len(), 2);
        assert!(List::read("equivalents = []").is_err(), "a list by another name is none");
    }
}
