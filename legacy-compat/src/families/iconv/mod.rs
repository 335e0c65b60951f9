//! `iconv` and its kin, as glibc converts, or GNU's libiconv where there is no glibc.

mod translit;

use std::sync::LazyLock;

use crate::call::{Args, Ctx, Level, Outcome, Row, ok, or_false};
use crate::families::mb::{BAD, Encoding, find, utf8};
use crate::families::strings;
use crate::php::{Libc, Php, Version};

pub(crate) const ROWS: &[Row] = &[
    ("7.1- iconv(string $from_encoding, string $to_encoding, string $string)", iconv),
    ("8.0- iconv_strlen(string $string, ?string $encoding = null): false", strlen),
    ("7.1-7.4 iconv_strlen(string $str, string $charset = ?): false", strlen),
    (
        "8.0- iconv_substr(string $string, int $offset, ?int $length = null, ?string $encoding = null): false",
        substr,
    ),
    ("7.1-7.4 iconv_substr(string $str, int $offset, int $length = ?, string $charset = ?): false", substr),
    (
        "8.0- iconv_strpos(string $haystack, string $needle, int $offset = 0, ?string $encoding = null): false",
        strpos,
    ),
    (
        "7.1-7.4 iconv_strpos(string $haystack, string $needle, int $offset = 0, string $charset = ?): false",
        strpos,
    ),
    ("8.0- iconv_strrpos(string $haystack, string $needle, ?string $encoding = null): false", strrpos),
    ("7.1-7.4 iconv_strrpos(string $haystack, string $needle, string $charset = ?): false", strrpos),
];

/// The longest name of an encoding that PHP takes, in bytes.
const LONGEST_NAME: usize = 64;

/// An encoding as iconv names it, with what follows `//`.
struct Named {
    encoding: &'static Encoding,
    translit: bool,
    ignore: bool,
}

impl Named {
    /// The characters of a text, [`BAD`] for what is none; none where it breaks off.
    fn chars(&self, php: &Php, text: &[u8]) -> Option<Vec<u32>> {
        let native = self.encoding.name == "UTF-16" && php.libc == Libc::Glibc && !has_mark(text);
        let encoding = if native { find(php, b"UTF-16LE")? } else { self.encoding };
        if encoding.breaks_off(text) {
            return None;
        }
        Some(self.without_open(encoding.decode(php, text)))
    }

    /// What ASCII and Windows-1252 leave open is no character here, other than in mbstring.
    fn without_open(&self, mut chars: Vec<u32>) -> Vec<u32> {
        let is_open = |code: u32| match self.encoding.name {
            "ASCII" => code >= 0x80,
            "Windows-1252" => matches!(code, 0x80..0xa0 | 0xfffd | 0xfffe),
            _ => code >= 0x11_0000,
        };
        chars.iter_mut().filter(|code| is_open(**code)).for_each(|code| *code = BAD);
        chars
    }
}

/// Whether a text says itself in which order its bytes are.
fn has_mark(text: &[u8]) -> bool {
    text.starts_with(b"\xfe\xff") || text.starts_with(b"\xff\xfe")
}

fn named(ctx: &mut Ctx<'_>, name: &[u8], function: &str) -> Option<Named> {
    if name.len() >= LONGEST_NAME {
        ctx.warn(format!(
            "{function}(): Encoding parameter exceeds the maximum allowed length of 64 characters"
        ));
        return None;
    }
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut text = name.to_ascii_uppercase();
    if ctx.php.libc == Libc::Glibc {
        // It takes no heed of anything else in a name.
        text.retain(|byte| byte.is_ascii_alphanumeric() || b"-_/,.:".contains(byte));
    }
    let mut parts = text.split(|byte| *byte == b'/');
    let charset = match parts.next().unwrap_or_default() {
        b"UCS-4" => &b"UCS-4BE"[..],
        b"UCS-2" => b"UCS-2LE",
        b"" => b"ASCII",
        other => other,
    };
    let is_alias = ctx.php.libc == Libc::Glibc || charset != b"UTF8";
    let found = find(ctx.php, charset).filter(|encoding| {
        is_alias
            && !matches!(
                encoding.name,
                "8bit"
                    | "7bit"
                    | "HZ"
                    | "UTF7-IMAP"
                    | "BASE64"
                    | "HTML-ENTITIES"
                    | "Quoted-Printable"
                    | "UUENCODE"
                    | "JIS"
            )
    });
    let Some(encoding) = found.or_else(|| code_page(charset)) else {
        ctx.note(Level::Notice, format!("{function}(): Wrong encoding, conversion is not allowed"));
        return None;
    };
    let (mut translit, mut ignore) = (false, false);
    for suffix in parts {
        translit |= suffix == b"TRANSLIT";
        ignore |= suffix == b"IGNORE";
    }
    Some(Named { encoding, translit, ignore })
}

/// Windows' code pages that mbstring lacks.
fn code_page(name: &[u8]) -> Option<&'static Encoding> {
    static PAGES: LazyLock<Vec<Encoding>> = LazyLock::new(|| {
        let pages: [(_, &encoding_rs::Encoding); 6] = [
            ("1250", encoding_rs::WINDOWS_1250),
            ("1253", encoding_rs::WINDOWS_1253),
            ("1255", encoding_rs::WINDOWS_1255),
            ("1256", encoding_rs::WINDOWS_1256),
            ("1257", encoding_rs::WINDOWS_1257),
            ("1258", encoding_rs::WINDOWS_1258),
        ];
        pages.map(|(number, page)| Encoding::single_byte(number, upper_half(page))).into()
    });
    let number = name.strip_prefix(b"WINDOWS-").or_else(|| name.strip_prefix(b"CP"))?;
    PAGES.iter().find(|page| page.name.as_bytes() == number)
}

/// What the bytes from 80 on are; control characters, which the web's tables fill gaps with, are none.
fn upper_half(page: &'static encoding_rs::Encoding) -> [u32; 128] {
    std::array::from_fn(|at| {
        let byte = [0x80 + at as u8];
        let char = page.decode_without_bom_handling_and_without_replacement(&byte);
        let char = char.and_then(|text| text.chars().next());
        char.map(u32::from).filter(|char| *char >= 0xa0).unwrap_or(0)
    })
}

fn illegal(ctx: &mut Ctx<'_>, function: &str) {
    ctx.note(Level::Notice, format!("{function}(): Detected an illegal character in input string"));
}

fn iconv(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(from) = named(ctx, args.bytes(0), "iconv") else { return ok(false) };
    let Some(to) = named(ctx, args.bytes(1), "iconv") else { return ok(false) };
    match convert(ctx, &from, &to, args.bytes(2)) {
        Some(text) => ok(text),
        None => {
            illegal(ctx, "iconv");
            ok(false)
        }
    }
}

/// None where something does not convert; `//IGNORE` drops it, `//TRANSLIT` writes something like it.
fn convert(ctx: &Ctx<'_>, from: &Named, to: &Named, text: &[u8]) -> Option<Vec<u8>> {
    let target = written(ctx.php, to.encoding);
    let mut out = match to.encoding.name {
        "UTF-16" | "UTF-32" => target.encode(&[0xfeff]),
        _ => Vec::new(),
    };
    let mut chars = Vec::new();
    for code in from.chars(ctx.php, text)? {
        let fits = code != BAD && (to.encoding.is_stateful() || to.encoding.encode_char(code).is_some());
        match code {
            code if fits => chars.push(code),
            // To glibc a control character of the upper half is its byte.
            0x80..0xa0 if to.encoding.name == "EUC-JP" && ctx.php.libc == Libc::Glibc => {
                out.extend(target.encode(&std::mem::take(&mut chars)));
                out.push(code as u8);
            }
            code if to.translit && code != BAD => match translit::similar(ctx.php.libc, code) {
                Some(text) => chars.extend(text.bytes().map(u32::from)),
                None if to.ignore => {}
                None => return None,
            },
            _ if to.ignore => {}
            _ => return None,
        }
    }
    out.extend(target.encode(&chars));
    Some(out)
}

/// UTF-16 and UTF-32 are written as the processor has numbers by glibc, the highest byte first by libiconv.
fn written(php: &Php, encoding: &'static Encoding) -> &'static Encoding {
    let little = match encoding.name {
        "UTF-16" if php.libc == Libc::Glibc => find(php, b"UTF-16LE"),
        "UTF-32" if php.libc == Libc::Glibc => find(php, b"UTF-32LE"),
        _ => None,
    };
    little.unwrap_or(encoding)
}

/// The characters of an argument in the encoding that another names; none where one of them is wrong.
fn chars(ctx: &mut Ctx<'_>, args: &Args<'_>, at: usize, charset: usize, function: &str) -> Option<Vec<u32>> {
    let named = match args.opt_bytes(charset) {
        Some(name) => named(ctx, name, function)?,
        None => Named { encoding: utf8(), translit: false, ignore: false },
    };
    let chars = named.chars(ctx.php, args.bytes(at)).filter(|chars| !chars.contains(&BAD));
    if chars.is_none() {
        illegal(ctx, function);
    }
    chars
}

fn strlen(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    or_false(chars(ctx, args, 0, 1, "iconv_strlen").map(|chars| chars.len()))
}

fn substr(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(chars) = chars(ctx, args, 0, 3, "iconv_substr") else { return ok(false) };
    let encoding = args.opt_bytes(3).and_then(|name| named(ctx, name, "iconv_substr"));
    let encoding = encoding.map_or(utf8(), |named| named.encoding);
    let len = chars.len() as i64;
    let start = args.int(1);
    if !ctx.php.is_8() {
        return match range_7(len, start, args.opt_int(2)) {
            Some((from, to)) => ok(encoding.encode(&chars[from..to])),
            None => ok(false),
        };
    }
    let from = if start < 0 { (len.saturating_add(start)).max(0) } else { start.min(len) };
    let count = match args.opt_int(2) {
        None => len - from,
        Some(count) if count < 0 => (len - from).saturating_add(count),
        Some(count) => count.min(len - from),
    };
    ok(encoding.encode(&chars[from as usize..(from + count.max(0)) as usize]))
}

/// Up to 7.4 a negative length counts from a negative start on, before that is made one from the beginning; what lies outside is none.
fn range_7(len: i64, start: i64, count: Option<i64>) -> Option<(usize, usize)> {
    let count = match count {
        None => len,
        Some(count) if count < 0 => count.saturating_add(len.saturating_sub(start)),
        Some(count) => count,
    };
    let from = if start < 0 { start.saturating_add(len) } else { start };
    if count < 0 || !(0..=len).contains(&from) {
        return None;
    }
    Some((from as usize, from.saturating_add(count).min(len) as usize))
}

/// Where the needle is, in characters from an offset.
fn place(haystack: &[u32], needle: &[u32], last: bool) -> Option<usize> {
    let bytes = |chars: &[u32]| utf8().encode(chars);
    let (text, part) = (bytes(haystack), bytes(needle));
    let at = if last { strings::rfind(&text, &part) } else { strings::find(&text, &part) }?;
    Some(text[..at].iter().filter(|byte| *byte & 0xc0 != 0x80).count())
}

fn strpos(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    const NAME: &str = "iconv_strpos";
    let mut offset = args.int(2);
    if offset < 0 && ctx.php.since(Version::V7_1) {
        let Some(haystack) = chars(ctx, args, 0, 3, NAME) else { return ok(false) };
        offset = offset.saturating_add(haystack.len() as i64);
    }
    if offset < 0 {
        return outside(ctx);
    }
    if args.bytes(1).is_empty() {
        return ok(false);
    }
    let Some(needle) = chars(ctx, args, 1, 3, NAME) else { return ok(false) };
    let Some(haystack) = chars(ctx, args, 0, 3, NAME) else {
        return in_broken(ctx, args, &needle, offset as usize);
    };
    let Some(rest) = usize::try_from(offset).ok().and_then(|offset| haystack.get(offset..)) else {
        return if ctx.php.is_8() { outside(ctx) } else { ok(false) };
    };
    or_false(place(rest, &needle, false).map(|at| at as i64 + offset))
}

/// Read as far as it goes, character by character: a needle counts that another one stands behind.
fn in_broken(ctx: &mut Ctx<'_>, args: &Args<'_>, needle: &[u32], offset: usize) -> Outcome {
    let charset = args.opt_bytes(3).and_then(|name| named(ctx, name, "iconv_strpos"));
    let charset = charset.unwrap_or(Named { encoding: utf8(), translit: false, ignore: false });
    let whole = charset.encoding.decode_whole(ctx.php, args.bytes(0));
    let whole = charset.without_open(whole);
    let read = &whole[..whole.iter().position(|code| *code == BAD).unwrap_or(whole.len())];
    match read.split_last() {
        None if offset > 0 && ctx.php.is_8() => outside(ctx),
        None => ok(false),
        Some((_, before)) => {
            let found = before.get(offset..).and_then(|rest| place(rest, needle, false));
            or_false(found.map(|at| (at + offset) as i64))
        }
    }
}

fn outside(ctx: &mut Ctx<'_>) -> Outcome {
    let message = "iconv_strpos(): Argument #3 ($offset) must be contained in argument #1 ($haystack): false";
    ctx.value_error(false, message)
}

fn strrpos(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    const NAME: &str = "iconv_strrpos";
    if args.bytes(1).is_empty() {
        return ok(false);
    }
    match (chars(ctx, args, 0, 2, NAME), chars(ctx, args, 1, 2, NAME)) {
        (Some(haystack), Some(needle)) => or_false(place(&haystack, &needle, true)),
        _ => ok(false),
    }
}
