//! The fields of a head or a trailer section: the section's own bytes, with indices.

use bytes::Bytes;
use smallvec::SmallVec;

use crate::{Limits, Name, Refusal};

/// One field line, borrowed from its section. Name and value are as they were sent: the name in its
/// case, the value without the white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name in its original case; a token (RFC 9110 §5.1).
    pub name: &'a [u8],
    /// The value; any bytes but controls, so possibly not UTF-8.
    pub value: &'a [u8],
    /// What the name means to an intermediary.
    pub kind: Name,
    /// Whether the field ends here: one of [`Name::is_hop_by_hop`], or named by `Connection`.
    /// `Connection` can only take away fields of kind [`Name::Other`], so never `Host` or a
    /// forwarding field.
    pub hop_by_hop: bool,
}

/// Field lines in their original order and case, duplicates kept.
#[derive(Clone, Debug)]
pub struct Fields {
    bytes: Bytes,
    entries: SmallVec<[Entry; 16]>,
    /// Where the last field line ends, its CRLF included.
    end: u16,
}

/// Where a field lies in the section. Sections are shorter than 64 KiB, so 16 bits suffice.
#[derive(Clone, Copy, Debug)]
struct Entry {
    name_at: u16,
    name_len: u16,
    value_at: u16,
    value_len: u16,
    kind: Name,
    hop_by_hop: bool,
}

impl Fields {
    /// Parses a section of field lines, the empty line that ends it included. The section is copied.
    pub fn parse(section: &[u8], limits: &Limits) -> Result<Fields, Refusal> {
        crate::head::parse_fields(section, 0, limits)
    }

    /// Indexes what httparse found in `section`, which `bytes` is a copy of.
    pub(crate) fn index(section: &[u8], bytes: Bytes, parsed: &[httparse::Header<'_>], end: usize) -> Fields {
        let base = section.as_ptr().addr();
        let entries = parsed
            .iter()
            .map(|field| Entry {
                name_at: (field.name.as_ptr().addr() - base) as u16,
                name_len: field.name.len() as u16,
                value_at: (field.value.as_ptr().addr() - base) as u16,
                value_len: field.value.len() as u16,
                kind: Name::of(field.name.as_bytes()),
                hop_by_hop: false,
            })
            .map(|entry| Entry { hop_by_hop: entry.kind.is_hop_by_hop(), ..entry })
            .collect();
        Fields { bytes, entries, end: end as u16 }
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Field<'_>> + DoubleEndedIterator + Clone {
        self.entries.iter().map(|entry| entry.field(&self.bytes))
    }

    /// How many field lines there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of the first field of a kind.
    pub fn first(&self, kind: Name) -> Option<&[u8]> {
        self.entries.iter().find(|entry| entry.kind == kind).map(|entry| entry.field(&self.bytes).value)
    }

    /// The values of the fields called `name`, whatever its case.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }

    /// The section's bytes, a head's first line included.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Takes out the fields whose name is `unwanted`. The section's bytes keep them.
    pub fn remove(&mut self, unwanted: impl Fn(&[u8]) -> bool) {
        let bytes = &self.bytes;
        self.entries.retain(|entry| !unwanted(entry.field(bytes).name));
    }

    /// Marks the fields that `Connection` names as ending here, where they may be.
    pub(crate) fn end_here(&mut self, is_named: impl Fn(&[u8]) -> bool) {
        for entry in &mut self.entries {
            if entry.kind == Name::Other && is_named(entry.field(&self.bytes).name) {
                entry.hop_by_hop = true;
            }
        }
    }

    /// Each field with the bytes of its line, CRLF included, where these are written `name: value`:
    /// such a line can travel on as it is.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (Field<'_>, Option<std::ops::Range<usize>>)> {
        let ends = self.entries.iter().skip(1).map(|next| next.name_at).chain([self.end]);
        self.entries.iter().zip(ends).map(|(entry, end)| (entry.field(&self.bytes), entry.plain_line(end)))
    }
}

impl Entry {
    fn field<'a>(&self, section: &'a [u8]) -> Field<'a> {
        let at = |start: u16, len: u16| &section[usize::from(start)..usize::from(start) + usize::from(len)];
        Field {
            name: at(self.name_at, self.name_len),
            value: at(self.value_at, self.value_len),
            kind: self.kind,
            hop_by_hop: self.hop_by_hop,
        }
    }

    fn plain_line(&self, end: u16) -> Option<std::ops::Range<usize>> {
        let plain =
            self.value_at == self.name_at + self.name_len + 2 && end == self.value_at + self.value_len + 2;
        plain.then(|| usize::from(self.name_at)..usize::from(end))
    }
}
