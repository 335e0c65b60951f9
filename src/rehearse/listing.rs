//! A source of legacy line by line, with how often compared requests reached each; what lies far from a line that none
//! reached is folded.

use std::collections::BTreeMap;

/// Lines around one that was never reached that are shown with it.
const AROUND: u32 = 2;

/// What is shown of a source, from its first line to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row<'t> {
    /// A line.
    Line {
        /// Its number, from 1.
        number: u32,
        /// What stands there.
        text: &'t str,
        /// How many requests reached it; `None` where nothing can run.
        hits: Option<u64>,
    },
    /// Lines that are left out, the first and the last of them.
    Folded(u32, u32),
}

/// The lines of a source. `is_missed`: of one that no request reached, whether that is news.
pub(crate) fn folded<'t>(
    text: &'t str,
    lines: &BTreeMap<u32, u64>,
    is_missed: impl Fn(u32) -> bool,
) -> Vec<Row<'t>> {
    let missed: Vec<u32> =
        lines.iter().filter(|(n, hits)| **hits == 0 && is_missed(**n)).map(|(n, _)| *n).collect();
    let is_near = |number: u32| {
        let next = missed.partition_point(|missed| missed.saturating_add(AROUND) < number);
        missed.get(next).is_some_and(|missed| missed.saturating_sub(AROUND) <= number)
    };
    let mut rows = Vec::new();
    for row in whole(text, lines) {
        let Row::Line { number, .. } = row else { continue };
        match rows.last_mut() {
            _ if is_near(number) => rows.push(row),
            Some(Row::Folded(_, to)) => *to = number,
            _ => rows.push(Row::Folded(number, number)),
        }
    }
    rows
}

/// All lines of a source.
pub(crate) fn whole<'t>(text: &'t str, lines: &BTreeMap<u32, u64>) -> impl Iterator<Item = Row<'t>> {
    (1_u32..).zip(text.lines()).map(|(number, text)| Row::Line {
        number,
        text,
        hits: lines.get(&number).copied(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, lines: &[(u32, u64)], is_missed: impl Fn(u32) -> bool) -> String {
        let row = |row: &Row<'_>| match row {
            Row::Line { number, hits: None, .. } => format!("{number}"),
            Row::Line { number, hits: Some(hits), .. } => format!("{number}x{hits}"),
            Row::Folded(from, to) => format!("[{from}-{to}]"),
        };
        let rows = folded(text, &lines.iter().copied().collect(), is_missed);
        rows.iter().map(row).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_far_from_a_line_that_was_never_reached_is_folded() {
        let text = "l\n".repeat(20);
        let lines = [(2, 5), (6, 0), (7, 0), (12, 3), (19, 0)];
        assert_eq!(shown(&text, &lines, |_| true), "[1-3] 4 5 6x0 7x0 8 9 [10-16] 17 18 19x0 20");
        assert_eq!(shown(&text, &lines, |n| n != 19), "[1-3] 4 5 6x0 7x0 8 9 [10-20]");
        assert_eq!(shown(&text, &[(2, 5)], |_| true), "[1-20]");
        assert_eq!(shown("a\nb", &[(1, 0)], |_| true), "1x0 2");
        assert_eq!(shown("", &[(1, 0), (u32::MAX, 0)], |_| true), "");
    }
}
