//! Which packages a package is made of that lie beside it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::Error;

/// The folders of a package and of all its path dependencies, each once.
pub(crate) fn with_path_dependencies(package: &Path, root: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    let workspace = manifest(root)?.get("workspace").and_then(|all| all.get("dependencies")).cloned();
    let (mut found, mut next) = (BTreeSet::new(), vec![package.to_owned()]);
    while let Some(folder) = next.pop() {
        let folder = folder.canonicalize().map_err(|why| Error::Io(folder, why))?;
        if found.contains(&folder) {
            continue;
        }
        let manifest = manifest(&folder)?;
        for (name, dependency) in tables(&manifest).into_iter().flatten() {
            let inherited = dependency.get("workspace").is_some_and(|yes| yes.as_bool() == Some(true));
            let (base, dependency) = match inherited {
                true => (root, workspace.as_ref().and_then(|all| all.get(name))),
                false => (folder.as_path(), Some(dependency)),
            };
            let path = dependency.and_then(|dependency| dependency.get("path")).and_then(Value::as_str);
            next.extend(path.map(|path| base.join(path)));
        }
        found.insert(folder);
    }
    Ok(found)
}

fn manifest(folder: &Path) -> Result<Table, Error> {
    let path = folder.join("Cargo.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Table::new()),
        Err(why) => return Err(Error::Io(path, why)),
    };
    text.parse().map_err(|why| Error::Manifest(path, why))
}

/// The dependency tables of what ends up in the binary or builds it.
fn tables(manifest: &Table) -> Vec<&Table> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(|targets| targets.values().filter_map(Value::as_table));
    let all = std::iter::once(manifest).chain(targets);
    all.flat_map(|table| ["dependencies", "build-dependencies"].map(|key| (table, key)))
        .filter_map(|(table, key)| table.get(key).and_then(Value::as_table))
        .collect()
}
