//! One uploaded file, and its place in `$_FILES`.

use std::borrow::Cow;

use super::Protected;
use crate::php::{Php, Version};
use crate::request::Vars;
use crate::value::{Str, Value};

/// A file of a multipart body. Its bytes lie where they came: nothing is written to disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload<'a> {
    /// The form field's name as sent, brackets included; a number where there was none.
    pub field: Str,
    /// `name`: the file's name without the folders that some clients send.
    pub name: Str,
    /// `full_path`: the file's name as sent. PHP has it from 8.1.
    pub full_path: Str,
    /// `type`: what the client says of its type, without parameters. Empty where `error` is set.
    pub content_type: Str,
    /// `error`.
    pub error: Option<UploadError>,
    /// The file itself; empty where `error` is set.
    pub contents: &'a [u8],
}

/// Why a file did not come through: PHP's `UPLOAD_ERR_…`. (Those of a full or missing disk cannot happen here.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UploadError {
    /// 1, `UPLOAD_ERR_INI_SIZE`: larger than `upload_max_filesize`.
    IniSize,
    /// 2, `UPLOAD_ERR_FORM_SIZE`: larger than the form's own field `MAX_FILE_SIZE`.
    FormSize,
    /// 3, `UPLOAD_ERR_PARTIAL`: no boundary behind it.
    Partial,
    /// 4, `UPLOAD_ERR_NO_FILE`: an empty file name, as a browser sends where none was chosen.
    NoFile,
}

impl UploadError {
    /// PHP's number of it.
    pub fn code(self) -> i64 {
        match self {
            Self::IniSize => 1,
            Self::FormSize => 2,
            Self::Partial => 3,
            Self::NoFile => 4,
        }
    }
}

/// The name that stands for a file in `tmp_name`, in place of PHP's path: its index among the uploads.
pub(super) fn tmp_name(index: usize) -> String {
    format!("upload:{index}")
}

impl Upload<'_> {
    /// Puts it into `$_FILES`, each property under its own name: `a[b]` becomes `a[name][b]`, `a[type][b]` and so on.
    pub(super) fn register(&self, php: &Php, index: usize, names: &mut Protected, files: &mut Vars<'_>) {
        let (base, path) = split(&self.field);
        let key = |property: &str| {
            let path = path.map_or(Cow::Borrowed(&b""[..]), |path| [b"[", path, b"]"].concat().into());
            [base, b"[", property.as_bytes(), b"]", &path].concat()
        };
        names.register(files, key("name"), self.name.clone().into());
        if php.since(Version::V8_1) {
            names.register(files, key("full_path"), self.full_path.clone().into());
        }
        names.register(files, key("type"), self.content_type.clone().into());
        names.add(self.field.to_vec());
        let place = if self.error.is_none() { tmp_name(index) } else { String::new() };
        let name = names.add(key("tmp_name"));
        files.register(&name, place.into());
        names.register(files, key("error"), Value::Int(self.error.map_or(0, UploadError::code)));
        names.register(files, key("size"), Value::Int(self.contents.len() as i64));
    }
}

/// `a[b][c]` as `a` and `b][c`; a name that does not end in a bracket stays whole.
fn split(field: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'[', field) {
        Some(open) if field.ends_with(b"]") => (&field[..open], Some(&field[open + 1..field.len() - 1])),
        _ => (field, None),
    }
}

/// The name without folders, whichever way the client's slashes lean.
pub(super) fn basename(path: &[u8]) -> &[u8] {
    let folder = path.iter().rposition(|byte| matches!(byte, b'/' | b'\\'));
    folder.map_or(path, |at| &path[at + 1..])
}

/// Whether PHP takes a file under that name: brackets must be closed, not nested wrongly, and nothing may follow the last.
pub(super) fn is_safe(field: &[u8]) -> bool {
    let mut open = 0i64;
    for (at, byte) in field.iter().enumerate() {
        match byte {
            b'[' => open += 1,
            b']' => {
                open -= 1;
                if field.get(at + 1).is_some_and(|next| *next != b'[') {
                    return false;
                }
            }
            _ => {}
        }
        if open < 0 {
            return false;
        }
    }
    open == 0
}
