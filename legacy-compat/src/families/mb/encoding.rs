//! mbstring's encodings: their names, and what kind of bytes each has.

use std::sync::LazyLock;

use super::double::{self, Table};
use super::euc_tw::{self, EucTw};
use super::iso_2022_jp::{Cp5022x, Kana};
use super::shift::Shift;
use crate::php::{Php, Version};

/// An encoding.
pub(crate) struct Encoding {
    /// PHP's name.
    pub name: &'static str,
    /// The name that mail and HTTP know; empty for none.
    pub mime: &'static str,
    pub(super) kind: Kind,
}

/// How bytes are characters.
pub(super) enum Kind {
    Utf8,
    Ascii,
    /// One byte, one character of the same number: Latin-1, `8bit`.
    Latin1,
    /// One byte: what 80 to FF are, 0 for none.
    Single(Box<[u32; 128]>),
    /// UTF-16, UTF-32, UCS-2, UCS-4.
    Wide(Wide),
    /// ASCII and pairs of bytes.
    Double(&'static Table),
    /// ASCII, pairs and fours of bytes.
    EucTw(EucTw),
    /// ASCII, pairs and more of bytes, as the library has it.
    Gb18030,
    Iso2022Jp(Jis),
    Shift(Shift),
    Utf7,
    Utf7Imap,
    Base64,
    QuotedPrintable,
    Uuencode,
    Html,
}

/// Numbers of two or four bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Wide {
    pub size: usize,
    pub little: bool,
    /// A byte order mark is read.
    pub marked: bool,
    /// UTF, no UCS: ends with 10FFFF, in surrogates where two bytes are a unit.
    pub utf: bool,
}

impl Wide {
    pub(super) fn surrogates(self) -> bool {
        self.utf && self.size == 2
    }
}

/// Which of the sets that ISO-2022-JP can switch to are known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Jis {
    /// JIS X 0208 alone.
    Strict,
    /// Kana of half width and JIS X 0212 as well.
    Full,
    /// The same, with what Microsoft added.
    Windows,
    /// As `Full`, with a fault of 8.2: kana are written as pairs of JIS X 0208 whose first byte is 0.
    KanaAsPairs,
    /// JIS X 0208, written as the first plane of JIS X 0213.
    Jis2004,
    /// Microsoft's own, which differ among themselves.
    Cp5022x(Cp5022x),
}

impl Jis {
    /// The characters of JIS X 0208 and 0212.
    pub(super) fn table(self) -> &'static Table {
        double::jis(matches!(self, Self::Windows | Self::Cp5022x(_)))
    }
}

static ENCODINGS: LazyLock<Vec<(Encoding, Vec<&'static str>)>> = LazyLock::new(|| {
    let rows = include_str!("encodings.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| {
        let mut fields = line.split('\t');
        let (name, mime, aliases) = (fields.next()?, fields.next()?, fields.next()?);
        Some((
            Encoding { name, mime, kind: kind(name)? },
            aliases.split(' ').filter(|a| !a.is_empty()).collect(),
        ))
    })
    .collect()
});

/// Finds an encoding by its name, its MIME name or an alias, whatever the case.
pub(crate) fn find(php: &Php, name: &[u8]) -> Option<&'static Encoding> {
    // It ends at the first NUL.
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    // PHP knew these until it dropped them, or not yet.
    if is("7bit") && php.version < Version::V5_6 || name.is_empty() {
        return None;
    }
    if !php.since(Version::V8_1)
        && let Some(bytewise) = BYTEWISE.iter().find(|encoding| is(encoding.name))
    {
        return Some(bytewise);
    }
    let by_name = ENCODINGS.iter().find(|(encoding, _)| is(encoding.name));
    let by_mime = || ENCODINGS.iter().find(|(encoding, _)| is(encoding.mime));
    let by_alias = || ENCODINGS.iter().find(|(_, aliases)| aliases.iter().any(|alias| is(alias)));
    let (found, _) = by_name.or_else(by_mime).or_else(by_alias)?;
    if found.name == "BIG-5" && php.since(Version::V8_1) {
        return Some(&BIG5);
    }
    if found.name == "EUC-TW" && !php.since(Version::V8_1) {
        return Some(&EUC_TW_OLD);
    }
    if let Kind::Iso2022Jp(Jis::Cp5022x(form)) = found.kind
        && !php.since(Version::V8_1)
    {
        return CP5022X_OLD.iter().find(|(kana, _)| *kana == form.kana).map(|(_, encoding)| encoding);
    }
    // What converts in one go came with 8.2 and is right; other functions went through filters for longer.
    Some(if php.since(Version::V8_3) { found } else { found.filtered(php) })
}

/// Up to 8.0 these converted as UCS-2 and UCS-4 and counted bytes; then they became other names of those.
static BYTEWISE: [Encoding; 4] = [
    bytewise("byte2be", 2, false),
    bytewise("byte2le", 2, true),
    bytewise("byte4be", 4, false),
    bytewise("byte4le", 4, true),
];

const fn bytewise(name: &'static str, size: usize, little: bool) -> Encoding {
    Encoding { name, mime: "", kind: Kind::Wide(Wide { size, little, marked: false, utf: false }) }
}

static BIG5: LazyLock<Encoding> = LazyLock::new(|| {
    let kind = Kind::Double(double::big5_without_euro());
    Encoding { name: "BIG-5", mime: "BIG5", kind }
});
static EUC_TW_OLD: Encoding = Encoding { name: "EUC-TW", mime: "EUC-TW", kind: Kind::EucTw(EucTw::Old) };
static CP5022X_OLD: LazyLock<[(Kana, Encoding); 3]> = LazyLock::new(|| {
    [("CP50220", Kana::Wide), ("CP50221", Kana::Own), ("CP50222", Kana::Shifted)].map(|(name, kana)| {
        let kind = Kind::Iso2022Jp(Jis::Cp5022x(Cp5022x { kana, old: true }));
        (kana, Encoding { name, mime: "ISO-2022-JP", kind })
    })
});
static JIS_FILTERED: Encoding =
    Encoding { name: "JIS", mime: "ISO-2022-JP", kind: Kind::Iso2022Jp(Jis::KanaAsPairs) };

/// PHP's names of all encodings.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ENCODINGS.iter().map(|(encoding, _)| encoding.name)
}

/// The other names of an encoding.
pub(super) fn aliases(encoding: &Encoding) -> impl Iterator<Item = &'static str> {
    let found = ENCODINGS.iter().find(|(known, _)| known.name == encoding.name);
    found.into_iter().flat_map(|(_, aliases)| aliases.iter().copied())
}

/// The default: `default_charset` is UTF-8.
pub(crate) fn utf8() -> &'static Encoding {
    static UTF8: Encoding = Encoding { name: "UTF-8", mime: "UTF-8", kind: Kind::Utf8 };
    &UTF8
}

impl Encoding {
    /// An encoding of one byte each, with what the bytes 80 to FF are, 0 for none.
    pub(crate) fn single_byte(name: &'static str, upper: [u32; 128]) -> Self {
        Self { name, mime: "", kind: Kind::Single(Box::new(upper)) }
    }

    /// How long a character is, by its first byte; none where that does not say.
    pub(super) fn unit_len(&self, first: u8) -> Option<usize> {
        Some(match &self.kind {
            _ if self.is_bytewise() => 1,
            Kind::Utf8 => match first {
                0xc2..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0..0xf5 => 4,
                _ => 1,
            },
            Kind::Ascii | Kind::Latin1 | Kind::Single(_) => 1,
            Kind::Wide(wide) if !wide.surrogates() => wide.size,
            Kind::Double(table) => table.unit_len(first),
            Kind::EucTw(_) => euc_tw::unit_len(first),
            _ => return None,
        })
    }

    /// The same for what only counts and cuts, which knows no more than the first byte.
    pub(super) fn slice_len(&self, php: &Php, first: u8) -> usize {
        match &self.kind {
            Kind::Double(_)
                if first >= 0xfd && self.name.starts_with("SJIS-Mobile") && php.since(Version::V8_1) =>
            {
                1
            }
            Kind::Double(_) if first >= 0xf0 && self.name == "SJIS-2004" => {
                2 - usize::from(first >= 0xfd && php.since(Version::V8_1))
            }
            Kind::Double(table) => table.slice_len(php, first),
            _ => self.unit_len(first).unwrap_or(1),
        }
    }

    /// The size of each character in bytes, where all have the same.
    pub(super) fn size(&self) -> Option<usize> {
        match &self.kind {
            _ if self.is_bytewise() => Some(1),
            Kind::Ascii | Kind::Latin1 | Kind::Single(_) => Some(1),
            Kind::Wide(wide) if !wide.surrogates() => Some(wide.size),
            _ => None,
        }
    }

    /// `BASE64` and the like: no encoding of characters at all.
    pub(super) fn is_transfer(&self) -> bool {
        self.carries_bytes() || matches!(self.kind, Kind::Html)
    }

    /// What carries bytes is filled with them as they are.
    pub(super) fn carries_bytes(&self) -> bool {
        matches!(self.kind, Kind::Base64 | Kind::QuotedPrintable | Kind::Uuencode)
    }

    /// The encoding with the fault of the filters that some functions go through from 8.1 on.
    pub(super) fn filtered(&'static self, php: &Php) -> &'static Self {
        if self.name == "JIS" && php.since(Version::V8_1) { &JIS_FILTERED } else { self }
    }

    /// The encoding without that fault.
    pub(super) fn direct(&self) -> &Self {
        match self.kind {
            Kind::Iso2022Jp(Jis::KanaAsPairs) => {
                let Some((jis, _)) = ENCODINGS.iter().find(|(encoding, _)| encoding.name == self.name) else {
                    return self;
                };
                jis
            }
            _ => self,
        }
    }

    /// Whether what a character is written as hangs on those before it.
    pub(crate) fn is_stateful(&self) -> bool {
        matches!(self.kind, Kind::Iso2022Jp(_) | Kind::Shift(_) | Kind::Utf7 | Kind::Utf7Imap)
    }

    fn is_bytewise(&self) -> bool {
        BYTEWISE.iter().any(|encoding| std::ptr::eq(encoding, self))
    }

    pub(super) fn is_utf8(&self) -> bool {
        matches!(self.kind, Kind::Utf8)
    }
}

fn kind(name: &'static str) -> Option<Kind> {
    let cp5022x = |kana| Kind::Iso2022Jp(Jis::Cp5022x(Cp5022x { kana, old: false }));
    let wide = |size, little, marked, utf| Kind::Wide(Wide { size, little, marked, utf });
    Some(match name {
        "BASE64" => Kind::Base64,
        "UUENCODE" => Kind::Uuencode,
        "HTML-ENTITIES" => Kind::Html,
        "Quoted-Printable" => Kind::QuotedPrintable,
        "7bit" | "ASCII" => Kind::Ascii,
        "8bit" | "ISO-8859-1" => Kind::Latin1,
        "UCS-4" => wide(4, false, true, false),
        "UCS-4BE" => wide(4, false, false, false),
        "UCS-4LE" => wide(4, true, false, false),
        "UCS-2" => wide(2, false, true, false),
        "UCS-2BE" => wide(2, false, false, false),
        "UCS-2LE" => wide(2, true, false, false),
        "UTF-32" => wide(4, false, true, true),
        "UTF-32BE" => wide(4, false, false, true),
        "UTF-32LE" => wide(4, true, false, true),
        "UTF-16" => wide(2, false, true, true),
        "UTF-16BE" => wide(2, false, false, true),
        "UTF-16LE" => wide(2, true, false, true),
        name if name.starts_with("UTF-8") => Kind::Utf8,
        "UTF-7" => Kind::Utf7,
        "UTF7-IMAP" => Kind::Utf7Imap,
        "HZ" => Kind::Shift(Shift::Hz),
        "ISO-2022-KR" => Kind::Shift(Shift::Korean),
        "ISO-2022-JP" => Kind::Iso2022Jp(Jis::Strict),
        "JIS" => Kind::Iso2022Jp(Jis::Full),
        // Without what telephones showed as pictures.
        "ISO-2022-JP-MS" | "ISO-2022-JP-MOBILE#KDDI" => Kind::Iso2022Jp(Jis::Windows),
        "ISO-2022-JP-2004" => Kind::Iso2022Jp(Jis::Jis2004),
        "CP50220" => cp5022x(Kana::Wide),
        "CP50221" => cp5022x(Kana::Own),
        "CP50222" => cp5022x(Kana::Shifted),
        "GB18030" => Kind::Gb18030,
        "EUC-TW" => Kind::EucTw(EucTw::New),
        name => match double::table(name) {
            Some(table) => Kind::Double(table),
            None => Kind::Single(Box::new(single_byte(name)?)),
        },
    })
}

fn single_byte(name: &str) -> Option<[u32; 128]> {
    let line = include_str!("single_byte.tsv").lines().find(|line| line.split('\t').next() == Some(name))?;
    let mut codes = line.split('\t').nth(1)?.split(' ');
    Some(std::array::from_fn(|_| {
        codes.next().and_then(|code| u32::from_str_radix(code, 16).ok()).unwrap_or(0)
    }))
}
