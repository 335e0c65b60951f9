//! `[spool]`: where records wait for Kafka.

use std::path::Path;
use std::time::Duration;

use handover_spool::Limits;

use super::Read;
use crate::config::fault::Fault;
use crate::config::section::Section;
use crate::config::valid::{Ack, Kafka, RouteSpec, Spool};

/// Its name in the state folder, when the file does not say where it is.
const FOLDER: &str = "spool";

/// The least that is worth having: an answer's frame may take a sixteenth of it.
const SIZE_MIN: u64 = 64 << 20;

/// Validates `[spool]`; `asked` says whether an `ack` needs one.
pub(super) fn spool(main: &Read<'_>, state: &Path, asked: bool, faults: &mut Vec<Fault>) -> Spool {
    let raw = main.raw.spool.as_ref();
    let mut section = Section::new(main.context, raw.map_or(0..0, |raw| raw.span()), faults);
    let given = raw.map(|raw| raw.get().clone()).unwrap_or_default();
    let size_max = section.size(&given.size_max, Limits::default().size_max());
    if let (Some(text), true) = (&given.size_max, size_max < SIZE_MIN) {
        let hint =
            "at least \"64MiB\": every eighth of it is a file, and half of one the largest frame".to_owned();
        section.fault_with_hint(text.span(), "too small for a spool", hint);
    }
    let folder = given.folder.map_or_else(|| state.join(FOLDER), |text| section.path(text.get()));
    let limits = Limits::new(size_max.max(SIZE_MIN)).unwrap_or_default();
    let calls_for = section.duration(&given.calls_for, Duration::from_secs(3600));
    Spool { folder, limits, calls_for, wanted: raw.is_some() || asked }
}

/// Whether an `ack` asks for a spool.
pub(super) fn asked<'a>(
    mut clusters: impl Iterator<Item = &'a Kafka>,
    mut routes: impl Iterator<Item = &'a RouteSpec>,
) -> bool {
    clusters.any(|cluster| cluster.ack == Ack::Spool) || routes.any(|route| route.ack == Ack::Spool)
}
