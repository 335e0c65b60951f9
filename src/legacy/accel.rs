//! Orders that an answer has for the proxy in front: to send a file in its place, as nginx does.
//!
//! | field | what is done |
//! | --- | --- |
//! | `X-Accel-Redirect: /PREFIX/name` | the file of that name in the folder that `accel` gives for the prefix; else the one that the same path names beside the front controller |
//! | `X-Sendfile: /FOLDER/name` | that file, where `accel` gives the folder; passed on where there is no `accel` |
//! | other `X-Accel-…` | nothing is buffered, cached or slowed down for it anyway; it reaches no client |
//!
//! The client's conditions and ranges hold for the file. Of the answer's own fields those stay that nginx keeps. The
//! file is sent once the answer has ended, so that a slow client holds no child of php-fpm.
//!
//! Different from nginx: a redirect to a script is none (404), hidden files are not sent, `X-Sendfile` is known at all.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use handover_http1::{Fields, ResponseHead};

use super::disk::Disk;
use super::files::{self, Found, Kept};
use super::path::clean;
use super::spec::{Kind, Spec};
use crate::exchange::{AnswerSink, ClientGone, Switched};

const REDIRECT: &[u8] = b"X-Accel-Redirect";
const SENDFILE: &[u8] = b"X-Sendfile";

/// What of the answer's own fields a file is sent with.
const KEPT: [&[u8]; 4] = [b"Set-Cookie", b"Content-Disposition", b"Cache-Control", b"Expires"];

/// A folder that answers may send files of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Accel {
    /// How `X-Accel-Redirect` names it; ends with a slash.
    pub prefix: String,
    /// Where it is.
    pub folder: PathBuf,
}

/// An answer whose orders are obeyed.
pub(super) struct Accelerated<'a, S> {
    inner: &'a mut S,
    spec: &'a Spec,
    order: Option<Order>,
}

/// A file is to be sent in the answer's place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Which, as the answer says it.
    pub(super) name: Vec<u8>,
    is_path: bool,
    /// What it is sent with.
    pub(super) kept: Kept,
}

impl<'a, S> Accelerated<'a, S> {
    pub(super) fn new(inner: &'a mut S, spec: &'a Spec) -> Self {
        Self { inner, spec, order: None }
    }

    /// The order that the answer had, if any.
    pub(super) fn order(&mut self) -> Option<Order> {
        self.order.take()
    }
}

impl<S: AnswerSink> AnswerSink for Accelerated<'_, S> {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.inner.informational(head).await
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        if !head.fields().iter().any(|field| is_order(field.name)) || !self.obeys() {
            return self.inner.head(head).await;
        }
        self.order = Order::of(head, !self.spec.accel.is_empty());
        if self.order.is_some() {
            return Ok(());
        }
        let mut head = head.clone();
        head.remove_fields(is_accel);
        self.inner.head(&head).await
    }

    async fn data(&mut self, piece: Bytes) -> Result<(), ClientGone> {
        if self.order.is_some() { Ok(()) } else { self.inner.data(piece).await }
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        if self.order.is_some() { Ok(()) } else { self.inner.flush().await }
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), ClientGone> {
        if self.order.is_some() { Ok(()) } else { self.inner.finish(trailers).await }
    }

    async fn switch(&mut self, head: &ResponseHead, backend: Switched) -> Result<(), ClientGone> {
        self.inner.switch(head, backend).await
    }
}

impl<S> Accelerated<'_, S> {
    /// An HTTP backend may stand in front of a proxy that it has orders for; so it has to be asked for.
    fn obeys(&self) -> bool {
        matches!(self.spec.kind, Kind::FastCgi(_)) || !self.spec.accel.is_empty()
    }
}

fn is_accel(name: &[u8]) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"X-Accel-"))
}

fn is_order(name: &[u8]) -> bool {
    is_accel(name) || name.eq_ignore_ascii_case(SENDFILE)
}

impl Order {
    /// Where both are said, `X-Accel-Redirect` counts.
    fn of(head: &ResponseHead, sends_paths: bool) -> Option<Self> {
        let fields = head.fields();
        let of = |name: &'static [u8]| fields.get_all(name).next();
        let (name, is_path) = match of(REDIRECT) {
            Some(name) => (name, false),
            None => (of(SENDFILE).filter(|_| sends_paths)?, true),
        };
        let mut kept = Kept { kind: of(b"Content-Type").map(<[u8]>::to_vec), lines: Vec::new() };
        for field in
            fields.iter().filter(|field| KEPT.iter().any(|name| name.eq_ignore_ascii_case(field.name)))
        {
            kept.lines.extend([field.name, b": ", field.value, b"\r\n"].concat());
        }
        Some(Self { name: name.to_vec(), is_path, kept })
    }

    /// The file.
    pub(super) async fn find(&self, spec: &Spec, disk: &Disk) -> Option<Found> {
        let folder_and_name = if self.is_path { self.by_path(spec) } else { self.by_prefix(spec) };
        match (folder_and_name, &spec.kind) {
            (Some((folder, name)), _) => files::open_in(folder, &name, disk).await,
            (None, Kind::FastCgi(fastcgi)) if !self.is_path && fastcgi.static_files => {
                files::beside(fastcgi, path(&self.name), disk).await
            }
            _ => None,
        }
    }

    fn by_prefix<'s>(&self, spec: &'s Spec) -> Option<(&'s Path, Vec<u8>)> {
        let path = path(&self.name);
        let named = spec.accel.iter().filter(|accel| path.starts_with(accel.prefix.as_bytes()));
        let accel = named.max_by_key(|accel| accel.prefix.len())?;
        // The prefix ends with a slash, which the name begins with.
        Some((&accel.folder, clean(&path[accel.prefix.len() - 1..])?.into_owned()))
    }

    fn by_path<'s>(&self, spec: &'s Spec) -> Option<(&'s Path, Vec<u8>)> {
        let path = Path::new(OsStr::from_bytes(&self.name));
        let below = |accel: &'s Accel| Some((&*accel.folder, path.strip_prefix(&accel.folder).ok()?));
        let (folder, name) =
            spec.accel.iter().filter_map(below).max_by_key(|(folder, _)| folder.as_os_str().len())?;
        let is_hidden = name.components().any(|part| part.as_os_str().as_bytes().starts_with(b"."));
        (!is_hidden).then(|| (folder, name.as_os_str().as_bytes().to_vec()))
    }
}

/// Without a query.
fn path(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b'?').next().unwrap_or_default()
}
