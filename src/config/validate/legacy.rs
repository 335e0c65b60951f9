//! `[legacy.NAME]`: where an old backend is and how it is spoken to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use legacy_compat::Version as PhpVersion;

use super::address::{SOCKET_PATH_MAX, socket};
use super::{Read, sections, session, upstream};
use crate::config::fault::{Fault, Place};
use crate::config::raw::{self, At, RawCoding, RawProbe};
use crate::config::section::Section;
use crate::legacy::rewrite::{Origin, Rewrite};
use crate::legacy::spec::{Address, FastCgi, Kind, Managed, ProbeAt, Spec, Version};
use crate::legacy::{Accel, Coding};

/// The legacies of all files by name; `None` for those that are wrong.
pub(super) type Legacies = Vec<(String, Option<Arc<Spec>>)>;

/// Validates all legacies.
pub(super) fn all(files: &[Read<'_>], state: &Path, cores: usize, faults: &mut Vec<Fault>) -> Legacies {
    sections(
        files,
        "legacy",
        |raw| &raw.legacy,
        faults,
        |name, raw, section| legacy(name, raw, state, cores, section),
    )
}

/// The one that answers what no route matches.
pub(super) fn default(files: &[Read<'_>], legacies: &Legacies, faults: &mut Vec<Fault>) -> Option<Arc<Spec>> {
    let all =
        || files.iter().flat_map(|file| file.raw.legacy.iter().map(move |(name, raw)| (file, name, raw)));
    let mut marked = all().filter_map(|(file, name, raw)| {
        let mark = raw.get().default.as_ref().filter(|mark| *mark.get())?;
        Some((name, Place { file: file.context.file, span: mark.span() }))
    });
    let first = marked.next();
    for (_, place) in marked {
        let twice = Fault::at(place, "two legacies are the default");
        let related = first.as_ref().map(|(_, place)| place.clone());
        faults.push(match related {
            Some(place) => twice.related(place, "the other one"),
            None => twice,
        });
    }
    let name = match (first, all().next(), all().nth(1)) {
        (Some((name, _)), ..) | (None, Some((_, name, _)), None) => name,
        (None, None, _) => {
            let hint =
                "add one, for example:\n[legacy.monolith]\nhttp = \"http://127.0.0.1:9501\"".to_owned();
            faults
                .push(Fault::nowhere("there is no legacy: nothing answers what no route matches").hint(hint));
            return None;
        }
        (None, Some(_), Some((file, _, raw))) => {
            let place = Place { file: file.context.file, span: raw.span() };
            let hint = "write `default = true` into the one that answers what no route matches".to_owned();
            faults.push(Fault::at(place, "there are several legacies, and none is the default").hint(hint));
            return None;
        }
    };
    legacies.iter().find(|(n, _)| n == name).and_then(|(_, spec)| spec.clone())
}

fn legacy(
    name: &str,
    raw: &raw::Legacy,
    state: &Path,
    cores: usize,
    section: &mut Section<'_>,
) -> Option<Spec> {
    let kind = kind(name, raw, state, cores, section);
    let (connections, keep) = match &kind {
        Some(Kind::FastCgi(FastCgi { managed: Some(managed), .. })) => (managed.children, true),
        Some(Kind::FastCgi(_)) => (32, false),
        Some(Kind::Http(_)) | None => (256, true),
    };
    let spec = Spec {
        name: name.to_owned(),
        connect_timeout: section.duration(&raw.connect_timeout, Duration::from_secs(5)),
        read_timeout: section.duration(&raw.read_timeout, Duration::from_secs(60)),
        tunnel_timeout: section.duration(&raw.tunnel_timeout, Duration::from_secs(600)),
        connections_max: section.count(&raw.connections_max, connections),
        keep: raw.keep_alive.as_ref().map_or(keep, |keep| *keep.get()),
        queue_max: section.count(&raw.queue_max, 1024),
        body_max: section.size(&raw.body_max, 1 << 30),
        accel: accel(raw, section),
        rewrite: raw.rewrite.as_ref().map(|given| rewrite(given, section)),
        version: version(raw, section),
        dry_run: dry_run(raw, section),
        php: php(raw, section),
        probe: probe(raw, section),
        session: session::session(raw, section),
        kind: kind?,
    };
    if let Kind::FastCgi(_) = &spec.kind {
        only_http(raw, section);
    }
    if let (Kind::FastCgi(FastCgi { managed: Some(managed), .. }), Some(given)) =
        (&spec.kind, &raw.connections_max)
        && spec.connections_max > managed.children
    {
        let message = format!("more connections than the {} children that answer them", managed.children);
        section.fault_with_hint(
            given.span(),
            message,
            "leave it out, or raise `managed.children`".to_owned(),
        );
    }
    Some(spec)
}

fn precompressed(raw: &raw::Legacy) -> Box<[Coding]> {
    let given = raw.precompressed.iter().flat_map(|list| list.get());
    let coding = |given: &At<RawCoding>| match given.get() {
        RawCoding::Br => Coding::Brotli,
        RawCoding::Gzip => Coding::Gzip,
        RawCoding::Zstd => Coding::Zstd,
    };
    given.map(coding).collect()
}

/// Folders by prefix.
fn accel(raw: &raw::Legacy, section: &mut Section<'_>) -> Vec<Accel> {
    let mut all = Vec::new();
    for (prefix, folder) in &raw.accel {
        if !prefix.starts_with('/') || !prefix.ends_with('/') {
            let hint = "like \"/protected/\"".to_owned();
            section.fault_with_hint(
                folder.span(),
                format!("`{prefix}` does not begin and end with a slash"),
                hint,
            );
        }
        all.push(Accel { prefix: prefix.clone(), folder: section.path(folder.get()) });
    }
    all
}

fn rewrite(given: &At<raw::Texts>, section: &mut Section<'_>) -> Rewrite {
    let mut origins = Vec::new();
    for (text, span) in given.texts() {
        match Origin::parse(text) {
            Some(origin) => origins.push(origin),
            None => {
                let hint = "write scheme, host and port: \"http://old.internal:8080\"".to_owned();
                section.fault_with_hint(span, format!("`{text}` is no origin"), hint);
            }
        }
    }
    Rewrite(origins)
}

/// `header:NAME`, or the version itself.
fn version(raw: &raw::Legacy, section: &mut Section<'_>) -> Version {
    let Some(text) = &raw.version else { return Version::Unknown };
    match text.get().strip_prefix("header:") {
        None => Version::Said(text.get().clone()),
        Some(name) => {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                section.fault(text.span(), format!("`{name}` is no header field"));
            }
            Version::Field(name.to_owned())
        }
    }
}

fn php(raw: &raw::Legacy, section: &mut Section<'_>) -> Option<PhpVersion> {
    raw.php.as_ref().and_then(|text| section.parse(text, str::parse, "write it like \"8.2\""))
}

fn probe(raw: &raw::Legacy, section: &mut Section<'_>) -> Option<ProbeAt> {
    let given = raw.probe.as_ref()?;
    let at = match given.get() {
        RawProbe::Asked(false) => return None,
        RawProbe::Asked(true) => ProbeAt::Ours,
        RawProbe::Script(path) => ProbeAt::Theirs(path.into()),
    };
    if raw.http.is_some() {
        let hint = "say which one it is: `php = \"8.2\"`".to_owned();
        section.fault_with_hint(given.span(), "only a FastCGI backend can be asked by a script", hint);
    }
    if let ProbeAt::Theirs(path) = &at
        && (!path.is_absolute() || path.file_name().is_none())
    {
        section.fault(given.span(), format!("`{}` is no absolute path of a script", path.display()));
    }
    Some(at)
}

/// `NAME: VALUE`.
fn dry_run(raw: &raw::Legacy, section: &mut Section<'_>) -> Option<(String, String)> {
    let given = raw.dry_run.as_ref()?;
    let field = given.get().split_once(':').map(|(name, value)| (name.trim(), value.trim()));
    let valid = field.filter(|(name, value)| {
        http::HeaderName::from_bytes(name.as_bytes()).is_ok() && http::HeaderValue::from_str(value).is_ok()
    });
    if valid.is_none() {
        let hint = "write name and value: \"X-Dry-Run: 1\"".to_owned();
        section.fault_with_hint(given.span(), format!("`{}` is no header field", given.get()), hint);
    }
    valid.map(|(name, value)| (name.to_owned(), value.to_owned()))
}

fn kind(
    name: &str,
    raw: &raw::Legacy,
    state: &Path,
    cores: usize,
    section: &mut Section<'_>,
) -> Option<Kind> {
    match (&raw.fastcgi, &raw.http, &raw.managed) {
        (Some(text), None, None) => {
            let address = section.parse(text, socket, "\"unix:/run/php/php-fpm.sock\" or \"127.0.0.1:9000\"");
            let root =
                section.required(&raw.root, "root", "the folder of the front controller, as php-fpm sees it");
            let (address, root) = (address?, root?.get());
            fastcgi(raw, address, section.path(root), None, section)
        }
        (None, Some(upstreams), None) => {
            only_fastcgi(raw, section);
            upstream::http(raw, upstreams, section).map(Kind::Http)
        }
        (None, None, Some(managed)) => managed_pool(name, raw, managed, state, cores, section),
        (None, None, None) => {
            if !section.context.document.is_broken(&section.at) {
                let hint = "say where it is: `fastcgi = \"unix:…\"`, `http = \"http://…\"` or `managed = { root = \"…\" }`";
                section.fault_with_hint(
                    section.at.clone(),
                    "nothing says where this legacy is",
                    hint.to_owned(),
                );
            }
            None
        }
        (fastcgi, http, managed) => {
            let spans =
                [fastcgi.as_ref().map(At::span), http.as_ref().map(At::span), managed.as_ref().map(At::span)];
            let mut spans: Vec<_> = spans.into_iter().flatten().collect();
            spans.sort_by_key(|span| span.start);
            if let [first, second, ..] = &spans[..] {
                let fault = Fault::at(section.place(second.clone()), "a legacy is spoken to in one way");
                let first = section.place(first.clone());
                section.push(
                    fault.related(first, "this is one already").hint("take all but one out".to_owned()),
                );
            }
            None
        }
    }
}

fn managed_pool(
    name: &str,
    raw: &raw::Legacy,
    managed: &At<raw::Managed>,
    state: &Path,
    cores: usize,
    section: &mut Section<'_>,
) -> Option<Kind> {
    let socket = state.join(format!("php-fpm-{name}.sock"));
    if socket.as_os_str().len() > SOCKET_PATH_MAX {
        let message = format!("the pool's socket {} would have too long a path", socket.display());
        section.fault_with_hint(managed.span(), message, "give a shorter `state` folder".to_owned());
    }
    let pool = managed.get();
    let mut inner = section.inner(managed.span());
    let root = match (&pool.root, &raw.root) {
        (Some(root), _) | (None, Some(root)) => Some(root),
        (None, None) => inner.required(&pool.root, "root", "the folder of the front controller"),
    };
    let valid = Managed {
        binary: pool.binary.as_ref().map(|binary| binary_path(&inner, binary.get())),
        children: inner.count(&pool.children, 4 * cores),
        env: pairs(&pool.env),
        ini: pairs(&pool.ini),
    };
    for (key, value) in pool.env.iter().chain(&pool.ini) {
        if key.contains(|c: char| c.is_control() || "[]= ".contains(c))
            || value.get().contains(char::is_control)
        {
            inner.fault(value.span(), format!("`{key}` cannot stand in php-fpm's own configuration"));
        }
    }
    let root = section.path(root?.get());
    fastcgi(raw, Address::Unix(socket), root, Some(valid), section)
}

/// A bare name is searched for on the PATH.
fn binary_path(section: &Section<'_>, text: &str) -> PathBuf {
    if text.contains('/') { section.path(text) } else { text.into() }
}

fn fastcgi(
    raw: &raw::Legacy,
    address: Address,
    root: PathBuf,
    managed: Option<Managed>,
    section: &mut Section<'_>,
) -> Option<Kind> {
    let script = raw.script.as_ref().map_or("index.php", |script| script.get());
    let scripts = raw.scripts.iter().flat_map(|list| list.get());
    for text in raw.script.iter().chain(scripts.clone()) {
        let climbs = text.get().split('/').any(|part| part == ".." || part == ".");
        if text.get().is_empty() || text.get().starts_with('/') || climbs {
            let hint = "write it relative to `root`, like \"index.php\" or \"admin/index.php\"".to_owned();
            section.fault_with_hint(
                text.span(),
                format!("`{}` is no script under the root", text.get()),
                hint,
            );
        }
    }
    Some(Kind::FastCgi(FastCgi {
        address,
        root,
        script: script.to_owned(),
        scripts: scripts.map(|text| text.get().clone()).collect(),
        path_info: raw.path_info.as_ref().is_some_and(|given| *given.get()),
        static_files: raw.static_files.as_ref().is_none_or(|given| *given.get()),
        precompressed: precompressed(raw),
        params: pairs(&raw.params),
        managed,
    }))
}

/// Reports keys that say nothing about an HTTP backend.
fn only_fastcgi(raw: &raw::Legacy, section: &mut Section<'_>) {
    let texts = [&raw.root, &raw.script].into_iter().flatten().map(At::span);
    let lists = raw.scripts.iter().map(At::span).chain(raw.static_files.iter().map(At::span));
    let lists = lists.chain(raw.precompressed.iter().map(At::span));
    for span in texts.chain(lists).chain(raw.params.values().map(At::span)) {
        section.fault(span, "only a FastCGI backend has this");
    }
}

/// Reports keys that say nothing about a FastCGI backend.
fn only_http(raw: &raw::Legacy, section: &mut Section<'_>) {
    let spans = [
        raw.http2.as_ref().map(At::span),
        raw.health_check.as_ref().map(At::span),
        raw.circuit_breaker.as_ref().map(At::span),
        raw.tunnel_timeout.as_ref().map(At::span),
    ];
    for span in spans.into_iter().flatten() {
        section.fault(span, "only an HTTP backend has this");
    }
}

fn pairs(map: &BTreeMap<String, At<String>>) -> Vec<(String, String)> {
    map.iter().map(|(key, value)| (key.clone(), value.get().clone())).collect()
}
