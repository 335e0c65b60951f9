//! A request's head.

use std::ops::Range;

use super::{Framing, Version, control::Control, host, parse_fields, target, target::Target};
use crate::{Fields, Leniency, Limits, Name, Refusal};

/// A request's head: its own bytes with indices, everything in it as the client sent it.
#[derive(Clone, Debug)]
pub struct RequestHead {
    fields: Fields,
    method_len: u16,
    target: Target,
    version: Version,
    framing: Framing,
    keep_alive: bool,
    expects_continue: bool,
    upgrade: bool,
    tolerated: Tolerated,
}

/// What [`Leniency`] let through in a request, for a counter or a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerated {
    /// The target holds bytes above 0x7F.
    pub non_ascii_target: bool,
    /// An HTTP/1.0 request without Host.
    pub no_host: bool,
}

impl RequestHead {
    /// Parses a whole head, its empty line included ([`super::Scanner`] finds its end). The head is
    /// copied, so that it does not keep a connection's read buffer alive.
    pub fn parse(head: &[u8], limits: &Limits, leniency: &Leniency) -> Result<RequestHead, Refusal> {
        if head.len() > usize::from(limits.head) {
            return Err(Refusal::HeadTooLong);
        }
        let line = RequestLine::parse(head)?;
        if line.target.len() > usize::from(limits.target) {
            return Err(Refusal::TargetTooLong);
        }
        let mut fields = parse_fields(head, line.len, limits)?;
        let target = target::parse(head, line.target, &head[..usize::from(line.method_len)])?;
        let control = Control::read(&mut fields)?;
        let framing = control.framing(line.version)?.unwrap_or(Framing::None);
        let mut request = RequestHead {
            fields,
            method_len: line.method_len,
            target,
            version: line.version,
            framing,
            keep_alive: control.keeps_alive(line.version),
            expects_continue: false,
            upgrade: false,
            tolerated: Tolerated::default(),
        };
        request.check_host(leniency)?;
        request.check_target(leniency)?;
        request.expects_continue = request.expectation()?;
        request.upgrade = control.upgrade && request.asks_for_upgrade();
        Ok(request)
    }

    /// This head as that of a message whose protocol delimits its body by itself, as HTTP/2 does: one that declares
    /// no length has a body of unknown length.
    pub fn with_body(self) -> RequestHead {
        if self.framing != Framing::None {
            return self;
        }
        let expects_continue = self.version == Version::Http11 && self.fields.first(Name::Expect).is_some();
        RequestHead { framing: Framing::Chunked, expects_continue, ..self }
    }

    /// The method, a token in its original case.
    pub fn method(&self) -> &[u8] {
        &self.bytes()[..usize::from(self.method_len)]
    }

    /// Whether the method is HEAD, whose answers have no body.
    pub fn is_head(&self) -> bool {
        self.method() == b"HEAD"
    }

    /// The target as it was sent.
    pub fn target(&self) -> &[u8] {
        self.at(&self.target.whole)
    }

    /// The target in origin form (`/path?query`, or `*`): what a backend is asked for.
    pub fn origin_target(&self) -> std::borrow::Cow<'_, [u8]> {
        let path_and_query =
            &self.bytes()[usize::from(self.target.path.start)..usize::from(self.target.whole.end)];
        match path_and_query.first() {
            Some(b'/' | b'*') => path_and_query.into(),
            _ => [b"/", path_and_query].concat().into(),
        }
    }

    /// The target's path, byte for byte; `/` for an absolute target without a path, `*` for a
    /// server-wide OPTIONS.
    pub fn path(&self) -> &[u8] {
        if self.target.path.is_empty() { b"/" } else { self.at(&self.target.path) }
    }

    /// The target's query, byte for byte, without the question mark.
    pub fn query(&self) -> Option<&[u8]> {
        self.target.query.as_ref().map(|query| self.at(query))
    }

    /// The version that the client speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// `host[:port]` as Host or an absolute target says it (both agree); `None` for HTTP/1.0 without.
    pub fn host(&self) -> Option<&[u8]> {
        self.fields.first(Name::Host).or_else(|| self.authority())
    }

    /// The fields in their original order and case.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Takes out the fields called `name`, whatever its case: not one that frames the message, which was read
    /// already.
    pub fn remove_fields(&mut self, name: &[u8]) {
        self.fields.remove(|field| field.eq_ignore_ascii_case(name));
    }

    /// How the body is delimited.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the client wants the connection kept.
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Whether the client waits for `100 Continue` before it sends its body.
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// The protocols that the client would switch to. Never `h2c`, which would carry requests past
    /// the checks of this head, and none for a request with a body, which would have to end first.
    pub fn upgrade(&self) -> Option<&[u8]> {
        if self.upgrade { self.fields.first(Name::Upgrade) } else { None }
    }

    /// What was let through although it is unusual.
    pub fn tolerated(&self) -> Tolerated {
        self.tolerated
    }

    /// The whole head as it was sent.
    pub fn bytes(&self) -> &[u8] {
        self.fields.bytes()
    }

    fn at(&self, range: &Range<u16>) -> &[u8] {
        &self.bytes()[usize::from(range.start)..usize::from(range.end)]
    }

    fn authority(&self) -> Option<&[u8]> {
        self.target.authority.as_ref().map(|authority| self.at(authority))
    }

    fn check_host(&mut self, leniency: &Leniency) -> Result<(), Refusal> {
        let mut hosts = self.fields.iter().filter(|field| field.kind == Name::Host).map(|field| field.value);
        let Some(host) = hosts.next() else {
            if self.version == Version::Http11 || !leniency.http10_without_host {
                return Err(Refusal::NoHost);
            }
            self.tolerated.no_host = true;
            return Ok(());
        };
        if hosts.next().is_some() {
            return Err(Refusal::SecondHost);
        }
        if !host::is_authority(host) {
            return Err(Refusal::Host);
        }
        match self.authority() {
            Some(authority) if !authority.eq_ignore_ascii_case(host) => Err(Refusal::HostDiffers),
            _ => Ok(()),
        }
    }

    fn check_target(&mut self, leniency: &Leniency) -> Result<(), Refusal> {
        if self.target.non_ascii && !leniency.non_ascii_target {
            return Err(Refusal::NonAsciiTarget);
        }
        self.tolerated.non_ascii_target = self.target.non_ascii;
        Ok(())
    }

    /// HTTP/1.0 clients' expectations are ignored (RFC 9110 §10.1.1), and so is the wait of a client
    /// that has no body to send.
    fn expectation(&self) -> Result<bool, Refusal> {
        if self.version == Version::Http10 {
            return Ok(false);
        }
        let mut expected = false;
        for field in self.fields.iter().filter(|field| field.kind == Name::Expect) {
            if !field.value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refusal::Expectation);
            }
            expected = true;
        }
        Ok(expected && !matches!(self.framing, Framing::None | Framing::Length(0)))
    }

    fn asks_for_upgrade(&self) -> bool {
        let mut protocols = self.fields.iter().filter(|field| field.kind == Name::Upgrade);
        let (Some(only), None) = (protocols.next(), protocols.next()) else { return false };
        let mut tokens = super::control::tokens(only.value).peekable();
        self.version == Version::Http11
            && self.framing == Framing::None
            && tokens.peek().is_some()
            && tokens.all(|token| !token.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"h2c")))
    }
}

/// `method SP target SP HTTP/1.x CRLF`, exactly.
struct RequestLine {
    method_len: u16,
    target: Range<u16>,
    version: Version,
    /// Of the line, its CRLF included.
    len: usize,
}

impl RequestLine {
    fn parse(head: &[u8]) -> Result<RequestLine, Refusal> {
        let len = memchr::memchr(b'\n', head).ok_or(Refusal::RequestLine)? + 1;
        let line = head[..len].strip_suffix(b"\r\n").ok_or(Refusal::BareLf)?;
        let method = line.iter().position(|&byte| byte == b' ').ok_or(Refusal::RequestLine)?;
        let version = line.iter().rposition(|&byte| byte == b' ').unwrap_or(0);
        if version <= method + 1 || !super::is_token(&line[..method]) {
            return Err(if memchr::memchr(b'\r', line).is_some() {
                Refusal::BareCr
            } else {
                Refusal::RequestLine
            });
        }
        Ok(RequestLine {
            method_len: method as u16,
            target: method as u16 + 1..version as u16,
            version: parse_version(&line[version + 1..])?,
            len,
        })
    }
}

fn parse_version(version: &[u8]) -> Result<Version, Refusal> {
    match version {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(Refusal::Version)
        }
        b"" => Err(Refusal::RequestLine),
        other if other.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/")) => {
            Err(Refusal::RequestLine)
        }
        _ => Err(Refusal::Protocol),
    }
}
