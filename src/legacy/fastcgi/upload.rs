//! A request on its way to a responder: its head in one write, its body piece by piece.

use std::cell::Cell;
use std::io::IoSlice;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::hold::Held;
use super::pool::{Lease, Start, is_closed};
use super::script::Script;
use super::{params, record};
use crate::exchange::BodySource;
use crate::legacy::disk::Disk;
use crate::legacy::error::{Cause, Failed, Leg};
use crate::legacy::outbound::Outbound;
use crate::legacy::socket::Socket;
use crate::legacy::spec::{FastCgi, Spec};

/// A body up to this size is copied behind the head and goes with it in one write, in bytes.
const SMALL: u64 = 16 * 1024;

/// When something last moved on a connection, either way, and whether it is the client that we wait for.
#[derive(Debug)]
pub(crate) struct Activity {
    last: Cell<Instant>,
    client: Cell<bool>,
    limit: Duration,
}

impl Activity {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { last: Cell::new(Instant::now()), client: Cell::new(false), limit }
    }

    pub(crate) fn touch(&self) {
        self.last.set(Instant::now());
    }

    /// Runs an operation of legacy's connection for as long as anything moves on it.
    pub(crate) async fn watch<T>(&self, leg: Leg, operation: impl Future<Output = T>) -> Result<T, Failed> {
        let mut operation = std::pin::pin!(operation);
        loop {
            let start = if self.client.get() { Instant::now() } else { self.last.get() };
            if let Ok(output) = tokio::time::timeout_at(start + self.limit, operation.as_mut()).await {
                return Ok(output);
            }
            if !self.client.get() && self.last.get() + self.limit <= Instant::now() {
                return Err(Failed::new(leg, Cause::TimedOut(self.limit)));
            }
        }
    }

    async fn wait_for_client<T>(&self, operation: impl Future<Output = T>) -> T {
        self.client.set(true);
        let output = operation.await;
        self.client.set(false);
        self.touch();
        output
    }
}

/// A request's records up to the end of its parameters; of a small body, to the end.
#[derive(Debug)]
pub(crate) struct Opening {
    records: BytesMut,
    /// Where the parameters end: what is cut off before this never ran.
    params: usize,
    /// Whether the body is in it, to its end.
    pub(crate) whole: bool,
}

impl Opening {
    pub(crate) fn new(
        legacy: &FastCgi,
        keep: bool,
        script: &Script<'_>,
        request: &Outbound<'_>,
        held: &Held,
    ) -> Self {
        let mut records = BytesMut::with_capacity(2048);
        record::begin(&mut records, keep);
        params::write(&mut records, legacy, script, request, held.length());
        let params = records.len();
        let small = held.small(SMALL);
        let whole = small.is_some();
        for piece in small.into_iter().flatten() {
            record::stdin(&mut records, piece.len());
            records.extend_from_slice(piece);
        }
        if whole {
            record::stdin(&mut records, 0);
        }
        Self { records, params, whole }
    }

    /// Sends it, on another connection where a kept one turns out to be closed: a request whose parameters did not
    /// get through whole was not run.
    pub(crate) async fn send(&self, lease: &mut Lease, spec: &Spec) -> Result<(), Failed> {
        loop {
            let skip = if lease.start == Start::Begun { record::BEGIN } else { 0 };
            let (sent, error) = match self.write(&lease.socket, skip, spec).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            let closed = matches!(&error, Cause::Io(error) if is_closed(error));
            match (sent < self.params, closed && lease.start != Start::Fresh) {
                (true, true) => lease.replace(spec).await?,
                (true, false) => return Err(Failed::before(Leg::SendHead, error)),
                // It may have answered without waiting for the body.
                (false, _) if closed => return Ok(()),
                (false, _) => return Err(Failed::new(Leg::SendBody, error)),
            }
        }
    }

    /// On an error, how much got through.
    async fn write(&self, socket: &Socket, skip: usize, spec: &Spec) -> Result<(), (usize, Cause)> {
        let mut sent = skip;
        while sent < self.records.len() {
            let parts = [IoSlice::new(&self.records[sent..])];
            match tokio::time::timeout(spec.read_timeout, socket.write(&parts)).await {
                Ok(Ok(more)) => sent += more,
                Ok(Err(error)) => return Err((sent, error.into())),
                Err(_) => return Err((sent, Cause::TimedOut(spec.read_timeout))),
            }
        }
        Ok(())
    }
}

/// Sends a body that was not in the opening.
pub(crate) async fn body(
    socket: &Socket,
    activity: &Activity,
    held: &mut Held,
    body: &mut impl BodySource,
    disk: &Disk,
) -> Result<(), Failed> {
    loop {
        let piece = if held.is_with_client() {
            activity.wait_for_client(held.next(body, disk)).await?
        } else {
            held.next(body, disk).await?
        };
        let Some(mut piece) = piece else {
            return write(socket, activity, Bytes::new()).await;
        };
        while !piece.is_empty() {
            let now = piece.split_to(piece.len().min(record::CONTENT_MAX));
            write(socket, activity, now).await?;
        }
    }
}

/// Writes one STDIN record; its content is not copied.
async fn write(socket: &Socket, activity: &Activity, content: Bytes) -> Result<(), Failed> {
    let mut header = BytesMut::with_capacity(record::HEADER);
    record::stdin(&mut header, content.len());
    let (mut header, mut content) = (header.freeze(), content);
    while !header.is_empty() || !content.is_empty() {
        let parts = [IoSlice::new(&header), IoSlice::new(&content)];
        let sent = socket.write(&parts).await.map_err(|error| Failed::new(Leg::SendBody, error))?;
        activity.touch();
        let of_header = sent.min(header.len());
        header = header.slice(of_header..);
        content = content.slice(sent - of_header..);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixListener;
    use std::sync::Arc;

    use super::*;
    use crate::legacy::fastcgi::pool::Pool;
    use crate::legacy::fastcgi::script::choose;
    use crate::legacy::spec::{Address, Kind};
    use crate::legacy::testing::{self, Body, folder, get, outbound, read_params};

    /// A kept connection whose peer closes just as it is used.
    fn closed() -> Socket {
        let (ours, _theirs) = tokio::net::UnixStream::pair().unwrap();
        Socket::Unix(ours)
    }

    #[tokio::test]
    async fn a_request_that_did_not_get_through_goes_on_a_new_connection_from_its_beginning() {
        let folder = folder();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let legacy = FastCgi { address: Address::Unix(path.clone()), ..testing::fastcgi("/srv") };
        let spec = testing::spec(Kind::FastCgi(legacy.clone()));
        let mut lease = Arc::new(Pool::new(Address::Unix(path), 1)).lease(&spec, false).await.unwrap();
        listener.accept().unwrap();
        (lease.socket, lease.start) = (closed(), Start::Begun);

        let head = get("/x");
        let disk = Disk::new(std::env::temp_dir());
        let held = Held::take(&mut Body::none(), 10, &disk).await.unwrap();
        let script = choose(&legacy, head.path());
        Opening::new(&legacy, true, &script, &outbound(&head), &held).send(&mut lease, &spec).await.unwrap();

        assert_eq!(lease.start, Start::Fresh);
        drop(lease);
        let (mut stream, mut seen) = (listener.accept().unwrap().0, Vec::new());
        stream.read_to_end(&mut seen).unwrap();
        let mut begin = BytesMut::new();
        record::begin(&mut begin, true);
        assert_eq!(seen[..record::BEGIN], begin);
        assert!(read_params(&seen).contains(&("REQUEST_URI".into(), "/x".into())));
    }
}
