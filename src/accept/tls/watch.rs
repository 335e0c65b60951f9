//! Looks whether the certificates were replaced.
//!
//! A Secret's volume swaps a symbolic link, certbot writes new files, some file systems tell nothing; so the content
//! is compared, once a second. That costs reading a few small files.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::Tls;

/// How often is looked.
const POLL: Duration = Duration::from_secs(1);

/// Looks until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watch {
    /// Begins to look.
    pub(crate) fn start(tls: Arc<Tls>) -> io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let thread = thread::Builder::new().name("tls-watch".into()).spawn(move || {
            while stopped.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                tls.refresh();
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
