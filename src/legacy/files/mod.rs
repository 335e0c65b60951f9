//! Files beside the front controller, served as nginx would by `try_files $uri /index.php`.
//!
//! Only GET and HEAD of regular files below the root; everything else is the front controller's. Differences from nginx
//! 1.22, each on purpose:
//!
//! | request | nginx | here | why |
//! | --- | --- | --- | --- |
//! | POST to a file | 405 | the front controller answers | it knows better than a file |
//! | a link that leaves the root | followed | not there | an upload may be one |
//! | hidden files, backups, PHP source | the config's business | not there | they are never meant to be seen |
//! | `//a.css`, `/x/../a.css` | merged and resolved | not there | who asks so is no browser |
//! | several ranges | `multipart/byteranges` | the whole file | RFC 9110 §14.2 allows it |
//! | a page for 412 and 416 | HTML that says nginx | none | |

mod open;
mod precompressed;
mod reply;
#[cfg(test)]
mod tests;
mod types;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use handover_http1::{Framing, Refusal, ResponseHead};

pub(crate) use self::precompressed::Coding;
use self::reply::Reply;
use super::disk::Disk;
use super::error::{Cause, ExchangeError, Failed, Leg};
use super::outbound::Outbound;
use super::path::clean;
use super::served::{By, Served};
use super::spec::{FastCgi, Spec};
use crate::exchange::AnswerSink;

/// How much is read at a time, in bytes.
const PIECE: u64 = 128 * 1024;

/// An open file.
#[derive(Debug)]
pub(crate) struct Found {
    file: Arc<File>,
    /// Bytes.
    size: u64,
    /// Seconds since 1970.
    modified: i64,
    /// The value of Content-Type.
    kind: &'static str,
    /// The value of Content-Encoding.
    coding: Option<Coding>,
    /// Whether it might be another file for another client.
    varies: bool,
}

/// What a file is sent with that another answer had, which it takes the place of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The value of Content-Type.
    pub kind: Option<Vec<u8>>,
    /// Field lines, each with its CRLF.
    pub lines: Vec<u8>,
}

/// The file that a request names, if there is one that may be served.
pub(crate) async fn find(fastcgi: &FastCgi, request: &Outbound<'_>, disk: &Disk) -> Option<Found> {
    if !fastcgi.static_files || !matches!(request.head.method(), b"GET" | b"HEAD") {
        return None;
    }
    let name = clean(request.head.path()).filter(|name| may_be_seen(name))?;
    let found = open_in(&fastcgi.root, &name, disk).await?;
    if fastcgi.precompressed.is_empty() {
        return Some(found);
    }
    Some(precompressed::of(found, &fastcgi.root, &name, request.head, &fastcgi.precompressed, disk).await)
}

/// The file that a path names beside the front controller.
pub(super) async fn beside(fastcgi: &FastCgi, path: &[u8], disk: &Disk) -> Option<Found> {
    let name = clean(path).filter(|name| may_be_seen(name))?;
    open_in(&fastcgi.root, &name, disk).await
}

/// The file of that name below a folder.
pub(super) async fn open_in(folder: &Path, name: &[u8], disk: &Disk) -> Option<Found> {
    let (file, size, modified) = open::open(folder, name, disk).await?;
    let (file, kind) = (Arc::new(file), types::of(name));
    Some(Found { file, size, modified, kind, coding: None, varies: false })
}

/// PHP source under whatever name, and what editors and administrators leave lying about, is not for clients. (Hidden
/// files have gone before: [`clean`].)
fn may_be_seen(name: &[u8]) -> bool {
    const SOURCE: [&[u8]; 4] = [b".php", b".phtml", b".phar", b".phps"];
    const ENDS: [&[u8]; 9] = [b"~", b".bak", b".inc", b".ini", b".old", b".orig", b".save", b".sql", b".swp"];
    // Most paths of an application have neither.
    if memchr::memchr2(b'.', b'~', name).is_none() {
        return true;
    }
    let name = name.to_ascii_lowercase();
    let has = |part: &&[u8]| memchr::memmem::find(&name, part).is_some();
    !SOURCE.iter().any(has) && !ENDS.iter().any(|end| name.ends_with(end))
}

/// Answers with a file, and with what an answer had that it takes the place of.
pub(crate) async fn serve(
    found: Found,
    kept: &Kept,
    spec: &Spec,
    request: &Outbound<'_>,
    sink: &mut impl AnswerSink,
    disk: &Disk,
) -> Result<Served, ExchangeError> {
    let start = Instant::now();
    let reply = reply::decide(&found, request.head);
    let committed = std::cell::Cell::new(false);
    let head = reply.head(&found, kept, request.head.is_head());
    let sent = send(&found, &reply, head, sink, disk, &committed).await;
    let sent = sent.map_err(|failed| failed.of(&spec.name, committed.get()))?;
    let at = start.elapsed();
    Ok(Served { status: reply.status, sent, by: By::File, waited: at, answered: at })
}

async fn send(
    found: &Found,
    reply: &Reply,
    head: Result<ResponseHead, Refusal>,
    sink: &mut impl AnswerSink,
    disk: &Disk,
    committed: &std::cell::Cell<bool>,
) -> Result<u64, Failed> {
    let head = head.map_err(|refusal| Failed::before(Leg::File, refusal))?;
    let mut at = reply.body.start;
    let end = if head.framing() == Framing::None { at } else { reply.body.end };
    // The first piece before the head: a file that cannot be read is no 200.
    let mut next = piece(found, at, end, disk).await?;
    committed.set(true);
    sink.head(&head).await?;
    while let Some(bytes) = next {
        at += bytes.len() as u64;
        sink.data(bytes.freeze()).await?;
        next = piece(found, at, end, disk).await?;
    }
    sink.finish(None).await?;
    Ok(at - reply.body.start)
}

async fn piece(found: &Found, at: u64, end: u64, disk: &Disk) -> Result<Option<BytesMut>, Failed> {
    if at >= end {
        return Ok(None);
    }
    let file = Arc::clone(&found.file);
    let read = disk.run(move || {
        let mut bytes = BytesMut::zeroed((end - at).min(PIECE) as usize);
        let read = file.read_at(&mut bytes, at)?;
        bytes.truncate(read);
        Ok(bytes)
    });
    match read.await {
        Ok(bytes) if bytes.is_empty() => Err(Failed::new(Leg::File, Cause::TooShort { missing: end - at })),
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => Err(Failed::new(Leg::File, error)),
    }
}
