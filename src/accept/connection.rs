//! One client's connection: one request after the other walks, until one side closes it.

use std::rc::Rc;
use std::sync::Arc;

use handover_http1::Version;
use handover_http1::server::Connection;
use tokio::net::TcpStream;

use super::balance::Fresh;
use super::core::Core;
use super::http1::{Answer, Body};
use crate::observe::chain;
use crate::process::Phase;
use crate::walk::{Arrived, walk};

/// Serves a connection to its end.
pub(super) async fn serve(core: Rc<Core>, fresh: Fresh) {
    let Fresh { stream, peer, held: _held } = fresh;
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    // Answers go out whole, so that waiting for more would only delay them.
    let (Ok(local), Ok(())) = (stream.local_addr(), stream.set_nodelay(true)) else { return };
    let mut phase = core.process.phase.subscribe();
    let mut connection = Connection::new(stream, Arc::clone(&core.http1));
    loop {
        let next = tokio::select! {
            biased;
            next = connection.next_head() => next,
            _ = phase.wait_for(|phase| *phase == Phase::Draining), if connection.is_idle() => Ok(None),
        };
        match next {
            Ok(Some(head)) => {
                let draining = *phase.borrow() == Phase::Draining;
                let framing = head.framing();
                let protocol = if head.version() == Version::Http10 { "HTTP/1.0" } else { "HTTP/1.1" };
                let arrived = Arrived { head, peer, local, secure: false, protocol };
                let (body, mut responder) = connection.exchange();
                if draining {
                    responder.close_after();
                }
                walk(&core, &arrived, &mut Body::new(body, framing), &mut Answer::new(responder)).await;
            }
            Ok(None) => break,
            Err(error) => {
                tracing::debug!(%peer, error = chain(&error), "a request was refused");
                if let Some(refusal) = error.refusal() {
                    core.process.refusals.count(refusal);
                    // The client may have gone already; there is nobody else to tell.
                    let _ = connection.refuse(refusal).await;
                    return;
                }
                break;
            }
        }
    }
    let _ = connection.close().await;
}
