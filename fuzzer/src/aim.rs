//! Where legacy took one way and never the other, and what stands there in its source.

use fastrand::Rng;

use crate::corpus::Corpus;
use crate::draft::Draft;
use crate::sources::{Literal, Sources};

/// How many lines above a line that was missed may say what it hangs on.
const WINDOW: u32 = 12;

/// How often the lines next to it are believed to say it.
const NEAR: f64 = 0.75;

/// How many lines below one what hangs on it begins.
const BEHIND: u32 = 2;

/// A line that was just missed, with a request that came close and what the source says around it.
#[derive(Clone, Debug)]
pub struct Aim {
    /// The file.
    pub file: String,
    /// The line that nothing has reached.
    pub line: u32,
    /// A request that reached the line before.
    pub draft: Draft,
    /// Literals around it: names of fields, values that they are compared with.
    pub literals: Vec<Literal>,
}

impl Corpus {
    /// A line to aim at; `None` where everything was reached that anything leads to. Those that were tried less come
    /// first.
    pub fn aim(&mut self, sources: &Sources, rng: &mut Rng) -> Option<Aim> {
        let open = self.just_missed();
        let drawn: Vec<(String, u32, usize)> = (0..3).filter_map(|_| rng.choice(&open).cloned()).collect();
        let tried = |(file, line, _): &&(String, u32, usize)| {
            self.tried.get(&(file.clone(), *line)).copied().unwrap_or_default()
        };
        let (file, line, entry) = drawn.iter().min_by_key(tried)?.clone();
        *self.tried.entry((file.clone(), line)).or_default() += 1;
        let near = rng.f64() < NEAR;
        let from = line.saturating_sub(if near { 2 } else { WINDOW });
        let found = |from| sources.on(&file, from..=line).into_iter().cloned().collect::<Vec<_>>();
        let literals = match found(from) {
            found if !found.is_empty() => found,
            _ => sources.on(&file, line.saturating_sub(WINDOW)..=line).into_iter().cloned().collect(),
        };
        let draft = self.entries().get(entry)?.draft.clone();
        Some(Aim { file, line, draft, literals })
    }

    /// A line with a number on it that was reached, and a request that reached it, of those that
    /// [`Sources::bounds`] gave: `>` in the place of `>=` shows only at the bound itself, and reaches no other line.
    pub fn aim_at_bound(
        &mut self,
        bounds: &[(String, u32)],
        sources: &Sources,
        rng: &mut Rng,
    ) -> Option<Aim> {
        // Rather one that came to what hangs on the bound: whatever else the line asks for, it has.
        let behind = if rng.u8(..) < 170 { BEHIND } else { 0 };
        let entry = |(file, line): &(String, u32)| {
            let lines = self.lines().get(file)?;
            let found = lines.range(line + 1..line + 1 + behind).find_map(|(_, line)| line.entry);
            found.or(lines.get(line)?.entry)
        };
        let drawn = (0..3).filter_map(|_| rng.choice(bounds)).filter_map(|at| Some((at, entry(at)?)));
        let (at, entry) = drawn.min_by_key(|(at, _)| self.tried.get(*at).copied().unwrap_or_default())?;
        *self.tried.entry(at.clone()).or_default() += 1;
        let (file, line) = at.clone();
        let literals = sources.on(&file, line..=line).into_iter().cloned().collect();
        Some(Aim { draft: self.entries().get(entry)?.draft.clone(), file, line, literals })
    }

    /// A line that a name stands on (a rule's, say), with a request that reached it or what leads to it.
    pub fn aim_at(&self, name: &str, sources: &Sources, rng: &mut Rng) -> Option<Aim> {
        let places = sources.lines_of(name.as_bytes());
        let (file, line) = rng.choice(&places)?.clone();
        let reached = self.lines().get(&file)?.range(..=line).rev().find_map(|(_, line)| line.entry)?;
        let found = sources.on(&file, line.saturating_sub(WINDOW / 4)..=line + 1);
        let literals =
            found.into_iter().filter(|literal| literal.bytes() != name.as_bytes()).cloned().collect();
        Some(Aim { draft: self.entries().get(reached)?.draft.clone(), file, line, literals })
    }

    /// Lines that nothing reached, right behind one that something did, with that request.
    fn just_missed(&self) -> Vec<(String, u32, usize)> {
        let mut open = Vec::new();
        for (file, lines) in self.lines() {
            let mut before = None;
            for (number, line) in lines {
                match (line.hits, before) {
                    (0, Some(entry)) => {
                        open.push((file.clone(), *number, entry));
                        before = None;
                    }
                    (0, None) => {}
                    _ => before = line.entry,
                }
            }
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::tests::{draft, reach};

    #[test]
    fn it_aims_at_bounds_that_were_reached_and_those_less_tried_come_first() {
        let mut sources = Sources::default();
        sources.add("x", b"<?php\nif ($f['a'] > 7) {\n err('b'); }\nif ($f['c'] < 9) {\n ok(); }\n$d = 1;");
        let bounds = sources.bounds();
        assert_eq!(bounds, [2, 4, 6].map(|line| ("x".to_owned(), line)));
        let mut corpus = Corpus::new(9);
        let mut rng = Rng::with_seed(3);
        assert!(corpus.aim_at_bound(&bounds, &sources, &mut rng).is_none(), "nothing was reached");
        corpus.add(&draft("/a"), &reach("x", &[2, 3], &[5, 6]));
        corpus.add(&draft("/b"), &reach("x", &[4], &[]));
        corpus.add(&draft("/c"), &reach("x", &[5], &[]));
        let mut tried = std::collections::BTreeMap::<u32, u32>::new();
        let mut drafts = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let Some(aim) = corpus.aim_at_bound(&bounds, &sources, &mut rng) else { continue };
            *tried.entry(aim.line).or_default() += 1;
            let number = if aim.line == 2 { "7" } else { "9" };
            drafts.insert((aim.line, aim.draft.target()));
            assert!(aim.literals.contains(&Literal::Number(number.to_owned())), "{aim:?}");
        }
        assert!(tried.len() == 2 && tried[&2].abs_diff(tried[&4]) < 10, "{tried:?}");
        let expected = [(2, "/a"), (4, "/b"), (4, "/c")].map(|(line, path)| (line, draft(path).target()));
        assert_eq!(drafts, expected.into(), "also what came to what hangs on it");
    }

    #[test]
    fn it_aims_at_the_first_line_behind_one_that_was_reached() {
        let mut corpus = Corpus::new(9);
        corpus.add(&draft("/a"), &reach("x", &[1, 2, 9], &[3, 4, 10]));
        let mut sources = Sources::default();
        sources.add(
            "x",
            b"<?php\nif ($f['a'] == 'HA') {\n if ($f['b'] > 7) {\n  err(); } }\n\n\n\n\n\nok('z');",
        );
        let mut rng = Rng::with_seed(3);
        let mut lines = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let aim = corpus.aim(&sources, &mut rng).unwrap();
            assert_eq!(aim.draft, draft("/a"));
            if aim.line == 3 {
                assert!(aim.literals.contains(&Literal::Text(b"HA".to_vec())), "{aim:?}");
            }
            lines.insert(aim.line);
        }
        assert_eq!(lines, [3, 10].into(), "what hangs on line 3 is out of reach yet");
        corpus.add(&draft("/b"), &reach("x", &[3, 4, 10], &[]));
        assert!(corpus.aim(&sources, &mut rng).is_none());
    }
}
