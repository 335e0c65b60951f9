//! A stream, as the two sides of an exchange see it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use handover_api::Response;
use handover_http1::{
    Cause, Error, Fields, Framing, Leg, Limits, Misuse, Pace, Refusal, RequestHead, ResponseHead, Size,
    date_now,
};
use http::header::DATE;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::exchange::{AnswerSink, BodyLength, BodySource, ClientGone, ClientSink, Switched, fields};

/// The half of a stream that we send on; both sides need it. A stream that is not ended is reset when this is dropped,
/// so that its client sees that the answer is incomplete.
pub(super) struct Stream {
    sending: RefCell<Sending>,
    /// The client waits for `100 Continue`, and nobody has sent it.
    owes_continue: Cell<bool>,
    /// How long the client may take to make room for any byte.
    patience: Duration,
}

enum Sending {
    Head(SendResponse<Bytes>),
    Body(SendStream<Bytes>),
    Ended,
}

impl Stream {
    /// A stream of which nothing was answered.
    pub(super) fn new(respond: SendResponse<Bytes>, patience: Duration) -> Self {
        let sending = RefCell::new(Sending::Head(respond));
        Self { sending, owes_continue: Cell::new(false), patience }
    }

    /// Answers a refused head.
    pub(super) fn refuse(&self, refusal: Refusal) -> Result<(), ClientGone> {
        let status = StatusCode::from_u16(refusal.status()).map_err(gone)?;
        let mut fields = HeaderMap::new();
        fields::declare(&mut fields, 0).map_err(gone)?;
        self.head(status, fields, true)
    }

    fn interim(&self, status: StatusCode, fields: HeaderMap) -> Result<(), ClientGone> {
        if status == StatusCode::CONTINUE {
            self.owes_continue.set(false);
        }
        match &mut *self.sending.borrow_mut() {
            Sending::Head(respond) => respond.send_informational(response(status, fields)).map_err(gone),
            _ => Err(gone(Misuse::OutOfOrder)),
        }
    }

    /// Begins the answer. Who passes on one without a `Date` adds it (RFC 9110 §6.6.1).
    fn head(&self, status: StatusCode, mut fields: HeaderMap, ends: bool) -> Result<(), ClientGone> {
        if !fields.contains_key(DATE) {
            fields.insert(DATE, HeaderValue::from_bytes(&date_now()).map_err(gone)?);
        }
        let mut sending = self.sending.borrow_mut();
        let Sending::Head(respond) = &mut *sending else { return Err(gone(Misuse::OutOfOrder)) };
        let body = respond.send_response(response(status, fields), ends).map_err(gone)?;
        *sending = if ends { Sending::Ended } else { Sending::Body(body) };
        Ok(())
    }

    /// Waits until some of `wanted` bytes may be sent; gives how many.
    async fn room(&self, wanted: usize) -> Result<usize, ClientGone> {
        if let Sending::Body(body) = &mut *self.sending.borrow_mut() {
            body.reserve_capacity(wanted);
            if body.capacity() > 0 {
                return Ok(body.capacity().min(wanted));
            }
        }
        let room = poll_fn(|cx| match &mut *self.sending.borrow_mut() {
            Sending::Body(body) => body.poll_capacity(cx),
            _ => Poll::Ready(None),
        });
        match tokio::time::timeout(self.patience, room).await {
            Ok(Some(Ok(room))) => Ok(room.min(wanted)),
            Ok(Some(Err(error))) => Err(gone(error)),
            Ok(None) => Err(gone(Misuse::OutOfOrder)),
            Err(_) => Err(gone(Error { leg: Leg::WriteResponse, cause: Cause::TimedOut })),
        }
    }

    fn data(&self, piece: Bytes, ends: bool) -> Result<(), ClientGone> {
        let mut sending = self.sending.borrow_mut();
        let Sending::Body(body) = &mut *sending else { return Err(gone(Misuse::OutOfOrder)) };
        body.send_data(piece, ends).map_err(gone)?;
        if ends {
            *sending = Sending::Ended;
        }
        Ok(())
    }

    fn trailers(&self, trailers: HeaderMap) -> Result<(), ClientGone> {
        let mut sending = self.sending.borrow_mut();
        let Sending::Body(body) = &mut *sending else { return Err(gone(Misuse::OutOfOrder)) };
        body.send_trailers(trailers).map_err(gone)?;
        *sending = Sending::Ended;
        Ok(())
    }

    fn poll_reset(&self, cx: &mut Context<'_>) -> Poll<ClientGone> {
        let reset = match &mut *self.sending.borrow_mut() {
            Sending::Head(respond) => respond.poll_reset(cx),
            Sending::Body(body) => body.poll_reset(cx),
            Sending::Ended => return Poll::Pending,
        };
        reset.map(|reset| gone(reset.map_or_else(|error| error, h2::Error::from)))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        match self.sending.get_mut() {
            Sending::Head(respond) => respond.send_reset(Reason::INTERNAL_ERROR),
            Sending::Body(body) => body.send_reset(Reason::INTERNAL_ERROR),
            Sending::Ended => {}
        }
    }
}

/// A request's body.
pub(super) struct Body<'a> {
    received: RecvStream,
    stream: &'a Stream,
    framing: Framing,
    pace: Pace,
    limits: &'a Limits,
    trailers: Option<Fields>,
}

impl<'a> Body<'a> {
    /// The body of a request with this head.
    pub(super) fn new(
        received: RecvStream,
        head: &RequestHead,
        stream: &'a Stream,
        bounds: &'a handover_http1::server::Config,
    ) -> Self {
        stream.owes_continue.set(head.expects_continue());
        let rate = bounds.timeouts.body;
        let pace = if bounds.leniency.slow_body { Pace::tolerant(rate) } else { Pace::new(rate) };
        let limits = &bounds.limits;
        Self { received, stream, framing: head.framing(), pace, limits, trailers: None }
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, ClientGone> {
        loop {
            let next = poll_fn(|cx| self.received.poll_data(cx));
            match tokio::time::timeout_at(self.pace.wait(), next).await {
                Ok(Some(Ok(piece))) => {
                    self.pace.arrived(piece.len());
                    // Taken, so that the client may send as much again.
                    self.received.flow_control().release_capacity(piece.len()).map_err(broken)?;
                    if !piece.is_empty() {
                        return Ok(Some(piece));
                    }
                }
                // Nobody is left to be told.
                Ok(Some(Err(error))) if error.is_reset() || error.is_io() => return Err(gone(error)),
                Ok(Some(Err(error))) => return Err(broken(error)),
                Ok(None) => return Ok(None),
                Err(_) if self.pace.is_too_slow() => {
                    let cause = Cause::Refused(Refusal::BodyTimeout);
                    return Err(broken(Error { leg: Leg::ReadRequestBody, cause }));
                }
                Err(_) => {}
            }
        }
    }
}

impl BodySource for Body<'_> {
    fn length(&self) -> BodyLength {
        match self.framing {
            Framing::None | Framing::Length(0) => BodyLength::Empty,
            Framing::Length(length) => BodyLength::Exact(length),
            Framing::Chunked | Framing::UntilClose => BodyLength::Unknown,
        }
    }

    async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
        if self.stream.owes_continue.take() {
            self.stream.interim(StatusCode::CONTINUE, HeaderMap::new())?;
        }
        let piece = self.piece().await?;
        if piece.is_none() && self.trailers.is_none() {
            let trailers = poll_fn(|cx| self.received.poll_trailers(cx)).await.map_err(broken)?;
            let parse = |map| fields::from_trailers(&map, self.limits).map_err(broken);
            self.trailers = trailers.map(parse).transpose()?;
        }
        Ok(piece)
    }

    fn trailers(&self) -> Option<&Fields> {
        self.trailers.as_ref()
    }

    fn was_slow(&self) -> bool {
        self.pace.was_slow()
    }

    async fn gone(&mut self) -> ClientGone {
        poll_fn(|cx| self.stream.poll_reset(cx)).await
    }
}

/// Where the answer goes.
pub(super) struct Answer<'a> {
    stream: &'a Stream,
    to_head: bool,
    status: Option<u16>,
    sent: u64,
    /// A field of ours.
    added: Option<Box<(String, String)>>,
    /// What is still to come of a body whose length was declared.
    left: Option<u64>,
}

impl<'a> Answer<'a> {
    /// An answer that has not begun.
    pub(super) fn new(stream: &'a Stream, to_head: bool) -> Self {
        Self { stream, to_head, status: None, sent: 0, added: None, left: None }
    }

    fn begin(&mut self, status: u16, size: Size, mut fields: HeaderMap) -> Result<(), ClientGone> {
        if let Some((name, value)) = self.added.as_deref() {
            fields::append(&mut fields, name.as_bytes(), value.as_bytes()).map_err(gone)?;
        }
        let code = StatusCode::from_u16(status).map_err(gone)?;
        let bodiless = self.to_head || matches!(status, 204 | 304);
        let ends = bodiless || matches!(size, Size::None | Size::Known(0));
        self.left = match size {
            Size::Known(length) if !bodiless => Some(length),
            Size::None => Some(0),
            _ => None,
        };
        self.stream.head(code, fields, ends)?;
        self.status = Some(status);
        Ok(())
    }

    fn has_ended(&self) -> bool {
        matches!(*self.stream.sending.borrow(), Sending::Ended)
    }
}

impl AnswerSink for Answer<'_> {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        let status = StatusCode::from_u16(head.status()).map_err(gone)?;
        self.stream.interim(status, fields::of_answer(head.fields(), Size::None).map_err(gone)?)
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        let size = if head.status() == 204 { Size::None } else { head.size() };
        self.begin(head.status(), size, fields::of_answer(head.fields(), size).map_err(gone)?)
    }

    async fn data(&mut self, mut piece: Bytes) -> Result<(), ClientGone> {
        if self.to_head || piece.is_empty() {
            return Ok(());
        }
        self.sent += piece.len() as u64;
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(piece.len() as u64).ok_or_else(|| gone(Misuse::BodyTooLong))?;
        }
        while !piece.is_empty() {
            let room = self.stream.room(piece.len()).await?;
            let part = piece.split_to(room);
            // The declared length's last byte ends the stream: an empty frame for that would be one more.
            self.stream.data(part, piece.is_empty() && self.left == Some(0))?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        // The connection's own task writes what it was given as soon as it runs.
        Ok(())
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), ClientGone> {
        if self.has_ended() {
            return Ok(());
        }
        if let Some(missing @ 1..) = self.left {
            return Err(gone(Misuse::BodyTooShort { missing }));
        }
        match trailers {
            Some(trailers) => self.stream.trailers(fields::of_trailers(trailers).map_err(gone)?),
            None => self.stream.data(Bytes::new(), true),
        }
    }

    async fn switch(&mut self, _: &ResponseHead, _: Switched) -> Result<(), ClientGone> {
        // HTTP/2 has no Upgrade field, so no legacy was asked to switch.
        Err(gone(Misuse::OutOfOrder))
    }
}

impl ClientSink for Answer<'_> {
    async fn respond(&mut self, response: Response) -> Result<(), ClientGone> {
        let status = response.status.as_u16();
        let size = if status == 204 { Size::None } else { Size::Known(response.body.len() as u64) };
        let mut map = HeaderMap::new();
        for field in response.fields.iter().filter(|field| !is_of_connection(field.name())) {
            fields::append(&mut map, field.name(), field.value()).map_err(gone)?;
        }
        if let Size::Known(length) = size {
            fields::declare(&mut map, length).map_err(gone)?;
        }
        self.begin(status, size, map)?;
        if !self.has_ended() {
            self.data(response.body).await?;
        }
        self.finish(None).await
    }

    fn status(&self) -> Option<u16> {
        self.status
    }

    fn sent(&self) -> u64 {
        self.sent
    }

    fn add_field(&mut self, name: &str, value: String) {
        self.added = Some(Box::new((name.to_owned(), value)));
    }
}

fn is_of_connection(name: &[u8]) -> bool {
    let name = handover_http1::Name::of(name);
    name.is_hop_by_hop() || name == handover_http1::Name::ContentLength
}

fn response(status: StatusCode, fields: HeaderMap) -> http::Response<()> {
    let mut response = http::Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}

fn gone(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ClientGone {
    ClientGone::Answer(error.into())
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ClientGone {
    ClientGone::Body(error.into())
}
