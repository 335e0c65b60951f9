//! What a handler returns: an answer with its effects, a decline, or an error.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;

use crate::{Context, Effect, Fields, InvalidField, NoReceipt, PortError, Receipt, Receipts};

/// What a handler's run came to.
pub type Outcome = Result<Reply, HandlerError>;

/// A handler's reply: its answer, or "not mine".
#[derive(Debug)]
pub enum Reply {
    /// This is the answer. The proxy commits its effects, then sends its response.
    Answer(Answer),
    /// Legacy is to answer this one. Not a 404: an explicit hand-back.
    Decline(Decline),
}

/// A response, and what it asks to be done to the world before the response is sent.
#[derive(Debug)]
#[must_use]
pub struct Answer {
    /// What the client gets.
    pub response: Response,
    /// What is committed first: all of them, or none; only those of the application's own are committed one by one
    /// ([`Commit`](crate::Commit)).
    pub effects: Vec<Effect>,
    finish: Option<Finish>,
}

/// What is left to do to a response when its answer's effects are done.
struct Finish(Box<FinishFn>);

type FinishFn = dyn FnOnce(Response, &Receipts) -> Result<Response, HandlerError> + Send + Sync;

impl fmt::Debug for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finish")
    }
}

impl Answer {
    /// An answer without effects.
    pub fn new(response: Response) -> Self {
        Self { response, effects: Vec::new(), finish: None }
    }

    /// Adds an effect.
    pub fn with(mut self, effect: impl Into<Effect>) -> Self {
        self.effects.push(effect.into());
        self
    }

    /// Has the response finished by the receipts of effects of the application's own, once all effects are done. It is too
    /// late to fall back then: where it fails the client gets a 500 that says what was done.
    pub fn finish(
        mut self,
        finish: impl FnOnce(Response, &Receipts) -> Result<Response, HandlerError> + Send + Sync + 'static,
    ) -> Self {
        self.finish = Some(Finish(Box::new(finish)));
        self
    }

    /// Whether its response is still to be finished.
    pub fn is_unfinished(&self) -> bool {
        self.finish.is_some()
    }

    /// Finishes the response, for whoever has committed the effects.
    pub fn finish_by(&mut self, receipts: &Receipts) -> Result<(), HandlerError> {
        if let Some(Finish(finish)) = self.finish.take() {
            let begun = std::mem::replace(&mut self.response, Response::new(500));
            self.response = finish(begun, receipts)?;
        }
        Ok(())
    }

    /// Finishes the response of a run that commits nothing: by the receipts that legacy chose, where the ports have them, and
    /// by what [stands](method@crate::Own::receipt) for them elsewhere.
    pub async fn rehearse(&mut self, cx: &Context) -> Result<(), HandlerError> {
        if !self.is_unfinished() {
            return Ok(());
        }
        let mut receipts = Receipts::new();
        for effect in &self.effects {
            if let Effect::Own(own) = effect
                && let Some(awaited) = &own.receipt
            {
                receipts.add(own, &Receipt::of(cx.receipt(awaited).await?));
            }
        }
        self.finish_by(&receipts)
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Ok(Reply::Answer(answer))
    }
}

/// Why native leaves a request to legacy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decline {
    reason: Cow<'static, str>,
}

impl Decline {
    /// A decline with its reason: short and of few kinds, since it is counted by reason.
    pub fn because(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into() }
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl From<Decline> for Outcome {
    fn from(decline: Decline) -> Self {
        Ok(Reply::Decline(decline))
    }
}

/// A response with its whole body. Framing fields (`Content-Length`, `Transfer-Encoding`, `Connection`) are the
/// proxy's to write; a handler's own are dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The header fields, sent in this order and case.
    pub fields: Fields,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// A response without fields and body.
    ///
    /// # Panics
    /// When `status` is not between 100 and 999: a programmer's mistake, found by the first test.
    pub fn new(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a status between 100 and 999");
        Self { status, fields: Fields::new(), body: Bytes::new() }
    }

    /// Plain text in UTF-8.
    pub fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status).of_type("text/plain; charset=utf-8", body.into())
    }

    /// A JSON text that is already encoded.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status).of_type("application/json", body.into())
    }

    /// Adds a header field.
    pub fn field(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<Self, InvalidField> {
        self.fields.append(name, value)?;
        Ok(self)
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    fn of_type(mut self, content_type: &'static str, body: Bytes) -> Self {
        self.fields.append("Content-Type", content_type).expect("a valid field");
        self.body = body;
        self
    }
}

/// Why a handler could not answer. Legacy answers in its place; in shadow it counts as a mismatch.
#[derive(Debug, thiserror::Error)]
#[error("the handler failed")]
pub struct HandlerError {
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl HandlerError {
    /// An error of the application's own.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

impl From<InvalidField> for HandlerError {
    fn from(source: InvalidField) -> Self {
        Self::new(source)
    }
}

impl From<NoReceipt> for HandlerError {
    fn from(source: NoReceipt) -> Self {
        Self::new(source)
    }
}

impl From<PortError> for HandlerError {
    fn from(source: PortError) -> Self {
        Self::new(source)
    }
}
