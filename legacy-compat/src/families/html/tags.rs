//! `strip_tags`: a machine of five states that knows quotes, comments and `<?php`.

use crate::call::{Row, ok};
use crate::families::types::text_of;
use crate::php::Version;
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("7.4- strip_tags(string $string, mixed $allowed_tags = ?)", |c, a| {
        let allowed = match a.value(1).clone() {
            Value::Null => Vec::new(),
            Value::Array(list) => {
                let mut names = Vec::new();
                for name in list.values() {
                    names.extend([b"<", text_of(c, name)?.as_bytes(), b">"].concat());
                }
                names
            }
            Value::Object(_) if c.php.is_8() => {
                let message = "strip_tags(): Argument #2 ($allowed_tags) must be of type array|string|null, stdClass given";
                return c.type_error((), message);
            }
            other => text_of(c, &other)?.to_vec(),
        };
        ok(strip(a.bytes(0), &allowed, false, !c.php.since(Version::V7_2)))
    }),
    ("-7.3 strip_tags(string $str, mixed $allowable_tags = ?)", |c, a| {
        let allowed = text_of(c, &a.value(1).clone())?;
        ok(strip(a.bytes(0), &allowed, false, !c.php.since(Version::V7_2)))
    }),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    Tag,
    Php,
    Declaration,
    Comment,
}

/// `strip_tags`: `allowed` names tags as `<a><b>`; a `<` before a blank is text unless `allow_spaces`.
pub fn strip_tags(text: &[u8], allowed: &[u8], allow_spaces: bool) -> Vec<u8> {
    strip(text, allowed, allow_spaces, false)
}

/// The same, where `slashes_skipped` for all slashes in the names of tags.
fn strip(text: &[u8], allowed: &[u8], allow_spaces: bool, slashes_skipped: bool) -> Vec<u8> {
    let allowed = &allowed.to_ascii_lowercase();
    let mut machine = Machine {
        text,
        allowed,
        allow_spaces,
        slashes_skipped,
        state: State::Text,
        quote: 0,
        depth: 0,
        brackets: 0,
        last: 0,
        is_xml: false,
        tag: Vec::new(),
        out: Vec::with_capacity(text.len()),
    };
    for at in 0..text.len() {
        match machine.state {
            State::Text => machine.text(at),
            State::Tag => machine.tag(at),
            State::Php => machine.php(at),
            State::Declaration => machine.declaration(at),
            State::Comment => machine.comment(at),
        }
    }
    machine.out
}

struct Machine<'a> {
    text: &'a [u8],
    allowed: &'a [u8],
    allow_spaces: bool,
    slashes_skipped: bool,
    state: State,
    quote: u8,
    depth: usize,
    brackets: usize,
    last: u8,
    is_xml: bool,
    tag: Vec<u8>,
    out: Vec<u8>,
}

impl Machine<'_> {
    fn before(&self, at: usize, back: usize) -> u8 {
        at.checked_sub(back).and_then(|at| self.text.get(at)).copied().unwrap_or(0)
    }

    fn blank_follows(&self, at: usize) -> bool {
        !self.allow_spaces && self.text.get(at + 1).is_some_and(|byte| crate::numeric::is_blank(*byte))
    }

    fn text(&mut self, at: usize) {
        match self.text[at] {
            0 => {}
            b'<' if self.quote != 0 => {}
            b'<' if self.blank_follows(at) => self.out.push(b'<'),
            b'<' => {
                self.last = b'<';
                self.state = State::Tag;
                self.tag = vec![b'<'];
            }
            b'>' if self.depth > 0 => self.depth -= 1,
            b'>' if self.quote != 0 => {}
            byte => self.out.push(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if !self.allowed.is_empty() {
            self.tag.push(byte);
        }
    }

    fn toggle(&mut self, at: usize, byte: u8) {
        if at > 0 && (self.quote == 0 || self.quote == byte) {
            self.quote = if self.quote == 0 { byte } else { 0 };
        }
    }

    fn finish(&mut self) {
        (self.quote, self.state, self.is_xml) = (0, State::Text, false);
        self.tag.clear();
    }

    fn tag(&mut self, at: usize) {
        match self.text[at] {
            0 => {}
            b'<' if self.quote != 0 => {}
            b'<' if self.blank_follows(at) => self.keep(b'<'),
            b'<' => self.depth += 1,
            b'>' if self.depth > 0 => self.depth -= 1,
            b'>' if self.quote != 0 => {}
            b'>' if self.is_xml && self.before(at, 1) == b'-' => {}
            b'>' => {
                self.last = b'>';
                self.keep(b'>');
                if self.is_allowed() {
                    self.out.extend_from_slice(&self.tag.clone());
                }
                self.finish();
            }
            byte @ (b'"' | b'\'') => {
                self.toggle(at, byte);
                self.keep(byte);
            }
            b'!' if self.before(at, 1) == b'<' => {
                self.state = State::Declaration;
                self.last = b'!';
            }
            b'?' if self.before(at, 1) == b'<' => {
                self.brackets = 0;
                self.state = State::Php;
            }
            byte => self.keep(byte),
        }
    }

    /// Whether the tag read is one of the allowed ones: `</A href>` counts as `<a>`.
    fn is_allowed(&self) -> bool {
        let mut name = Vec::with_capacity(self.tag.len());
        let mut named = false;
        for (at, byte) in self.tag.iter().enumerate() {
            match byte {
                b'<' => name.push(b'<'),
                b'>' => break,
                byte if crate::numeric::is_blank(*byte) => {
                    if named {
                        break;
                    }
                }
                byte => {
                    named = true;
                    // Up to 7.1 slashes are skipped wherever they are.
                    let skipped = *byte == b'/'
                        && (self.slashes_skipped
                            || at > 0 && self.tag[at - 1] == b'<'
                            || self.tag.get(at + 1) == Some(&b'>'));
                    if !skipped {
                        name.push(byte.to_ascii_lowercase());
                    }
                }
            }
        }
        name.push(b'>');
        !self.allowed.is_empty() && crate::families::strings::find(self.allowed, &name).is_some()
    }

    fn php(&mut self, at: usize) {
        match self.text[at] {
            b'(' if !matches!(self.last, b'"' | b'\'') => {
                self.last = b'(';
                self.brackets += 1;
            }
            b')' if !matches!(self.last, b'"' | b'\'') => {
                self.last = b')';
                self.brackets = self.brackets.saturating_sub(1);
            }
            b'>' if self.depth > 0 => self.depth -= 1,
            b'>' if self.quote != 0 => {}
            b'>' if self.brackets == 0 && self.last != b'"' && self.before(at, 1) == b'?' => self.finish(),
            byte @ (b'"' | b'\'') if self.before(at, 1) != b'\\' => {
                if self.last == byte {
                    self.last = 0;
                } else if self.last != b'\\' {
                    self.last = byte;
                }
                self.toggle(at, byte);
            }
            b'l' | b'L' if at >= 4 && self.text[at - 4..at].eq_ignore_ascii_case(b"<?xm") => {
                self.state = State::Tag;
                self.is_xml = true;
            }
            _ => {}
        }
    }

    fn declaration(&mut self, at: usize) {
        match self.text[at] {
            b'>' if self.depth > 0 => self.depth -= 1,
            b'>' if self.quote != 0 => {}
            b'>' => self.finish(),
            byte @ (b'"' | b'\'') if self.before(at, 1) != b'\\' => self.toggle(at, byte),
            b'-' if self.before(at, 1) == b'-' && self.before(at, 2) == b'!' => self.state = State::Comment,
            b'e' | b'E' if at >= 8 && self.text[at - 8..at].eq_ignore_ascii_case(b"<!DOCTYP") => {
                self.state = State::Tag
            }
            _ => {}
        }
    }

    fn comment(&mut self, at: usize) {
        let ends = self.text[at] == b'>' && self.before(at, 1) == b'-' && self.before(at, 2) == b'-';
        if ends && self.quote == 0 {
            self.finish();
        }
    }
}
