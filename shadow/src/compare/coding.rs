//! Bodies without their content coding, within a bound.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use crate::experiment::Answer;

/// A body that decodes to more is compared as it was sent.
const MAX_DECODED: u64 = 16 * 1024 * 1024;

/// An answer's body without its `Content-Encoding`. A body that cannot be decoded (an unknown coding, a broken or huge
/// one) stays as it was sent.
pub(crate) fn content(answer: &Answer) -> Cow<'_, [u8]> {
    let bytes = answer.body.bytes().as_ref();
    let coding = answer.fields.get("content-encoding").map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    let decoded = match coding.trim_ascii() {
        b"gzip" | b"x-gzip" => read(MultiGzDecoder::new(bytes)),
        b"deflate" => read(ZlibDecoder::new(bytes)),
        _ => None,
    };
    decoded.map_or(Cow::Borrowed(bytes), Cow::Owned)
}

fn read(decoder: impl Read) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let read = decoder.take(MAX_DECODED + 1).read_to_end(&mut decoded);
    (read.is_ok() && decoded.len() as u64 <= MAX_DECODED).then_some(decoded)
}
