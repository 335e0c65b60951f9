//! Reads PHP sources, as far as one has to in order to know what literals stand where.

use crate::sources::Literal;

/// A part of a source that something is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A string or a number.
    Literal(Literal),
    /// A name: a variable's with its `$`, a keyword, a function, a constant.
    Name(Vec<u8>),
    /// Any other character but blanks.
    Sign(u8),
}

/// The tokens of a source, each with its line. A source that is broken gives what was found before.
pub(crate) fn tokens(text: &[u8]) -> Vec<(u32, Token)> {
    (Scan { rest: text, line: 1 }).tokens()
}

/// Reads PHP as far as literals need it.
struct Scan<'s> {
    rest: &'s [u8],
    line: u32,
}

impl Scan<'_> {
    fn tokens(mut self) -> Vec<(u32, Token)> {
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
    fn code(&mut self, found: &mut Vec<(u32, Token)>) {
        while let Some(first) = self.rest.first().copied() {
            match first {
                b'?' if self.rest.starts_with(b"?>") => return self.take(2),
                b'/' if self.rest.starts_with(b"//") => self.skip_line(),
                b'#' if !self.rest.starts_with(b"#[") => self.skip_line(),
                b'/' if self.rest.starts_with(b"/*") => {
                    self.take(2 + find(&self.rest[2..], b"*/").map_or(self.rest.len(), |at| at + 2));
                }
                b'\'' | b'"' => self.string(first, found),
                b'<' if self.rest.starts_with(b"<<<") => self.heredoc(),
                b'0'..=b'9' => self.number(found),
                _ if is_name(first) => self.name(found),
                _ => {
                    if !first.is_ascii_whitespace() {
                        found.push((self.line, Token::Sign(first)));
                    }
                    self.take(1);
                }
            }
        }
    }

    fn name(&mut self, found: &mut Vec<(u32, Token)>) {
        let length = self.rest.iter().take_while(|byte| is_name(**byte)).count();
        found.push((self.line, Token::Name(self.rest[..length].to_vec())));
        self.take(length);
    }

    fn skip_line(&mut self) {
        // `?>` ends a comment of one line, too.
        let line = find(self.rest, b"\n").unwrap_or(self.rest.len());
        let close = find(self.rest, b"?>").unwrap_or(self.rest.len());
        self.take(line.min(close));
    }

    fn string(&mut self, quote: u8, found: &mut Vec<(u32, Token)>) {
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
                    found.push((line, Token::Literal(Literal::Text(std::mem::take(&mut text)))));
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
        found.push((line, Token::Literal(Literal::Text(text))));
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

    fn number(&mut self, found: &mut Vec<(u32, Token)>) {
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
        found.push((self.line, Token::Literal(Literal::Number(text))));
        self.take(length);
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
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
