//! An S3 over a folder, inside the process: for the demo and for tests.
//!
//! Buckets are folders, keys are paths in them; whoever edits a file has changed the object. It gets, heads and puts
//! objects, answers conditional requests as S3 does, and checks signatures. All else is refused as not implemented.

mod folder;

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::debug;

use folder::Folder;

/// The keys that requests must be signed with.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The access key's id.
    pub access: String,
    /// The secret.
    pub secret: String,
}

/// A running S3. Dropping it stops it.
#[derive(Debug)]
pub struct EmbeddedS3 {
    address: SocketAddr,
    stop: DropGuard,
    tasks: TaskTracker,
}

impl EmbeddedS3 {
    /// Serves `folder` at `address` (port 0 takes a free one), on the current runtime.
    pub async fn start(folder: &Path, keys: &Keys, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut service = S3ServiceBuilder::new(Folder::new(folder)?);
        service.set_auth(SimpleAuth::from_single(keys.access.clone(), keys.secret.clone()));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(accept(listener, service.build(), stop.clone(), tasks.clone()));
        tasks.close();
        Ok(Self { address, stop: stop.drop_guard(), tasks })
    }

    /// Its URL, for an S3 client's `endpoint`. The client must put the bucket in the path.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it and waits until all its connections are closed.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.wait().await;
    }
}

async fn accept(listener: TcpListener, service: S3Service, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (service, stop) = (service.clone(), stop.clone());
        tasks.spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            tokio::select! {
                () = stop.cancelled() => {}
                served = server.serve_connection(TokioIo::new(stream), service) => {
                    if let Err(error) = served {
                        debug!("a connection to the embedded S3 broke: {error}");
                    }
                }
            }
        });
    }
}
