//! Asks php-fpm whether it answers: its ping page, over FastCGI.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::BytesMut;

use super::files::PING;
use crate::legacy::fastcgi::{Decoder, Event, Params, begin, stdin};

/// How long one question may take.
const WITHIN: Duration = Duration::from_secs(2);

/// How often a pool that starts is asked.
const EVERY: Duration = Duration::from_millis(20);

/// Waits until the pool behind `socket` answers.
pub(super) async fn answers(socket: PathBuf) {
    loop {
        let asked = socket.clone();
        if let Ok(Ok(())) = tokio::task::spawn_blocking(move || ping(&asked)).await {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Whether the pool behind `socket` answers.
fn ping(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.set_write_timeout(Some(WITHIN))?;
    stream.write_all(&question())?;
    let (mut decoder, mut input, mut answer) = (Decoder::default(), BytesMut::new(), Vec::new());
    loop {
        while let Some(event) = decoder.decode(&mut input).map_err(io::Error::other)? {
            match event {
                Event::Stdout(piece) => answer.extend_from_slice(&piece),
                Event::Stderr(_) => {}
                Event::End { .. } if answer.ends_with(b"pong") => return Ok(()),
                Event::End { .. } => return Err(io::Error::other("it answered something else")),
            }
        }
        let mut piece = [0; 1024];
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => input.extend_from_slice(&piece[..read]),
        }
    }
}

fn question() -> BytesMut {
    let mut out = BytesMut::new();
    begin(&mut out, false);
    let mut params = Params::new(&mut out);
    for (name, value) in
        [("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", PING), ("SCRIPT_FILENAME", PING), ("REQUEST_URI", PING)]
    {
        params.pair(name.len(), value.len());
        params.put(name.as_bytes());
        params.put(value.as_bytes());
    }
    params.finish();
    stdin(&mut out, 0);
    out
}
