//! Which script answers a path: the configured ones, by their own name, and the front controller for all else.

use std::borrow::Cow;

use crate::legacy::path::{clean, matches};
use crate::legacy::spec::FastCgi;

/// A script and what else of the path is its own business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script<'a> {
    /// The file, relative to the root, without a leading slash.
    pub file: Cow<'a, [u8]>,
    /// What follows the script in the path, decoded; empty when nothing does.
    pub path_info: Vec<u8>,
}

/// Chooses the script for a path.
pub(crate) fn choose<'a>(legacy: &'a FastCgi, path: &'a [u8]) -> Script<'a> {
    named(legacy, path)
        .unwrap_or(Script { file: Cow::Borrowed(legacy.script.as_bytes()), path_info: Vec::new() })
}

/// The script that the path itself names, if it may be run.
pub(crate) fn named<'a>(legacy: &'a FastCgi, path: &'a [u8]) -> Option<Script<'a>> {
    if let Some(file) = clean(path).filter(|file| is_allowed(legacy, file)) {
        return Some(Script { file, path_info: Vec::new() });
    }
    if !legacy.path_info {
        return None;
    }
    // The shortest prefix that is a script: what follows may be anything, and is never opened as a file.
    let slashes = path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    for at in slashes {
        if let Some(file) = clean(&path[..at]).filter(|file| is_allowed(legacy, file)) {
            return Some(Script { file, path_info: crate::legacy::path::decode(&path[at..])?.into_owned() });
        }
    }
    None
}

fn is_allowed(legacy: &FastCgi, file: &[u8]) -> bool {
    file == legacy.script.as_bytes() || legacy.scripts.iter().any(|pattern| matches(pattern.as_bytes(), file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::fastcgi;

    fn chosen(legacy: &FastCgi, path: &str) -> (String, String) {
        let script = choose(legacy, path.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&script.file), text(&script.path_info))
    }

    #[test]
    fn only_configured_scripts_run() {
        let legacy = FastCgi { scripts: vec!["info.php".into(), "admin/*.php".into()], ..fastcgi("/srv") };
        for (path, file) in [
            ("/", "index.php"),
            ("/v1/flights", "index.php"),
            ("/index.php", "index.php"),
            ("/info.php", "info.php"),
            ("/info%2Ephp", "info.php"),
            ("/admin/users.php", "admin/users.php"),
            ("/admin/.hidden.php", "index.php"),
            ("/admin/../secret.php", "index.php"),
            ("/secret.php", "index.php"),
            ("/x.jpg/a.php", "index.php"),
            ("/info.php/rest", "index.php"),
            ("/info.php%0a", "index.php"),
            ("/info.php%00", "index.php"),
            ("/\u{e9}info.php", "index.php"),
        ] {
            assert_eq!(chosen(&legacy, path), (file.into(), String::new()), "{path}");
        }
    }

    #[test]
    fn what_follows_a_script_is_its_own_where_the_config_says_so() {
        let legacy = FastCgi { scripts: vec!["a/info.php".into()], path_info: true, ..fastcgi("/srv") };
        for (path, file, path_info) in [
            ("/a/info.php/x/y%20z", "a/info.php", "/x/y z"),
            ("/index.php/", "index.php", "/"),
            ("/index.php/b/index.php", "index.php", "/b/index.php"),
            ("/x.jpg/a/info.php", "index.php", ""),
            ("/index.php%0a/x", "index.php", ""),
            ("/index.php/%zz", "index.php", ""),
        ] {
            assert_eq!(chosen(&legacy, path), (file.into(), path_info.into()), "{path}");
        }
    }
}
