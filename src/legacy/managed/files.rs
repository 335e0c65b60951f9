//! What a pool is to be like, and the files that tell php-fpm so. They lie in the state folder, beside the pool's socket.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use serde::{Deserialize, Serialize};

use super::{StartError, binary};
use crate::legacy::spec::{Address, FastCgi, Managed};

/// The path that php-fpm itself answers. No request of a client gets there: only scripts are asked for.
pub(super) const PING: &str = "/handover-ping";

/// A pool, ready to be written and started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(super) name: String,
    pub(super) binary: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) root: PathBuf,
    /// Whom the children run as, where we may choose; `None` where they run as we do.
    user: Option<String>,
    /// Whether php-fpm has to be told that root is meant.
    pub(super) as_root: bool,
    pub(super) env: Vec<(String, String)>,
    ini: Vec<(String, String)>,
    children: usize,
}

impl Plan {
    pub(super) fn new(name: &str, fastcgi: &FastCgi, managed: &Managed) -> Result<Self, StartError> {
        let Address::Unix(socket) = &fastcgi.address else {
            return Err(unwritable(name, "a managed pool that does not listen on a Unix socket"));
        };
        let script = fastcgi.root.join(&fastcgi.script);
        let owner = fs::metadata(&script)
            .map_err(|source| StartError::NoScript {
                legacy: name.to_owned(),
                script: script.clone(),
                source,
            })?
            .uid();
        let user = children_user(owner, &script);
        Ok(Self {
            name: name.to_owned(),
            binary: binary::find(name, managed.binary.as_deref())?,
            socket: socket.clone(),
            root: fastcgi.root.clone(),
            as_root: user.as_deref() == Some("root"),
            user,
            env: managed.env.clone(),
            ini: managed.ini.clone(),
            children: managed.children,
        })
    }

    /// Whether a running pool takes this over by a reload. Its environment is that of its master process, for life.
    pub(super) fn can_become(&self, new: &Self) -> bool {
        (&self.binary, &self.socket, &self.env, self.as_root)
            == (&new.binary, &new.socket, &new.env, new.as_root)
    }

    /// php-fpm's configuration.
    pub(super) fn config(&self) -> PathBuf {
        self.socket.with_extension("conf")
    }

    /// The folder that PHP scans for further `.ini` files.
    pub(super) fn ini_folder(&self) -> PathBuf {
        self.socket.with_extension("ini.d")
    }

    /// Says which processes are the pool's.
    pub(super) fn pid_file(&self) -> PathBuf {
        self.socket.with_extension("pid")
    }

    /// Writes the files.
    pub(super) fn write(&self) -> Result<(), StartError> {
        let ini = self.ini_folder().join("pool.ini");
        let fault = |path: &Path| {
            let path = path.to_owned();
            move |source| StartError::Files { legacy: self.name.clone(), path, source }
        };
        fs::create_dir_all(self.ini_folder()).map_err(fault(&ini))?;
        fs::write(&ini, self.ini_text()?).map_err(fault(&ini))?;
        // The children, who may be another user, read nothing else here.
        let readable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.ini_folder(), readable).map_err(fault(&ini))?;
        fs::write(self.config(), self.config_text()?).map_err(fault(&self.config()))
    }

    fn config_text(&self) -> Result<String, StartError> {
        let socket = self.quoted(&self.socket.to_string_lossy(), "its socket's path")?;
        let mut text = format!(
            "; Written anew at each start.\n\
             [global]\nerror_log = /dev/stderr\ndaemonize = no\nlog_limit = 8192\nprocess_control_timeout = 10s\n\n\
             [handover]\nlisten = {socket}\nlisten.mode = 0600\nlisten.backlog = 511\n\
             pm = static\npm.max_children = {}\nping.path = {PING}\n\
             catch_workers_output = yes\ndecorate_workers_output = no\n\
             ; The master's environment is exactly what the children are to have.\nclear_env = no\n",
            self.children,
        );
        if let Some(user) = &self.user {
            let _ = writeln!(text, "user = {user}");
        }
        Ok(text)
    }

    /// As in `php.ini`: the application may change what it may change there, and settings of the system level work too.
    fn ini_text(&self) -> Result<String, StartError> {
        let mut text = String::from("; Written anew at each start.\n");
        for (name, value) in &self.ini {
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            if name.is_empty() || !is_name {
                return Err(unwritable(&self.name, &format!("the setting {name:?}")));
            }
            let _ = writeln!(text, "{name} = {}", self.ini_value(name, value)?);
        }
        Ok(text)
    }

    /// Numbers, switches and expressions such as `E_ALL & ~E_NOTICE` stand bare, or PHP would not evaluate them.
    fn ini_value(&self, name: &str, value: &str) -> Result<String, StartError> {
        let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_.&|~ -".contains(&byte);
        if value.bytes().all(is_bare) {
            return Ok(value.to_owned());
        }
        self.quoted(value, &format!("the value of {name}"))
    }

    fn quoted(&self, value: &str, what: &str) -> Result<String, StartError> {
        if value.contains(['"', '\\', '\n', '\r', '\0']) || value.contains("${") {
            return Err(unwritable(&self.name, &format!("{what}: {value:?}")));
        }
        Ok(format!("\"{value}\""))
    }
}

fn unwritable(legacy: &str, what: &str) -> StartError {
    StartError::Unwritable { legacy: legacy.to_owned(), what: what.to_owned() }
}

/// Only root may choose: the application's owner, else `www-data`, as packages set it up. Where `www-data` cannot read the
/// application (it lies in root's home, say) root it must be.
fn children_user(owner: u32, script: &Path) -> Option<String> {
    if !Uid::effective().is_root() {
        return None;
    }
    let named = |user: Result<Option<User>, nix::Error>| user.ok().flatten().map(|user| user.name);
    let owner = Uid::from_raw(owner);
    let user = if owner.is_root() {
        named(User::from_name("www-data")).filter(|_| anyone_reads(script))
    } else {
        named(User::from_uid(owner))
    };
    Some(user.unwrap_or_else(|| "root".to_owned()))
}

/// Whether any user may enter the folders above a file, and read it.
fn anyone_reads(file: &Path) -> bool {
    let allows = |path: &Path, bit: u32| fs::metadata(path).is_ok_and(|meta| meta.mode() & bit == bit);
    let Ok(file) = file.canonicalize() else { return false };
    allows(&file, 0o4) && file.ancestors().skip(1).all(|folder| allows(folder, 0o1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::{fastcgi, file, folder};

    fn plan(root: &Path, ini: &[(&str, &str)]) -> Result<Plan, StartError> {
        file(root, "index.php", "<?php");
        let ini = ini.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let managed = Managed { binary: Some("/bin/true".into()), children: 3, env: Vec::new(), ini };
        let fastcgi = FastCgi { address: Address::Unix(root.join("php-fpm-monolith.sock")), ..fastcgi(root) };
        Plan::new("monolith", &fastcgi, &managed)
    }

    #[test]
    fn settings_stand_as_php_ini_would_have_them() {
        let folder = folder();
        let plan = plan(
            folder.path(),
            &[
                ("memory_limit", "64M"),
                ("error_reporting", "E_ALL & ~E_NOTICE"),
                ("date.timezone", "Europe/Berlin"),
                ("x", "a;b"),
            ],
        );
        let text = plan.unwrap().ini_text().unwrap();
        let expected = "memory_limit = 64M\nerror_reporting = E_ALL & ~E_NOTICE\ndate.timezone = \"Europe/Berlin\"\nx = \"a;b\"\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn a_value_that_would_end_its_line_is_refused() {
        let folder = folder();
        for (name, value) in [
            ("a", "x\"\nextension = evil.so"),
            ("a", "${HOME}"),
            ("a\nb", "1"),
            ("", "1"),
            ("a[b", "1"),
            ("a", "\\"),
        ] {
            let refused = plan(folder.path(), &[(name, value)]).unwrap().ini_text();
            assert!(matches!(refused, Err(StartError::Unwritable { .. })), "{name:?} {value:?}");
        }
    }

    #[test]
    fn a_missing_application_is_an_error_that_names_it() {
        let folder = folder();
        let plan = plan(folder.path(), &[]).map(|_| fs::remove_file(folder.path().join("index.php")));
        plan.unwrap().unwrap();
        let managed = Managed { binary: None, children: 1, env: Vec::new(), ini: Vec::new() };
        let error = Plan::new(
            "monolith",
            &FastCgi { address: Address::Unix("/s".into()), ..fastcgi(folder.path()) },
            &managed,
        );
        assert!(error.unwrap_err().to_string().contains("index.php"));
    }
}
