//! What `fuzz` and `coverage` need: a route's both sides, with a legacy of our own and the requests of recordings.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use handover_api::Ports;
use handover_shadow::recording::RecordingReader;
use handover_shadow::{RecordedRequest, RedactionKey, Redactor};
use tokio::runtime::Handle;

use super::{Context, unusable};
use crate::commit::Producers;
use crate::legacy::php::Phps;
use crate::mirror::experiment::Conductor;
use crate::mirror::recordings::Recordings;
use crate::native::blocking::Pool;
use crate::native::ports::LivePorts;
use crate::rehearse::both::Both;
use crate::rehearse::legacy::OwnLegacy;
use crate::rehearse::pool::Wanted;
use crate::route::generation::Generation;
use crate::schemas::Purpose;
use crate::tables::Tables;

/// How many threads run handlers that block.
const BLOCKING: usize = 2;

/// How long tables may take to load.
const TABLES_WITHIN: Duration = Duration::from_secs(60);

/// Requests that are read of recordings at most.
const REQUESTS_MAX: usize = 50_000;

/// A route's both sides.
pub(super) struct Rehearsal {
    pub(super) both: Both,
    pub(super) redactor: Redactor,
    /// Kept for as long as native reads them.
    pub(super) tables: Arc<Tables>,
}

/// Starts both sides of a route.
pub(super) async fn start(name: &str, wanted: &Wanted, context: &Context) -> anyhow::Result<Rehearsal> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let route = context.route(&generation, name)?;
    if route.native.is_none() {
        bail!("{name} has no native handler: name one by `native = \"…\"`");
    }
    let (tables, ports) = tables(&generation).await?;
    let key = RedactionKey::load_or_create(&key_file(&generation)?)?;
    let producers = Arc::<Producers>::default();
    let schemas = producers.schemas().prepare(&generation.config, Purpose::Look, &Handle::current())?;
    schemas.asked_once(TABLES_WITHIN).await;
    producers.schemas().put(schemas);
    let conductor = Conductor {
        ports,
        producers,
        identities: context.identities.clone(),
        phps: Phps::said(&generation.config.legacies),
        recordings: Arc::new(Recordings::noting(Redactor::new(&key))),
        observers: Arc::new(context.application.observers.clone()),
        blocking: Arc::new(Pool::new(BLOCKING)),
    };
    let own = OwnLegacy::start(route, &generation.config.forwarding, wanted).await?;
    let both = Both::new(own, Arc::clone(&generation), conductor).await?;
    Ok(Rehearsal { both, redactor: Redactor::new(&key), tables })
}

async fn tables(generation: &Generation) -> anyhow::Result<(Arc<Tables>, Arc<dyn Ports>)> {
    let config = &generation.config;
    let tables = Arc::new(Tables::new(&config.state, Handle::current()));
    tables.apply(&config.tables, &config.s3).await?;
    tables.asked_once(TABLES_WITHIN).await;
    if let Some(table) = tables.stats().into_iter().find(|table| table.rows.is_none()) {
        bail!("table {} cannot be loaded: native could not answer", table.name);
    }
    let ports: Arc<dyn Ports> = Arc::new(LivePorts::new(Arc::clone(&tables) as Arc<_>));
    Ok((tables, ports))
}

/// The key of the process with that state folder, so that placeholders are the same as in what it records.
fn key_file(generation: &Generation) -> anyhow::Result<PathBuf> {
    let state = &generation.config.state;
    std::fs::create_dir_all(state).with_context(|| format!("{} cannot be made", state.display()))?;
    Ok(state.join("redaction.key"))
}

/// The requests of a route in recordings.
pub(super) fn requests(route: &str, recordings: &[PathBuf]) -> anyhow::Result<Vec<RecordedRequest>> {
    let mut requests = Vec::new();
    for path in recordings {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("{name} cannot be read"))?;
        let recording = RecordingReader::open(BufReader::new(file)).with_context(|| format!("{name}"))?;
        for recorded in recording {
            let recorded = recorded.with_context(|| format!("{name}"))?;
            if recorded.route == route && requests.len() < REQUESTS_MAX {
                requests.push(recorded.request().with_context(|| format!("{name}: {}", recorded.id))?);
            }
        }
    }
    if requests.is_empty() {
        bail!("no recording has a request of {route}: make one by `handover record {route}`");
    }
    Ok(requests)
}
