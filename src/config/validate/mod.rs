//! From the files as written to a [`Config`] that cannot be wrong, or everything that is wrong with them.

mod address;
mod admin;
mod candidate;
mod evidence;
mod front;
mod idempotency;
mod kafka;
mod legacy;
mod listen;
mod native;
mod observe;
mod process;
mod review;
mod route;
mod session;
mod spool;
mod table;
mod upstream;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::Document;
use super::fault::{Fault, Faults, Place};
use super::interpolate::Lookup;
use super::raw::{self, At};
use super::section::{FileContext, Section, is_name};
use super::source::Sources;
use super::state;
use super::valid::Config;
use crate::native::application::Names;

/// What a configuration is validated against, besides itself.
pub(crate) struct Against<'a> {
    /// The environment.
    pub env: &'a Lookup<'a>,
    /// The names of what is registered.
    pub names: &'a Names,
    /// The state folder, where it is not the file's to say.
    pub state: Option<&'a Path>,
}

/// A valid configuration, and what should be looked at all the same.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The configuration.
    pub config: Config,
    /// Its warnings.
    pub warnings: Faults,
}

/// A file that could be read as a whole.
struct Read<'f> {
    raw: &'f raw::File,
    context: &'f FileContext<'f>,
}

/// Validates the files as a whole.
pub(crate) fn validate(sources: &Sources, against: &Against<'_>) -> Result<Checked, Faults> {
    let mut faults = Vec::new();
    let read: Vec<_> = (0..sources.configs()).map(|file| read(file, sources, against, &mut faults)).collect();
    let dirs: Vec<PathBuf> = (0..read.len()).map(|file| sources.dir(file)).collect();
    let contexts: Vec<FileContext<'_>> = read
        .iter()
        .zip(&dirs)
        .enumerate()
        .map(|(file, ((document, _), dir))| FileContext { file, dir, document })
        .collect();
    let files: Vec<Read<'_>> = read
        .iter()
        .zip(&contexts)
        .filter_map(|((_, raw), context)| Some(Read { raw: raw.as_ref()?, context }))
        .collect();
    let config = if files.len() == read.len() { whole(sources, &files, against, &mut faults) } else { None };
    let (warnings, errors): (Vec<_>, Vec<_>) = faults.into_iter().partition(Fault::is_warning);
    match config {
        Some(config) if errors.is_empty() => {
            Ok(Checked { config, warnings: Faults::of(sources.clone(), warnings) })
        }
        _ => Err(Faults::of(sources.clone(), errors)),
    }
}

/// Reads one file; `None` where its syntax is wrong, since then the rest is guesswork.
fn read<'s>(
    file: usize,
    sources: &'s Sources,
    against: &Against<'_>,
    faults: &mut Vec<Fault>,
) -> (Document<'s>, Option<raw::File>) {
    let text = sources.files().get(file).map_or("", |source| source.text.as_str());
    let (mut document, syntax) = Document::parse(file, text);
    if !syntax.is_empty() {
        faults.extend(syntax);
        return (document, None);
    }
    faults.extend(document.interpolate(against.env));
    let (raw, unfit) = document.read();
    faults.extend(unfit);
    (document, Some(raw))
}

fn whole(
    sources: &Sources,
    files: &[Read<'_>],
    against: &Against<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Config> {
    let (main, included) = files.split_first()?;
    for file in included {
        only_in_main(file, faults);
    }
    let access = admin::access(main, faults);
    let listen = listen::listen(main, &access, faults);
    let (forwarding, http1) = (front::forwarded(main, faults), front::limits(main, faults));
    let shutdown = process::shutdown(main, faults);
    let traces = observe::traces(main, faults);
    let (access_log, explain) = (observe::access_log(main, faults), observe::explain(main, faults));
    let state = state_folder(main, against);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = Section::new(main.context, 0..0, faults).count(&main.raw.workers, cores).min(1024);
    let blocking_threads =
        Section::new(main.context, 0..0, faults).count(&main.raw.blocking_threads, 16).min(1024);
    let legacies = legacy::all(files, &state, cores, faults);
    let clusters = kafka::all(files, faults);
    let tables = table::all(files, faults);
    let s3 = table::s3(main, faults);
    let review = review::review(main, &clusters, faults);
    let default_legacy = legacy::default(files, &legacies, faults);
    let known = route::Known {
        legacies: &legacies,
        default: default_legacy.as_ref(),
        clusters: &clusters,
        tables: &tables,
        sources,
        against,
    };
    let (routes, matcher) = route::all(files, &known, faults);
    let cache = front::cache(main, routes.iter().any(|route| route.cache), faults);
    let all_clusters = clusters.iter().filter_map(|(_, cluster)| cluster.as_deref());
    let asked = spool::asked(all_clusters, routes.iter().map(|route| &**route));
    let spool = spool::spool(main, &state, asked, faults);
    Some(Config {
        hash: sources.hash(),
        listen,
        access,
        forwarding,
        http1,
        cache,
        access_log,
        traces,
        explain,
        shutdown,
        state,
        workers,
        blocking_threads,
        legacies: values(legacies),
        default_legacy: default_legacy?,
        kafka: values(clusters),
        spool,
        review,
        s3,
        tables: values(tables),
        routes,
        matcher: matcher?,
    })
}

/// The state folder: what the caller says, the file, or `handover-state` beside it.
fn state_folder(main: &Read<'_>, against: &Against<'_>) -> PathBuf {
    let file = || main.raw.state.as_ref().map_or(state::DEFAULT, |text| text.get());
    against.state.map_or_else(|| main.context.dir.join(file()), Path::to_owned)
}

/// What the process has once cannot stand in an included file.
fn only_in_main(file: &Read<'_>, faults: &mut Vec<Fault>) {
    let raw = file.raw;
    let spans = [
        raw.include.as_ref().map(At::span),
        raw.state.as_ref().map(At::span),
        raw.workers.as_ref().map(At::span),
        raw.blocking_threads.as_ref().map(At::span),
        raw.listen.as_ref().map(At::span),
        raw.admin.as_ref().map(At::span),
        raw.forwarded.as_ref().map(At::span),
        raw.limits.as_ref().map(At::span),
        raw.cache.as_ref().map(At::span),
        raw.access_log.as_ref().map(At::span),
        raw.explain.as_ref().map(At::span),
        raw.traces.as_ref().map(At::span),
        raw.shutdown.as_ref().map(At::span),
        raw.s3.as_ref().map(At::span),
        raw.spool.as_ref().map(At::span),
        raw.review.as_ref().map(At::span),
    ];
    for span in spans.into_iter().flatten() {
        let place = Place { file: file.context.file, span };
        faults.push(
            Fault::at(place, "this belongs into the main file")
                .hint("an included file has routes, legacies, Kafka clusters and tables".to_owned()),
        );
    }
}

/// Validates the sections of one kind, of all files: names that can be one and that are there once.
fn sections<'f, T: 'f, V>(
    files: &'f [Read<'f>],
    what: &str,
    of: impl Fn(&'f raw::File) -> &'f std::collections::BTreeMap<String, At<T>>,
    faults: &mut Vec<Fault>,
    mut validate: impl FnMut(&'f str, &'f T, &mut Section<'_>) -> Option<V>,
) -> Vec<(String, Option<Arc<V>>)> {
    let mut seen: HashMap<&str, Place> = HashMap::new();
    let mut valid = Vec::new();
    for file in files {
        for (name, raw) in of(file.raw) {
            let place = Place { file: file.context.file, span: raw.span() };
            if !is_name(name) {
                faults.push(
                    Fault::at(place.clone(), format!("`{name}` is no name for a {what}"))
                        .hint(NAME_HINT.to_owned()),
                );
            }
            if let Some(first) = seen.get(name.as_str()) {
                let twice = Fault::at(place, format!("there are two {what}s `{name}`"));
                faults.push(twice.related(first.clone(), "the other one"));
                continue;
            }
            seen.insert(name, place);
            let value = validate(name, raw.get(), &mut Section::new(file.context, raw.span(), faults));
            valid.push((name.clone(), value.map(Arc::new)));
        }
    }
    valid.sort_by(|a, b| a.0.cmp(&b.0));
    valid
}

const NAME_HINT: &str = "at most 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit";

fn values<V>(named: Vec<(String, Option<Arc<V>>)>) -> Vec<Arc<V>> {
    named.into_iter().filter_map(|(_, value)| value).collect()
}

/// A name as DNS has them, or an IPv4 address.
fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
#[path = "../tests.rs"]
mod tests;

#[cfg(test)]
#[path = "../include_tests.rs"]
mod include_tests;

#[cfg(test)]
#[path = "../fault_tests/mod.rs"]
mod fault_tests;
