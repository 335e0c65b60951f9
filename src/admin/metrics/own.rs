//! What became of effects of the application's own.

use std::fmt::Write as _;

use super::family;
use crate::control::Control;
use crate::observe::prometheus::escaped;

pub(super) fn write(text: &mut String, control: &Control) {
    let all = control.process.producers.own_effects();
    if all.is_empty() {
        return;
    }
    const NAME: &str = "handover_own_effects_total";
    family(text, NAME, "counter", "Effects of the application's own by how committing them ended.");
    for ends in all {
        let kind = escaped(&ends.kind);
        for (outcome, count) in
            [("committed", ends.committed), ("refused", ends.refused), ("unknown", ends.unknown)]
        {
            let _ = writeln!(text, "{NAME}{{kind=\"{kind}\",outcome=\"{outcome}\"}} {count}");
        }
    }
}
