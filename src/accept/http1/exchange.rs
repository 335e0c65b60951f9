//! A client that speaks HTTP/1.1, as the two sides of an exchange see it.

use bytes::Bytes;
use handover_api::Response;
use handover_http1::server::{RequestBody, Responder};
use handover_http1::{Error, FieldWriter, Fields, Framing, ResponseHead, Size};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::exchange::{AnswerSink, BodyLength, BodySource, ClientGone, ClientSink, Switched};

/// A request's body.
pub(super) struct Body<'a, S> {
    inner: RequestBody<'a, S>,
    framing: Framing,
}

impl<'a, S> Body<'a, S> {
    /// A body that its head delimits so.
    pub(super) fn new(inner: RequestBody<'a, S>, framing: Framing) -> Self {
        Self { inner, framing }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> BodySource for Body<'_, S> {
    fn length(&self) -> BodyLength {
        match self.framing {
            Framing::None | Framing::Length(0) => BodyLength::Empty,
            Framing::Length(length) => BodyLength::Exact(length),
            Framing::Chunked | Framing::UntilClose => BodyLength::Unknown,
        }
    }

    async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
        self.inner.data().await.map_err(|error| ClientGone::Body(error.into()))
    }

    fn trailers(&self) -> Option<&Fields> {
        self.inner.trailers()
    }

    fn was_slow(&self) -> bool {
        self.inner.was_slow()
    }

    async fn gone(&mut self) -> ClientGone {
        self.inner.disconnected().await;
        let left =
            std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "the client closed the connection");
        ClientGone::Answer(left.into())
    }
}

/// Where the answer goes.
pub(super) struct Answer<'a, S> {
    inner: Responder<'a, S>,
    status: Option<u16>,
    sent: u64,
    /// A field of ours.
    added: Option<Box<(String, String)>>,
    /// The backend's end, once the protocol was switched.
    backend: Option<Switched>,
}

impl<'a, S> Answer<'a, S> {
    /// An answer that has not begun.
    pub(super) fn new(inner: Responder<'a, S>) -> Self {
        Self { inner, status: None, sent: 0, added: None, backend: None }
    }

    /// The backend's end of the tunnel that this answer has made of the connection, if it has.
    pub(super) fn into_backend(self) -> Option<Switched> {
        self.backend
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AnswerSink for Answer<'_, S> {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        let interim = self.inner.interim(head.status(), head.reason(), |fields| fields.copy(head.fields()));
        interim.await.map_err(gone)
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        let fields = |fields: &mut FieldWriter<'_>| {
            fields.copy(head.fields());
            add(&self.added, fields);
            fields.date();
        };
        self.inner.head(head.status(), head.reason(), head.size(), fields).map_err(gone)?;
        self.status = Some(head.status());
        Ok(())
    }

    async fn data(&mut self, piece: Bytes) -> Result<(), ClientGone> {
        self.sent += piece.len() as u64;
        self.inner.data(piece).await.map_err(gone)
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        self.inner.flush().await.map_err(gone)
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), ClientGone> {
        self.inner.finish(trailers).await.map_err(gone)
    }

    async fn switch(&mut self, head: &ResponseHead, backend: Switched) -> Result<(), ClientGone> {
        let protocol = head.upgrade().unwrap_or_default();
        let fields = |fields: &mut FieldWriter<'_>| {
            fields.copy(head.fields());
            add(&self.added, fields);
        };
        let switched = self.inner.switch_protocols(protocol, head.reason(), fields);
        switched.map_err(gone)?;
        (self.status, self.backend) = (Some(head.status()), Some(backend));
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ClientSink for Answer<'_, S> {
    async fn respond(&mut self, response: Response) -> Result<(), ClientGone> {
        let status = response.status.as_u16();
        let reason = response.status.canonical_reason().unwrap_or_default().as_bytes();
        let size = Size::Known(response.body.len() as u64);
        let fields = |writer: &mut FieldWriter<'_>| {
            for field in &response.fields {
                writer.push(field.name(), field.value());
            }
            add(&self.added, writer);
            writer.date();
        };
        self.inner.head(status, reason, size, fields).map_err(gone)?;
        self.status = Some(status);
        if !response.body.is_empty() && !matches!(status, 204 | 304) {
            self.data(response.body).await?;
        }
        self.inner.finish(None).await.map_err(gone)
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

fn add(added: &Option<Box<(String, String)>>, fields: &mut FieldWriter<'_>) {
    if let Some((name, value)) = added.as_deref() {
        fields.push(name.as_bytes(), value.as_bytes());
    }
}

fn gone(error: Error) -> ClientGone {
    ClientGone::Answer(error.into())
}
