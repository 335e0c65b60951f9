//! Reads XML, as far as it is well formed.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{MAX_DEPTH, Node};

/// An element with more attributes is none that anybody wrote.
const ATTRIBUTES_MAX: usize = 1_000;

/// The nodes of a document; `None` where it is not well formed, or nested too deeply.
pub(super) fn nodes(xml: &str) -> Option<Vec<Node>> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_comments = true;
    let mut open = vec![Open::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if open.len() < MAX_DEPTH => open.push(Open::of(&tag)?),
            Event::Start(_) => return None,
            Event::Empty(tag) => {
                let element = Open::of(&tag)?.closed();
                open.last_mut()?.children.push(element);
            }
            Event::End(_) => {
                let element = open.pop()?.closed();
                open.last_mut()?.children.push(element);
            }
            Event::Text(text) => open.last_mut()?.text(&text.xml10_content().ok()?),
            Event::CData(text) => open.last_mut()?.text(&text.xml10_content().ok()?),
            Event::GeneralRef(entity) => open.last_mut()?.text(&resolved(&entity)?),
            Event::Comment(text) => open.last_mut()?.aside(text.decode().ok()?.into_owned()),
            Event::DocType(text) => open.last_mut()?.aside(format!("<!DOCTYPE {}>", text.decode().ok()?)),
            Event::PI(instruction) => open.last_mut()?.aside(lossy(&instruction)),
            Event::Decl(declaration) => open.last_mut()?.aside(lossy(&declaration)),
            Event::Eof => break,
        }
    }
    let document = open.pop().filter(|_| open.is_empty())?;
    let has_root = document.children.iter().any(|node| matches!(node, Node::Element { .. }));
    has_root.then(|| document.around_its_root())
}

/// An element whose end was not seen yet; the first is the document.
#[derive(Default)]
struct Open {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

impl Open {
    fn of(tag: &BytesStart<'_>) -> Option<Self> {
        let attribute = |attribute: Result<quick_xml::events::attributes::Attribute<'_>, _>| {
            let attribute = attribute.ok()?;
            Some((
                lossy(attribute.key.as_ref()),
                attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned(),
            ))
        };
        let mut attributes = Vec::new();
        for found in tag.attributes() {
            attributes.push(attribute(found)?);
            if attributes.len() > ATTRIBUTES_MAX {
                return None;
            }
        }
        Some(Self { name: lossy(tag.name().as_ref()), attributes, children: Vec::new() })
    }

    fn closed(self) -> Node {
        Node::Element { name: self.name, attributes: self.attributes, children: self.children }
    }

    /// Text, its entities and its CDATA are one text.
    fn text(&mut self, more: &str) {
        match self.children.last_mut() {
            Some(Node::Text(text)) => text.push_str(more),
            _ => self.children.push(Node::Text(more.to_owned())),
        }
    }

    fn aside(&mut self, text: String) {
        self.children.push(Node::Aside(text));
    }

    /// Blanks between what stands around the root say nothing.
    fn around_its_root(self) -> Vec<Node> {
        let is_blank = |node: &Node| matches!(node, Node::Text(text) if text.trim_ascii().is_empty());
        self.children.into_iter().filter(|node| !is_blank(node)).collect()
    }
}

/// What an entity stands for; one that only its own DTD knows stays as it is written.
fn resolved(entity: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = entity.resolve_char_ref().ok()? {
        return Some(character.into());
    }
    let name = entity.decode().ok()?;
    let predefined = quick_xml::escape::resolve_predefined_entity(&name);
    Some(predefined.map_or_else(|| format!("&{name};"), str::to_owned))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
