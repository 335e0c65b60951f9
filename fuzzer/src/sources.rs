//! What stands in PHP sources: literals, by the lines that they stand on.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use crate::scan::{self, Token};
use crate::together::{self, Part};

/// A literal of a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Literal {
    /// A string's content.
    Text(Vec<u8>),
    /// A number, as written.
    Number(String),
}

impl Literal {
    /// It as bytes that one could send.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.as_bytes(),
        }
    }
}

/// The longest literal that is kept, in bytes: a page's HTML is nothing to send.
const LONGEST: usize = 256;

/// The longest that is put together of several, in bytes: a pattern of parts.
const LONGEST_PATTERN: usize = 2_048;

/// What stands together with others in more places is no case among others: the name of a table's column, in each row.
const GROUPS_MAX: usize = 16;

/// Literals by file and line, and which of them stand together.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: BTreeMap<String, BTreeMap<u32, Vec<Literal>>>,
    groups: Vec<Vec<Vec<u8>>>,
    /// The groups that a text is in.
    groups_of: HashMap<Vec<u8>, Vec<usize>>,
    constants: HashMap<Vec<u8>, Vec<u8>>,
    /// Texts of parts of which some constant is not known yet, by file and line.
    parted: Vec<(String, u32, Vec<Part>)>,
}

impl Sources {
    /// Takes a source in.
    pub fn add(&mut self, path: &str, text: &[u8]) {
        let tokens = scan::tokens(text);
        let mut lines = BTreeMap::<u32, Vec<Literal>>::new();
        for (line, token) in &tokens {
            if let Token::Literal(literal) = token
                && !literal.bytes().is_empty()
                && literal.bytes().len() <= LONGEST
            {
                lines.entry(*line).or_default().push(literal.clone());
            }
        }
        self.files.insert(path.to_owned(), lines);
        for group in together::groups(&tokens) {
            for member in &group {
                self.groups_of.entry(member.clone()).or_default().push(self.groups.len());
            }
            self.groups.push(group);
        }
        let parted = together::parted(&tokens);
        self.parted.extend(parted.into_iter().map(|(line, parts)| (path.to_owned(), line, parts)));
        self.constants.extend(together::constants(&tokens));
        self.join();
    }

    /// Puts texts of parts together whose constants are known by now: `'/^' . YEAR . '$/'`.
    fn join(&mut self) {
        let parted = std::mem::take(&mut self.parted);
        for (path, line, parts) in parted {
            let known = parts.iter().map(|part| match part {
                Part::Text(text) => Some(text.as_slice()),
                Part::Constant(name) => self.constants.get(name).map(Vec::as_slice),
            });
            match known.collect::<Option<Vec<_>>>().map(|parts| parts.concat()) {
                Some(text) if text.len() <= LONGEST_PATTERN => {
                    let lines = self.files.entry(path).or_default();
                    lines.entry(line).or_default().push(Literal::Text(text));
                }
                Some(_) => {}
                None => self.parted.push((path, line, parts)),
            }
        }
    }

    /// The texts that stand together with that one: the other keys of a map, the other values of a list, the other cases of a
    /// `switch`. A source that knows the one asks for these, too.
    pub fn beside(&self, text: &[u8]) -> impl Iterator<Item = &[u8]> {
        let groups = self.groups_of.get(text).filter(|groups| groups.len() <= GROUPS_MAX);
        groups.into_iter().flatten().flat_map(|group| &self.groups[*group]).map(Vec::as_slice)
    }

    /// Texts that stand together, group by group.
    pub(crate) fn groups(&self) -> &[Vec<Vec<u8>>] {
        &self.groups
    }

    /// The lines of a file that literals stand on, above that line, the nearest first.
    pub(crate) fn above(&self, path: &str, line: u32, most: u32) -> impl Iterator<Item = (u32, &[Literal])> {
        let from = line.saturating_sub(most);
        let lines = self.files.get(path).into_iter().flat_map(move |file| file.range(from..=line).rev());
        lines.map(|(line, literals)| (*line, literals.as_slice()))
    }

    /// All lines that literals stand on, with their files.
    pub(crate) fn lines(&self) -> Vec<(String, u32)> {
        let files = self.files.iter().flat_map(|(path, lines)| lines.keys().map(move |line| (path, line)));
        files.map(|(path, line)| (path.clone(), *line)).collect()
    }

    /// What stands on these lines of a file, in order.
    pub fn on(&self, path: &str, lines: RangeInclusive<u32>) -> Vec<&Literal> {
        self.files
            .get(path)
            .into_iter()
            .flat_map(|file| file.range(lines.clone()))
            .flat_map(|(_, found)| found)
            .collect()
    }

    /// The lines on which that text stands, with their files.
    pub fn lines_of(&self, text: &[u8]) -> Vec<(String, u32)> {
        let files = self.files.iter().flat_map(|(path, lines)| lines.iter().map(move |line| (path, line)));
        let has = |found: &[Literal]| found.iter().any(|literal| literal.bytes() == text);
        files.filter(|(_, (_, found))| has(found)).map(|(path, (line, _))| (path.clone(), *line)).collect()
    }

    /// The lines with a number, with their files: there may be a bound on them.
    pub fn bounds(&self) -> Vec<(String, u32)> {
        let lines = self.files.iter().flat_map(|(path, lines)| lines.iter().map(move |line| (path, line)));
        let has = |found: &[Literal]| found.iter().any(|literal| matches!(literal, Literal::Number(_)));
        lines.filter(|(_, (_, found))| has(found)).map(|(path, (line, _))| (path.clone(), *line)).collect()
    }

    /// All of a file, each once.
    pub fn of(&self, path: &str) -> Vec<&Literal> {
        let mut all: Vec<&Literal> =
            self.files.get(path).into_iter().flat_map(BTreeMap::values).flatten().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// All of all files, each once.
    pub fn all(&self) -> Vec<&Literal> {
        let mut all: Vec<&Literal> = self.files.values().flat_map(BTreeMap::values).flatten().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The files' paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_on_their_lines_and_nothing_in_comments_or_html() {
        let mut sources = Sources::default();
        let php = br#"<p class="no">12</p>
<?php // "no" 1
/* 'no'
 2 */ if ($a['carrier'] == "HA\x41$x b" && $b2 > 1_000.5) { # 'no'
    f('it\'s', -3, 0x1F, 1e-3);
}
$t = <<<EOT
no 'no' 4
EOT;
g('yes'); ?> "no" <?= 'x' ?>"#;
        sources.add("a.php", php);
        let on = |line| -> Vec<String> {
            let found = sources.on("a.php", line..=line);
            found.iter().map(|literal| String::from_utf8_lossy(literal.bytes()).into_owned()).collect()
        };
        assert_eq!(on(4), ["carrier", "HAA", " b", "1000.5"]);
        assert_eq!(on(5), ["it's", "3", "31", "1e-3"]);
        assert_eq!(on(10), ["yes", "x"]);
        let rest: Vec<_> = [1, 2, 3, 6, 7, 8, 9].into_iter().flat_map(on).collect();
        assert_eq!(rest, Vec::<String>::new());
    }

    #[test]
    fn literals_that_stand_together_are_known() {
        let mut sources = Sources::default();
        let php = b"<?php $map = array('AAL' => 'AA', 'DAL' => 'DL', 'X' => array('20120302', 'UA'));
switch ($f['kind']) { case 'one': f('no', 'neither'); break; case 'two': break; }
$g = ['a', $x['b'], 'c'];";
        sources.add("a", php);
        let beside = |text: &str| -> Vec<String> {
            sources.beside(text.as_bytes()).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
        };
        assert_eq!(beside("DAL"), ["AAL", "DAL", "X"]);
        assert_eq!(beside("AA"), ["AA", "DL"]);
        assert_eq!(beside("UA"), ["20120302", "UA"]);
        assert_eq!(beside("one"), ["one", "two"]);
        assert_eq!(beside("c"), ["a", "c"]);
        assert_eq!(beside("no"), Vec::<String>::new());
        assert_eq!(beside("b"), Vec::<String>::new());
        sources.add("b", "<?php return array('k' => 'v', 'l' => 'w');".repeat(17).as_bytes());
        assert_eq!(sources.beside(b"k").count(), 0, "a table");
    }

    #[test]
    fn patterns_of_parts_are_put_together_whichever_source_has_the_constants() {
        let mut sources = Sources::default();
        sources.add(
            "a",
            b"<?php\n$re = '/^' . RE_YEAR . '-'\n . Other::NAME . '$/';\n$x = 'a' . $b . 'c' . MONTH;",
        );
        sources.add(
            "b",
            b"<?php define('RE_YEAR', '20\\d\\d'); const MONTH = 'x'; class Other { const NAME = '1?\\d'; }",
        );
        let on = |line| -> Vec<String> {
            let found = sources.on("a", line..=line);
            found.iter().map(|literal| String::from_utf8_lossy(literal.bytes()).into_owned()).collect()
        };
        assert_eq!(on(2), ["/^", "-", "/^20\\d\\d-1?\\d$/"]);
        assert_eq!(on(4), ["a", "c", "cx"]);
    }

    #[test]
    fn a_broken_source_gives_what_stands_before() {
        for php in ["<?php 'a", "<?php f('a'); /* ", "<?php 'a' <<<X", "<?php 'a', \"b\\"] {
            let mut sources = Sources::default();
            sources.add("a", php.as_bytes());
            assert_eq!(sources.all().first().map(|literal| literal.bytes()), Some(&b"a"[..]), "{php}");
        }
    }
}
