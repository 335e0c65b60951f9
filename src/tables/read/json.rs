//! JSON: a list of objects, or an object on each line. A field is a column.
//!
//! The columns are all fields that the first object of the source has in any row, in the order in which they come. A
//! cell is a text without its quotes, a number as it is written, `true` or `false`, and for anything deeper its JSON; what
//! is null or missing is empty.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::Read;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use super::Corrupt;
use super::rows::Rows;

/// Reads one object of lines.
pub(super) fn read_lines(name: &str, from: impl Read, rows: &mut Rows<'_>) -> Result<(), Corrupt> {
    let text = whole(name, from)?;
    let each = |with: &mut dyn FnMut(Record<'_>) -> Result<(), Corrupt>| {
        for record in serde_json::Deserializer::from_slice(&text).into_iter::<Record<'_>>() {
            with(record.map_err(|error| Corrupt::Json(name.to_owned(), error))?)?;
        }
        Ok(())
    };
    read(name, each, rows)
}

/// Reads one object that is a list.
pub(super) fn read_list(name: &str, from: impl Read, rows: &mut Rows<'_>) -> Result<(), Corrupt> {
    let text = whole(name, from)?;
    let each = |with: &mut dyn FnMut(Record<'_>) -> Result<(), Corrupt>| {
        let mut failed = None;
        let mut json = serde_json::Deserializer::from_slice(&text);
        let list = json.deserialize_seq(List { with, failed: &mut failed }).and_then(|()| json.end());
        match failed {
            Some(error) => Err(error),
            None => list.map_err(|error| Corrupt::Json(name.to_owned(), error)),
        }
    };
    read(name, each, rows)
}

/// Goes through the rows twice: the columns must be known before the first row is kept.
fn read(
    name: &str,
    each: impl Fn(&mut dyn FnMut(Record<'_>) -> Result<(), Corrupt>) -> Result<(), Corrupt>,
    rows: &mut Rows<'_>,
) -> Result<(), Corrupt> {
    if rows.columns().is_empty() {
        let mut columns = Columns::default();
        each(&mut |record| {
            record.0.into_iter().for_each(|(field, _)| columns.note(field));
            Ok(())
        })?;
        if columns.names.is_empty() {
            return Ok(());
        }
        rows.begin(name, columns.names)?;
    }
    let places: HashMap<String, usize> = rows.columns().iter().cloned().zip(0..).collect();
    let mut cells = vec![String::new(); places.len()];
    each(&mut |record| {
        cells.iter_mut().for_each(String::clear);
        for (field, value) in record.0 {
            let Some(place) = places.get(&*field) else {
                return Err(Corrupt::OtherColumns { name: name.to_owned(), columns: field.into_owned() });
            };
            cells[*place] = cell(value).map_err(|error| Corrupt::Json(name.to_owned(), error))?;
        }
        rows.push(cells.iter().map(|cell| cell.as_bytes()))
    })
}

fn cell(value: &RawValue) -> serde_json::Result<String> {
    match value.get() {
        "null" => Ok(String::new()),
        text if text.starts_with('"') => serde_json::from_str(text),
        other => Ok(other.to_owned()),
    }
}

fn whole(name: &str, mut from: impl Read) -> Result<Vec<u8>, Corrupt> {
    let mut text = Vec::new();
    from.read_to_end(&mut text).map_err(|error| Corrupt::Compressed(name.to_owned(), error))?;
    Ok(text)
}

/// Names in the order in which they come, each once.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    known: HashSet<String>,
}

impl Columns {
    fn note(&mut self, field: Cow<'_, str>) {
        if !self.known.contains(&*field) {
            self.known.insert(field.clone().into_owned());
            self.names.push(field.into_owned());
        }
    }
}

/// One row's fields.
struct Record<'j>(Vec<(Cow<'j, str>, &'j RawValue)>);

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Record<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object, a row's fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record<'de>, A::Error> {
                let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some((Text(field), value)) = map.next_entry()? {
                    fields.push((field, value));
                }
                Ok(Record(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// A text that is borrowed where it has no escapes.
struct Text<'j>(Cow<'j, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;

        impl<'de> Visitor<'de> for Borrowed {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Borrowed)
    }
}

/// Goes through a list without keeping it.
struct List<'w> {
    with: &'w mut dyn FnMut(Record<'_>) -> Result<(), Corrupt>,
    failed: &'w mut Option<Corrupt>,
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<Record<'de>>()? {
            if let Err(error) = (self.with)(record) {
                *self.failed = Some(error);
                return Err(de::Error::custom("a row cannot be used"));
            }
        }
        Ok(())
    }
}
