//! One client's HTTP/2 connection: each of its streams is a request that walks in a task of its own, on this core.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream};
use handover_http1::server::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::exchange::{Answer, Body, Stream};
use super::head::validate;
use super::meter::Metered;
use crate::accept::client::Client;
use crate::accept::core::Core;
use crate::accept::stream;
use crate::observe::chain;
use crate::process::Phase;
use crate::walk::{Arrived, walk};

/// Requests of a connection that may run at the same time.
const STREAMS_MAX: u32 = 100;

/// What a client may send of one request's body before we have read it, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;

/// The same for all requests of a connection: what a connection's unread bodies may hold.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// What of an answer may wait in memory for its client, in bytes.
const SEND_BUFFER: usize = 32 * 1024;

/// Streams that a client may reset before we have seen them (rapid reset, CVE-2023-44487).
const UNSEEN_RESETS_MAX: usize = 20;

/// Streams that a client may make us reset (MadeYouReset, CVE-2025-8671).
const OWN_RESETS_MAX: usize = 200;

/// A head's fields as h2 counts them, in bytes. Above what the validator lets through, which then says why.
const HEADER_LIST_MAX: u32 = 48 * 1024;

/// What a client hears that is not served by HTTP/2 for now: SETTINGS, and GOAWAY with ENHANCE_YOUR_CALM.
const CALM: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];

/// What such a client may still have sent, in bytes.
const FAREWELL: usize = 16 * 1024;

/// How long a client may take to close once it was told to.
const LINGER: Duration = Duration::from_secs(2);

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS_MAX)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_header_list_size(HEADER_LIST_MAX)
        .max_pending_accept_reset_streams(UNSEEN_RESETS_MAX)
        .max_local_error_reset_streams(Some(OWN_RESETS_MAX));
    builder
}

/// Serves a connection to its end, of which `read` has been read already.
pub(in crate::accept) async fn serve(
    core: Rc<Core>,
    client: Client,
    mut stream: stream::Stream,
    read: Bytes,
) {
    let process = &core.process;
    if process.offenders.is_barred(client.peer.ip()) {
        return turn_away(&core, &mut stream).await;
    }
    let _open = process.clients.http2.enter();
    let bounds = core.bounds();
    let flooded = Rc::<Cell<bool>>::default();
    let handshake = builder().handshake(Metered::new(stream, read, Rc::clone(&flooded)));
    let refused = |error: &h2::Error| refused(&core, &client, error, flooded.get());
    let mut connection = match timeout(bounds.timeouts.head, handshake).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return refused(&error),
        Err(_) => return,
    };
    let mut phase = process.phase.subscribe();
    let mut requests = JoinSet::new();
    let mut closing = false;
    // Of a connection without requests.
    let mut end = std::pin::pin!(sleep_until(Instant::now() + bounds.timeouts.head));
    loop {
        tokio::select! {
            biased;
            accepted = connection.accept() => match accepted {
                // Reset streams are not counted by h2, but what they began may still be running.
                Some(Ok((_, mut respond))) if requests.len() >= STREAMS_MAX as usize => {
                    respond.send_reset(Reason::REFUSED_STREAM);
                }
                Some(Ok((request, respond))) => {
                    let bounds = Arc::clone(&bounds);
                    // Boxed: starting a task moves what it is given eight times.
                    let answered = Box::pin(answer(Rc::clone(&core), client.clone(), bounds, request, respond));
                    requests.spawn_local(answered);
                }
                Some(Err(error)) => break refused(&error),
                None => break,
            },
            Some(ended) = requests.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a request's task has failed");
                }
                let wait = if closing { LINGER } else { bounds.timeouts.idle };
                end.as_mut().reset(Instant::now() + wait);
            }
            _ = phase.wait_for(|phase| *phase >= Phase::Draining), if !closing => {
                closing = true;
                connection.graceful_shutdown();
                end.as_mut().reset(Instant::now() + LINGER);
            }
            () = &mut end, if requests.is_empty() => {
                if closing {
                    break;
                }
                closing = true;
                connection.graceful_shutdown();
                end.as_mut().reset(Instant::now() + LINGER);
            }
        }
    }
    drop(connection);
    // They see that their client has gone, and end where they may.
    while requests.join_next().await.is_some() {}
}

async fn answer(
    core: Rc<Core>,
    client: Client,
    bounds: Arc<Config>,
    request: http::Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let (parts, received) = request.into_parts();
    let bounds = &*bounds;
    let stream = Stream::new(respond, bounds.timeouts.write);
    match validate(&parts, received.is_end_stream(), &bounds.limits, &bounds.leniency) {
        Ok(head) => {
            // What was parsed is in the head: no request needs it twice.
            drop(parts);
            let mut body = Body::new(received, &head, &stream, bounds);
            let mut answer = Answer::new(&stream, head.is_head());
            let Client { peer, local, secure, cert } = client;
            let arrived = Arrived { head, peer, local, cert, secure, protocol: "HTTP/2.0" };
            walk(&core, arrived, &mut body, &mut answer).await;
        }
        Err(refusal) => {
            tracing::debug!(peer = %client.peer, error = chain(&refusal), "a request was refused");
            core.process.refusals.count(refusal.label());
            // The client may have gone already; there is nobody else to tell.
            let _ = stream.refuse(refusal);
        }
    }
}

/// Tells a client that it is not served by HTTP/2 for now.
async fn turn_away(core: &Core, stream: &mut stream::Stream) {
    core.process.refusals.count("http2_offender");
    // Whoever does not take these few bytes at once does not hear them.
    let _ = timeout(LINGER, async {
        stream.write_all(CALM).await?;
        stream.shutdown().await?;
        // Closed with its bytes unread, the connection would be reset, and take with it what was said.
        stream.read(&mut vec![0; FAREWELL]).await
    })
    .await;
}

/// Counts why a connection was ended by us; one that its client broke off is nobody's fault.
fn refused(core: &Core, client: &Client, error: &h2::Error, flooded: bool) {
    tracing::debug!(peer = %client.peer, error = chain(error), "an HTTP/2 connection has failed");
    // A wrong frame ends a connection at its first; only what goes on and on holds up others.
    let (reason, is_offence) = match error.reason() {
        _ if flooded => ("http2_flood", true),
        Some(_) if error.is_remote() => return,
        Some(Reason::ENHANCE_YOUR_CALM) => ("http2_enhance_your_calm", true),
        Some(Reason::NO_ERROR) | None => return,
        Some(_) => ("http2_protocol", false),
    };
    core.process.refusals.count(reason);
    // A balancer that speaks for many is not barred for one of them.
    if is_offence && !core.generation().config.forwarding.is_trusted(client.peer.ip()) {
        core.process.offenders.note(client.peer.ip());
    }
}
