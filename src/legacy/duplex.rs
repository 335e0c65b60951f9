//! A body going up beside an answer coming down.

use std::cell::Cell;
use std::pin::Pin;

use super::error::{Cause, Failed, Leg};

/// Sends a body and reads an answer until the answer ends, which it may do before the body does. Gives the answer, and
/// whether the body was sent whole.
///
/// The upload marks `sent` when it is done and then goes on watching the client: it ends only by a failure, of which one
/// is that the client has left.
///
/// Both come pinned: a future that holds its arguments pinned would be twice their size.
pub(crate) async fn both<T>(
    sent: &Cell<bool>,
    mut upload: Pin<&mut impl Future<Output = Failed>>,
    mut answer: Pin<&mut impl Future<Output = Result<T, Failed>>>,
) -> Result<(T, bool), Failed> {
    let mut broken = None;
    loop {
        tokio::select! {
            biased;
            failed = &mut upload, if broken.is_none() => {
                // It may have answered without waiting for the body.
                if failed.leg != Leg::SendBody {
                    return Err(failed);
                }
                broken = Some(failed);
            }
            answered = &mut answer => {
                return match (answered, broken) {
                    (Ok(answer), broken) => Ok((answer, sent.get() && broken.is_none())),
                    (Err(failed), Some(broken)) if ended_unanswered(&failed) => Err(broken),
                    (Err(failed), _) => Err(failed),
                };
            }
        }
    }
}

/// Whether legacy closed before it gave a byte of an answer.
pub(crate) fn ended_unanswered(failed: &Failed) -> bool {
    failed.leg == Leg::ReadHead && matches!(failed.cause, Cause::Closed | Cause::Stale | Cause::Io(_))
}
