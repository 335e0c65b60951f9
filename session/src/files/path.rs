//! `session.save_path` of the handler `files`: `/path`, `N;/path` or `N;MODE;/path`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use legacy_compat::session::SessionId;

use crate::SessionError;

/// Where the files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SavePath {
    pub(super) folder: PathBuf,
    /// How many folders, each of one character of the id, lie between.
    pub(super) depth: usize,
    /// The permissions of new files.
    pub(super) mode: u32,
}

/// No `session.save_path` for files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no save path for files: write `/path`, `N;/path` or `N;MODE;/path`")]
pub struct ParsePathError(String);

impl FromStr for SavePath {
    type Err = ParsePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || ParsePathError(text.to_owned());
        let mut parts: Vec<&str> = text.splitn(3, ';').collect();
        let folder = parts.pop().filter(|folder| folder.starts_with('/')).ok_or_else(fault)?;
        let depth = parts.first().map_or(Ok(0), |depth| depth.parse()).map_err(|_| fault())?;
        let mode =
            parts.get(1).map_or(Ok(0o600), |mode| u32::from_str_radix(mode, 8)).map_err(|_| fault())?;
        if mode > 0o7777 || depth > 255 {
            return Err(fault());
        }
        Ok(Self { folder: folder.trim_end_matches('/').into(), depth, mode })
    }
}

impl SavePath {
    /// The file of a session.
    pub(super) fn file(&self, id: &SessionId) -> Result<PathBuf, SessionError> {
        let id = id.as_str();
        if id.len() <= self.depth {
            return Err(SessionError::ShortId);
        }
        let mut path = Path::new("/").join(&self.folder);
        path.extend(id[..self.depth].split("").filter(|character| !character.is_empty()));
        path.push(format!("sess_{id}"));
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_lies_as_deep_as_the_path_says() {
        let id = SessionId::from_client(b"abc123").unwrap();
        for (text, file) in [
            ("/var/lib/php", "/var/lib/php/sess_abc123"),
            ("2;/var/lib/php/", "/var/lib/php/a/b/sess_abc123"),
            ("1;0660;/s", "/s/a/sess_abc123"),
        ] {
            let path: SavePath = text.parse().unwrap();
            assert_eq!(path.file(&id).unwrap(), Path::new(file), "{text}");
        }
        assert_eq!("1;0660;/s".parse::<SavePath>().unwrap().mode, 0o660);
        assert!("9;/s".parse::<SavePath>().unwrap().file(&id).is_err(), "the id is too short");
    }

    #[test]
    fn other_paths_are_refused() {
        for text in
            ["", "relative", "x;/path", "1;9;/path", "-1;/path", "1;", "tcp://127.0.0.1:6379", "1000;/path"]
        {
            assert!(text.parse::<SavePath>().is_err(), "{text}");
        }
    }
}
