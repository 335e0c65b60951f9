//! An exchange without a client: nothing comes from it, nothing goes to it.

use bytes::Bytes;
use handover_http1::{Fields, ResponseHead};

use super::{AnswerSink, BodyLength, BodySource, ClientGone, Switched};

/// A request without a body, and what stands behind one that is there already.
pub(crate) struct Nothing;

impl BodySource for Nothing {
    fn length(&self) -> BodyLength {
        BodyLength::Empty
    }

    async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
        Ok(None)
    }
}

/// Nobody waits for the answer.
pub(crate) struct Nowhere;

impl AnswerSink for Nowhere {
    async fn informational(&mut self, _: &ResponseHead) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn head(&mut self, _: &ResponseHead) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn data(&mut self, _: Bytes) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn finish(&mut self, _: Option<&Fields>) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn switch(&mut self, _: &ResponseHead, _: Switched) -> Result<(), ClientGone> {
        Ok(())
    }
}
