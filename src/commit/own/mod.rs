//! Commits what is of the application's own: one effect after the other, within the route's time, each so that a panic is
//! an end of which nobody knows what it did.

mod ends;
#[cfg(test)]
mod tests;

use std::time::Duration;

use handover_api::{CommitContext, CommitError, Own, Receipts};

use tokio::time::{Instant, timeout_at};

use self::ends::Committing;
pub(crate) use self::ends::Ends;
pub(super) use self::ends::Kinds;
use super::{BoxError, NotCommitted, before};
use crate::native::{message, unwinding};

/// The application says nobody who commits that.
#[derive(Debug, thiserror::Error)]
#[error(
    "nobody commits effects of the kind `{0}`: register somebody by `Proxy::builder().commits(\"{0}\", …)`"
)]
struct NoCommitter(String);

/// One of them ended otherwise than it should.
#[derive(Debug, thiserror::Error)]
#[error("effect {number} of the kind `{kind}`")]
struct Ended {
    number: usize,
    kind: String,
    source: BoxError,
}

/// Nobody knows what it did.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("committing it took longer than {0:?}")]
    TimedOut(Duration),
    #[error("committing it panicked: {0}")]
    Panic(String),
}

/// The records that belong to what is done were not taken.
#[derive(Debug, thiserror::Error)]
#[error("its records are not in the spool, or not for certain")]
struct NoRecords(#[source] BoxError);

/// What the end of a later step is, once all of these are done: it can't be as if nothing had happened.
pub(super) fn and_then(error: NotCommitted) -> NotCommitted {
    match error {
        NotCommitted::Before(error) | NotCommitted::Unknown(error) => {
            NotCommitted::InPart(NoRecords(error).into())
        }
        error @ (NotCommitted::UnderWay | NotCommitted::InPart(_)) => error,
    }
}

/// Effects that somebody commits.
pub(super) struct Ready<'c>(Vec<(Own, &'c Committing)>);

impl<'c> Ready<'c> {
    /// Finds who commits each: nothing is begun where one of them could not be.
    pub(super) fn of(own: Vec<Own>, kinds: &'c Kinds) -> Result<Self, NotCommitted> {
        let with_committer = |own: Own| match kinds.get(&own.kind) {
            Some(committing) => Ok((own, committing)),
            None => Err(before(NoCommitter(own.kind))),
        };
        own.into_iter().map(with_committer).collect::<Result<_, _>>().map(Self)
    }

    /// Commits them. Their event ids are made of `seed`.
    pub(super) async fn commit(self, seed: &str, limit: Duration) -> Result<Receipts, NotCommitted> {
        let mut receipts = Receipts::new();
        let deadline = Instant::now() + limit;
        for (at, (own, kind)) in self.0.into_iter().enumerate() {
            let cx = CommitContext::new(format!("{seed}-o{at}"), deadline.into_std());
            let committing = unwinding(kind.committer.commit_boxed(&own, &cx));
            let committed = match timeout_at(deadline, committing).await {
                Ok(Ok(committed)) => committed,
                Ok(Err(panic)) => Err(CommitError::unknown(Lost::Panic(message(&*panic)))),
                Err(_) => Err(CommitError::unknown(Lost::TimedOut(limit))),
            };
            kind.count(&committed);
            match committed {
                Ok(receipt) => receipts.add(&own, &receipt),
                Err(error) => {
                    let is_before = matches!(error, CommitError::Before(_));
                    let ended = Ended { number: at + 1, kind: own.kind, source: error.into() };
                    return Err(match (at, is_before) {
                        (0, true) => before(ended),
                        (0, false) => NotCommitted::Unknown(ended.into()),
                        _ => NotCommitted::InPart(ended.into()),
                    });
                }
            }
        }
        Ok(receipts)
    }
}
