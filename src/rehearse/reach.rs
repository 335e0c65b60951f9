//! Which lines of legacy's sources a request reached, as the prepended script tells: a file for each request.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use handover_fuzzer::Reach;

/// The field by which a request says under which name to tell it. It reaches only a legacy of our own.
pub(super) const FIELD: &str = "X-Handover-Reach";

/// The script, with what the pool prepends already behind it.
pub(super) fn script(formerly: Option<&str>) -> String {
    let behind = formerly.map_or_else(String::new, |file| {
        format!("require '{}';\n", file.replace('\\', "\\\\").replace('\'', "\\'"))
    });
    format!("{}{behind}", include_str!("prepend.php"))
}

/// Where requests tell what they reached.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// The folder of the files.
    pub folder: PathBuf,
    /// The application's sources: paths are told relative to it.
    pub sources: PathBuf,
}

impl Told {
    /// What a request told under that name; nothing where it could not (PHP died).
    pub(super) fn take(&self, name: &str) -> Reach {
        let file = self.folder.join(name);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        // A file that stays takes room until the folder goes.
        let _ = std::fs::remove_file(&file);
        self.read(&text)
    }

    fn read(&self, text: &str) -> Reach {
        let mut reach = Reach::default();
        let mut lines = text.lines();
        while let (Some(path), Some(reached), Some(missed)) = (lines.next(), lines.next(), lines.next()) {
            let Ok(path) = Path::new(path).strip_prefix(&self.sources) else { continue };
            let path = path.to_string_lossy().into_owned();
            reach.reached.insert(path.clone(), numbers(reached));
            reach.missed.insert(path, numbers(missed));
        }
        reach
    }
}

fn numbers(text: &str) -> Vec<u32> {
    text.split(',').filter_map(|number| number.parse().ok()).collect()
}

/// The PHP sources below a folder, by their paths in it. Folders of packages and of version control are left out.
pub(crate) fn sources(folder: &Path) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    const LEFT_OUT: [&str; 4] = ["vendor", "node_modules", ".git", ".svn"];
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
            let kind = entry?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_php = path.extension().is_some_and(|ext| ext == "php" || ext == "inc" || ext == "phtml");
            if kind.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
                folders.push(path);
            } else if kind.is_file() && is_php {
                let relative = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                found.insert(relative, std::fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_file_by_file_and_others_are_left_out() {
        let told = Told { folder: "/nowhere".into(), sources: "/app".into() };
        let reach =
            told.read("/app/a.php\n1,2\n3\n/tmp/cache.php\n1\n\n/app/b/c.php\n\n4,5\n/app/cut.php\n1");
        let of = |pairs: &[(&str, &[u32])]| -> BTreeMap<String, Vec<u32>> {
            pairs.iter().map(|(file, lines)| ((*file).to_owned(), lines.to_vec())).collect()
        };
        assert_eq!(reach.reached, of(&[("a.php", &[1, 2]), ("b/c.php", &[])]));
        assert_eq!(reach.missed, of(&[("a.php", &[3]), ("b/c.php", &[4, 5])]));
        assert_eq!(told.take("missing"), Reach::default());
    }

    #[test]
    fn a_script_that_was_prepended_before_still_is() {
        assert!(script(Some("/srv/it's.php")).ends_with("require '/srv/it\\'s.php';\n"));
        assert!(script(None).starts_with("<?php"));
    }
}
