//! Disk I/O for the cores: off them, on the blocking pool, so many operations at a time and no more.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Operations at a time, of the whole process: a slow disk must not take up a thread for each request.
const OPERATIONS_MAX: usize = 16;

/// The way to the disk.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    scratch: Arc<Path>,
    permits: Arc<Semaphore>,
}

impl Disk {
    /// Temporary files go to `scratch`.
    pub(crate) fn new(scratch: PathBuf) -> Self {
        Self { scratch: scratch.into(), permits: Arc::new(Semaphore::new(OPERATIONS_MAX)) }
    }

    /// Runs a blocking operation. It ends even where nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            operation()
        })
        .await
        .map_err(io::Error::other)?
    }

    /// A file without a name, gone when it is closed or the process ends.
    pub(crate) async fn scratch_file(&self) -> io::Result<File> {
        let scratch = Arc::clone(&self.scratch);
        self.run(move || tempfile::tempfile_in(scratch)).await
    }
}
