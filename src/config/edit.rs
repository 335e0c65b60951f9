//! Changes a route's stage in the file that it stands in, and nothing else: comments, order and spelling stay.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use similar::TextDiff;
use toml_edit::{DocumentMut, Item, Table, Value};

use super::fault::shown_path;
use super::interpolate::environment;
use super::source::Sources;
use crate::route::Stage;

/// A file before and after.
#[derive(Debug)]
pub(crate) struct Edited {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub before: String,
    /// Its text to be.
    pub after: String,
}

/// A route's stage cannot be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotEdited {
    /// The files cannot be read.
    #[error("the files cannot be read")]
    Unreadable(#[from] super::fault::Faults),
    /// A file is no TOML.
    #[error("{} is no TOML", .0.display())]
    NoToml(PathBuf, #[source] toml_edit::TomlError),
    /// No file has the route as a table of its own.
    #[error("no `[[route]]` of a file has `name = \"{0}\"`: change its stage by hand")]
    NotFound(String),
}

/// Sets a route's stage, with the reason that forces it or without any.
pub(crate) fn set_stage(
    main: &Path,
    route: &str,
    stage: Stage,
    force: Option<&str>,
) -> Result<Edited, NotEdited> {
    for source in Sources::load(main, &environment)?.files() {
        let no_toml = |why| NotEdited::NoToml(source.path.clone(), why);
        let mut document: DocumentMut = source.text.parse().map_err(no_toml)?;
        if let Some(table) = find(&mut document, route) {
            set(table, "stage", Some(&stage.to_string()));
            set(table, "force", force);
            let (path, before) = (source.path.clone(), source.text.clone());
            return Ok(Edited { path, before, after: document.to_string() });
        }
    }
    Err(NotEdited::NotFound(route.to_owned()))
}

/// The change as `patch -p1` takes it; empty where there is none.
pub(crate) fn patch(edited: &Edited) -> String {
    let name = shown_path(&edited.path).trim_start_matches('/').to_owned();
    let diff = TextDiff::from_lines(&edited.before, &edited.after);
    diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}

/// What tells one text of a file from another.
pub(crate) fn digest(text: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether [`replace`] is likely to work: not on a ConfigMap's volume.
pub(crate) fn can_replace(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let is_read_only = path.metadata().is_ok_and(|metadata| metadata.permissions().readonly());
    let folder = path.parent().unwrap_or(Path::new("/"));
    !is_read_only && nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_ok()
}

/// Replaces the file in one step. A link is followed: what it points to is replaced.
pub(crate) fn replace(edited: &Edited) -> io::Result<()> {
    let path = edited.path.canonicalize()?;
    let metadata = path.metadata()?;
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(edited.after.as_bytes())?;
    draft.as_file().set_permissions(metadata.permissions())?;
    draft.as_file().sync_all()?;
    draft.persist(&path).map_err(|failed| failed.error)?;
    Ok(())
}

fn find<'d>(document: &'d mut DocumentMut, route: &str) -> Option<&'d mut Table> {
    let routes = document.get_mut("route")?.as_array_of_tables_mut()?;
    routes.iter_mut().find(|table| table.get("name").and_then(Item::as_str) == Some(route))
}

/// Sets a text, keeping what stands around it; takes the key out where there is none.
fn set(table: &mut Table, key: &str, text: Option<&str>) {
    let Some(text) = text else {
        table.remove(key);
        return;
    };
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(value) => {
            let decor = value.decor().clone();
            *value = Value::from(text);
            *value.decor_mut() = decor;
        }
        None => {
            // As the others of its table are aligned, or with one blank.
            table.insert(key, toml_edit::value(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# the takeover\n[legacy.a]\nhttp = \"http://a\"\n\n\
        [[route]]\nname  = \"a\"   # the first\nmatch = \"GET /a\"\nstage = \"shadow\"   # until May\nowner = 'x'\n\n\
        [[route]]\nname = \"b\"\nmatch = \"GET /b\"\n\n[route.shadow]\nsample = 0.5\n";

    fn edited(route: &str, stage: Stage, force: Option<&str>) -> Result<String, NotEdited> {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("routes.toml");
        std::fs::write(&main, FILE).unwrap();
        set_stage(&main, route, stage, force).map(|edited| edited.after)
    }

    #[test]
    fn comments_order_and_spelling_stay() {
        let after = edited("a", Stage::Native, None).unwrap();
        assert_eq!(
            after,
            FILE.replace("stage = \"shadow\"   # until May", "stage = \"native\"   # until May")
        );
    }

    #[test]
    fn a_key_that_is_missing_stands_behind_the_others_of_its_table() {
        let after = edited("b", Stage::Shadow, Some("on fire")).unwrap();
        let expected = "match = \"GET /b\"\nstage = \"shadow\"\nforce = \"on fire\"\n\n[route.shadow]";
        assert!(after.contains(expected), "{after}");
    }

    #[test]
    fn a_route_that_is_not_there_is_said_so() {
        assert!(matches!(edited("c", Stage::Shadow, None), Err(NotEdited::NotFound(_))));
    }

    #[test]
    fn a_file_is_replaced_with_its_rights_and_a_read_only_one_is_not() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routes.toml");
        let link = folder.path().join("link.toml");
        std::fs::write(&path, "1").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let edited = Edited { path: link.clone(), before: "1".into(), after: "2".into() };
        for (mode, is_replaced) in [(0o644, true), (0o444, false)] {
            std::fs::write(&path, "1").unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(replace(&edited).is_ok(), is_replaced);
            assert_eq!(std::fs::read_to_string(&link).unwrap() == "2", is_replaced);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode);
            assert!(link.is_symlink());
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        }
    }
}
