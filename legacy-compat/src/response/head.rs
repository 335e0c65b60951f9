//! A response's head while a script builds it, by the rules of `header()`.

use std::collections::HashSet;

use super::{Cookie, CookieRefused, reason};
use crate::numeric;
use crate::php::Php;

/// A response's head under way.
#[derive(Clone, Debug)]
pub struct Head<'p> {
    php: &'p Php,
    status: u16,
    line: Option<Vec<u8>>,
    /// Whole lines, `Name: value`, as PHP keeps them.
    lines: Vec<Vec<u8>>,
    /// The names of all fields that were ever put, in lower case: only of these may others be there.
    names: HashSet<Vec<u8>>,
    default_type: bool,
}

/// `header()` was given what could be more than one field; PHP warns and sends nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderRefused {
    /// A line break within.
    #[error("a header field cannot hold a line break")]
    LineBreak,
    /// A NUL within.
    #[error("a header field cannot hold a NUL byte")]
    Nul,
}

/// A head as php-fpm sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The status.
    pub status: u16,
    /// The field lines, `Name: value`, in order; a `Status:` among them where the status is not 200 or the script set one.
    pub lines: Vec<Vec<u8>>,
}

impl Sent {
    /// The head as it goes over FastCGI, the empty line included.
    pub fn to_fastcgi(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in &self.lines {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// The fields without `Status`, as names and values.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.iter().filter(|line| !is_named(line, b"Status")).filter_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            let value = &line[colon + 1..];
            Some((&line[..colon], &value[value.iter().take_while(|byte| **byte == b' ').count()..]))
        })
    }
}

impl<'p> Head<'p> {
    /// The head that a script finds: 200 and no fields.
    pub fn new(php: &'p Php) -> Self {
        let (lines, names) = (Vec::new(), HashSet::new());
        Self { php, status: 200, line: None, lines, names, default_type: true }
    }

    /// `http_response_code()`
    #[doc(alias = "http_response_code")]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// `http_response_code($status)`. The words of an earlier `HTTP/1.1 …` line stay, and with them its status.
    pub fn set_status(&mut self, status: u16) {
        self.status = status;
    }

    /// `header($line)`: in place of all fields of that name.
    ///
    /// `HTTP/1.1 404 …` sets the status, `Location:` makes it 302 unless it is 201 or 3xx, `WWW-Authenticate:` makes it 401, and a
    /// `text/…` type without a charset gets `default_charset`.
    ///
    /// ```
    /// use legacy_compat::response::Head;
    /// use legacy_compat::{Php, Version};
    /// let php = Php::new(Version::V8_2);
    /// let mut head = Head::new(&php);
    /// head.header("Location: /elsewhere")?;
    /// assert_eq!(head.finish().status, 302);
    /// # Ok::<(), legacy_compat::response::HeaderRefused>(())
    /// ```
    ///
    /// # Errors
    /// Where PHP refuses the line.
    pub fn header(&mut self, line: impl AsRef<[u8]>) -> Result<(), HeaderRefused> {
        self.put(line.as_ref(), true, None)
    }

    /// `header($line, false)`: beside the fields of that name.
    ///
    /// # Errors
    /// Where PHP refuses the line.
    pub fn add(&mut self, line: impl AsRef<[u8]>) -> Result<(), HeaderRefused> {
        self.put(line.as_ref(), false, None)
    }

    /// `header($line, false, $status)`
    ///
    /// # Errors
    /// Where PHP refuses the line.
    pub fn add_with(&mut self, line: impl AsRef<[u8]>, status: u16) -> Result<(), HeaderRefused> {
        self.put(line.as_ref(), false, Some(status).filter(|status| *status != 0))
    }

    /// `header($line, true, $status)`
    ///
    /// # Errors
    /// Where PHP refuses the line.
    pub fn header_with(&mut self, line: impl AsRef<[u8]>, status: u16) -> Result<(), HeaderRefused> {
        self.put(line.as_ref(), true, Some(status).filter(|status| *status != 0))
    }

    /// `header_remove($name)`
    #[doc(alias = "header_remove")]
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        let name = name.as_ref();
        self.lines.retain(|line| !is_named(line, name));
    }

    /// `setcookie()`: a further `Set-Cookie`.
    ///
    /// # Errors
    /// Where PHP refuses the cookie.
    pub fn set_cookie(&mut self, cookie: &Cookie) -> Result<(), CookieRefused> {
        let value = cookie.encoded(self.php)?;
        self.push([b"Set-Cookie: ", &value[..]].concat());
        Ok(())
    }

    /// `setrawcookie()`: the same, its value as it is.
    ///
    /// # Errors
    /// Where PHP refuses the cookie.
    pub fn set_raw_cookie(&mut self, cookie: &Cookie) -> Result<(), CookieRefused> {
        let value = cookie.raw(self.php)?;
        self.push([b"Set-Cookie: ", &value[..]].concat());
        Ok(())
    }

    /// The head as it goes out, with the type that PHP adds where the script set none.
    pub fn finish(mut self) -> Sent {
        if self.default_type {
            let charset = &self.php.default_charset;
            let charset = if charset.is_empty() { String::new() } else { format!("; charset={charset}") };
            self.lines.push(format!("Content-type: text/html{charset}").into_bytes());
        }
        let mut lines = Vec::with_capacity(self.lines.len() + 1);
        let own = self.lines.iter().any(is_status);
        let by_line = self.line.as_deref().filter(|line| line.contains(&b' '));
        let mut sent = i64::from(self.status);
        if let (Some(line), true) = (by_line, self.status != 200) {
            sent = numeric::strtol(behind_first_blank(line), 10);
            lines.push([b"Status:", behind_first_blank(line)].concat());
        } else if self.status != 200 && !own {
            lines.push(match reason(self.php, self.status) {
                Some(words) => format!("Status: {} {words}", self.status).into_bytes(),
                None => format!("Status: {}", self.status).into_bytes(),
            });
        }
        // The first of several `Status:` counts; with 304 goes no type.
        for line in self.lines {
            let status_again = is_status(&line) && lines.iter().any(is_status);
            let type_of_nothing = sent == 304 && line.len() > 13 && is_named(&line, b"Content-Type");
            if !status_again && !type_of_nothing {
                lines.push(line);
            }
        }
        let said = lines.iter().find(|line| is_status(line)).map(|line| numeric::strtol(&line[7..], 10));
        let status = said.and_then(|status| u16::try_from(status).ok()).filter(|status| *status > 0);
        Sent { status: status.unwrap_or(self.status), lines }
    }

    fn put(&mut self, line: &[u8], replace: bool, status: Option<u16>) -> Result<(), HeaderRefused> {
        if line.is_empty() {
            return Ok(());
        }
        let end = line.iter().rposition(|byte| !numeric::is_blank(*byte)).map_or(0, |at| at + 1);
        let line = &line[..end];
        for byte in line {
            match byte {
                b'\r' | b'\n' => return Err(HeaderRefused::LineBreak),
                0 => return Err(HeaderRefused::Nul),
                _ => {}
            }
        }
        if line.len() >= 5 && line[..5].eq_ignore_ascii_case(b"HTTP/") {
            self.update(status_of_line(line));
            self.line = Some(line.to_vec());
            return Ok(());
        }
        let line = self.special(line, status);
        if let Some(status) = status {
            self.update(status);
        }
        if replace && let Some(name) = name_of(&line).filter(|name| self.names.contains(name)) {
            self.remove(name);
        }
        if !line.is_empty() {
            self.push(line);
        }
        Ok(())
    }

    fn push(&mut self, line: Vec<u8>) {
        self.names.extend(name_of(&line));
        self.lines.push(line);
    }

    /// A status that a line brings takes the words of an earlier one away.
    fn update(&mut self, status: u16) {
        if self.status != status {
            self.line = None;
            self.status = status;
        }
    }

    /// What some fields do besides being sent.
    fn special(&mut self, line: &[u8], status: Option<u16>) -> Vec<u8> {
        if is_named(line, b"Content-Type") {
            self.default_type = false;
            let value = &line[13..];
            let value = &value[value.iter().take_while(|byte| **byte == b' ').count()..];
            let charset = self.php.default_charset.as_bytes();
            let bare = value.starts_with(b"text/") && memchr::memmem::find(value, b"charset=").is_none();
            if bare && !charset.is_empty() {
                return [b"Content-type: ", value, b";charset=", charset].concat();
            }
        } else if is_named(line, b"Location") && self.status != 201 && !(300..400).contains(&self.status) {
            self.update(status.unwrap_or(302));
        } else if is_named(line, b"WWW-Authenticate") {
            self.update(401);
        }
        line.to_vec()
    }
}

/// The name of a line's field, in lower case.
fn name_of(line: &[u8]) -> Option<Vec<u8>> {
    let colon = memchr::memchr(b':', line)?;
    Some(line[..colon].to_ascii_lowercase())
}

/// Whether a line's field has that name.
fn is_named(line: &[u8], name: &[u8]) -> bool {
    line.get(name.len()) == Some(&b':') && line[..name.len()].eq_ignore_ascii_case(name)
}

/// A field by which a script sets the status itself.
#[allow(clippy::ptr_arg, reason = "it is handed to iterators over lines")]
fn is_status(line: &Vec<u8>) -> bool {
    line.len() > 7 && is_named(line, b"Status")
}

/// The number behind the blanks of `HTTP/1.1 404 Not Found`; 200 where there is none.
fn status_of_line(line: &[u8]) -> u16 {
    let begin = line.windows(2).position(|pair| pair[0] == b' ' && pair[1] != b' ');
    begin.map_or(200, |at| u16::try_from(numeric::strtol(&line[at + 1..], 10)).unwrap_or(0))
}

fn behind_first_blank(line: &[u8]) -> &[u8] {
    let blank = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    &line[blank..]
}
