//! The exchange against a real php-fpm: [`answers`] and bodies, [`children`] and who gets them.

mod answers;
mod children;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handover_parts::PhpFpm;
use tempfile::TempDir;

use crate::exchange::BodyLength;
use crate::legacy::spec::{Address, FastCgi, Kind, Managed, Spec};
use crate::legacy::testing::{Body, Client, fastcgi, file, folder, get, outbound, request, spec};
use crate::legacy::{By, Cause, CoreLegacies, ExchangeError, Leg, Legacies, Served};

/// An application that does what its path says.
const APPLICATION: &str = r#"<?php
parse_str($_SERVER['QUERY_STRING'], $q);
switch (strtok($_SERVER['REQUEST_URI'], '?')) {
case '/server': header('Content-Type: application/json'); echo json_encode($_SERVER); break;
case '/echo': stream_copy_to_stream(fopen('php://input', 'r'), fopen('php://output', 'w')); break;
case '/length': echo $_SERVER['CONTENT_LENGTH'], ' ', strlen(file_get_contents('php://input')); break;
case '/sleep': usleep(1000 * $q['ms']); echo 'slept'; break;
case '/process': echo getmypid(); break;
case '/early': http_response_code(413); echo 'no thanks'; break;
case '/answer': http_response_code((int) $q['status']); header('X-Two: 1'); header('X-Two: 2', false); echo 'body'; break;
case '/over': header('Content-Length: 4'); echo 'four and more'; break;
case '/under': header('Content-Length: 400'); echo 'four'; break;
case '/log': error_log('something odd'); echo 'logged'; break;
case '/big': $block = str_repeat('0123456789abcdef', 4096); for ($i = 0; $i < $q['mb'] * 16; $i++) { echo $block; } break;
case '/drip': for ($i = 0; $i < 3; $i++) { echo "drop $i\n"; ob_flush(); flush(); usleep(100000); } break;
case '/loop':
    ignore_user_abort(false);
    register_shutdown_function(function () use ($q) { file_put_contents($q['mark'], connection_status()); });
    for ($i = 0; $i < 1000; $i++) { echo "more\n"; @ob_flush(); flush(); usleep(10000); }
    break;
case '/finish': echo 'done'; fastcgi_finish_request(); usleep(1000 * $q['ms']); break;
case '/die': posix_kill(getmypid(), 9); break;
default: http_response_code(404); echo 'nothing here';
}
"#;

/// A pool, its application, and one core's way to it.
struct World {
    _php: PhpFpm,
    root: TempDir,
    spec: Arc<Spec>,
    legacies: Legacies,
    core: CoreLegacies,
}

struct Wanted {
    keep: bool,
    tcp: bool,
    max_requests: u32,
}

const KEPT: Wanted = Wanted { keep: true, tcp: false, max_requests: 0 };
const CLOSED: Wanted = Wanted { keep: false, tcp: false, max_requests: 0 };

impl World {
    fn new(wanted: &Wanted) -> Self {
        let root = folder();
        file(root.path(), "index.php", APPLICATION);
        let builder = PhpFpm::serving(root.path())
            .children(4)
            .setting("error_log", "")
            .setting("log_errors", "1")
            .directive("pm.max_requests", wanted.max_requests.to_string());
        let php = if wanted.tcp { builder.tcp().start() } else { builder.start() };
        let address = match php.address().strip_prefix("unix:") {
            Some(path) => Address::Unix(PathBuf::from(path)),
            None => Address::Tcp(php.address().to_owned()),
        };
        let kind = Kind::FastCgi(FastCgi { address, ..fastcgi(root.path()) });
        let spec = Arc::new(Spec { keep: wanted.keep, ..spec(kind) });
        let legacies = Legacies::new(std::env::temp_dir());
        let core = legacies.on_core();
        Self { _php: php, root, spec, legacies, core }
    }

    /// The same pool, with other limits.
    fn with(&self, change: impl FnOnce(&mut Spec)) -> Arc<Spec> {
        let mut spec = Spec::clone(&self.spec);
        change(&mut spec);
        Arc::new(spec)
    }

    async fn get(&self, path: &str) -> (Client, Result<Served, ExchangeError>) {
        ask(&self.core, &self.spec, path).await
    }

    async fn post(&self, path: &str, mut body: Body) -> (Client, Result<Served, ExchangeError>) {
        let head = request(&format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n\r\n"
        ));
        let mut client = Client::default();
        let served = self.core.exchange(&self.spec, &outbound(&head), &mut body, &mut client).await;
        (client, served)
    }

    /// How many connections the kernel sees at the pool's socket.
    fn open(&self) -> usize {
        let path = self._php.address().strip_prefix("unix:").unwrap();
        let sockets = std::fs::read_to_string("/proc/net/unix").unwrap();
        // Num RefCount Protocol Flags Type St Inode Path: connected is 03, waiting to be accepted 02.
        let is_open =
            |line: &&str| line.ends_with(path) && matches!(line.split_whitespace().nth(5), Some("02" | "03"));
        sockets.lines().filter(is_open).count()
    }

    fn busy(&self) -> usize {
        self.legacies.loads()[0].1.busy
    }
}

async fn ask(core: &CoreLegacies, spec: &Arc<Spec>, path: &str) -> (Client, Result<Served, ExchangeError>) {
    let head = get(path);
    let mut client = Client::default();
    let served = core.exchange(spec, &outbound(&head), &mut Body::none(), &mut client).await;
    (client, served)
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

async fn until(what: &str, within: Duration, mut check: impl FnMut() -> bool) {
    let start = Instant::now();
    while !check() {
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Runs futures side by side on this task.
async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(Box::pin).map(Some).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        for (slot, output) in running.iter_mut().zip(&mut done) {
            if let Some(future) = slot
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(cx)
            {
                (*output, *slot) = (Some(ready), None);
            }
        }
        if running.iter().any(Option::is_some) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(done.iter_mut().map(|output| output.take().unwrap()).collect())
    })
    .await
}
