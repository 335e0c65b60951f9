//! What stands in PHP sources: literals, by the lines that they stand on.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

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

/// Literals by file and line.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: BTreeMap<String, BTreeMap<u32, Vec<Literal>>>,
}

impl Sources {
    /// Takes a source in.
    pub fn add(&mut self, path: &str, text: &[u8]) {
        let mut lines = BTreeMap::<u32, Vec<Literal>>::new();
        for (line, literal) in (Scan { rest: text, line: 1 }).literals() {
            if !literal.bytes().is_empty() && literal.bytes().len() <= LONGEST {
                lines.entry(line).or_default().push(literal);
            }
        }
        self.files.insert(path.to_owned(), lines);
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

/// Reads PHP as far as literals need it. A source that is broken gives what was found before.
struct Scan<'s> {
    rest: &'s [u8],
    line: u32,
}

impl Scan<'_> {
    fn literals(mut self) -> Vec<(u32, Literal)> {
        let mut found = Vec::new();
        while self.enter_code() {
            self.code(&mut found);
        }
        found
    }

    fn take(&mut self, count: usize) {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u32;
        self.rest = rest;
    }

    /// To behind the next `<?php` or `<?=`.
    fn enter_code(&mut self) -> bool {
        match find(self.rest, b"<?") {
            Some(at) => {
                self.take(at + 2);
                true
            }
            None => false,
        }
    }

    /// To behind the next `?>`, or the end.
    fn code(&mut self, found: &mut Vec<(u32, Literal)>) {
        let mut before = b' ';
        while let Some(first) = self.rest.first().copied() {
            let is_name =
                |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80;
            match first {
                b'?' if self.rest.starts_with(b"?>") => return self.take(2),
                b'/' if self.rest.starts_with(b"//") => self.skip_line(),
                b'#' if !self.rest.starts_with(b"#[") => self.skip_line(),
                b'/' if self.rest.starts_with(b"/*") => {
                    self.take(2 + find(&self.rest[2..], b"*/").map_or(self.rest.len(), |at| at + 2));
                }
                b'\'' | b'"' => self.string(first, found),
                b'<' if self.rest.starts_with(b"<<<") => self.heredoc(),
                b'0'..=b'9' if !is_name(before) => self.number(found),
                _ => self.take(1),
            }
            before = first;
        }
    }

    fn skip_line(&mut self) {
        // `?>` ends a comment of one line, too.
        let line = find(self.rest, b"\n").unwrap_or(self.rest.len());
        let close = find(self.rest, b"?>").unwrap_or(self.rest.len());
        self.take(line.min(close));
    }

    fn string(&mut self, quote: u8, found: &mut Vec<(u32, Literal)>) {
        let line = self.line;
        self.take(1);
        let mut text = Vec::new();
        while let Some(byte) = self.rest.first().copied() {
            match (byte, self.rest.get(1).copied()) {
                (byte, _) if byte == quote => break,
                (b'\\', Some(next)) => {
                    let (bytes, length) = escaped(quote, next, self.rest);
                    text.extend(bytes);
                    self.take(length);
                }
                // What is put in at run time ends the literal, and another begins behind it.
                (b'$', Some(next)) if quote == b'"' && (next.is_ascii_alphabetic() || next == b'_') => {
                    found.push((line, Literal::Text(std::mem::take(&mut text))));
                    let name = self.rest[1..]
                        .iter()
                        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                        .count();
                    self.take(1 + name);
                }
                _ => {
                    text.push(byte);
                    self.take(1);
                }
            }
        }
        self.take(1);
        found.push((line, Literal::Text(text)));
    }

    fn heredoc(&mut self) {
        let head = &self.rest[3..];
        let line_end = find(head, b"\n").unwrap_or(head.len());
        let name: Vec<u8> =
            head[..line_end].iter().copied().filter(|b| b.is_ascii_alphanumeric() || *b == b'_').collect();
        self.take(3 + line_end + 1);
        while !name.is_empty() && !self.rest.is_empty() {
            let line_end = find(self.rest, b"\n").map_or(self.rest.len(), |at| at + 1);
            let ends = self.rest[..line_end].trim_ascii_start().starts_with(&name);
            let length = if ends { find(self.rest, &name).unwrap_or(0) + name.len() } else { line_end };
            self.take(length);
            if ends {
                return;
            }
        }
    }

    fn number(&mut self, found: &mut Vec<(u32, Literal)>) {
        let mut length = 0;
        let is_hex = self.rest.starts_with(b"0x") || self.rest.starts_with(b"0X");
        while let Some(byte) = self.rest.get(length) {
            let follows_e = length > 0 && matches!(self.rest[length - 1], b'e' | b'E') && !is_hex;
            let goes_on = byte.is_ascii_alphanumeric()
                || *byte == b'_'
                || *byte == b'.' && self.rest.get(length + 1).is_some_and(u8::is_ascii_digit)
                || follows_e && matches!(byte, b'+' | b'-');
            if !goes_on {
                break;
            }
            length += 1;
        }
        let text: String =
            self.rest[..length].iter().filter(|b| **b != b'_').map(|b| char::from(*b)).collect();
        let text = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(hex) => i64::from_str_radix(hex, 16).map_or(text.clone(), |number| number.to_string()),
            None => text,
        };
        found.push((self.line, Literal::Number(text)));
        self.take(length);
    }
}

/// What an escape stands for, and how long it is.
fn escaped(quote: u8, next: u8, at: &[u8]) -> (Vec<u8>, usize) {
    if quote == b'\'' {
        return match next {
            b'\\' | b'\'' => (vec![next], 2),
            _ => (vec![b'\\', next], 2),
        };
    }
    let hex = |digits: &[u8]| {
        std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
    };
    match next {
        b'n' => (vec![b'\n'], 2),
        b't' => (vec![b'\t'], 2),
        b'r' => (vec![b'\r'], 2),
        b'0' => (vec![0], 2),
        b'x' => match at.get(2..4).and_then(hex) {
            Some(byte) => (vec![byte], 4),
            None => (vec![b'\\', b'x'], 2),
        },
        b'\\' | b'"' | b'$' => (vec![next], 2),
        _ => (vec![b'\\', next], 2),
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
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
    fn a_broken_source_gives_what_stands_before() {
        for php in ["<?php 'a", "<?php f('a'); /* ", "<?php 'a' <<<X", "<?php 'a', \"b\\"] {
            let mut sources = Sources::default();
            sources.add("a", php.as_bytes());
            assert_eq!(sources.all().first().map(|literal| literal.bytes()), Some(&b"a"[..]), "{php}");
        }
    }
}
