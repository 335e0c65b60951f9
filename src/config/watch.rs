//! Sees changes of the files and of the overrides, however they are made.
//!
//! Editors write a new file and rename it, a ConfigMap's volume swaps a symbolic link beside the file, some file
//! systems tell nothing. So the parent folders are watched, not the files; what is told only wakes us up early, and a
//! poll each second sees the rest; and what counts is the content.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::reload::Reloader;

/// How often is looked without being told.
const POLL: Duration = Duration::from_secs(1);
/// How long it must be quiet before the files count as written.
const QUIET: Duration = Duration::from_millis(100);
/// How long is waited for quiet at most.
const UNREST: Duration = Duration::from_secs(1);

enum Told {
    Change,
    Stop,
}

/// Watches until it is dropped.
pub(crate) struct Watch {
    stop: mpsc::Sender<Told>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch. Changes are reloaded, outcomes logged.
    pub(crate) fn start(reloader: Arc<Reloader>) -> io::Result<Self> {
        let (stop, told) = mpsc::channel();
        let tell = stop.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if !matches!(event, Ok(event) if event.kind.is_access()) {
                let _ = tell.send(Told::Change);
            }
        });
        let watcher = watcher
            .inspect_err(|why| tracing::warn!("changes of files are only seen by polling: {why}"))
            .ok();
        let thread = thread::Builder::new()
            .name("config-watch".into())
            .spawn(move || run(&reloader, watcher, &told))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.send(Told::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(reloader: &Reloader, mut watcher: Option<RecommendedWatcher>, told: &Receiver<Told>) {
    let mut folders = BTreeSet::new();
    loop {
        follow(reloader, watcher.as_mut(), &mut folders);
        // At once, too: the files may have changed since the start.
        reloader.catch_up();
        let stop = match told.recv_timeout(POLL) {
            Ok(Told::Change) => settle(told).is_break(),
            Err(RecvTimeoutError::Timeout) => false,
            Ok(Told::Stop) | Err(RecvTimeoutError::Disconnected) => true,
        };
        if stop {
            return;
        }
    }
}

/// Waits until nothing was told for a while.
fn settle(told: &Receiver<Told>) -> std::ops::ControlFlow<()> {
    let end = Instant::now() + UNREST;
    while Instant::now() < end {
        match told.recv_timeout(QUIET) {
            Ok(Told::Change) => {}
            Err(RecvTimeoutError::Timeout) => break,
            Ok(Told::Stop) | Err(RecvTimeoutError::Disconnected) => return std::ops::ControlFlow::Break(()),
        }
    }
    std::ops::ControlFlow::Continue(())
}

/// Watches the folders of the files that are in effect now. What cannot be watched is polled.
fn follow(reloader: &Reloader, watcher: Option<&mut RecommendedWatcher>, watched: &mut BTreeSet<PathBuf>) {
    let Some(watcher) = watcher else { return };
    let files = reloader.files();
    let parents = files.iter().map(PathBuf::as_path).chain([reloader.main()]).map(parent);
    let wanted: BTreeSet<PathBuf> = parents.chain([reloader.state().to_owned()]).collect();
    watched.retain(|folder| {
        let keep = wanted.contains(folder) && folder.is_dir();
        if !keep {
            let _ = watcher.unwatch(folder);
        }
        keep
    });
    for folder in wanted {
        if !watched.contains(&folder) && watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok() {
            watched.insert(folder);
        }
    }
}

fn parent(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => ".".into(),
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
