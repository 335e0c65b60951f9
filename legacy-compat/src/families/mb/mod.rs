//! `mb_*`: texts in an encoding.

mod case;
mod chars;
mod check;
mod convert;
mod decode;
mod detect;
mod double;
mod encode;
mod encoding;
mod entity;
mod euc_tw;
mod guess;
mod iso_2022_jp;
mod mime;
mod part;
mod search;
mod shift;
mod transfer;
mod utf7;
mod width;

pub use case::{mb_strtolower, mb_strtoupper};
pub(crate) use encoding::{Encoding, find, utf8};
pub use part::{mb_strlen, mb_substr};

use crate::call::{Args, Ctx, Outcome, Row};
use crate::php::Version;

/// What is no character in the encoding it was read from.
pub(crate) const BAD: u32 = u32::MAX;

/// The rows of all functions.
pub(crate) fn rows() -> Vec<Vec<Row>> {
    vec![
        case::ROWS.to_vec(),
        chars::ROWS.to_vec(),
        convert::ROWS.to_vec(),
        detect::ROWS.to_vec(),
        entity::ROWS.to_vec(),
        mime::ROWS.to_vec(),
        part::ROWS.to_vec(),
        search::ROWS.to_vec(),
        width::ROWS.to_vec(),
    ]
}

/// The encoding that an argument names, UTF-8 where it is not given; an unknown one is the answer's fault.
fn encoding_of(
    ctx: &mut Ctx<'_>,
    args: &Args<'_>,
    at: usize,
    function: &str,
) -> Result<&'static Encoding, Outcome> {
    let Some(name) = args.opt_bytes(at) else { return Ok(utf8()) };
    match find(ctx.php, name) {
        Some(encoding) => {
            if encoding.is_transfer() && ctx.php.since(Version::V8_2) {
                deprecated(ctx, encoding, function);
            }
            Ok(encoding)
        }
        None => Err(unknown(ctx, name, at, function)),
    }
}

fn unknown(ctx: &mut Ctx<'_>, name: &[u8], at: usize, function: &str) -> Outcome {
    let name = String::from_utf8_lossy(name);
    let message =
        format!("{function}(): Argument #{} ($encoding) must be a valid encoding, \"{name}\" given", at + 1);
    ctx.value_error(false, message)
}

fn deprecated(ctx: &mut Ctx<'_>, encoding: &Encoding, function: &str) {
    let message = format!("{function}(): Handling {} via mbstring is deprecated", encoding.name);
    ctx.note(crate::call::Level::Deprecated, message);
}
