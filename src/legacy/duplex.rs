//! A body going up beside an answer coming down.

use std::pin::pin;

use super::error::{Cause, Failed, Leg};

/// Sends a body and reads an answer until the answer ends, which it may do before the body does. Gives the answer, and
/// whether the body was sent whole.
pub(crate) async fn both<T>(
    upload: impl Future<Output = Result<(), Failed>>,
    answer: impl Future<Output = Result<T, Failed>>,
) -> Result<(T, bool), Failed> {
    let (mut upload, mut answer) = (pin!(upload), pin!(answer));
    let mut sending = true;
    let mut broken = None;
    loop {
        tokio::select! {
            biased;
            sent = &mut upload, if sending => {
                sending = false;
                match sent {
                    Ok(()) => {}
                    // It may have answered without waiting for the body.
                    Err(failed) if failed.leg == Leg::SendBody => broken = Some(failed),
                    Err(failed) => return Err(failed),
                }
            }
            answered = &mut answer => {
                return match (answered, broken) {
                    (Ok(answer), broken) => Ok((answer, !sending && broken.is_none())),
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
