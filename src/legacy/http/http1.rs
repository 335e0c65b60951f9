//! One request to one upstream by HTTP/1.1, on the engine of ours.

use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use handover_http1::client::{Connection, Receiver, Request, Sender};
use handover_http1::{self as http1, FieldWriter, Fields, Framing, Name, ResponseHead, Size, Source};

use super::answer::{Answering, Passed, Passing};
use super::exchange::{Answered, Asked};
use super::pool::Kept;
use super::upload::{Upload, Uploading, send};
use super::upstream::Upstream;
use crate::exchange::{AnswerSink, BodyLength, BodySource};
use crate::legacy::client_cert::{self, Certified};
use crate::legacy::duplex::{both, ended_unanswered};
use crate::legacy::error::{Cause, Failed, Leg};
use crate::legacy::names::Place;
use crate::legacy::outbound::Outbound;
use crate::legacy::socket::{Socket, connect_to};
use crate::legacy::spec::Spec;

impl Upstream {
    /// Asks on a kept connection or a new one, and again on another where the upstream had closed it before it read the
    /// request.
    pub(super) async fn ask_http1(
        &self,
        asked: &Asked<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Answered, Failed> {
        loop {
            let (mut kept, reused) = match self.idle.take(&self.place) {
                Some(kept) => (kept, true),
                None => {
                    let (socket, peer) = connect_to(&self.place, asked.spec.connect_timeout).await?;
                    (Kept { connection: Connection::new(socket, self.config.clone()), peer }, false)
                }
            };
            let passing = Passing {
                committed: asked.committed,
                speaks: asked.speaks,
                start: asked.start,
                waited: asked.start.elapsed(),
                reused,
            };
            match self.ask_on(&mut kept.connection, passing, asked, body, sink).await {
                Ok((Passed { served, head }, _)) if head.status() == 101 => {
                    let (socket, read) = kept.connection.into_tunnel();
                    return Ok(Answered::Switched { served, head: Box::new(head), socket, read });
                }
                Ok((Passed { served, head }, whole)) => {
                    if whole && asked.spec.keep && kept.connection.is_reusable() {
                        self.idle.keep(kept, &head);
                    }
                    return Ok(Answered::Whole(served));
                }
                Err(failed) if reused && may_ask_again(&failed, asked, &mut kept.connection) => {}
                Err(failed) => return Err(failed),
            }
        }
    }

    async fn ask_on(
        &self,
        connection: &mut Connection<Socket>,
        passing: Passing<'_>,
        asked: &Asked<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<(Passed, bool), Failed> {
        let Asked { spec, request, upload, .. } = *asked;
        let target = request.head.origin_target();
        let line = Request {
            method: request.head.method(),
            target: &target,
            size: size(request, body),
            upgrade: request.head.upgrade(),
        };
        let (sender, receiver) = connection
            .request(line, |fields| write_fields(fields, request, &self.place))
            .map_err(|error| Failed { retry_safe: true, ..failed(error, spec) })?;
        let sent = Cell::new(false);
        let sending = pin!(async {
            if let Err(failed) = send(Sending { sender, spec }, upload, body, spec).await {
                return failed;
            }
            sent.set(true);
            body.gone().await.into()
        });
        both(&sent, sending, pin!(passing.run(Receiving { receiver, spec }, sink))).await
    }
}

/// Whether a request that ended without an answer on a kept connection is asked again: its body is still here, and the
/// upstream read nothing of it or the route may be asked twice.
fn may_ask_again(failed: &Failed, asked: &Asked<'_>, connection: &mut Connection<Socket>) -> bool {
    let unanswered = ended_unanswered(failed) || failed.leg == Leg::SendBody;
    let at_hand = matches!(asked.upload, Upload::Here(_));
    unanswered && at_hand && (asked.request.repeatable || connection.stream().was_left_unread())
}

fn size(request: &Outbound<'_>, body: &impl BodySource) -> Size {
    match body.length() {
        BodyLength::Exact(length) => Size::Known(length),
        BodyLength::Unknown => Size::Unknown,
        BodyLength::Empty if request.head.framing() == Framing::Length(0) => Size::Known(0),
        BodyLength::Empty => Size::None,
    }
}

/// The client's fields as they came, but for those of its connection, `Proxy`, and those that ours replace.
fn write_fields(fields: &mut FieldWriter<'_>, request: &Outbound<'_>, place: &Place) {
    let theirs = request.head.fields();
    if theirs.first(Name::Host).is_none() {
        let host = request.head.host().map_or_else(|| place.authority().into_bytes(), <[u8]>::to_vec);
        fields.push(b"Host", &host);
    }
    fields.copy_if(theirs, |field| !request.leaves_out(field));
    for (name, value) in request.set {
        fields.push(name, value);
    }
    if let Certified::With(cert) = request.certified {
        fields.push(client_cert::FIELD.as_bytes(), cert.field.as_bytes());
    }
}

struct Sending<'a> {
    sender: Sender<'a, Socket>,
    spec: &'a Spec,
}

impl Sending<'_> {
    fn broken(&self, error: http1::Error) -> Failed {
        Failed { leg: Leg::SendBody, ..failed(error, self.spec) }
    }
}

impl Uploading for Sending<'_> {
    async fn data(&mut self, piece: Bytes) -> Result<(), Failed> {
        self.sender.data(piece).await.map_err(|error| self.broken(error))
    }

    async fn flush(&mut self) -> Result<(), Failed> {
        self.sender.flush().await.map_err(|error| self.broken(error))
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), Failed> {
        self.sender.finish(trailers).await.map_err(|error| match error.cause {
            // The client's fault, so not one to be left alone.
            http1::Cause::Misuse(_) => Failed::new(Leg::ClientBody, Cause::BodyLength),
            _ => self.broken(error),
        })
    }
}

struct Receiving<'a> {
    receiver: Receiver<'a, Socket>,
    spec: &'a Spec,
}

impl Answering for Receiving<'_> {
    async fn head(&mut self) -> Result<ResponseHead, Failed> {
        self.receiver.head().await.map_err(|error| failed(error, self.spec))
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failed>> {
        self.receiver.poll_data(cx).map_err(|error| failed(error, self.spec))
    }

    async fn data(&mut self) -> Result<Option<Bytes>, Failed> {
        self.receiver.data().await.map_err(|error| failed(error, self.spec))
    }

    fn trailers(&self) -> Option<&Fields> {
        self.receiver.trailers()
    }
}

/// The engine's error in this room's words.
fn failed(error: http1::Error, spec: &Spec) -> Failed {
    let leg = match error.leg {
        http1::Leg::ReadResponseHead => Leg::ReadHead,
        http1::Leg::ReadResponseBody => Leg::ReadBody,
        _ => Leg::SendHead,
    };
    let cause = match error.cause {
        http1::Cause::Io(error) => Cause::Io(error),
        http1::Cause::Closed => Cause::Closed,
        http1::Cause::Stale => Cause::Stale,
        http1::Cause::TimedOut => Cause::TimedOut(spec.read_timeout),
        http1::Cause::Refused(refusal) => Cause::Http(refusal),
        http1::Cause::Misuse(misuse) => Cause::Misuse(misuse),
    };
    Failed::new(leg, cause)
}
