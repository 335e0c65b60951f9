//! Keeps a bounded copy of what passes between client and legacy, without being in its way.
//!
//! Pieces are copied, not shared: a shared slice would keep a whole read buffer alive for as long as the experiment
//! lasts.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use handover_api::{Field, Fields};
use handover_http1::ResponseHead;
use tokio::sync::oneshot;

use crate::exchange::{AnswerSink, BodyLength, BodySource, ClientGone, Switched};

/// Why a part of an exchange is not there to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    /// It is larger than what is kept.
    #[error("larger than what is captured")]
    TooLarge,
    /// It did not come to its end: the client or legacy broke off, or legacy did not read it.
    #[error("broken off")]
    BrokenOff,
}

/// A whole body, or why there is none.
pub(crate) type CapturedBody = Result<Bytes, Lost>;

/// An answer as the client got it, before hop-by-hop fields were dropped.
#[derive(Debug)]
pub(crate) struct CapturedAnswer {
    /// The status.
    pub status: u16,
    /// The fields in legacy's order and case.
    pub fields: Fields,
    /// The body.
    pub body: CapturedBody,
    /// When it had come to its end.
    pub at: Instant,
}

/// Nobody was asked: no connection of ours was free for what no client waits for.
#[derive(Debug)]
pub(crate) struct NotAsked;

/// An answer, or that nobody was asked. Where neither comes, none was given whole.
pub(crate) type Answered = Result<CapturedAnswer, NotAsked>;

/// Gathers up to `room` bytes.
struct Gathered {
    bytes: BytesMut,
    room: usize,
    over: bool,
}

impl Gathered {
    fn new(room: usize) -> Self {
        Self { bytes: BytesMut::new(), room, over: false }
    }

    fn add(&mut self, piece: &[u8]) {
        if self.over || piece.len() > self.room - self.bytes.len() {
            self.over = true;
            self.bytes = BytesMut::new();
        } else {
            self.bytes.extend_from_slice(piece);
        }
    }

    fn whole(&mut self) -> CapturedBody {
        if self.over { Err(Lost::TooLarge) } else { Ok(std::mem::take(&mut self.bytes).freeze()) }
    }
}

/// A request's body that is captured while legacy reads it. Sent when it was read whole; dropped unsent otherwise.
pub(crate) struct CapturedSource<'a, B> {
    inner: &'a mut B,
    gathered: Gathered,
    /// What is still to come, where the head tells: then legacy need not ask for the end.
    left: Option<u64>,
    whole: Option<oneshot::Sender<CapturedBody>>,
}

impl<'a, B: BodySource> CapturedSource<'a, B> {
    /// Captures up to `room` bytes of `inner` and sends them to `whole`. A body of no bytes is sent at once, since
    /// legacy may never ask for it.
    pub(crate) fn new(inner: &'a mut B, room: usize, whole: oneshot::Sender<CapturedBody>) -> Self {
        let left = match inner.length() {
            BodyLength::Empty => Some(0),
            BodyLength::Exact(length) => Some(length),
            BodyLength::Unknown => None,
        };
        let mut source = Self { inner, gathered: Gathered::new(room), left, whole: Some(whole) };
        if left == Some(0) {
            source.end();
        }
        source
    }

    fn add(&mut self, piece: &[u8]) {
        self.gathered.add(piece);
        self.left = self.left.map(|left| left.saturating_sub(piece.len() as u64));
        if self.left == Some(0) {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(whole) = self.whole.take() {
            // The experiment may have been given up; the client's path does not care.
            let _ = whole.send(self.gathered.whole());
        }
    }
}

impl<B: BodySource> BodySource for CapturedSource<'_, B> {
    fn length(&self) -> BodyLength {
        self.inner.length()
    }

    async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
        let piece = self.inner.data().await?;
        match &piece {
            Some(piece) => self.add(piece),
            None => self.end(),
        }
        Ok(piece)
    }

    fn trailers(&self) -> Option<&handover_http1::Fields> {
        self.inner.trailers()
    }

    async fn gone(&mut self) -> ClientGone {
        self.inner.gone().await
    }
}

/// An answer that is captured on its way to the client. Sent when it ended well; dropped unsent otherwise.
pub(crate) struct CapturedSink<'a, S> {
    inner: &'a mut S,
    head: Option<(u16, Fields)>,
    gathered: Gathered,
    whole: Option<oneshot::Sender<Answered>>,
}

impl<'a, S: AnswerSink> CapturedSink<'a, S> {
    /// Captures the head and up to `room` bytes of the body and sends them to `whole`.
    pub(crate) fn new(inner: &'a mut S, room: usize, whole: oneshot::Sender<Answered>) -> Self {
        Self { inner, head: None, gathered: Gathered::new(room), whole: Some(whole) }
    }

    /// The fields of the answer, once its head has come.
    pub(crate) fn fields(&self) -> Option<&Fields> {
        self.head.as_ref().map(|(_, fields)| fields)
    }

    /// No answer comes, since nobody was asked for it.
    pub(crate) fn not_asked(self) {
        if let Some(whole) = self.whole {
            // The experiment may have been given up.
            let _ = whole.send(Err(NotAsked));
        }
    }
}

impl<S: AnswerSink> AnswerSink for CapturedSink<'_, S> {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.inner.informational(head).await
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.head = Some((head.status(), owned_fields(head.fields())));
        self.inner.head(head).await
    }

    async fn data(&mut self, piece: Bytes) -> Result<(), ClientGone> {
        self.gathered.add(&piece);
        self.inner.data(piece).await
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        self.inner.flush().await
    }

    async fn finish(&mut self, trailers: Option<&handover_http1::Fields>) -> Result<(), ClientGone> {
        let finished = self.inner.finish(trailers).await;
        if let (Some(whole), Some((status, fields))) = (self.whole.take(), self.head.clone()) {
            // Legacy has answered whole, so the sides can be compared although the client may have left.
            let (body, at) = (self.gathered.whole(), Instant::now());
            let _ = whole.send(Ok(CapturedAnswer { status, fields, body, at }));
        }
        finished
    }

    async fn switch(&mut self, head: &ResponseHead, backend: Switched) -> Result<(), ClientGone> {
        // What goes through a tunnel is no answer that could be compared.
        self.inner.switch(head, backend).await
    }
}

/// The fields of a parsed head as a list of their own.
pub(crate) fn owned_fields(parsed: &handover_http1::Fields) -> Fields {
    let mut fields = Fields::with_capacity(parsed.len());
    for field in parsed.iter() {
        // The engine is at least as strict as the list, so nothing is lost here.
        if let Ok(field) = Field::new(Bytes::copy_from_slice(field.name), Bytes::copy_from_slice(field.value))
        {
            fields.push(field);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pieces(BodyLength, Vec<&'static str>);

    impl BodySource for Pieces {
        fn length(&self) -> BodyLength {
            self.0
        }

        async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
            Ok((!self.1.is_empty()).then(|| Bytes::from(self.1.remove(0))))
        }
    }

    /// What is captured of a body of which `reads` pieces are asked for.
    async fn captured(length: BodyLength, pieces: &[&'static str], reads: usize) -> Option<CapturedBody> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = Pieces(length, pieces.to_vec());
        let mut source = CapturedSource::new(&mut inner, 4, sender);
        for _ in 0..reads {
            source.data().await.unwrap();
        }
        drop(source);
        receiver.await.ok()
    }

    #[tokio::test]
    async fn a_body_is_whole_when_its_length_was_read_or_its_end() {
        let whole = |text: &'static str| Some(Ok(Bytes::from(text)));
        assert_eq!(captured(BodyLength::Empty, &[], 0).await, whole(""));
        assert_eq!(captured(BodyLength::Exact(4), &["ab", "cd"], 2).await, whole("abcd"));
        assert_eq!(captured(BodyLength::Exact(4), &["ab", "cd"], 1).await, None, "half of it was read");
        assert_eq!(captured(BodyLength::Unknown, &["ab", "cd"], 3).await, whole("abcd"));
        assert_eq!(captured(BodyLength::Unknown, &["ab", "cd"], 2).await, None, "its end was not asked for");
        assert_eq!(captured(BodyLength::Exact(6), &["abc", "def"], 2).await, Some(Err(Lost::TooLarge)));
    }
}
