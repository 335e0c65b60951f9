//! The functions of mbstring and iconv in every encoding.

use legacy_compat::call::Ctx;
use legacy_compat::{Php, Value};

use super::{Text, many, raw, within};

/// Texts that mean something in one encoding or another, and nothing in the others.
pub const TEXTS: &[Text] = &[
    many("a"),
    raw(b"\x80"),
    raw(b"\xa1"),
    raw(b"\xa4\xa2"),
    raw(b"\x8f\xa2"),
    raw(b"\x8e\xa1"),
    raw(b"\x8e\xa2\xa1\xa1"),
    raw(b"\x82\xa0"),
    raw(b"\x81\x30"),
    raw(b"\xd8\x00"),
    raw(b"\xff\xfe"),
    many("\x1b$B"),
    many("\x1b$"),
    many("\x1b(I1"),
    within("\x1b$B", "$\"", ""),
    many("\x1b$B$\"\x1b(B"),
    many("\x1b$(D0!"),
    many("\x1b$(?!!"),
    many("\x0e1\x0f"),
    many("~{"),
    many("~{0!~}"),
    many("+"),
    many("+AGE-"),
    within("+", "A", ""),
    many("&AGE-"),
    within("&", "A", ""),
    many("&eacute;"),
    many("&#1"),
    within("&", "a", ";"),
    many("=41"),
    many("= \n"),
    within("begin 644 a\n", "M:&", "\n"),
    many("begin \n"),
    many("é"),
    many("ハ\u{ff9e}"),
    many("\u{ff8a}\u{ff9e}"),
    many("日"),
    many("\u{1f600}"),
];

type Use = (&'static str, fn(&[u8], &str) -> Vec<Value>);

/// What is done with a text in an encoding.
pub const USES: &[Use] = &[
    ("mb_convert_encoding", |text, name| vec![text.into(), "UTF-8".into(), name.into()]),
    ("mb_convert_encoding", |text, name| vec![text.into(), name.into(), "UTF-8".into()]),
    ("mb_strlen", |text, name| vec![text.into(), name.into()]),
    ("mb_substr", |text, name| vec![text.into(), 3.into(), (-3).into(), name.into()]),
    ("mb_strcut", |text, name| vec![text.into(), 300.into(), 900.into(), name.into()]),
    ("mb_str_split", |text, name| vec![text.into(), 1.into(), name.into()]),
    ("mb_strimwidth", |text, name| vec![text.into(), 3.into(), 500.into(), "x".into(), name.into()]),
    ("mb_strrpos", |text, name| vec![text.into(), "a".into(), 0.into(), name.into()]),
    ("mb_strtoupper", |text, name| vec![text.into(), name.into()]),
    ("mb_check_encoding", |text, name| vec![text.into(), name.into()]),
    ("mb_detect_encoding", |text, name| vec![text.into(), name.into(), true.into()]),
    ("mb_encode_mimeheader", |text, name| vec![text.into(), name.into(), "Q".into()]),
    ("iconv", |text, name| vec![name.into(), "UTF-8//TRANSLIT".into(), text.into()]),
    ("iconv", |text, name| vec!["UTF-8".into(), format!("{name}//TRANSLIT//IGNORE").into(), text.into()]),
    ("iconv_strpos", |text, name| vec![text.into(), "a".into(), 1.into(), name.into()]),
];

/// The encodings that most functions have code of their own for; only what converts goes through all.
pub const FEW: &str = "UTF-8 UTF-16 SJIS ISO-2022-JP UTF-7 HTML-ENTITIES";

/// One encoding of each kind, by the code that reads and writes it.
pub const ENCODINGS: &str = "BASE64 UUENCODE HTML-ENTITIES Quoted-Printable 8bit UCS-4 UCS-2LE UTF-32 UTF-16 UTF-16LE UTF-8 UTF-7 \
                             UTF7-IMAP ASCII EUC-JP SJIS CP932 JIS ISO-2022-JP ISO-2022-JP-MS CP50220 CP50221 CP50222 GB18030 \
                             Windows-1252 ISO-8859-1 EUC-CN CP936 HZ EUC-TW BIG-5 EUC-KR UHC ISO-2022-KR";

/// The encodings that a function is measured in.
pub fn of(function: &str) -> impl Iterator<Item = &'static str> {
    if function == "mb_convert_encoding" { ENCODINGS } else { FEW }.split_whitespace()
}

/// A call in a fresh state.
pub fn call(php: &Php, function: &str, arguments: &[Value]) {
    drop(Ctx::new(php).call(function, &mut arguments.to_vec()));
}
