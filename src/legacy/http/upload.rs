//! A request's body on its way to an upstream, by whichever version of HTTP.

use bytes::Bytes;
use handover_http1::Fields;

use crate::exchange::{BodyLength, BodySource};
use crate::legacy::error::{Cause, Failed, Leg};
use crate::legacy::spec::Spec;

/// A body up to this size goes in one write with its head, and can be sent again, in bytes.
const SMALL: u64 = 4 * 1024;

/// A request's body: with us, or still with the client.
#[derive(Debug)]
pub(super) enum Upload {
    /// It is small, and here whole: it can be sent again.
    Here(Vec<Bytes>),
    /// It comes from the client while it is sent on. Once begun, it can't be sent again.
    Coming,
}

/// The half of an exchange that writes a body.
pub(super) trait Uploading {
    /// Takes a piece, and waits while there is too much that the upstream has not taken.
    async fn data(&mut self, piece: Bytes) -> Result<(), Failed>;

    /// Sends what was taken.
    async fn flush(&mut self) -> Result<(), Failed>;

    /// Ends the body. [`Cause::BodyLength`] where it is not as long as its head said.
    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), Failed>;
}

/// Takes a small body in.
pub(super) async fn take_small(body: &mut impl BodySource, max: u64) -> Result<Upload, Failed> {
    let length = match body.length() {
        BodyLength::Empty => 0,
        BodyLength::Exact(length) if length > max => {
            return Err(Failed::before(Leg::Buffer, Cause::TooLarge(max)));
        }
        BodyLength::Exact(length) if length <= SMALL => length,
        BodyLength::Exact(_) | BodyLength::Unknown => return Ok(Upload::Coming),
    };
    let (mut pieces, mut taken) = (Vec::new(), 0);
    while taken < length {
        let piece = body.data().await.map_err(|gone| Failed { retry_safe: true, ..gone.into() })?;
        let Some(piece) = piece else { return Err(Failed::before(Leg::ClientBody, Cause::BodyLength)) };
        taken += piece.len() as u64;
        pieces.push(piece);
    }
    Ok(Upload::Here(pieces))
}

/// Sends a body to its end.
pub(super) async fn send(
    mut to: impl Uploading,
    upload: &Upload,
    body: &mut impl BodySource,
    spec: &Spec,
) -> Result<(), Failed> {
    if let Upload::Here(pieces) = upload {
        for piece in pieces {
            to.data(piece.clone()).await?;
        }
        return to.finish(None).await;
    }
    let mut sent = 0;
    while let Some(piece) = body.data().await? {
        sent += piece.len() as u64;
        if sent > spec.body_max {
            return Err(Failed::new(Leg::ClientBody, Cause::TooLarge(spec.body_max)));
        }
        to.data(piece).await?;
        to.flush().await?;
    }
    to.finish(body.trailers()).await
}
