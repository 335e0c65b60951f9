//! Reads HTML as browsers do: whatever it is, it has a tree.

use html5ever::ParseOpts;
use html5ever::tendril::TendrilSink as _;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use super::{MAX_DEPTH, Node};

/// So many bytes are read between two looks at how deep it has got: what is open costs time with every further tag.
const PIECE: usize = 4 * 1024;

/// A tag with more blanks in it, and so perhaps attributes, is none of a page's.
const BLANKS_MAX: usize = 2_000;

/// Nodes that nobody need say: the document, html, head, body, what a table is made of.
const UNSAID: usize = 64;

/// The nodes of a document; `None` where they are nested too deeply, or a tag has too many attributes.
pub(super) fn nodes(html: &str) -> Option<Vec<Node>> {
    if html.split('<').any(|tag| blanks(tag) > BLANKS_MAX) {
        return None;
    }
    let mut parser = html5ever::parse_document(RcDom::default(), ParseOpts::default());
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.ceil_char_boundary(PIECE));
        parser.process(piece.into());
        let document = &parser.tokenizer.sink.sink.document;
        if is_too_deep(document) || is_too_much(document, html.len() - behind.len()) {
            return None;
        }
        rest = behind;
    }
    children(&parser.finish().document, MAX_DEPTH)
}

/// Those of a tag, up to its end.
fn blanks(tag: &str) -> usize {
    let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic());
    let inner = tag.split('>').next().unwrap_or_default();
    if is_tag { inner.bytes().filter(u8::is_ascii_whitespace).count() } else { 0 }
}

/// Whether what was read last is: where it stands, the next will stand.
fn is_too_deep(document: &Handle) -> bool {
    let mut last = document.clone();
    for _ in 0..MAX_DEPTH {
        let inner = match &last.data {
            NodeData::Element { template_contents, .. } => template_contents.borrow().clone(),
            _ => None,
        };
        let child = inner.or_else(|| last.children.borrow().last().cloned());
        let Some(child) = child else { return false };
        last = child;
    }
    true
}

/// Whether so many bytes have made more nodes than they say (`<p>x` says two): what is left open, as in `<b><i><p>`, is made
/// anew in each paragraph that follows.
fn is_too_much(document: &Handle, bytes: usize) -> bool {
    let (mut left, mut open) = (bytes / 2 + UNSAID, vec![document.clone()]);
    while let Some(node) = open.pop() {
        let Some(fewer) = left.checked_sub(1) else { return true };
        left = fewer;
        open.extend(node.children.borrow().iter().cloned());
        if let NodeData::Element { template_contents, .. } = &node.data {
            open.extend(template_contents.borrow().clone());
        }
    }
    false
}

fn children(of: &Handle, depth: usize) -> Option<Vec<Node>> {
    let depth = depth.checked_sub(1)?;
    of.children.borrow().iter().map(|child| node(child, depth)).collect()
}

fn node(read: &Handle, depth: usize) -> Option<Node> {
    Some(match &read.data {
        NodeData::Element { name, attrs, template_contents, .. } => {
            let mut inner = children(read, depth)?;
            if let Some(template) = template_contents.borrow().as_ref() {
                inner.extend(children(template, depth)?);
            }
            // `href` and `xlink:href` are two.
            let attribute = |attr: &html5ever::Attribute| {
                let prefix =
                    attr.name.prefix.as_ref().map_or_else(String::new, |prefix| format!("{prefix}:"));
                (format!("{prefix}{}", attr.name.local), attr.value.to_string())
            };
            let attributes = attrs.borrow().iter().map(attribute).collect();
            Node::Element { name: name.local.to_string(), attributes, children: inner }
        }
        NodeData::Text { contents } => Node::Text(contents.borrow().to_string()),
        NodeData::Comment { contents } => Node::Aside(contents.to_string()),
        NodeData::Doctype { name, public_id, system_id } => {
            Node::Aside(format!("<!DOCTYPE {name} {public_id} {system_id}>").replace("  ", ""))
        }
        NodeData::ProcessingInstruction { target, contents } => {
            Node::Aside(format!("<?{target} {contents}>"))
        }
        // There is but one, and it is nobody's child.
        NodeData::Document => return None,
    })
}
