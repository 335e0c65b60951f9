//! Where php-fpm is.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::StartError;

/// Beside the PATH, which often lacks the folders of an administrator's programs.
const USUAL: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin"];

/// The given binary, or the newest php-fpm on the PATH and in the usual folders.
pub(crate) fn find(legacy: &str, given: Option<&Path>) -> Result<PathBuf, StartError> {
    if let Some(given) = given {
        return if is_program(given) {
            Ok(given.to_owned())
        } else {
            Err(none(legacy, given.display().to_string()))
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).chain(USUAL.map(PathBuf::from)).collect();
    newest(&folders)
        .ok_or_else(|| none(legacy, "php-fpm and php-fpmX.Y on the PATH and in /usr/sbin".to_owned()))
}

fn none(legacy: &str, looked: String) -> StartError {
    StartError::NoBinary { legacy: legacy.to_owned(), looked }
}

/// Plain `php-fpm` first: where there is one, it is the one that the machine's owner chose.
fn newest(folders: &[PathBuf]) -> Option<PathBuf> {
    let plain = folders.iter().map(|folder| folder.join("php-fpm")).find(|path| is_program(path));
    plain.or_else(|| {
        let versioned = folders.iter().flat_map(fs::read_dir).flatten().flatten().filter_map(|entry| {
            let version = version(entry.file_name().to_str()?)?;
            is_program(&entry.path()).then(|| (version, entry.path()))
        });
        versioned.max().map(|(_, path)| path)
    })
}

/// `(8, 2)` of `php-fpm8.2`.
fn version(name: &str) -> Option<(u32, u32)> {
    let (major, minor) = name.strip_prefix("php-fpm")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::{file, folder};

    #[test]
    fn the_newest_is_found_and_a_plain_one_goes_before() {
        let folder = folder();
        let folders = [folder.path().join("nowhere"), folder.path().to_owned()];
        for (name, found) in [
            ("php-fpm.conf", None),
            ("php-fpm7.4", Some("php-fpm7.4")),
            ("php-fpm8.10", Some("php-fpm8.10")),
            ("php-fpm8.2", Some("php-fpm8.10")),
            ("php-fpm", Some("php-fpm")),
        ] {
            file(folder.path(), name, "");
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
            assert_eq!(newest(&folders), found.map(|name| folder.path().join(name)), "with {name}");
        }
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_install() {
        let error = find("monolith", Some(Path::new("/nowhere/php-fpm"))).unwrap_err().to_string();
        assert!(error.contains("/nowhere/php-fpm") && error.contains("apt-get install"), "{error}");
    }
}
