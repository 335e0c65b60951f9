//! Does something every so often, on a thread of its own, until it is dropped.
//!
//! Files that others replace are looked at so: a Secret's volume swaps a symbolic link, certbot writes new files, some
//! file systems tell nothing. Comparing the content once a second costs reading a few small files.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Goes on until it is dropped.
#[derive(Debug)]
pub(crate) struct Every {
    stop: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Every {
    /// Does it once a second, on a thread of that name.
    pub(crate) fn second(name: &str, act: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                act();
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Every {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
