//! The access log: a line for each request, off the clients' way.
//!
//! ```text
//! core ── CoreLog ── ring of bytes ──┐
//! core ── CoreLog ── ring of bytes ──┴─▶ writer (a thread, every 50 ms) ──▶ stdout, stderr or a file
//! ```
//!
//! A core puts a whole line into a ring of its own, or drops and counts it where there is no room: whoever reads the
//! output may stop, and no request waits for that. A file that was moved away, as logrotate does, is opened anew.

mod line;
mod output;

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

pub(crate) use self::line::Entry;
use self::output::Output;

/// How many bytes of lines may wait in a core's ring.
const RING: usize = 1 << 20;

/// How often the rings are emptied.
const EVERY: Duration = Duration::from_millis(50);

/// What `[access_log]` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Where lines go.
    pub to: To,
    /// What they look like.
    pub form: Form,
    /// Whether a request's query is in them: it may hold personal data.
    pub query: bool,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Standard output.
    Stdout,
    /// Standard error, beside the process' own log.
    Stderr,
    /// A file, which is appended to.
    File(PathBuf),
}

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON object, with OpenTelemetry's names.
    Json,
    /// For people.
    Text,
}

/// The log of the process.
#[derive(Debug)]
pub(crate) struct AccessLog {
    shared: Arc<Shared>,
    writer: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    form: Form,
    query: bool,
    rings: Mutex<Vec<Consumer<u8>>>,
    dropped: AtomicU64,
    ending: AtomicBool,
}

/// One core's way into the log.
#[derive(Debug)]
pub(crate) struct CoreLog {
    shared: Arc<Shared>,
    /// The ring, and a line while it is made.
    inner: RefCell<(Producer<u8>, Vec<u8>)>,
}

impl AccessLog {
    /// Opens the output and starts the writer.
    pub(crate) fn start(spec: &Spec) -> io::Result<Self> {
        let output = Output::open(&spec.to)?;
        let shared = Arc::new(Shared {
            form: spec.form,
            query: spec.query,
            rings: Mutex::default(),
            dropped: AtomicU64::new(0),
            ending: AtomicBool::new(false),
        });
        let writing = Arc::clone(&shared);
        let writer =
            thread::Builder::new().name("access-log".to_owned()).spawn(move || writing.run(output))?;
        Ok(Self { shared, writer })
    }

    /// A core's way into it.
    pub(crate) fn on_core(&self) -> CoreLog {
        let (producer, consumer) = RingBuffer::new(RING);
        self.shared.rings().push(consumer);
        CoreLog { shared: Arc::clone(&self.shared), inner: RefCell::new((producer, Vec::new())) }
    }

    /// Lines that there was no room for, or that could not be written.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Has what is left written, for at most so long: nobody may be reading.
    pub(crate) fn end(&self, within: Duration) {
        self.shared.ending.store(true, Ordering::Release);
        self.writer.thread().unpark();
        let began = Instant::now();
        while !self.writer.is_finished() && began.elapsed() < within {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl CoreLog {
    /// Logs one request.
    pub(crate) fn write(&self, entry: &Entry<'_>) {
        let (ring, line) = &mut *self.inner.borrow_mut();
        line.clear();
        entry.format(self.shared.form, self.shared.query, line);
        if ring.push_entire_slice(line).is_err() {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Shared {
    fn run(&self, mut output: Output) {
        let mut lines = Vec::new();
        loop {
            let ending = self.ending.load(Ordering::Acquire);
            self.gather(&mut lines);
            if !lines.is_empty() {
                if let Err(error) = output.write(&lines) {
                    tracing::error!(%error, "the access log cannot be written");
                    let lost = memchr::memchr_iter(b'\n', &lines).count();
                    self.dropped.fetch_add(lost as u64, Ordering::Relaxed);
                }
                lines.clear();
            } else if ending {
                return;
            }
            if !ending {
                thread::park_timeout(EVERY);
            }
        }
    }

    /// Takes what lies in the rings: whole lines, since a line is put in as one.
    fn gather(&self, lines: &mut Vec<u8>) {
        let mut rings = self.rings();
        for ring in rings.iter_mut() {
            if let Ok(chunk) = ring.read_chunk(ring.slots()) {
                let (first, second) = chunk.as_slices();
                lines.extend_from_slice(first);
                lines.extend_from_slice(second);
                chunk.commit_all();
            }
        }
        rings.retain(|ring| !ring.is_abandoned() || ring.slots() > 0);
    }

    /// Nothing that could panic runs under this lock.
    fn rings(&self) -> std::sync::MutexGuard<'_, Vec<Consumer<u8>>> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::line::tests::entry;
    use super::*;

    fn log(to: To) -> AccessLog {
        AccessLog::start(&Spec { to, form: Form::Text, query: false }).unwrap()
    }

    #[test]
    fn lines_of_all_cores_are_there_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let log = log(To::File(path.clone()));
        let cores = [log.on_core(), log.on_core()];
        for _ in 0..500 {
            cores.iter().for_each(|core| core.write(&entry()));
        }
        log.end(Duration::from_secs(10));
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!((text.lines().count(), log.dropped()), (1000, 0));
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn a_file_that_was_moved_away_is_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
        let log = log(To::File(path.clone()));
        let core = log.on_core();
        let written = std::cell::Cell::new(0);
        let write_until_there_is = |path: &std::path::Path| {
            let began = Instant::now();
            while std::fs::read_to_string(path).unwrap_or_default().is_empty() {
                assert!(
                    began.elapsed() < Duration::from_secs(20),
                    "nothing is written to {}",
                    path.display()
                );
                core.write(&entry());
                written.set(written.get() + 1);
                thread::sleep(Duration::from_millis(20));
            }
        };
        write_until_there_is(&path);
        std::fs::rename(&path, &moved).unwrap();
        write_until_there_is(&path);
        log.end(Duration::from_secs(10));
        let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
        assert_eq!(lines(&path) + lines(&moved), written.get());
    }

    #[test]
    fn nobody_who_reads_is_no_reason_to_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // Somebody has it open, and reads nothing.
        let reader = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let log = log(To::File(path));
        let core = log.on_core();
        let began = Instant::now();
        // More than the ring and the pipe hold.
        for _ in 0..40_000 {
            core.write(&entry());
        }
        assert!(log.dropped() > 0);
        log.end(Duration::from_millis(100));
        assert!(began.elapsed() < Duration::from_secs(20));
        drop(reader);
    }
}
