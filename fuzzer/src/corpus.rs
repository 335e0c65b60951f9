//! Which requests reached which lines of legacy, and which of them are kept because they reached one that nothing had.

use std::collections::{BTreeMap, HashMap};

use fastrand::Rng;

use crate::draft::Draft;

/// What one request reached, by file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Lines that ran, by the file's path.
    pub reached: BTreeMap<String, Vec<u32>>,
    /// Lines that could have run and did not.
    pub missed: BTreeMap<String, Vec<u32>>,
}

impl Reach {
    /// As if none of it had run.
    pub fn all_missed(mut self) -> Self {
        for (file, lines) in std::mem::take(&mut self.reached) {
            self.missed.entry(file).or_default().extend(lines);
        }
        self
    }
}

/// How a line of legacy stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How many requests reached it.
    pub hits: u64,
    /// The kept request that reached it first.
    pub entry: Option<usize>,
}

/// A request that is kept.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The request.
    pub draft: Draft,
    /// How many lines it was the first to reach.
    pub news: usize,
}

/// All that is known.
#[derive(Debug)]
pub struct Corpus {
    entries: Vec<Entry>,
    lines: BTreeMap<String, BTreeMap<u32, Line>>,
    pub(crate) tried: HashMap<(String, u32), u64>,
    most: usize,
}

impl Corpus {
    /// An empty corpus that keeps so many requests at most; once full it only counts.
    pub fn new(most: usize) -> Self {
        Self { entries: Vec::new(), lines: BTreeMap::new(), tried: HashMap::new(), most }
    }

    /// Takes in what a request reached; whether it reached a line that nothing had, and is kept for that.
    pub fn add(&mut self, draft: &Draft, reach: &Reach) -> bool {
        let news = reach.reached.iter().flat_map(|(file, lines)| lines.iter().map(move |line| (file, line)));
        let news = news.filter(|(file, line)| self.hits(file, **line) == 0).count();
        let is_kept = news > 0 && self.entries.len() < self.most;
        let entry = is_kept.then_some(self.entries.len());
        if is_kept {
            self.entries.push(Entry { draft: draft.clone(), news });
        }
        for (file, lines) in &reach.missed {
            let known = self.lines.entry(file.clone()).or_default();
            lines.iter().for_each(|line| _ = known.entry(*line).or_default());
        }
        for (file, lines) in &reach.reached {
            let known = self.lines.entry(file.clone()).or_default();
            for line in lines {
                let line = known.entry(*line).or_default();
                line.hits += 1;
                line.entry = line.entry.or(entry);
            }
        }
        is_kept
    }

    /// Keeps a request whatever it reached: what was recorded is worth mutating.
    pub fn seed(&mut self, draft: &Draft) {
        if self.entries.len() < self.most {
            self.entries.push(Entry { draft: draft.clone(), news: 1 });
        }
    }

    /// The requests that are kept.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// One of them: rather one that reached much, and rather a later one.
    pub fn pick(&self, rng: &mut Rng) -> Option<&Draft> {
        let weight = |entry: &&Entry| entry.news.min(50);
        let drawn: Vec<&Entry> = (0..3).filter_map(|_| rng.choice(&self.entries)).collect();
        drawn.into_iter().max_by_key(weight).map(|entry| &entry.draft)
    }

    /// How many requests reached a line.
    pub fn hits(&self, file: &str, line: u32) -> u64 {
        self.lines.get(file).and_then(|lines| lines.get(&line)).map_or(0, |line| line.hits)
    }

    /// The lines that one of the kept requests was the first to reach.
    pub fn first_of(&self, entry: usize) -> Vec<(String, u32)> {
        let lines = self.lines.iter().flat_map(|(file, lines)| lines.iter().map(move |line| (file, line)));
        let first = lines.filter(|(_, (_, line))| line.entry == Some(entry));
        first.map(|(file, (number, _))| (file.clone(), *number)).collect()
    }

    /// The lines that can run, by file.
    pub fn lines(&self) -> &BTreeMap<String, BTreeMap<u32, Line>> {
        &self.lines
    }

    /// How many lines were reached, and how many can run.
    pub fn covered(&self) -> (usize, usize) {
        let all = self.lines.values().flat_map(BTreeMap::values);
        all.fold((0, 0), |(reached, all), line| (reached + usize::from(line.hits > 0), all + 1))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn reach(file: &str, reached: &[u32], missed: &[u32]) -> Reach {
        let of = |lines: &[u32]| BTreeMap::from([(file.to_owned(), lines.to_vec())]);
        Reach { reached: of(reached), missed: of(missed) }
    }

    pub(crate) fn draft(path: &str) -> Draft {
        Draft::of("GET", path.as_bytes(), Vec::new(), b"")
    }

    #[test]
    fn only_what_reaches_something_new_is_kept_and_all_is_counted() {
        let mut corpus = Corpus::new(2);
        assert!(corpus.add(&draft("/a"), &reach("x", &[1, 2], &[3, 4])));
        assert!(!corpus.add(&draft("/b"), &reach("x", &[1, 2], &[3, 4])));
        assert!(corpus.add(&draft("/c"), &reach("x", &[1, 3], &[2, 4])));
        assert!(!corpus.add(&draft("/d"), &reach("x", &[4], &[])), "it is full");
        assert_eq!((corpus.hits("x", 1), corpus.hits("x", 4), corpus.hits("y", 1)), (3, 1, 0));
        assert_eq!(corpus.lines()["x"][&3].entry, Some(1));
        assert_eq!(corpus.covered(), (4, 4));
        assert!(!corpus.add(&draft("/e"), &reach("x", &[1], &[5]).all_missed()));
        assert_eq!((corpus.covered(), corpus.hits("x", 1)), ((4, 5), 3), "it was not compared");
        let mut rng = Rng::with_seed(1);
        assert!(corpus.pick(&mut rng).is_some() && Corpus::new(1).pick(&mut rng).is_none());
    }
}
