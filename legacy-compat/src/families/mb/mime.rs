//! `mb_encode_mimeheader`, `mb_decode_mimeheader`: RFC 2047's encoded words.

use super::transfer::{decode_base64, decode_quoted, encode_base64};
use super::{Encoding, find, unknown, utf8};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::Php;

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
            out.push(if first < 0x80 { first } else { b'?' });
            rest = &rest[1..];
        }
        after_word = false;
    }
    out
}

/// `=?charset?B?text?=` at the start: what it means in UTF-8, and its length.
fn encoded_word(php: &Php, text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let rest = text.strip_prefix(b"=?")?;
    let mut parts = rest.splitn(4, |byte| *byte == b'?');
    let (charset, transfer, body, tail) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    tail.strip_prefix(b"=")?;
    let encoding = find(php, charset)?;
    let bytes = match transfer {
        b"B" | b"b" => decode_base64(body),
        b"Q" | b"q" => {
            let spaced: Vec<u8> = body.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
            decode_quoted(&spaced)
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
    let quoted = matches!(args.bytes(2).first(), Some(b'q' | b'Q'));
    let newline = if args.has(3) { args.bytes(3) } else { b"\r\n" };
    let chars = utf8().decode(ctx.php, args.bytes(0));
    let plain = chars.iter().all(|code| (0x20..0x7f).contains(code) && *code != u32::from(b'='))
        || chars.iter().all(|code| *code < 0x80 && *code != 0);
    if plain {
        return ok(args.bytes(0));
    }
    ok(words(charset, &chars, quoted, newline, usize::try_from(args.int(4)).unwrap_or(0).min(74)))
}

/// The longest line, in bytes.
const LINE: usize = 74;

/// Words that each fit a line; no character is cut through.
fn words(charset: &Encoding, chars: &[u32], quoted: bool, newline: &[u8], indent: usize) -> Vec<u8> {
    let head = format!("=?{}?{}?", charset.mime, if quoted { 'Q' } else { 'B' });
    let body = |chars: &[u32]| {
        let mut out = Vec::new();
        match quoted {
            true => quote(&charset.encode(chars), &mut out),
            false => encode_base64(&charset.encode(chars), &mut out),
        }
        out.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        out
    };
    let (mut out, mut rest, mut column) = (Vec::new(), chars, indent);
    while !rest.is_empty() {
        let room = LINE.saturating_sub(column + head.len() + 2);
        let fits = |count: &usize| body(&rest[..*count]).len() <= room;
        let count = (1..=rest.len().min(LINE)).take_while(fits).last().unwrap_or(1);
        if !out.is_empty() {
            out.extend_from_slice(newline);
            out.push(b' ');
        }
        out.extend_from_slice(head.as_bytes());
        out.extend(body(&rest[..count]));
        out.extend_from_slice(b"?=");
        rest = &rest[count..];
        column = 1;
    }
    out
}

fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'*' | b'+' | b'-' | b'/' => out.push(*byte),
            _ => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
        }
    }
}
