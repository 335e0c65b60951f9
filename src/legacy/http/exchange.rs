//! One request to an HTTP backend, and its answer: both ways at once, nothing held back.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use handover_http1::client::{Connection, Receiver, Request, Sender};
use handover_http1::{self as http1, FieldWriter, Framing, Name, ResponseHead, Size, Source};

use super::Upstream;
use crate::exchange::{AnswerSink, BodyLength, BodySource, Switched};
use crate::legacy::client_cert::{self, Certified};
use crate::legacy::duplex::{both, ended_unanswered};
use crate::legacy::error::{Cause, ExchangeError, Failed, Leg};
use crate::legacy::outbound::Outbound;
use crate::legacy::served::{By, Served};
use crate::legacy::socket::{Socket, connect};
use crate::legacy::spec::{Address, Spec};

/// A body up to this size goes in one write with its head, and can be sent again, in bytes.
const SMALL: u64 = 4 * 1024;

/// A request's body: with us, or still with the client.
#[derive(Debug)]
enum Upload {
    Here(Vec<Bytes>),
    Coming,
}

impl Upstream {
    /// Asks for one request:
    ///
    /// 1. take a small body in, so that it can be sent again,
    /// 2. wait for a permit; take a connection,
    /// 3. send the request and pass the answer on, at the same time,
    /// 4. keep the connection, hand it to a tunnel, or ask again on another where the backend had closed it before it read the request.
    ///
    /// Dropping the future closes the connection.
    pub(crate) async fn exchange(
        &self,
        spec: &Spec,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        let committed = Cell::new(false);
        let outcome = self.run(spec, request, body, sink, &committed).await;
        outcome.map_err(|failed| failed.of(&spec.name, committed.get()))
    }

    async fn run(
        &self,
        spec: &Spec,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
        committed: &Cell<bool>,
    ) -> Result<Served, Failed> {
        let start = Instant::now();
        // :: Step 1
        let upload = take_small(body, spec.body_max).await?;
        // :: Step 2
        let permit = self.permits.acquire(spec).await?;
        loop {
            let (mut connection, reused) = match self.take() {
                Some(connection) => (connection, true),
                None => {
                    let socket = connect(&self.address, spec).await?;
                    (Connection::new(socket, self.config.clone()), false)
                }
            };
            let passing = Passing { committed, start, waited: start.elapsed(), reused };
            // :: Step 3
            let outcome = {
                let target = request.head.origin_target();
                let asked = Request {
                    method: request.head.method(),
                    target: &target,
                    size: size(request, body),
                    upgrade: request.head.upgrade(),
                };
                let (sender, receiver) = connection
                    .request(asked, |fields| write_fields(fields, request, &self.address))
                    .map_err(|error| Failed { retry_safe: true, ..failed(error, spec) })?;
                let sent = Cell::new(false);
                let sending = pin!(async {
                    if let Err(failed) = send(sender, &upload, body, spec).await {
                        return failed;
                    }
                    sent.set(true);
                    body.gone().await.into()
                });
                both(&sent, sending, pin!(passing.run(receiver, sink, spec))).await
            };
            // :: Step 4
            match outcome {
                Ok((Passed { served, head }, _)) if head.status() == 101 => {
                    let (socket, read) = connection.into_tunnel();
                    let backend = Switched {
                        stream: Box::new(socket),
                        read,
                        idle: spec.tunnel_timeout,
                        route: request.route.to_owned(),
                        held: Box::new(permit),
                    };
                    committed.set(true);
                    sink.switch(&head, backend).await?;
                    return Ok(served);
                }
                Ok((Passed { served, head }, whole)) => {
                    if whole && spec.keep && connection.is_reusable() {
                        self.keep(connection, &head);
                    }
                    return Ok(served);
                }
                Err(failed) if reused && may_ask_again(&failed, &upload, request, &mut connection) => {}
                Err(failed) => return Err(failed),
            }
        }
    }
}

/// Whether a request that ended without an answer is asked again: its body is still here, and the backend read
/// nothing of it or the route may be asked twice.
fn may_ask_again(
    failed: &Failed,
    upload: &Upload,
    request: &Outbound<'_>,
    connection: &mut Connection<Socket>,
) -> bool {
    let unanswered = ended_unanswered(failed) || failed.leg == Leg::SendBody;
    let at_hand = matches!(upload, Upload::Here(_));
    unanswered && at_hand && (request.repeatable || connection.stream().was_left_unread())
}

async fn take_small(body: &mut impl BodySource, max: u64) -> Result<Upload, Failed> {
    let length = match body.length() {
        BodyLength::Empty => 0,
        BodyLength::Exact(length) if length > max => {
            return Err(Failed::before(Leg::Buffer, Cause::TooLarge(max)));
        }
        BodyLength::Exact(length) if length <= SMALL => length,
        BodyLength::Exact(_) | BodyLength::Unknown => return Ok(Upload::Coming),
    };
    let (mut pieces, mut taken) = (Vec::new(), 0);
    while taken < length {
        let piece = body.data().await.map_err(|gone| Failed { retry_safe: true, ..gone.into() })?;
        let Some(piece) = piece else { return Err(Failed::before(Leg::ClientBody, Cause::BodyLength)) };
        taken += piece.len() as u64;
        pieces.push(piece);
    }
    Ok(Upload::Here(pieces))
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
fn write_fields(fields: &mut FieldWriter<'_>, request: &Outbound<'_>, address: &Address) {
    let theirs = request.head.fields();
    if theirs.first(Name::Host).is_none() {
        let host = request.head.host().map_or_else(|| authority(address), <[u8]>::to_vec);
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

/// For HTTP/1.0 clients that name no host.
fn authority(address: &Address) -> Vec<u8> {
    match address {
        Address::Tcp(address) => address.clone().into_bytes(),
        Address::Unix(_) => b"localhost".to_vec(),
    }
}

/// Sends a body to its end.
async fn send(
    mut sender: Sender<'_, Socket>,
    upload: &Upload,
    body: &mut impl BodySource,
    spec: &Spec,
) -> Result<(), Failed> {
    let broken = |error| Failed { leg: Leg::SendBody, ..failed(error, spec) };
    if let Upload::Here(pieces) = upload {
        for piece in pieces {
            sender.data(piece.clone()).await.map_err(broken)?;
        }
        return sender.finish(None).await.map_err(broken);
    }
    let mut sent = 0;
    while let Some(piece) = body.data().await? {
        sent += piece.len() as u64;
        if sent > spec.body_max {
            return Err(Failed::new(Leg::ClientBody, Cause::TooLarge(spec.body_max)));
        }
        sender.data(piece).await.map_err(broken)?;
        sender.flush().await.map_err(broken)?;
    }
    sender.finish(body.trailers()).await.map_err(|error| match error.cause {
        // The client's fault, so not one to be left alone.
        http1::Cause::Misuse(_) => Failed::new(Leg::ClientBody, Cause::BodyLength),
        _ => broken(error),
    })
}

/// An answer that was passed on whole, or a 101, which the tunnel's maker passes on.
struct Passed {
    served: Served,
    head: ResponseHead,
}

/// An answer on its way to the client.
struct Passing<'a> {
    committed: &'a Cell<bool>,
    start: Instant,
    waited: std::time::Duration,
    reused: bool,
}

impl Passing<'_> {
    async fn run(
        self,
        mut receiver: Receiver<'_, Socket>,
        sink: &mut impl AnswerSink,
        spec: &Spec,
    ) -> Result<Passed, Failed> {
        let head = loop {
            let head = receiver.head().await.map_err(|error| failed(error, spec))?;
            if !head.is_interim() {
                break head;
            }
            sink.informational(&head).await?;
        };
        let answered = self.start.elapsed();
        let by = By::Http { reused: self.reused };
        let served = Served { status: head.status(), sent: 0, by, waited: self.waited, answered };
        if head.status() == 101 {
            return Ok(Passed { served, head });
        }
        self.committed.set(true);
        sink.head(&head).await?;
        let (mut sent, mut unflushed) = (0, true);
        loop {
            let ready = poll_fn(|cx| match receiver.poll_data(cx) {
                Poll::Ready(data) => Poll::Ready(Some(data)),
                Poll::Pending => Poll::Ready(None),
            });
            let data = match ready.await {
                Some(data) => data,
                None => {
                    if std::mem::take(&mut unflushed) {
                        sink.flush().await?;
                    }
                    receiver.data().await
                }
            };
            let Some(piece) = data.map_err(|error| failed(error, spec))? else { break };
            sent += piece.len() as u64;
            unflushed = true;
            sink.data(piece).await?;
        }
        sink.finish(receiver.trailers()).await?;
        Ok(Passed { served: Served { sent, ..served }, head })
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
