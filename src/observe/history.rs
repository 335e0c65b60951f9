//! How the share of requests that native answers went over time: an hour a line in `progress.jsonl`, for the chart.
//!
//! ```text
//! {"hour": 491234, "native": 120, "legacy": 3870, "total": 4000}
//! ```
//!
//! `hour` counts hours since 1970 (UTC). Lines of the same hour add up: a process that ends writes what it has.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::AnsweredBy;
use super::cells::Registry;
use crate::config::state;

/// The most hours that are kept: two years.
const HOURS_MAX: usize = 2 * 366 * 24;

/// Requests of some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Share {
    /// Those that native answered.
    pub native: u64,
    /// Those that legacy answered; lines that were written before it was counted say nothing of it.
    #[serde(default)]
    pub legacy: u64,
    /// All.
    pub total: u64,
}

impl Share {
    /// The share that native answered, 0 to 1; `None` where there was nothing to answer.
    pub(crate) fn of_native(self) -> Option<f64> {
        (self.total > 0).then(|| self.native as f64 / self.total as f64)
    }

    fn add(&mut self, other: Self) {
        self.native += other.native;
        self.legacy += other.legacy;
        self.total += other.total;
    }

    fn since(self, before: Self) -> Self {
        Self {
            native: self.native.saturating_sub(before.native),
            legacy: self.legacy.saturating_sub(before.legacy),
            total: self.total.saturating_sub(before.total),
        }
    }
}

/// What legacy answers, and has answered: what it would have to stand if everything went back to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Load {
    /// Requests a second of this process, since the hour or the process began.
    pub all: f64,
    /// Those of them that legacy answers.
    pub legacy: f64,
    /// The most that legacy has answered over an hour that is kept, a second.
    pub legacy_most: f64,
}

/// What legacy bears, in words, for who is about to give it more.
pub(crate) fn borne(load: Load) -> String {
    let Load { all, legacy, legacy_most } = load;
    format!(
        "Legacy has answered {legacy:.1} of {all:.1} requests a second here; the most that it has answered over an hour is \
         {legacy_most:.1} a second"
    )
}

#[derive(Serialize, Deserialize)]
struct Line {
    hour: i64,
    #[serde(flatten)]
    share: Share,
}

/// The history of one process and those before it.
pub(crate) struct History {
    file: PathBuf,
    hours: Mutex<Hours>,
}

struct Hours {
    /// What was in the file, and was written since.
    kept: BTreeMap<i64, Share>,
    /// What the counters stood at when it was last written.
    counted: Share,
    /// The hour that is under way.
    hour: i64,
    /// When the counters were that.
    since: Timestamp,
}

impl Default for Hours {
    fn default() -> Self {
        let (kept, counted) = (BTreeMap::new(), Share::default());
        Self { kept, counted, hour: this_hour(), since: Timestamp::now() }
    }
}

impl History {
    /// The history in that state folder. One that cannot be read begins anew.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let file = folder.join("progress.jsonl");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let mut kept = BTreeMap::<i64, Share>::new();
        // A line that a crash tore is left out.
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            kept.entry(line.hour).or_default().add(line.share);
        }
        let is_long = text.lines().count() > HOURS_MAX;
        let history = Self { file, hours: Mutex::new(Hours { kept, ..Hours::default() }) };
        if is_long && let Err(why) = history.shorten() {
            tracing::warn!("{} cannot be shortened: {why}", history.file.display());
        }
        history
    }

    /// Looks at the counters. Writes the hour that has ended, if one has.
    pub(crate) fn tick(&self, registry: &Registry) {
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let now = this_hour();
        if now != hours.hour {
            self.write(&mut hours, count(registry));
            hours.hour = now;
        }
    }

    /// Writes what there is: the process ends.
    pub(crate) fn end(&self, registry: &Registry) {
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(&mut hours, count(registry));
    }

    /// The hours from the first that is known to this one, with that under way.
    pub(crate) fn hours(&self, registry: &Registry) -> BTreeMap<i64, Share> {
        let hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = hours.kept.clone();
        all.entry(hours.hour).or_default().add(count(registry).since(hours.counted));
        all
    }

    /// What legacy answers, and has answered.
    pub(crate) fn load(&self, registry: &Registry) -> Load {
        let hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = Timestamp::now().duration_since(hours.since).as_secs_f64().max(1.0);
        let now = count(registry).since(hours.counted);
        let legacy = now.legacy as f64 / seconds;
        let most = hours.kept.values().map(|share| share.legacy as f64 / 3600.0).fold(legacy, f64::max);
        Load { all: now.total as f64 / seconds, legacy, legacy_most: most }
    }

    fn write(&self, hours: &mut Hours, now: Share) {
        let share = now.since(hours.counted);
        (hours.counted, hours.since) = (now, Timestamp::now());
        if share.total == 0 {
            return;
        }
        let hour = hours.hour;
        hours.kept.entry(hour).or_default().add(share);
        if hours.kept.len() > HOURS_MAX {
            hours.kept.pop_first();
        }
        if let Err(why) = self.append(&Line { hour, share }) {
            tracing::warn!("{} cannot be written, so the chart forgets an hour: {why}", self.file.display());
        }
    }

    fn append(&self, line: &Line) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
        file.write_all(format!("{}\n", serde_json::to_string(line)?).as_bytes())
    }

    fn shorten(&self) -> io::Result<()> {
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        while hours.kept.len() > HOURS_MAX {
            hours.kept.pop_first();
        }
        let line =
            |(hour, share): (&i64, &Share)| serde_json::to_string(&Line { hour: *hour, share: *share });
        let lines: Vec<String> = hours.kept.iter().map(line).collect::<Result<_, _>>()?;
        state::replace(&self.file, format!("{}\n", lines.join("\n")).as_bytes())
    }
}

fn this_hour() -> i64 {
    Timestamp::now().as_second().div_euclid(3600)
}

fn count(registry: &Registry) -> Share {
    let mut share = Share::default();
    for (_, sums) in registry.sums() {
        share.native += sums.answered_by(AnsweredBy::Native);
        let legacys = AnsweredBy::ALL.iter().filter(|by| by.is_legacy());
        share.legacy += legacys.map(|by| sums.answered_by(*by)).sum::<u64>();
        share.total += AnsweredBy::ALL.iter().map(|by| sums.answered_by(*by)).sum::<u64>();
    }
    share
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::Observation;
    use super::super::cells::CoreCells;
    use super::*;
    use crate::route::Stage;

    fn answered(registry: &Arc<Registry>, by: AnsweredBy, times: usize) {
        let cells = CoreCells::new(Arc::clone(registry));
        for _ in 0..times {
            cells.add(&Observation {
                route: None,
                stage: Stage::Native,
                answered_by: by,
                status: 200,
                broken_off: false,
                shared_fault: false,
                took: Duration::from_micros(1),
            });
        }
    }

    #[test]
    fn what_one_process_saw_the_next_one_knows() {
        let folder = tempfile::tempdir().unwrap();
        let first = Arc::new(Registry::default());
        let history = History::in_folder(folder.path());
        answered(&first, AnsweredBy::Native, 3);
        answered(&first, AnsweredBy::Legacy, 1);
        let so_far = Share { native: 3, legacy: 1, total: 4 };
        assert_eq!(history.hours(&first).into_values().next_back(), Some(so_far));
        history.end(&first);
        history.end(&first);

        std::fs::write(folder.path().join("x"), "").unwrap();
        let again = History::in_folder(folder.path());
        let second = Arc::new(Registry::default());
        answered(&second, AnsweredBy::Legacy, 1);
        let all: Share = again.hours(&second).into_values().fold(Share::default(), |mut all, share| {
            all.add(share);
            all
        });
        assert_eq!(all, Share { native: 3, legacy: 2, total: 5 });
        assert_eq!(all.of_native(), Some(0.6));
        assert_eq!(Share::default().of_native(), None);
    }

    #[test]
    fn the_load_of_legacy_is_told_beside_the_most_that_it_has_borne() {
        let folder = tempfile::tempdir().unwrap();
        let line = "{\"hour\":7,\"native\":0,\"legacy\":360000,\"total\":400000}\n{\"hour\":8,\"native\":0,\"total\":720000}\n";
        std::fs::write(folder.path().join("progress.jsonl"), line).unwrap();
        let registry = Arc::new(Registry::default());
        let history = History::in_folder(folder.path());
        answered(&registry, AnsweredBy::Native, 30);
        answered(&registry, AnsweredBy::Declined, 10);
        answered(&registry, AnsweredBy::Cache, 40);
        let load = history.load(&registry);
        assert_eq!(load.legacy_most, 100.0, "nothing is made of what no line says");
        assert!(load.legacy <= 10.0 && load.legacy > 0.0 && load.all == 8.0 * load.legacy, "{load:?}");
    }

    #[test]
    fn a_torn_line_is_left_out_and_too_many_are_shortened() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("progress.jsonl");
        let lines: String = (0..HOURS_MAX + 10)
            .map(|hour| format!("{{\"hour\":{hour},\"native\":1,\"total\":2}}\n"))
            .collect();
        std::fs::write(&file, format!("{lines}{{\"hour\":7,\"nat")).unwrap();
        let history = History::in_folder(folder.path());
        let hours = history.hours(&Registry::default());
        assert_eq!(hours.len(), HOURS_MAX + 1, "and the one under way");
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), HOURS_MAX);
    }
}
