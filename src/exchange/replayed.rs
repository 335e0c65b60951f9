//! A body of which a part has already been read, given again from its start.

use std::collections::VecDeque;

use bytes::Bytes;
use handover_http1::Fields;

use super::{BodyLength, BodySource, ClientGone};

/// What was read so far, and how the rest is had.
pub(crate) struct Replayed<'a, B> {
    read: VecDeque<Bytes>,
    length: BodyLength,
    rest: &'a mut B,
}

impl<'a, B: BodySource> Replayed<'a, B> {
    /// A body of which nothing is left to be read.
    pub(crate) fn whole(read: Bytes, rest: &'a mut B) -> Self {
        let length = if read.is_empty() { BodyLength::Empty } else { BodyLength::Exact(read.len() as u64) };
        Self { read: VecDeque::from([read]), length, rest }
    }

    /// A body that goes on behind `read`.
    pub(crate) fn begun(read: Vec<Bytes>, rest: &'a mut B) -> Self {
        Self { read: read.into(), length: rest.length(), rest }
    }
}

impl<B: BodySource> BodySource for Replayed<'_, B> {
    fn length(&self) -> BodyLength {
        self.length
    }

    async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
        while let Some(piece) = self.read.pop_front() {
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        self.rest.data().await
    }

    fn trailers(&self) -> Option<&Fields> {
        self.rest.trailers()
    }

    async fn gone(&mut self) -> ClientGone {
        self.rest.gone().await
    }
}

/// Reads a body whole, as far as it has at most `limit` bytes.
pub(crate) async fn gather(body: &mut impl BodySource, limit: u64) -> Result<Gathered, ClientGone> {
    if matches!(body.length(), BodyLength::Exact(length) if length > limit) {
        return Ok(Gathered::TooLarge(Vec::new()));
    }
    let (mut pieces, mut length) = (Vec::new(), 0);
    while let Some(piece) = body.data().await? {
        length += piece.len() as u64;
        pieces.push(piece);
        if length > limit {
            return Ok(Gathered::TooLarge(pieces));
        }
    }
    Ok(Gathered::Whole(joined(pieces)))
}

/// What came of reading a body whole.
#[derive(Debug)]
pub(crate) enum Gathered {
    /// All of it.
    Whole(Bytes),
    /// It is larger than allowed; these are the pieces read so far.
    TooLarge(Vec<Bytes>),
}

fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    match pieces.len() {
        0 => Bytes::new(),
        1 => pieces.swap_remove(0),
        _ => pieces.concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pieces(Vec<&'static str>);

    impl BodySource for Pieces {
        fn length(&self) -> BodyLength {
            BodyLength::Unknown
        }

        async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
            Ok((!self.0.is_empty()).then(|| Bytes::from(self.0.remove(0))))
        }
    }

    async fn all(mut body: impl BodySource) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = body.data().await.unwrap() {
            all.extend_from_slice(&piece);
        }
        all
    }

    #[tokio::test]
    async fn what_was_read_whole_is_given_again() {
        let mut body = Pieces(vec!["ab", "cd"]);
        let Gathered::Whole(whole) = gather(&mut body, 4).await.unwrap() else { panic!("it fits") };
        assert_eq!(whole, "abcd");
        assert_eq!(all(Replayed::whole(whole, &mut body)).await, b"abcd");
    }

    #[tokio::test]
    async fn what_is_too_large_goes_on_where_reading_stopped() {
        let mut body = Pieces(vec!["ab", "cd", "ef"]);
        let Gathered::TooLarge(read) = gather(&mut body, 3).await.unwrap() else { panic!("it is too large") };
        assert_eq!(all(Replayed::begun(read, &mut body)).await, b"abcdef");
    }
}
