//! What of a value does not fit its message, without what the value holds: the library's words quote it.

use std::fmt::Write as _;

use prost_reflect::{Kind, MessageDescriptor};
use serde_path_to_error::{Path, Segment};

use crate::place::{KEY, Misfit, unknown};

/// How the library begins where a field is not in the schema.
const NO_FIELD: &str = "unrecognized field name '";

/// What the library says of a place in a value by that message.
pub(super) fn misfit(path: &Path, message: &MessageDescriptor, why: &str) -> Misfit {
    Misfit::at(place(path, message), masked(why))
}

/// What the next name on the way to a place is.
enum Next {
    /// A field's.
    Field(MessageDescriptor),
    /// A key of a map with such values.
    Key(Kind),
    /// Something of which the schema says nothing.
    Free,
}

/// The place: names that the schema has, and [`KEY`] for all that are the value's own.
fn place(path: &Path, message: &MessageDescriptor) -> String {
    let (mut place, mut next) = (String::new(), Next::Field(message.clone()));
    for segment in path {
        let (name, behind) = match (segment, next) {
            (Segment::Seq { index }, same) => {
                // Writing to a text does not fail.
                let _ = write!(place, "[{index}]");
                next = same;
                continue;
            }
            (Segment::Map { key }, Next::Field(message)) => {
                match message.get_field_by_json_name(key).or_else(|| message.get_field_by_name(key)) {
                    Some(field) => (key.as_str(), behind(field.kind(), field.is_map())),
                    None => (KEY, Next::Free),
                }
            }
            (_, Next::Key(of)) => (KEY, behind(of, false)),
            _ => (KEY, Next::Free),
        };
        if !place.is_empty() {
            place.push('.');
        }
        place.push_str(name);
        next = behind;
    }
    if place.is_empty() { ".".to_owned() } else { place }
}

/// What comes behind a field of that kind.
fn behind(kind: Kind, is_map: bool) -> Next {
    match kind {
        Kind::Message(entry) if is_map => Next::Key(entry.map_entry_value_field().kind()),
        Kind::Message(message) => Next::Field(message),
        _ => Next::Free,
    }
}

/// The library's words without the values that they quote.
fn masked(why: &str) -> String {
    // The place in the text says less than the field's name does. It comes last: a value may have such words, too.
    let why = why.rfind(" at line ").map_or(why, |at| &why[..at]);
    if let Some(name) = why.strip_prefix(NO_FIELD) {
        return format!("{NO_FIELD}{}'", unknown(name.strip_suffix('\'').unwrap_or(name)));
    }
    let quotes = ['"', '`', '\''];
    let Some(first) = why.find(quotes) else { return why.to_owned() };
    match why.rfind(quotes) {
        Some(last) if last > first => format!("{}…{}", &why[..first], &why[last + 1..]),
        // The other one is gone: what follows may be the value.
        _ => format!("{}…", &why[..first]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_may_be_a_value_is_left() {
        for (why, left) in [
            (
                "invalid type: string \"secret\", expected i32 at line 1 column 20",
                "invalid type: string …, expected i32",
            ),
            (
                "invalid type: string \"a at line secret\", expected i32 at line 1 column 2",
                "invalid type: string …, expected i32",
            ),
            ("invalid value: integer `7`, expected i8", "invalid value: integer …, expected i8"),
            ("unrecognized enum value 'it's `secret`\"'", "unrecognized enum value …"),
            ("invalid value: string \"secret", "invalid value: string …"),
            ("unrecognized field name 'more' at line 1 column 7", "unrecognized field name 'more'"),
            ("expected base64", "expected base64"),
        ] {
            assert_eq!(masked(why), left);
        }
        let long = masked(&format!("unrecognized field name '{}'", "x".repeat(100)));
        assert_eq!(long, format!("unrecognized field name '{}…'", "x".repeat(40)));
    }
}
