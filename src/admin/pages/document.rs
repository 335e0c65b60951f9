//! A body as people read it: JSON as a tree, anything else as lines; what differs is marked.
//!
//! The tree is drawn from the text itself, token by token, so that `1.0`, `\/` and a key that stands twice look as they
//! were sent. A text that turns out not to be JSON is shown as lines.

use std::collections::HashSet;

use maud::{Markup, html};

/// So many lines are shown of one body; the rest is counted.
const LINES_MAX: usize = 2_000;

/// How deep a tree may be; beyond that, it is shown as lines.
const DEPTH_MAX: usize = 100;

/// One line.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    depth: usize,
    text: String,
    marked: bool,
}

/// A body, with the places of it marked that differ: pointers such as `/errors/0/code`.
pub(super) fn body(text: &str, marks: &HashSet<&str>) -> Markup {
    let lines = Tree::of(text, marks).unwrap_or_else(|| plain(text, marks.contains("")));
    let more = lines.len().saturating_sub(LINES_MAX);
    html! {
        pre.document {
            @for Line { depth, text, marked } in lines.iter().take(LINES_MAX) {
                @let indent = "  ".repeat(*depth);
                @if *marked { mark { (indent) (text) } } @else { (indent) (text) }
                "\n"
            }
            @if more > 0 { em { "… " (more) " more lines" } }
        }
    }
}

fn plain(text: &str, marked: bool) -> Vec<Line> {
    text.lines().map(|line| Line { depth: 0, text: line.to_owned(), marked }).collect()
}

/// Draws a tree.
struct Tree<'a> {
    rest: &'a str,
    marks: &'a HashSet<&'a str>,
    lines: Vec<Line>,
}

impl<'a> Tree<'a> {
    fn of(text: &'a str, marks: &'a HashSet<&'a str>) -> Option<Vec<Line>> {
        // Lone scalars read better as they are.
        if !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let mut tree = Self { rest: text.trim(), marks, lines: Vec::new() };
        tree.value(0, String::new(), "", false)?;
        tree.rest.is_empty().then_some(tree.lines)
    }

    /// Draws the value that comes next, behind `label`; whether it is marked with what holds it.
    fn value(&mut self, depth: usize, label: String, pointer: &str, within: bool) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        let marked = within || self.marks.contains(pointer);
        match self.rest.chars().next()? {
            '{' => self.container(depth, label, pointer, marked, ('{', '}')),
            '[' => self.container(depth, label, pointer, marked, ('[', ']')),
            _ => {
                let text = format!("{label}{}", self.scalar()?);
                self.lines.push(Line { depth, text, marked });
                Some(())
            }
        }
    }

    fn container(
        &mut self,
        depth: usize,
        label: String,
        pointer: &str,
        marked: bool,
        (open, close): (char, char),
    ) -> Option<()> {
        self.take(open)?;
        if self.take(close).is_some() {
            self.lines.push(Line { depth, text: format!("{label}{open}{close}"), marked });
            return Some(());
        }
        self.lines.push(Line { depth, text: format!("{label}{open}"), marked });
        for index in 0.. {
            let (label, step) = if open == '{' {
                let key = self.scalar().filter(|key| key.starts_with('"'))?;
                self.take(':')?;
                let name: String = serde_json::from_str(key).ok()?;
                (format!("{key}: "), name.replace('~', "~0").replace('/', "~1"))
            } else {
                (String::new(), index.to_string())
            };
            self.value(depth + 1, label, &format!("{pointer}/{step}"), marked)?;
            if self.take(',').is_none() {
                break;
            }
            if let Some(last) = self.lines.last_mut() {
                last.text.push(',');
            }
        }
        self.take(close)?;
        self.lines.push(Line { depth, text: close.to_string(), marked });
        Some(())
    }

    /// Takes a sign and the white space behind it.
    fn take(&mut self, sign: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(sign)?.trim_start();
        Some(())
    }

    /// Takes a string, number or word as it is written.
    fn scalar(&mut self) -> Option<&'a str> {
        let bytes = self.rest.as_bytes();
        let end = if bytes.first() == Some(&b'"') {
            let mut at = 1;
            while *bytes.get(at)? != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            at + 1
        } else {
            let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':') || byte.is_ascii_whitespace();
            bytes.iter().position(is_end).unwrap_or(bytes.len())
        };
        let scalar = self.rest.get(..end).filter(|scalar| !scalar.is_empty())?;
        self.rest = self.rest[end..].trim_start();
        Some(scalar)
    }
}

/// A value beside the other side's: what both begin and end with is plain, what lies between is marked.
pub(super) fn beside(text: &str, other: &str) -> Markup {
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| {
        pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>()
    };
    let start = same(&mut text.chars().zip(other.chars()));
    let (mine, theirs) = (&text[start..], &other[start..]);
    let end = same(&mut mine.chars().rev().zip(theirs.chars().rev()));
    let (differs, tail) = mine.split_at(mine.len() - end);
    html! { (text[..start]) @if !differs.is_empty() { mark { (differs) } } (tail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, marks: &[&str]) -> Vec<String> {
        let marks = marks.iter().copied().collect();
        let lines = Tree::of(text, &marks).expect("JSON");
        let shown = |line: &Line| {
            let mark = if line.marked { "*" } else { "" };
            format!("{mark}{}{}", "  ".repeat(line.depth), line.text)
        };
        lines.iter().map(shown).collect()
    }

    #[test]
    fn a_tree_shows_what_was_written_and_marks_what_differs() {
        let lines = drawn(r#"{"a/b":1.0,"e":[{"code":"x\/y"},[]]}"#, &["/a~1b", "/e/0"]);
        let expected = [
            "{",
            r#"*  "a/b": 1.0,"#,
            r#"  "e": ["#,
            "*    {",
            r#"*      "code": "x\/y""#,
            "*    },",
            "    []",
            "  ]",
            "}",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_no_json_is_no_tree() {
        for text in ["", "hello", "{", "[1,", r#"{"a" 1}"#, "[1] trailing", "\"lone\"", r#"["\"#] {
            assert!(Tree::of(text, &HashSet::new()).is_none(), "{text}");
        }
        assert!(Tree::of(&"[".repeat(100_000), &HashSet::new()).is_none(), "too deep to draw");
    }

    #[test]
    fn only_what_lies_between_is_marked() {
        assert_eq!(beside("12.50 EUR", "12.05 EUR").0, "12.<mark>50</mark> EUR".to_owned());
        assert_eq!(beside("a<b", "a<c").0, "a&lt;<mark>b</mark>".to_owned());
        assert_eq!(beside("aa", "a").0, "a<mark>a</mark>".to_owned());
        assert_eq!(beside("", "é").0, String::new());
    }
}
