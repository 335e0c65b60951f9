//! Messages with open files between two processes, over a socket pair.
//!
//! ```text
//! length u32 · files u32 · message (JSON) · a byte for each [`PIECE`] files, which come with it (SCM_RIGHTS)
//! ```

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Files that travel together; the kernel takes 253.
const PIECE: usize = 128;

/// What a message may have: far beyond what any has.
const LENGTH_MAX: u32 = 16 << 20;
const FILES_MAX: u32 = 1 << 16;

/// One end.
#[derive(Debug)]
pub(super) struct Channel(UnixStream);

impl Channel {
    /// Both ends.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = UnixStream::pair()?;
        Ok((Self(ours), theirs.into()))
    }

    /// The end that another process has given us.
    pub(super) fn of(end: OwnedFd) -> Self {
        Self(end.into())
    }

    /// How long one receiving may take; for ever when `None`.
    pub(super) fn patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(patience)
    }

    /// Sends a message. The files stay open here.
    pub(super) fn send(&mut self, message: &impl Serialize, files: &[BorrowedFd<'_>]) -> io::Result<()> {
        let text = serde_json::to_vec(message)?;
        let [length, count] = [text.len(), files.len()].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        self.0.write_all(&length.to_be_bytes())?;
        self.0.write_all(&count.to_be_bytes())?;
        self.0.write_all(&text)?;
        let raw: Vec<RawFd> = files.iter().map(|file| file.as_raw_fd()).collect();
        for piece in raw.chunks(PIECE) {
            let rights = [ControlMessage::ScmRights(piece)];
            sendmsg::<()>(self.0.as_raw_fd(), &[IoSlice::new(b".")], &rights, MsgFlags::empty(), None)?;
        }
        Ok(())
    }

    /// Waits for a message; `None` when the other end is closed.
    pub(super) fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let mut head = [0; 8];
        match self.0.read(&mut head)? {
            0 => return Ok(None),
            read => self.0.read_exact(&mut head[read..])?,
        }
        let [length, count] = [&head[..4], &head[4..]].map(|n| u32::from_be_bytes([n[0], n[1], n[2], n[3]]));
        if length > LENGTH_MAX || count > FILES_MAX {
            return Err(io::Error::other("what was received is no message"));
        }
        let mut text = vec![0; length as usize];
        self.0.read_exact(&mut text)?;
        let mut files = Vec::new();
        while files.len() < count as usize {
            files.extend(self.receive_piece()?);
        }
        Ok(Some((serde_json::from_slice(&text)?, files)))
    }

    #[allow(unsafe_code)] // nix gives received files as bare numbers
    fn receive_piece(&self) -> io::Result<Vec<OwnedFd>> {
        let (mut byte, mut space) = ([0], cmsg_space!([RawFd; PIECE]));
        let mut into = [IoSliceMut::new(&mut byte)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let received = recvmsg::<()>(self.0.as_raw_fd(), &mut into, Some(&mut space), flags)?;
        let mut files = Vec::new();
        for message in received.cmsgs()? {
            if let ControlMessageOwned::ScmRights(raw) = message {
                // SAFETY: the kernel has just opened them for us, and nobody else knows them.
                files.extend(raw.into_iter().map(|file| unsafe { OwnedFd::from_raw_fd(file) }));
            }
        }
        if files.is_empty() {
            return Err(io::Error::other("a message came without its files"));
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn a_message_brings_all_of_its_files() {
        let (mut ours, theirs) = Channel::pair().unwrap();
        let mut theirs = Channel::of(theirs);
        let (mut from, to) = io::pipe().unwrap();
        let sender = std::thread::spawn(move || {
            let files = vec![to.as_fd(); PIECE + 3];
            ours.send(&"many", &files).unwrap();
            ours.send(&"none", &[]).unwrap();
        });
        let (text, files) = theirs.receive::<String>().unwrap().unwrap();
        assert_eq!((text.as_str(), files.len()), ("many", PIECE + 3));
        for file in files {
            File::from(file).write_all(b"x").unwrap();
        }
        let (text, files) = theirs.receive::<String>().unwrap().unwrap();
        assert_eq!((text.as_str(), files.len()), ("none", 0));
        sender.join().unwrap();
        assert!(theirs.receive::<String>().unwrap().is_none(), "the other end is closed");
        let mut written = Vec::new();
        from.read_to_end(&mut written).unwrap();
        assert_eq!(written.len(), PIECE + 3);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let (mut ours, theirs) = Channel::pair().unwrap();
        ours.0.write_all(&[0xff; 8]).unwrap();
        assert!(Channel::of(theirs).receive::<String>().is_err());
    }
}
