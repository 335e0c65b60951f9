//! A small world for this room's tests: requests, bodies, sinks, responders.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use handover_http1::{Fields, Leniency, Limits, RequestHead, ResponseHead};

use super::outbound::Outbound;
use super::spec::{Address, FastCgi, Http, Kind, Spec, Upstream};
use crate::exchange::{AnswerSink, BodyLength, BodySource, ClientGone, Switched};

/// A FastCGI legacy with `index.php` as its front controller.
pub(crate) fn fastcgi(root: impl Into<PathBuf>) -> FastCgi {
    FastCgi {
        address: Address::Unix("/nowhere".into()),
        root: root.into(),
        script: "index.php".into(),
        scripts: Vec::new(),
        path_info: false,
        static_files: false,
        precompressed: Box::default(),
        params: Vec::new(),
        managed: None,
    }
}

/// An HTTP legacy with these upstreams, all of the same weight.
pub(crate) fn http<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Http {
    let upstream = |address: &str| Upstream { address: Address::Tcp(address.to_owned()), weight: 1 };
    let upstreams = addresses.into_iter().map(upstream).collect();
    Http { upstreams, http2: false, breaker: None, check: None }
}

/// A legacy of this kind, with limits that tests rarely meet.
pub(crate) fn spec(kind: Kind) -> Spec {
    Spec {
        name: "monolith".into(),
        kind,
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_secs(10),
        tunnel_timeout: Duration::from_secs(600),
        connections_max: 4,
        keep: false,
        queue_max: 1000,
        body_max: 100 << 20,
        rewrite: None,
        version: super::spec::Version::Unknown,
        dry_run: None,
        accel: Vec::new(),
        php: None,
        probe: None,
        session: None,
    }
}

/// A request's head.
pub(crate) fn request(head: &str) -> RequestHead {
    let lenient = Leniency { non_ascii_target: true, ..Leniency::default() };
    RequestHead::parse(head.as_bytes(), &Limits::default(), &lenient).unwrap()
}

/// `GET path` for host `a`.
pub(crate) fn get(path: &str) -> RequestHead {
    request(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"))
}

/// The head with usual surroundings.
pub(crate) fn outbound(head: &RequestHead) -> Outbound<'_> {
    Outbound {
        peer: "192.0.2.7:50000".parse().unwrap(),
        local: "198.51.100.1:8080".parse().unwrap(),
        route: "a route",
        ..Outbound::of_ours(head)
    }
}

/// A request's body in pieces, with a pause before each.
pub(crate) struct Body {
    length: BodyLength,
    pieces: VecDeque<Bytes>,
    pause: Duration,
    /// Whether it breaks off instead of ending.
    breaks: bool,
}

impl Body {
    pub(crate) fn none() -> Self {
        Self { length: BodyLength::Empty, pieces: VecDeque::new(), pause: Duration::ZERO, breaks: false }
    }

    pub(crate) fn pieces(content: &[u8], step: usize, unknown: bool) -> Self {
        let length = if unknown { BodyLength::Unknown } else { BodyLength::Exact(content.len() as u64) };
        Self::saying(length, content, step)
    }

    pub(crate) fn saying(length: BodyLength, content: &[u8], step: usize) -> Self {
        let pieces = content.chunks(step).map(Bytes::copy_from_slice).collect();
        Self { length, pieces, ..Self::none() }
    }

    pub(crate) fn slowly(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    pub(crate) fn breaking_off(self) -> Self {
        Self { breaks: true, ..self }
    }
}

impl BodySource for Body {
    fn length(&self) -> BodyLength {
        self.length
    }

    async fn data(&mut self) -> Result<Option<Bytes>, ClientGone> {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        match self.pieces.pop_front() {
            None if self.breaks => Err(ClientGone::Body("broken off".into())),
            piece => Ok(piece),
        }
    }
}

/// What a client was given.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) interim: Vec<u16>,
    pub(crate) head: Option<ResponseHead>,
    pub(crate) body: Vec<u8>,
    pub(crate) flushes: usize,
    pub(crate) finished: bool,
    pub(crate) trailers: Option<Fields>,
    pub(crate) switched: Option<Switched>,
    /// How long it takes a piece.
    pub(crate) pause: Duration,
    /// After how many bytes of the body it goes away.
    pub(crate) leaves_after: Option<usize>,
}

impl Client {
    pub(crate) fn status(&self) -> u16 {
        self.head.as_ref().expect("a head").status()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let head = self.head.as_ref().expect("a head");
        head.fields().get_all(name.as_bytes()).next().map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

impl AnswerSink for Client {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.interim.push(head.status());
        Ok(())
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        assert!(self.head.is_none(), "a second head");
        self.head = Some(head.clone());
        Ok(())
    }

    async fn data(&mut self, piece: Bytes) -> Result<(), ClientGone> {
        assert!(self.head.is_some() && !self.finished);
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        self.body.extend_from_slice(&piece);
        match self.leaves_after {
            Some(limit) if self.body.len() >= limit => Err(ClientGone::Answer("reset".into())),
            _ => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        self.flushes += 1;
        Ok(())
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), ClientGone> {
        assert!(self.head.is_some() && !self.finished);
        self.trailers = trailers.cloned();
        self.finished = true;
        Ok(())
    }

    async fn switch(&mut self, head: &ResponseHead, backend: Switched) -> Result<(), ClientGone> {
        self.head = Some(head.clone());
        self.switched = Some(backend);
        Ok(())
    }
}

/// The pairs of PARAMS records, as a responder reads them.
pub(crate) fn read_params(mut records: &[u8]) -> Vec<(String, String)> {
    let mut stream = Vec::new();
    while let [1, kind, _, _, high, low, padding, _, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == 4 {
            stream.extend_from_slice(&rest[..length]);
        }
        records = &rest[length + usize::from(*padding)..];
    }
    let mut at = 0;
    let length = |at: &mut usize| {
        let wide = stream[*at] & 0x80 != 0;
        let value = if wide {
            u32::from_be_bytes(stream[*at..*at + 4].try_into().unwrap()) & 0x7FFF_FFFF
        } else {
            stream[*at].into()
        };
        *at += if wide { 4 } else { 1 };
        value as usize
    };
    let mut pairs = Vec::new();
    while at < stream.len() {
        let (name, value) = (length(&mut at), length(&mut at));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        pairs.push((text(&stream[at..at + name]), text(&stream[at + name..at + name + value])));
        at += name + value;
    }
    pairs
}

/// What `run` logs.
pub(crate) fn logged(run: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, run);
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// A folder of its own for a test's sockets and files.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("handover-").tempdir().unwrap()
}

/// Writes a file below `root`, with the folders that it needs.
pub(crate) fn file(root: &Path, name: &str, content: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
