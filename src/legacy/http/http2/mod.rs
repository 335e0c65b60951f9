//! One request to one upstream by HTTP/2, on a stream of one of this core's sessions with it.
//!
//! The head that comes back is made the bytes that HTTP/1.1 would have sent, so that the same validator reads both.

mod sessions;

pub(super) use sessions::Sessions;

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream, SendStream};
use handover_http1::{Fields, Limits, Name, RequestHead, ResponseHead};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use tokio::time::timeout;

use super::answer::{Answering, Passing};
use super::exchange::{Answered, Asked};
use super::upload::{Upload, Uploading, send};
use super::upstream::Upstream;
use crate::exchange::{AnswerSink, BodyLength, BodySource, fields};
use crate::legacy::client_cert::{self, Certified};
use crate::legacy::duplex::both;
use crate::legacy::error::{Cause, Failed, Leg};
use crate::legacy::names::Place;
use crate::legacy::outbound::Outbound;
use sessions::Session;

/// How often a request is asked again on another session when its own ended before the upstream looked at it.
const SESSIONS_TRIED_MAX: u32 = 3;

impl Upstream {
    /// Asks on a session that is there or a new one, and again on another where the upstream certainly did not look at
    /// the request.
    pub(super) async fn ask_http2(
        &self,
        asked: &Asked<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Answered, Failed> {
        let mut tried = 0;
        loop {
            tried += 1;
            let (session, reused) = self.sessions.get(&self.place, asked.spec.connect_timeout).await?;
            let passing = Passing {
                committed: asked.committed,
                speaks: asked.speaks,
                start: asked.start,
                waited: asked.start.elapsed(),
                reused,
            };
            match ask_on(&session.0, &self.place, passing, asked, body, sink).await {
                Err(failed) if failed.retry_safe && reused && tried < SESSIONS_TRIED_MAX => {
                    session.0.ended.store(true, Relaxed);
                }
                Err(failed) => {
                    // Whoever is silent here may be gone without a word: later requests must not wait for it, too.
                    if matches!(failed.cause, Cause::TimedOut(_)) {
                        session.0.ended.store(true, Relaxed);
                    }
                    return Err(failed);
                }
                Ok(answered) => return Ok(answered),
            }
        }
    }
}

async fn ask_on(
    session: &Session,
    place: &Place,
    passing: Passing<'_>,
    asked: &Asked<'_>,
    body: &mut impl BodySource,
    sink: &mut impl AnswerSink,
) -> Result<Answered, Failed> {
    let silence = asked.spec.read_timeout;
    let head = request(asked.request, place)
        .map_err(|_| Failed::before(Leg::SendHead, Cause::Misuse(handover_http1::Misuse::Bytes)))?;
    let late = |_| Failed::before(Leg::SendHead, Cause::TimedOut(silence));
    let ready = timeout(silence, session.requests.clone().ready()).await.map_err(late)?;
    let unsent = |error| Failed::before(Leg::SendHead, Cause::Http2(error));
    let ends = body.length() == BodyLength::Empty;
    let (response, stream) = ready.map_err(unsent)?.send_request(head, ends).map_err(unsent)?;
    let sent = Cell::new(false);
    let sending = pin!(async {
        if !ends && let Err(failed) = send(Sending { stream, silence }, asked.upload, body, asked.spec).await
        {
            return failed;
        }
        sent.set(true);
        body.gone().await.into()
    });
    let receiving = Receiving {
        response: Some(response),
        body: None,
        trailers: None,
        sent: &sent,
        silence,
        to_head: asked.request.head.is_head(),
    };
    let outcome = both(&sent, sending, pin!(passing.run(receiving, sink))).await;
    // What was taken of a body that comes from the client is gone: the next one would get its rest for the whole.
    let at_hand = matches!(asked.upload, Upload::Here(_));
    let again = |failed: Failed| Failed { retry_safe: failed.retry_safe && at_hand, ..failed };
    let (passed, _) = outcome.map_err(again)?;
    Ok(Answered::Whole(passed.served))
}

/// A head that cannot be said in HTTP/2.
struct Unsayable;

/// The client's head as it came, but for what speaks of its connection, `Proxy`, and the fields that ours replace.
fn request(asked: &Outbound<'_>, place: &Place) -> Result<Request<()>, Unsayable> {
    let head = asked.head;
    let authority = head.host().map_or_else(|| place.authority().into_bytes(), <[u8]>::to_vec);
    let uri =
        Uri::builder().scheme("http").authority(&authority[..]).path_and_query(&head.origin_target()[..]);
    let mut request = Request::new(());
    *request.method_mut() = http::Method::from_bytes(head.method()).map_err(|_| Unsayable)?;
    *request.uri_mut() = uri.build().map_err(|_| Unsayable)?;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = request_fields(asked, head)?;
    Ok(request)
}

fn request_fields(asked: &Outbound<'_>, head: &RequestHead) -> Result<HeaderMap, Unsayable> {
    let mut map = HeaderMap::with_capacity(head.fields().len() + asked.set.len());
    for field in head.fields().iter() {
        let is_ours = matches!(field.kind, Name::Host | Name::TransferEncoding) || field.hop_by_hop;
        if !is_ours && !asked.leaves_out(&field) {
            append(&mut map, field.name, field.value)?;
        }
    }
    for (name, value) in asked.set {
        append(&mut map, name, value)?;
    }
    if let Certified::With(cert) = asked.certified {
        append(&mut map, client_cert::FIELD.as_bytes(), cert.field.as_bytes())?;
    }
    Ok(map)
}

fn append(map: &mut HeaderMap, name: &[u8], value: &[u8]) -> Result<(), Unsayable> {
    let name = HeaderName::from_bytes(name).map_err(|_| Unsayable)?;
    map.append(name, HeaderValue::from_bytes(value).map_err(|_| Unsayable)?);
    Ok(())
}

struct Sending {
    stream: SendStream<Bytes>,
    silence: Duration,
}

fn unsent(error: h2::Error) -> Failed {
    Failed::new(Leg::SendBody, Cause::Http2(error))
}

impl Uploading for Sending {
    async fn data(&mut self, mut piece: Bytes) -> Result<(), Failed> {
        while !piece.is_empty() {
            self.stream.reserve_capacity(piece.len());
            let room = timeout(self.silence, poll_fn(|cx| self.stream.poll_capacity(cx))).await;
            let room = room.map_err(|_| Failed::new(Leg::SendBody, Cause::TimedOut(self.silence)))?;
            let room = room.unwrap_or(Ok(0)).map_err(unsent)?;
            if room == 0 {
                return Err(Failed::new(Leg::SendBody, Cause::Closed));
            }
            self.stream.send_data(piece.split_to(room.min(piece.len())), false).map_err(unsent)?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Failed> {
        // The session's own task writes what it was given as soon as it runs.
        Ok(())
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), Failed> {
        let sent = match trailers.map(fields::of_trailers) {
            Some(Ok(trailers)) => self.stream.send_trailers(trailers),
            _ => self.stream.send_data(Bytes::new(), true),
        };
        sent.map_err(unsent)
    }
}

struct Receiving<'a> {
    /// Until its head has come.
    response: Option<ResponseFuture>,
    /// From then on.
    body: Option<RecvStream>,
    trailers: Option<Fields>,
    /// Whether the request was sent whole: before, the upstream need not answer.
    sent: &'a Cell<bool>,
    silence: Duration,
    to_head: bool,
}

impl Receiving<'_> {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHead, Failed>> {
        let Some(response) = &mut self.response else {
            return Poll::Ready(Err(Failed::new(Leg::ReadHead, Cause::Closed)));
        };
        if let Poll::Ready(Some(Ok(interim))) = response.poll_informational(cx) {
            return Poll::Ready(parse(&interim, self.to_head, false));
        }
        let (parts, body) = ready!(Pin::new(response).poll(cx)).map_err(unanswered)?.into_parts();
        self.response = None;
        let head = parse(&Response::from_parts(parts, ()), self.to_head, body.is_end_stream());
        self.body = Some(body);
        Poll::Ready(head)
    }
}

impl Answering for Receiving<'_> {
    async fn head(&mut self) -> Result<ResponseHead, Failed> {
        loop {
            let was_sent = self.sent.get();
            match timeout(self.silence, poll_fn(|cx| self.poll_head(cx))).await {
                Ok(head) => return head,
                Err(_) if was_sent => {
                    return Err(Failed::new(Leg::ReadHead, Cause::TimedOut(self.silence)));
                }
                Err(_) => {}
            }
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failed>> {
        let Some(body) = &mut self.body else { return Poll::Ready(Ok(None)) };
        match ready!(body.poll_data(cx)) {
            Some(Ok(piece)) => {
                // Taken, so that the upstream may send as much again.
                body.flow_control().release_capacity(piece.len()).map_err(broken_off)?;
                Poll::Ready(Ok(Some(piece)))
            }
            Some(Err(error)) => Poll::Ready(Err(broken_off(error))),
            None => {
                if let Some(map) = ready!(body.poll_trailers(cx)).map_err(broken_off)? {
                    let trailers = fields::from_trailers(&map, &Limits::default());
                    self.trailers = Some(trailers.map_err(|refusal| Failed::new(Leg::ReadBody, refusal))?);
                }
                self.body = None;
                Poll::Ready(Ok(None))
            }
        }
    }

    async fn data(&mut self) -> Result<Option<Bytes>, Failed> {
        let silence = self.silence;
        let data = timeout(silence, poll_fn(|cx| self.poll_data(cx))).await;
        data.unwrap_or(Err(Failed::new(Leg::ReadBody, Cause::TimedOut(silence))))
    }

    fn trailers(&self) -> Option<&Fields> {
        self.trailers.as_ref()
    }
}

/// The head as the bytes that HTTP/1.1 would have sent.
fn parse(response: &Response<()>, to_head: bool, ends: bool) -> Result<ResponseHead, Failed> {
    let status = response.status();
    let mut bytes = Vec::with_capacity(512);
    let reason = status.canonical_reason().unwrap_or_default();
    for part in ["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
    for (name, value) in response.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    let bodiless = to_head
        || status.is_informational()
        || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    if ends && !bodiless && !response.headers().contains_key(http::header::CONTENT_LENGTH) {
        bytes.extend_from_slice(b"content-length: 0\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    ResponseHead::parse(&bytes, to_head, &Limits::default())
        .map_err(|refusal| Failed::new(Leg::ReadHead, refusal))
}

/// An error before the answer's head. Where the upstream says that it did not look at the request (RFC 9113 §8.7), it
/// may be asked again.
fn unanswered(error: h2::Error) -> Failed {
    let unprocessed = error.is_remote()
        && (error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM)
            || error.is_go_away() && error.reason() == Some(Reason::NO_ERROR));
    Failed { retry_safe: unprocessed, ..Failed::new(Leg::ReadHead, Cause::Http2(error)) }
}

fn broken_off(error: h2::Error) -> Failed {
    Failed::new(Leg::ReadBody, Cause::Http2(error))
}
