//! `mb_encode_mimeheader`, `mb_decode_mimeheader`: RFC 2047's encoded words.

use super::transfer::{decode_base64, decode_quoted, encode_base64};
use super::{Encoding, find, unknown, utf8};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};

pub(crate) const ROWS: &[Row] = &[
    ("mb_decode_mimeheader(string $string)", |c, a| ok(decode(c.php, a.bytes(0)))),
    (
        "8.0- mb_encode_mimeheader(string $string, string $charset = ?, string $transfer_encoding = ?, string $newline = \"\r\n\", int $indent = 0)",
        encode,
    ),
    (
        "-7.4 mb_encode_mimeheader(string $str, string $charset = ?, string $transfer = ?, string $linefeed = \"\r\n\", int $indent = 0)",
        encode,
    ),
];

/// Encoded words become UTF-8; folded lines become one.
fn decode(php: &Php, text: &[u8]) -> Vec<u8> {
    let (mut out, mut rest, mut after_word) = (Vec::new(), text, false);
    while let Some(first) = rest.first().copied() {
        if let Some((word, len)) = encoded_word(php, rest) {
            out.extend(word);
            rest = &rest[len..];
            after_word = true;
            continue;
        }
        let blanks = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
        if blanks > 0 {
            // Blanks between two encoded words do not count.
            let joins = after_word && encoded_word(php, &rest[blanks..]).is_some();
            let folds = rest[..blanks].iter().any(|byte| matches!(byte, b'\r' | b'\n'));
            match (joins, folds) {
                (true, _) => {}
                (false, true) => {
                    let kept = rest[..blanks].iter().take_while(|byte| !matches!(byte, b'\r' | b'\n'));
                    out.extend(kept.filter(|byte| **byte == b'\t'));
                    out.push(b' ');
                }
                (false, false) => out.extend_from_slice(&rest[..blanks]),
            }
            rest = &rest[blanks..];
        } else {
            put_plain(php, first, &mut out);
            rest = &rest[1..];
        }
        after_word = false;
    }
    out
}

/// Outside of words a byte above 127 is Latin-1 up to 8.0, and no character later.
fn put_plain(php: &Php, byte: u8, out: &mut Vec<u8>) {
    match byte {
        0x80.. if php.since(Version::V8_1) => out.push(b'?'),
        byte => out.extend(utf8().encode(&[byte.into()])),
    }
}

/// `=?charset?B?text?=` at the start: what it means in UTF-8, and its length.
fn encoded_word(php: &Php, text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let rest = text.strip_prefix(b"=?")?;
    let mut parts = rest.splitn(4, |byte| *byte == b'?');
    let (charset, transfer, body, tail) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    tail.strip_prefix(b"=")?;
    let encoding = find(php, charset)?;
    let bytes = match transfer {
        b"B" | b"b" => decode_base64(php, body),
        b"Q" | b"q" => {
            // From 8.3 an underscore is a blank.
            let blank = |byte: &u8| if *byte == b'_' && php.since(Version::V8_3) { b' ' } else { *byte };
            decode_quoted(&body.iter().map(blank).collect::<Vec<u8>>())
        }
        _ => return None,
    };
    let bytes: Vec<u8> = bytes.into_iter().map(|code| code as u8).collect();
    let len = 2 + charset.len() + 1 + transfer.len() + 1 + body.len() + 2;
    Some((utf8().encode(&encoding.decode(php, &bytes)), len))
}

fn encode(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let charset = match args.opt_bytes(1) {
        None => utf8(),
        Some(name) => match find(ctx.php, name) {
            Some(encoding) => encoding,
            None => return unknown(ctx, name, 1, "mb_encode_mimeheader"),
        },
    };
    if charset.mime.is_empty() {
        let message =
            "mb_encode_mimeheader(): Argument #2 ($charset) cannot be used for MIME header encoding";
        return ctx.value_error(false, message);
    }
    // Up to 8.2 what breaks off at the end is lost.
    let chars = match ctx.php.since(Version::V8_3) {
        true => utf8().decode(ctx.php, args.bytes(0)),
        false => utf8().decode_whole(ctx.php, args.bytes(0)),
    };
    let newline = if args.has(3) { args.bytes(3) } else { b"\r\n" };
    let newline = newline.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut header = Header {
        charset,
        quoted: matches!(args.bytes(2).first(), Some(b'q' | b'Q')),
        fold: [&newline[..newline.len().min(LONGEST_NEWLINE)], b" "].concat(),
        out: Vec::new(),
        line: 0,
        indent: usize::try_from(args.int(4)).ok().filter(|indent| *indent < LINE).unwrap_or(0),
        is_8: ctx.php.is_8(),
    };
    header.write(&chars);
    ok(header.out)
}

/// The longest line, in bytes.
const LINE: usize = 74;
/// A word does not begin behind this.
const LAST_START: usize = 60;
const LONGEST_NEWLINE: usize = 8;

/// A field that is being written: plain words as they are, and from the first that is not plain on everything encoded.
struct Header {
    charset: &'static Encoding,
    quoted: bool,
    /// What stands between two lines.
    fold: Vec<u8>,
    out: Vec<u8>,
    /// Where the line begins.
    line: usize,
    /// How much of the first line the field's name takes.
    indent: usize,
    /// Up to 7.4 the last word did not heed the indent.
    is_8: bool,
}

impl Header {
    fn write(&mut self, chars: &[u32]) {
        let (mut start, mut begun) = (0, false);
        for (at, code) in chars.iter().enumerate() {
            if is_plain(*code) {
                begun = true;
            } else if *code != SPACE || begun && at - start >= LINE {
                self.separate(LAST_START, self.head().len());
                return self.words(&chars[start..]);
            } else if begun {
                // The blank is written in front of the next word.
                self.separate(LINE, at - start);
                self.plain(&chars[start..at]);
                (start, begun) = (at + 1, false);
            }
        }
        if start < chars.len() {
            if !self.out.is_empty() {
                self.indent *= usize::from(self.is_8);
                self.separate(LINE, chars.len() - start);
            }
            self.plain(&chars[start..]);
        }
    }

    fn plain(&mut self, word: &[u32]) {
        self.out.extend(word.iter().map(|code| *code as u8));
    }

    /// A blank, or a new line where so many more would go beyond a limit.
    fn separate(&mut self, limit: usize, more: usize) {
        if self.out.len() - self.line + more + self.indent > limit {
            self.new_line();
        } else if !self.out.is_empty() {
            self.out.push(b' ');
        }
    }

    fn new_line(&mut self) {
        self.out.extend_from_slice(&self.fold);
        (self.line, self.indent) = (self.out.len(), 0);
    }

    fn head(&self) -> Vec<u8> {
        format!("=?{}?{}?", self.charset.mime, if self.quoted { 'Q' } else { 'B' }).into_bytes()
    }

    /// Words that each fit a line; no character is cut through.
    fn words(&mut self, chars: &[u32]) {
        let (head, mut rest) = (self.head(), chars);
        while !rest.is_empty() {
            let taken = self.out.len() - self.line + head.len() + self.indent;
            let fits = |count: usize| taken + self.body(&rest[..count]).len() < LINE;
            let count = (2..=rest.len().min(LINE)).take_while(|count| fits(*count)).last().unwrap_or(1);
            self.out.extend_from_slice(&head);
            self.out.extend(self.body(&rest[..count]));
            self.out.extend_from_slice(b"?=");
            rest = &rest[count..];
            if !rest.is_empty() {
                self.new_line();
            }
        }
    }

    fn body(&self, chars: &[u32]) -> Vec<u8> {
        let mut out = Vec::new();
        match self.quoted {
            true => quote(&self.charset.encode(chars), &mut out),
            false => encode_base64(&self.charset.encode(chars), &mut out),
        }
        out.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        out
    }
}

const SPACE: u32 = 0x20;

/// What may stand in a header outside of encoded words, but for the blank.
fn is_plain(code: u32) -> bool {
    matches!(code, 0x21..0x7f) && !b"=?_".contains(&(code as u8))
}

fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'!' | b'*' | b'+' | b'-' | b'/' => out.push(*byte),
            _ => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
        }
    }
}
