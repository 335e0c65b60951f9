//! `[shutdown]`: how the process ends.

use std::time::Duration;

use super::Read;
use crate::config::fault::Fault;
use crate::config::raw::At;
use crate::config::raw::process;
use crate::config::section::Section;
use crate::config::valid::Shutdown;

/// How long what is under way may take at the end when the file does not say.
const GRACE: Duration = Duration::from_secs(30);

/// Validates `[shutdown]`.
pub(super) fn shutdown(main: &Read<'_>, faults: &mut Vec<Fault>) -> Shutdown {
    let none = process::Shutdown::default();
    let raw = main.raw.shutdown.as_ref();
    let mut section = Section::new(main.context, raw.map_or(0..0, At::span), faults);
    let raw = raw.map_or(&none, At::get);
    Shutdown {
        delay: section.duration(&raw.delay, Duration::ZERO),
        grace: section.duration(&raw.grace, GRACE),
    }
}
