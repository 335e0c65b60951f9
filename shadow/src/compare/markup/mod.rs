//! Compares HTML and XML by their trees: elements, attributes whatever their order, texts.
//!
//! A place is the way of elements to it, with a number where several of a name stand beside each other:
//! `body:/html/body/p/2/@class`, `body:/feed/entry/0/title/#text`.

mod html;
mod xml;

use std::collections::{BTreeMap, HashMap};

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::difference::{Differences, Form, Found, Kind};
use crate::path::Path;

/// Longer lists of children are compared place by place, without looking for what was inserted.
const MAX_ALIGNED: usize = 2_000;

/// Deeper documents are compared by their lines.
const MAX_DEPTH: usize = 256;

/// Longer documents, in bytes, are compared by their lines.
const MAX_LENGTH: usize = 1024 * 1024;

/// A node of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// An element.
    Element {
        /// Its name, with its namespace's prefix as written.
        name: String,
        /// Its attributes, in their order.
        attributes: Vec<(String, String)>,
        /// What is in it.
        children: Vec<Node>,
    },
    /// A text.
    Text(String),
    /// A comment, a doctype, an instruction: what browsers and parsers pass over.
    Aside(String),
}

/// The language of a document. In HTML one blank is as good as many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Html,
    Xml,
}

/// Compares two documents below `path`; false where one of them is none, or nested too deeply.
pub(super) fn compare(
    path: &Path,
    language: Language,
    (a, b): (&str, &str),
    found: &mut Differences,
) -> bool {
    let Some((nodes_a, nodes_b)) = language.read(a).zip(language.read(b)) else { return false };
    let known = found.len();
    let mut walk = Walk { language, found, has_nonce: false };
    walk.children(path, &nodes_a, &nodes_b);
    if !walk.has_nonce && walk.found.len() == known {
        let length = |document: &str| Found::new(Form::Bytes, format!("{} bytes", document.len()));
        found.both(path.clone(), Kind::Spelling, length(a), length(b));
    }
    true
}

impl Language {
    /// The language that a Content-Type says.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        match content_type {
            "text/html" => Some(Self::Html),
            "text/xml" | "application/xml" => Some(Self::Xml),
            other if other.ends_with("+xml") => Some(Self::Xml),
            _ => None,
        }
    }

    fn read(self, text: &str) -> Option<Vec<Node>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_document = text.len() <= MAX_LENGTH && text.trim_ascii_start().starts_with('<');
        match self {
            _ if !is_document => None,
            Self::Html => html::nodes(text),
            Self::Xml => xml::nodes(text),
        }
    }
}

struct Walk<'f> {
    language: Language,
    found: &'f mut Differences,
    /// Whether something differs that is meant to.
    has_nonce: bool,
}

impl Walk<'_> {
    fn node(&mut self, path: &Path, a: &Node, b: &Node) {
        match (a, b) {
            (a, b) if a == b => {}
            (
                Node::Element { name: one, attributes: a, children: inner_a },
                Node::Element { name: other, attributes: b, children: inner_b },
            ) if one == other => {
                self.attributes(path, a, b);
                self.children(path, inner_a, inner_b);
            }
            (Node::Text(one), Node::Text(other)) => {
                let kind = match self.language {
                    Language::Html if collapsed(one).eq(collapsed(other)) => Kind::Spelling,
                    _ => Kind::Value,
                };
                self.found.both(path.clone(), kind, text(one), text(other));
            }
            (a, b) => {
                let kind = if a.label() == b.label() { Kind::Value } else { Kind::Type };
                self.found.both(path.clone(), kind, a.shown(), b.shown());
            }
        }
    }

    fn attributes(&mut self, path: &Path, a: &[(String, String)], b: &[(String, String)]) {
        let of = |list: &[(String, String)]| list.iter().cloned().collect::<BTreeMap<_, _>>();
        let (by_a, by_b) = (of(a), of(b));
        for (name, one) in &by_a {
            let place = path.key(format!("@{name}"));
            match by_b.get(name) {
                None => self.found.missing(place, text(one)),
                Some(other) if one == other => {}
                // Made anew for each answer, and worth nothing if it were not.
                Some(other) if name == "nonce" && !one.is_empty() && !other.is_empty() => {
                    self.has_nonce = true
                }
                Some(other) => self.found.both(place, Kind::Value, text(one), text(other)),
            }
        }
        for (name, other) in by_b.iter().filter(|(name, _)| !by_a.contains_key(*name)) {
            self.found.extra(path.key(format!("@{name}")), text(other));
        }
        let names = |list: &[(String, String)]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let (a, b) = (names(a), names(b));
        if by_a.keys().eq(by_b.keys()) && a != b {
            self.found.both(path.key("@"), Kind::KeyOrder, text(&a.join(" ")), text(&b.join(" ")));
        }
    }

    /// Lists of one length are compared place by place; else the longest common sequence says what is missing or extra.
    fn children(&mut self, path: &Path, a: &[Node], b: &[Node]) {
        if a == b {
            return;
        }
        let (numbers_a, numbers_b) = (numbers(a), numbers(b));
        if a.len() == b.len() || a.len().max(b.len()) > MAX_ALIGNED {
            return self.replaced(path, (&numbers_a, a), (&numbers_b, b));
        }
        for op in capture_diff_slices(Algorithm::Myers, a, b) {
            if let (DiffTag::Delete | DiffTag::Insert | DiffTag::Replace, old, new) = op.as_tag_tuple() {
                self.replaced(path, (&numbers_a[old.clone()], &a[old]), (&numbers_b[new.clone()], &b[new]));
            }
        }
    }

    fn replaced(&mut self, path: &Path, (numbers_a, a): Numbered<'_>, (numbers_b, b): Numbered<'_>) {
        for at in 0..a.len().max(b.len()) {
            // No more are kept, and a place may be as long as the document.
            if self.found.is_cut() {
                return;
            }
            match (a.get(at), b.get(at)) {
                (Some(one), Some(other)) if one == other => {}
                (Some(one), Some(other)) => self.node(&place(path, one, numbers_a[at]), one, other),
                (Some(one), None) => self.found.missing(place(path, one, numbers_a[at]), one.shown()),
                (None, Some(other)) => self.found.extra(place(path, other, numbers_b[at]), other.shown()),
                (None, None) => {}
            }
        }
    }
}

/// Children with their numbers.
type Numbered<'n> = (&'n [Option<usize>], &'n [Node]);

/// Where a child is.
fn place(path: &Path, node: &Node, number: Option<usize>) -> Path {
    let place = path.key(node.label());
    match number {
        Some(number) => place.index(number),
        None => place,
    }
}

/// Which of its name each child is, where there are several.
fn numbers(children: &[Node]) -> Vec<Option<usize>> {
    let mut of_a_name = HashMap::<&str, usize>::new();
    children.iter().for_each(|node| *of_a_name.entry(node.label()).or_default() += 1);
    let mut seen = HashMap::<&str, usize>::new();
    let labels = children.iter().map(Node::label);
    let number = |label| {
        let count = seen.entry(label).or_default();
        let nth = std::mem::replace(count, *count + 1);
        of_a_name.get(label).is_some_and(|all| *all > 1).then_some(nth)
    };
    labels.map(number).collect()
}

impl Node {
    fn label(&self) -> &str {
        match self {
            Self::Element { name, .. } => name,
            Self::Text(_) => "#text",
            Self::Aside(_) => "#aside",
        }
    }

    /// What is shown of it: an element's own tag, not what is in it.
    fn shown(&self) -> Found {
        match self {
            Self::Element { name, attributes, .. } => {
                let attributes: String =
                    attributes.iter().map(|(name, value)| format!(" {name}=\"{value}\"")).collect();
                text(&format!("<{name}{attributes}>"))
            }
            Self::Text(content) | Self::Aside(content) => text(content),
        }
    }
}

fn text(content: &str) -> Found {
    Found::new(Form::Text, content)
}

/// Its words, and whether blanks stand before and behind them: beside an element one is more than none.
fn collapsed(content: &str) -> impl Iterator<Item = &str> {
    let is_blank = |c: char| c.is_ascii_whitespace();
    let [before, behind] = [content.starts_with(is_blank), content.ends_with(is_blank)];
    let blank = |is: bool| is.then_some(" ").into_iter();
    blank(before).chain(content.split_ascii_whitespace()).chain(blank(behind))
}
