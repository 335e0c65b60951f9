//! Header fields as they stand on the wire: order, case and duplicates kept.

use bytes::Bytes;

/// One header field. Its name is a token (RFC 9110 §5.1); its value has no CR, LF or NUL and no blank at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    name: Bytes,
    value: Bytes,
}

impl Field {
    /// A field, when name and value are well formed.
    pub fn new(name: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<Self, InvalidField> {
        let (name, value) = (name.into(), value.into());
        if name.is_empty() || !name.iter().all(|b| is_token(*b)) {
            return Err(InvalidField::Name(lossy(&name)));
        }
        let value = trimmed(&value);
        if value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return Err(InvalidField::Value(lossy(&name)));
        }
        Ok(Self { name, value })
    }

    /// The name as written, case kept.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The value, without the blanks around it.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    /// Whether this is the field of that name, whatever its case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// An ordered list of header fields. Names compare without case; the case that was written is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Room for `capacity` fields.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Adds a field at the end, beside others of its name.
    pub fn append(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<(), InvalidField> {
        self.0.push(Field::new(name, value)?);
        Ok(())
    }

    /// Adds a field that is already valid.
    pub fn push(&mut self, field: Field) {
        self.0.push(field);
    }

    /// Takes the place of all fields of that name; the first one's place is kept.
    pub fn set(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<(), InvalidField> {
        let field = Field::new(name, value)?;
        let same = |f: &Field| f.name.eq_ignore_ascii_case(&field.name);
        match self.0.iter().position(same) {
            None => self.0.push(field),
            Some(place) => {
                let mut index = 0;
                self.0.retain(|f| {
                    let keep = index <= place || !same(f);
                    index += 1;
                    keep
                });
                self.0[place] = field;
            }
        }
        Ok(())
    }

    /// Removes all fields of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|f| !f.is(name));
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|f| f.is(name)).map(|f| f.value.as_ref())
    }

    /// All values of that name, in their order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |f| f.is(name)).map(|f| f.value.as_ref())
    }

    /// All fields, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.0.iter()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A header field that HTTP does not allow; sending it would let its content forge others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidField {
    /// The name is empty or has a byte that is no token character.
    #[error("`{0}` is no header name: it must be one or more token characters (RFC 9110 §5.6.2)")]
    Name(String),
    /// The value has a CR, LF or NUL.
    #[error("the value of header `{0}` has a line break or NUL")]
    Value(String),
}

/// Token characters of RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn trimmed(value: &Bytes) -> Bytes {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = value.iter().position(|b| !blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !blank(b)).map_or(start, |last| last + 1);
    value.slice(start..end)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_forge_another_field() {
        for (name, value) in
            [("X", "a\r\nSet-Cookie: b"), ("X", "a\nb"), ("X", "a\0"), ("", "a"), ("X Y", "a"), ("X:", "a")]
        {
            assert!(Field::new(name, value).is_err(), "{name:?}: {value:?}");
        }
    }

    #[test]
    fn set_keeps_the_first_place_and_drops_the_others() {
        let mut fields = Fields::new();
        for (name, value) in [("A", "1"), ("b", "2"), ("a", "3"), ("C", "4")] {
            fields.append(name, value).unwrap();
        }
        fields.set("a", " 5\t").unwrap();
        let all: Vec<_> = fields.iter().map(|f| (f.name(), f.value().as_ref())).collect();
        assert_eq!(all, [(b"a".as_slice(), b"5".as_slice()), (b"b", b"2"), (b"C", b"4")]);
    }
}
