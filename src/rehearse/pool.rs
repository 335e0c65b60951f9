//! The php-fpm of a legacy of our own: the one that serves clients, but for what it must not reach, and what it is to tell.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use handover_kafka::Embedded;

use super::reach::{self, Told};
use super::trace::CALLS;
use crate::legacy::managed::binary;
use crate::legacy::spec::{Address, FastCgi, Kind, Managed, Spec};
use crate::route::Route;

/// Stands in an environment variable for the brokers of the Kafka that the legacy of our own gets.
const KAFKA: &str = "{kafka}";

/// Partitions of each topic there.
const PARTITIONS: i32 = 4;

/// Public folders of applications: their sources lie beside these.
const PUBLIC: [&str; 7] = ["public", "web", "www", "htdocs", "html", "webroot", "public_html"];

/// What is asked for.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Wanted {
    /// How many requests it answers at once.
    #[arg(long, default_value_t = 4)]
    pub children: usize,

    /// An environment variable for it, NAME=VALUE, again for each; `{kafka}` in a value stands for the brokers of a Kafka of
    /// its own.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub env: Vec<(String, String)>,

    /// A PHP setting for it, NAME=VALUE, again for each.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub ini: Vec<(String, String)>,

    /// The application's sources; found beside its public folder when not given.
    #[arg(long, value_name = "FOLDER")]
    pub sources: Option<PathBuf>,

    /// Whether all that it does is watched. It serves one request at a time then.
    #[arg(skip)]
    pub watched: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is written NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The folder above a public one.
pub(super) fn sources_of(fastcgi: &FastCgi, wanted: &Wanted) -> anyhow::Result<PathBuf> {
    let root = match &wanted.sources {
        Some(given) => given.clone(),
        None => {
            let root = &fastcgi.root;
            let is_public = root.file_name().is_some_and(|name| PUBLIC.iter().any(|public| name == *public));
            root.parent().filter(|_| is_public).unwrap_or(root).to_owned()
        }
    };
    root.canonicalize().with_context(|| format!("the sources in {} cannot be read", root.display()))
}

/// A Kafka for a route whose legacy sends records.
pub(super) fn kafka(route: &Route) -> anyhow::Result<Option<Embedded>> {
    let topics = route.spec.shadow.effects();
    if topics.is_empty() {
        return Ok(None);
    }
    let kafka = Embedded::start(1).context("a Kafka of its own cannot be started")?;
    for effect in topics {
        kafka.create_topic(effect.topic(), PARTITIONS)?;
    }
    Ok(Some(kafka))
}

/// Its settings.
pub(super) fn managed(
    fastcgi: &FastCgi,
    route: &Route,
    wanted: &Wanted,
    told: &Told,
    kafka: Option<&Embedded>,
) -> anyhow::Result<Managed> {
    let given = fastcgi.managed.clone();
    let mut managed =
        given.unwrap_or(Managed { binary: None, children: 1, env: Vec::new(), ini: Vec::new() });
    managed.children = if wanted.watched { 1 } else { wanted.children.max(1) };
    for (name, value) in &wanted.env {
        managed.env.retain(|(other, _)| other != name);
        managed.env.push((name.clone(), value.clone()));
    }
    redirect(&mut managed.env, route, kafka)?;
    managed.ini.retain(|(name, _)| !wanted.ini.iter().any(|(other, _)| other == name));
    managed.ini.extend(wanted.ini.iter().cloned());
    managed.env.push(("HANDOVER_REACH_FOLDER".to_owned(), told.folder.display().to_string()));
    managed.ini.retain(|(name, _)| name != "auto_prepend_file" && !name.starts_with("pcov."));
    let prepended = told.folder.with_file_name("prepend.php");
    let mut set = |name: &str, value: String| managed.ini.push((name.to_owned(), value));
    set("auto_prepend_file", prepended.display().to_string());
    set("pcov.enabled", "1".to_owned());
    set("pcov.directory", told.sources.display().to_string());
    // What opcache moves or leaves out is not reached where it stands.
    set("opcache.optimization_level", "0".to_owned());
    let php_fpm = binary::find(&route.spec.legacy.name, managed.binary.as_deref())?;
    if !has_pcov(&php_fpm)? {
        managed.ini.push(("extension".to_owned(), "pcov".to_owned()));
    }
    if wanted.watched {
        managed.binary = Some(watched(&php_fpm, told)?);
    }
    Ok(managed)
}

/// The file that a watched pool's trace is written to.
pub(super) fn trace(told: &Told) -> PathBuf {
    told.folder.with_file_name("trace")
}

/// A program that is php-fpm under strace: php-fpm stays our own child, who traces it is another.
fn watched(php_fpm: &Path, told: &Told) -> anyhow::Result<PathBuf> {
    let strace = program("strace").context(
        "there is no strace, which tells what a process does: install it (Debian: apt-get install strace)",
    )?;
    let script = told.folder.with_file_name("php-fpm-watched");
    let (strace, php_fpm, trace) = (strace.display(), php_fpm.display(), trace(told));
    fs::write(
        &script,
        format!(
            "#!/bin/sh\nexec '{strace}' -D -f -qq -yy -s 256 -o '{}' -e '{CALLS}' '{php_fpm}' \"$@\"\n",
            trace.display()
        ),
    )?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700))?;
    Ok(script)
}

/// Where a program is on the PATH.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Points the application to a Kafka of its own: it must not send what nobody asked for to the real one.
fn redirect(env: &mut [(String, String)], route: &Route, kafka: Option<&Embedded>) -> anyhow::Result<()> {
    let Some(kafka) = kafka else { return Ok(()) };
    let brokers = route.spec.kafka.as_ref().map_or(&[][..], |kafka| &kafka.bootstrap);
    let whole = brokers.join(",");
    let mut found = false;
    for (_, value) in env.iter_mut() {
        for real in std::iter::once(&whole).chain(brokers).filter(|real| !real.is_empty()) {
            if value.contains(real.as_str()) {
                (*value, found) = (value.replace(real.as_str(), kafka.bootstrap()), true);
            }
        }
        if value.contains(KAFKA) {
            (*value, found) = (value.replace(KAFKA, kafka.bootstrap()), true);
        }
    }
    if !found {
        bail!(
            "nobody knows how legacy {} finds its Kafka, and this one must not find the real one: say it by \
             --env NAME={KAFKA}",
            route.spec.legacy.name
        );
    }
    Ok(())
}

/// Whether php-fpm loads pcov by itself; an error where it has none at all.
fn has_pcov(php_fpm: &Path) -> anyhow::Result<bool> {
    let modules = |extra: &[&str]| -> anyhow::Result<bool> {
        let output = Command::new(php_fpm).args(extra).arg("-m").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().any(|module| module.trim() == "pcov"))
    };
    if modules(&[])? {
        return Ok(true);
    }
    if !modules(&["-d", "extension=pcov"])? {
        bail!(
            "{} has no pcov, which tells what requests reach: install it (Debian: apt-get install php8.2-pcov, then \
             phpdismod pcov, since only this command wants it loaded)",
            php_fpm.display()
        );
    }
    Ok(false)
}

/// Its files: readable, and one folder writable, for whoever its children run as.
pub(super) fn prepare(folder: &Path, told: &Told, formerly: Option<&Managed>) -> anyhow::Result<()> {
    let formerly =
        formerly.and_then(|managed| managed.ini.iter().find(|(name, _)| name == "auto_prepend_file"));
    let script = folder.join("prepend.php");
    fs::create_dir(&told.folder)?;
    fs::write(&script, reach::script(formerly.map(|(_, file)| file.as_str())))?;
    for (path, mode) in [(folder, 0o711), (&told.folder, 0o1733), (&script, 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// The legacy, behind a socket of our own. `keep`: whether its connections are kept for further requests.
pub(super) fn own(
    legacy: &Spec,
    fastcgi: &FastCgi,
    managed: Managed,
    folder: &Path,
    keep: bool,
) -> Arc<Spec> {
    let children = managed.children;
    let fastcgi = FastCgi {
        address: Address::Unix(folder.join("php-fpm-own.sock")),
        managed: Some(managed),
        ..fastcgi.clone()
    };
    Arc::new(Spec {
        kind: Kind::FastCgi(fastcgi),
        connections_max: children,
        keep,
        dry_run: None,
        ..legacy.clone()
    })
}
