//! `multipart/form-data`, read as PHP reads it: lenient where it is lenient, and giving up where it gives up.

mod buffer;
mod header;
mod protect;
mod upload;

use buffer::Buffer;
use header::{Disposition, Headers};
use protect::Protected;
pub use upload::{Upload, UploadError};
use upload::{basename, is_safe};

use super::{Vars, c_string};
use crate::numeric;
use crate::php::Php;
use crate::value::{Array, Str};

/// What a multipart body came to.
#[derive(Default)]
pub(super) struct Multipart<'a> {
    pub post: Array,
    pub files: Array,
    pub uploads: Vec<Upload<'a>>,
    /// How much of the body PHP has read, in bytes.
    pub read: usize,
}

/// Reads a body of that `Content-Type`. Without a usable boundary nothing is read.
pub(super) fn parse<'a>(php: &Php, content_type: &[u8], body: &'a [u8]) -> Multipart<'a> {
    let Some(boundary) = boundary(content_type) else { return Multipart::default() };
    let mut reader = Reader {
        php,
        buffer: Buffer::new(body, boundary),
        post: Vars::new(php),
        files: Vars::new(php),
        protected: Protected::default(),
        uploads: Vec::new(),
        fields: 0,
        anonymous: 0,
        max_file_size: 0,
        skips: !php.input.file_uploads,
        taken: 0,
    };
    reader.parts();
    let read = reader.buffer.filled();
    Multipart { post: reader.post.finish().0, files: reader.files.finish().0, uploads: reader.uploads, read }
}

/// What stands behind the first `=` behind `boundary`.
fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let word = memchr::memmem::find(content_type, b"boundary")
        .or_else(|| memchr::memmem::find(&content_type.to_ascii_lowercase(), b"boundary"))?;
    let behind = &content_type[word..];
    let value = &behind[memchr::memchr(b'=', behind)? + 1..];
    match value {
        [b'"', quoted @ ..] => Some(&quoted[..memchr::memchr(b'"', quoted)?]),
        value => Some(&value[..memchr::memchr2(b',', b';', value).unwrap_or(value.len())]),
    }
}

struct Reader<'p, 'a> {
    php: &'p Php,
    buffer: Buffer<'a>,
    post: Vars<'p>,
    files: Vars<'p>,
    protected: Protected,
    uploads: Vec<Upload<'a>>,
    fields: usize,
    anonymous: usize,
    max_file_size: i64,
    /// One file that PHP does not take, and it takes none of those behind it.
    skips: bool,
    taken: u64,
}

impl Reader<'_, '_> {
    fn parts(&mut self) {
        let mut left = self.parts_max();
        while !self.buffer.is_at_end() {
            let Some(headers) = Headers::read(&mut self.buffer) else { return };
            let Some(disposition) = headers.get("Content-Disposition") else { continue };
            let Some(fewer) = left.checked_sub(1) else { return };
            left = fewer;
            match Disposition::parse(disposition) {
                Disposition { name: Some(name), filename: None } => self.field(name),
                Disposition { name: None, filename: None } => return,
                Disposition { name, filename: Some(filename) } => self.file(name, filename, &headers),
            }
        }
    }

    fn parts_max(&self) -> u64 {
        let settings = &self.php.input;
        match settings.max_multipart_body_parts {
            _ if !self.php.is_8() => u64::MAX,
            Some(max) => max,
            None => settings.max_file_uploads.saturating_add(self.php.max_input_vars as u64),
        }
    }

    fn field(&mut self, name: Vec<u8>) {
        let value = self.buffer.part();
        self.fields += 1;
        if name.eq_ignore_ascii_case(b"MAX_FILE_SIZE") {
            self.max_file_size = numeric::strtol(c_string(value), 10);
        }
        if self.fields <= self.php.max_input_vars {
            self.post.register(&name, Str::new(value).into());
        }
    }

    fn file(&mut self, name: Option<Vec<u8>>, filename: Vec<u8>, headers: &Headers) {
        self.skips |= self.taken >= self.php.input.max_file_uploads;
        let field = name.unwrap_or_else(|| {
            self.anonymous += 1;
            (self.anonymous - 1).to_string().into_bytes()
        });
        self.skips |= !is_safe(&field);
        if self.skips {
            return;
        }
        let contents = if filename.is_empty() { Err(UploadError::NoFile) } else { self.contents() };
        let content_type = headers.get("Content-Type").filter(|_| contents.is_ok()).unwrap_or_default();
        let content_type = &content_type[..memchr::memchr(b';', content_type).unwrap_or(content_type.len())];
        let upload = Upload {
            name: basename(&filename).into(),
            full_path: filename.as_slice().into(),
            content_type: content_type.into(),
            error: contents.err(),
            contents: contents.unwrap_or_default(),
            field: field.into(),
        };
        upload.register(self.php, self.uploads.len(), &mut self.protected, &mut self.files);
        self.uploads.push(upload);
    }
}

impl<'a> Reader<'_, 'a> {
    /// A file's bytes. What is too large is still read to where PHP notices it, and one piece further.
    fn contents(&mut self) -> Result<&'a [u8], UploadError> {
        self.taken += 1;
        let begin = self.buffer.position();
        let (mut total, mut ended) = (0u64, false);
        loop {
            let piece = self.buffer.read(&mut ended) as u64;
            if piece == 0 {
                break;
            }
            total += piece;
            let over = |limit: u64| limit > 0 && total > limit;
            let error = match self.max_file_size {
                _ if over(self.php.input.upload_max_filesize) => Some(UploadError::IniSize),
                max if max != 0 && i64::try_from(total).is_ok_and(|total| total > max) => {
                    Some(UploadError::FormSize)
                }
                _ => None,
            };
            if let Some(error) = error {
                self.buffer.read(&mut ended);
                return Err(error);
            }
        }
        if ended { Ok(self.buffer.since(begin)) } else { Err(UploadError::Partial) }
    }
}
