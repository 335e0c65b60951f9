//! One client's connection: one request after the other walks, until one side closes it.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use handover_http1::server::Connection;
use handover_http1::{Error, Refusal, RequestHead, Version};

use super::exchange::{Answer, Body};
use crate::accept::client::Client;
use crate::accept::core::Core;
use crate::accept::stream::Stream;
use crate::accept::{http2, tunnel};
use crate::exchange::Switched;
use crate::observe::chain;
use crate::process::Phase;
use crate::walk::{Arrived, walk};

/// Serves a connection to its end, also as what it becomes: HTTP/2, or a tunnel.
///
/// What is more than waiting for a request is boxed: a connection is idle most of its time, and then no larger than that.
pub(in crate::accept) async fn serve(core: &Rc<Core>, client: &Client, stream: Stream) {
    let closing = &core.process.closing;
    let mut phase = core.process.phase.subscribe();
    let mut draining = *phase.borrow_and_update() > Phase::Serving;
    let mut told = pin!(closing.told());
    let mut listens = false;
    let mut connection = Connection::new(stream, core.bounds());
    loop {
        // The next request; none when the client has left, or is idle while connections are closed.
        let next = poll_fn(|cx| {
            if let next @ Poll::Ready(_) = connection.poll_next_head(cx) {
                return next;
            }
            // Once: the task stays the one that is woken.
            if !listens {
                listens = true;
                let _ = told.as_mut().poll(cx);
            }
            if connection.is_idle() && closing.is_so() { Poll::Ready(Ok(None)) } else { Poll::Pending }
        });
        let head = match next.await {
            Ok(Some(head)) => head,
            ended => return Box::pin(end(core, client, connection, ended)).await,
        };
        if phase.has_changed().unwrap_or(true) {
            draining = *phase.borrow_and_update() > Phase::Serving;
        }
        let exchange = Box::pin(exchange(core, client, &mut connection, head, draining));
        if let Some(backend) = exchange.await {
            return Box::pin(become_tunnel(core, connection, backend)).await;
        }
    }
}

/// The connection's end, unless it turns out to be one of HTTP/2.
async fn end(
    core: &Rc<Core>,
    client: &Client,
    connection: Connection<Stream>,
    ended: Result<Option<RequestHead>, Error>,
) {
    match ended {
        // Found out where HTTP/1.1 would be refused, so that looking for it costs HTTP/1.1 nothing.
        Err(_) if !client.secure && connection.begins_http2() => {
            let (stream, read) = connection.into_read();
            http2::serve(Rc::clone(core), client.clone(), stream, read).await;
        }
        Err(error) => refuse(core, client, connection, &error).await,
        Ok(_) => close(connection).await,
    }
}

async fn exchange(
    core: &Core,
    client: &Client,
    connection: &mut Connection<Stream>,
    head: RequestHead,
    draining: bool,
) -> Option<Switched> {
    let framing = head.framing();
    let protocol = if head.version() == Version::Http10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let Client { peer, local, secure, ref cert } = *client;
    let arrived = Arrived { head, peer, local, cert: cert.clone(), secure, protocol };
    let (body, mut responder) = connection.exchange();
    if draining {
        responder.close_after();
    }
    let mut answer = Answer::new(responder);
    walk(core, arrived, &mut Body::new(body, framing), &mut answer).await;
    answer.into_backend()
}

/// The exchange is over, and with it the generation that it held: what follows are bytes.
async fn become_tunnel(core: &Core, connection: Connection<Stream>, backend: Switched) {
    // A client that is gone by now ends the tunnel before it began.
    if let Ok((stream, read)) = connection.into_tunnel().await {
        tunnel::run(&core.process.clients, stream, read, backend).await;
    }
}

async fn refuse(core: &Core, client: &Client, connection: Connection<Stream>, error: &Error) {
    tracing::debug!(peer = %client.peer, error = chain(error), "a request was refused");
    let Some(refusal) = error.refusal() else { return close(connection).await };
    core.process.refusals.count(refusal.label());
    if refusal == Refusal::Protocol {
        // Two protocols of HTTP are spoken here; to who speaks neither, an answer in one of them means nothing.
        return close(connection).await;
    }
    let _ = connection.refuse(refusal).await;
}

/// The client may have gone already; there is nobody else to tell.
async fn close(connection: Connection<Stream>) {
    let _ = connection.close().await;
}
