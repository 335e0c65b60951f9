//! A body that may have so many bytes.

use bytes::Bytes;
use handover_http1::Fields;

use super::{BodyLength, BodySource, ClientGone};

/// A body is larger than its route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is larger than {0} bytes (`body` in the route's `limits`)")]
pub(crate) struct TooLarge(u64);

/// Reading beyond the limit is an error.
pub(crate) struct Capped<'a, B> {
    inner: &'a mut B,
    most: u64,
    left: u64,
}

impl<'a, B: BodySource> Capped<'a, B> {
    /// At most `most` bytes of `inner`.
    pub(crate) fn new(inner: &'a mut B, most: Option<u64>) -> Self {
        let most = most.unwrap_or(u64::MAX);
        Self { inner, most, left: most }
    }

    /// Whether its head says already that it is too large.
    pub(crate) fn declared(&self) -> Result<(), TooLarge> {
        match self.inner.length() {
            BodyLength::Exact(length) if length > self.most => Err(TooLarge(self.most)),
            _ => Ok(()),
        }
    }
}

impl<B: BodySource> BodySource for Capped<'_, B> {
    fn length(&self) -> BodyLength {
        self.inner.length()
    }

    async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
        let piece = self.inner.data().await?;
        if let Some(piece) = &piece {
            let left = self.left.checked_sub(piece.len() as u64);
            self.left = left.ok_or_else(|| ClientGone::Body(TooLarge(self.most).into()))?;
        }
        Ok(piece)
    }

    fn trailers(&self) -> Option<&Fields> {
        self.inner.trailers()
    }

    fn was_slow(&self) -> bool {
        self.inner.was_slow()
    }

    async fn gone(&mut self) -> ClientGone {
        self.inner.gone().await
    }
}
