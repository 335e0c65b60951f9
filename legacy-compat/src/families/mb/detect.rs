//! `mb_detect_encoding`, and the lists of encodings that arguments hold.

use super::guess::{guess, is_guessed};
use super::{Encoding, find};
use crate::call::{Args, Ctx, Outcome, Row, or_false};
use crate::error::Thrown;
use crate::families::types::text_of;
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    (
        "8.0- mb_detect_encoding(string $string, array|string|null $encodings = null, bool $strict = false)",
        detect_encoding,
    ),
    ("-7.4 mb_detect_encoding(string $str, mixed $encoding_list = ?, bool $strict = false)", detect_encoding),
];

/// The encodings that an argument lists.
pub(super) enum Asked {
    /// It lists none because it was not given.
    Default,
    List(Vec<&'static Encoding>),
    Refused(Outcome),
}

/// Reads a list of encodings: an array of names, or names with commas between.
pub(super) fn asked(ctx: &mut Ctx<'_>, value: &Value, function: &str, at: usize) -> Result<Asked, Thrown> {
    let names: Vec<Vec<u8>> = match value {
        Value::Null => return Ok(Asked::Default),
        Value::Array(array) => {
            array.values().map(|name| Ok(text_of(ctx, name)?.to_vec())).collect::<Result<_, Thrown>>()?
        }
        other => {
            let text = text_of(ctx, other)?;
            match text.is_empty() {
                true => Vec::new(),
                false => text.split(|byte| *byte == b',').map(|name| name.trim_ascii().to_vec()).collect(),
            }
        }
    };
    let mut list = Vec::with_capacity(names.len());
    for name in names {
        if name.eq_ignore_ascii_case(b"auto") {
            list.extend(["ASCII", "UTF-8"].iter().filter_map(|name| find(ctx.php, name.as_bytes())));
            continue;
        }
        match find(ctx.php, &name) {
            Some(encoding) => list.push(encoding),
            None if ctx.php.is_8() => {
                let argument = if function == "mb_convert_encoding" { "from_encoding" } else { "encodings" };
                let name = String::from_utf8_lossy(&name);
                let message = format!(
                    "{function}(): Argument #{} (${argument}) contains invalid encoding \"{name}\"",
                    at + 1
                );
                return Ok(Asked::Refused(ctx.value_error(false, message)));
            }
            None => {
                ctx.warn(format!("{function}(): Illegal character encoding specified"));
                if function == "mb_detect_encoding" {
                    return Ok(Asked::Default);
                }
            }
        }
    }
    Ok(match list.is_empty() {
        true if ctx.php.is_8() => {
            let message = format!("{function}(): Argument #{} must specify at least one encoding", at + 1);
            Asked::Refused(ctx.value_error(false, message))
        }
        true => Asked::Default,
        false => Asked::List(list),
    })
}

fn detect_encoding(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let list = match asked(ctx, &args.value(1).clone(), "mb_detect_encoding", 1)? {
        Asked::Default => {
            ["ASCII", "UTF-8"].iter().filter_map(|name| find(ctx.php, name.as_bytes())).collect()
        }
        Asked::List(list) => list,
        Asked::Refused(answer) => return answer,
    };
    let list: Vec<_> = list.into_iter().filter(|encoding| is_guessed(encoding)).collect();
    or_false(guess(ctx.php, args.bytes(0), &list, args.bool(2)).map(|encoding| encoding.name))
}
