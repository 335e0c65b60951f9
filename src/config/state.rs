//! The state folder: where it is, even when the configuration is broken, and how files in it are replaced.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::interpolate::{self, Lookup};
use super::valid::ADMIN;

/// Its name beside the main file, when nobody says where it is.
pub(crate) const DEFAULT: &str = "handover-state";

/// Where the state folder is, also when the file is broken elsewhere: what the caller says, what the file says as far
/// as it can be made out, or `handover-state` beside the file.
pub(crate) fn folder(main: &Path, given: Option<&Path>, env: &Lookup<'_>) -> PathBuf {
    if let Some(given) = given {
        return given.to_owned();
    }
    let said = said(main, &["state"], env);
    main.parent().unwrap_or(Path::new("")).join(said.as_deref().unwrap_or(DEFAULT))
}

/// Where the admin listens, as far as that can be made out; `None` when it is off.
pub(crate) fn admin(main: &Path, env: &Lookup<'_>) -> Option<SocketAddr> {
    match said(main, &["listen", "admin"], env).as_deref() {
        Some("off") => None,
        said => Some(said.and_then(|text| text.parse().ok()).unwrap_or(ADMIN)),
    }
}

/// The text under these keys, whatever else is wrong with the file.
fn said(main: &Path, keys: &[&str], env: &Lookup<'_>) -> Option<String> {
    let text = std::fs::read(main).ok()?;
    let text = String::from_utf8_lossy(&text);
    let (document, _) = Document::parse(0, &text);
    let (first, others) = keys.split_first()?;
    let value = document.table().get(*first)?.get_ref();
    let value = others.iter().try_fold(value, |value, key| value.get(*key).map(toml::Spanned::get_ref))?;
    interpolate::fill(value.as_str()?, env).ok().map(|text| text.into_owned())
}

/// Makes the folder, for its owner alone.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Replaces a file as a whole: after a crash it is the old one or the new one. Only its owner can read it.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    make(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist(file).map_err(|failed| failed.error)?;
    sync_folder(folder)
}

/// Removes a file so that it is gone after a crash. `false` when there was none.
pub(crate) fn remove(file: &Path) -> io::Result<bool> {
    match std::fs::remove_file(file) {
        Ok(()) => sync_folder(file.parent().unwrap_or(Path::new("."))).map(|()| true),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(why),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_found_in_a_broken_file_too() {
        let folder_of = |text: &str, given: Option<&str>| {
            let place = tempfile::tempdir().unwrap();
            let main = place.path().join("routes.toml");
            std::fs::write(&main, text).unwrap();
            let found = folder(&main, given.map(Path::new), &|name| (name == "S").then(|| "/s".to_owned()));
            found.strip_prefix(place.path()).map_or(found.clone(), Path::to_owned)
        };
        assert_eq!(folder_of("state = 'here'\n[[route]\nname = \n", None), Path::new("here"));
        assert_eq!(folder_of("state = '${S}/x'", None), Path::new("/s/x"));
        assert_eq!(folder_of("state = '${NONE}'", None), Path::new(DEFAULT));
        assert_eq!(folder_of("", None), Path::new(DEFAULT));
        assert_eq!(folder_of("state = 'here'", Some("/there")), Path::new("/there"));
        assert_eq!(
            folder(Path::new("/no/such/routes.toml"), None, &|_| None),
            Path::new("/no/such").join(DEFAULT)
        );
    }

    #[test]
    fn the_admin_is_found_in_a_broken_file_too() {
        let place = tempfile::tempdir().unwrap();
        let main = place.path().join("routes.toml");
        for (text, found) in [
            ("[listen]\nadmin = '127.0.0.1:9'\n[[route]\nname = \n", Some("127.0.0.1:9".parse().unwrap())),
            ("[listen]\nadmin = 'off'", None),
            ("[listen]\nadmin = 'x'", Some(ADMIN)),
            ("listen = 3", Some(ADMIN)),
        ] {
            std::fs::write(&main, text).unwrap();
            assert_eq!(admin(&main, &|_| None), found, "{text}");
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_readable_to_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("new/file");
        replace(&file, b"one").unwrap();
        replace(&file, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft is left behind");
        assert!(remove(&file).unwrap());
        assert!(!remove(&file).unwrap());
    }
}
