//! Looks at all routes each second, and takes back those that are beyond their limits.
//!
//! What hits many routes at once (Kafka, a table, the machine) is no route's fault: when half of those that native
//! answers are beyond their limits, and at least two, none is taken back. What is known to come from Kafka or a table
//! is not counted in the first place. A route that a candidate answers is taken back all the same: it has no fallback, so
//! clients get what fails, and what its routes have in common is first of all the candidate.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::webhook::{self, Told};
use super::window::{Beyond, Compared, Counts, Window};
use crate::config::reload::note;
use crate::control::Control;
use crate::observe::AnsweredBy;
use crate::route::overrides::StageOverride;
use crate::route::{Route, Stage};

/// How often is looked.
const TICK: Duration = Duration::from_secs(1);

/// Another route counts as hit, too, on this part of the requests that its own rollback would take.
const HINT: u64 = 4;

/// Watches until it is dropped.
pub(crate) struct RollbackWatch {
    stop: mpsc::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl RollbackWatch {
    /// Begins to watch. Webhooks are called on `side`.
    pub(crate) fn start(control: &Arc<Control>, side: Handle) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let control = Arc::downgrade(control);
        let thread = thread::Builder::new().name("rollback".to_owned()).spawn(move || {
            let mut watcher = Watcher { control, side, routes: Windows::default(), is_wide: false };
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                watcher.look();
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for RollbackWatch {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Watcher {
    control: Weak<Control>,
    side: Handle,
    routes: Windows,
    /// Whether many routes are beyond their limits.
    is_wide: bool,
}

/// The part that a route plays: what it did at another stage, or with another one in legacy's place, says nothing of this.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    stage: Stage,
    /// The legacy that is in the place of the route's own.
    candidate: Option<String>,
}

impl Part {
    fn of(route: &Route) -> Self {
        let candidate = route.spec.candidate.as_ref().map(|legacy| legacy.name.clone());
        Self { stage: route.stage, candidate }
    }

    /// Who answers in legacy's place.
    fn answerer(&self) -> AnsweredBy {
        if self.candidate.is_some() { AnsweredBy::Candidate } else { AnsweredBy::Native }
    }
}

/// What routes did, and the part that each had in it.
#[derive(Default)]
struct Windows(BTreeMap<String, (Part, Window)>);

impl Windows {
    /// What a route did in that part.
    fn window(&mut self, route: &str, part: Part) -> &mut Window {
        let begun = || (part.clone(), Window::default());
        let known = self.0.entry(route.to_owned()).or_insert_with(begun);
        if known.0 != part {
            *known = begun();
        }
        &mut known.1
    }
}

impl Watcher {
    fn look(&mut self) {
        let Some(control) = self.control.upgrade() else { return };
        let generation = control.process.generations.load();
        let watched: Vec<&Arc<Route>> =
            generation.routes().iter().filter(|route| is_watched(route)).collect();
        self.routes.0.retain(|name, _| watched.iter().any(|route| route.name() == name));
        if watched.is_empty() {
            return;
        }
        self.count(&control, &watched);
        let (hit, beyond) = self.judge(&watched);
        let native = watched.iter().filter(|route| may_share(route)).count();
        let is_wide = hit >= 2 && hit * 2 >= native;
        if is_wide && !self.is_wide {
            tracing::error!(
                hit,
                watched = native,
                "many routes are beyond their limits at once: no route is taken back for it"
            );
        }
        self.is_wide = is_wide;
        for (route, beyond) in beyond {
            if !(is_wide && beyond.may_be_shared && may_share(route)) {
                self.take_back(&control, route, &beyond.why);
            }
        }
    }

    fn count(&mut self, control: &Control, watched: &[&Arc<Route>]) {
        let sums: BTreeMap<_, _> = control.process.metrics.sums().into_iter().collect();
        for route in watched {
            let Some(limits) = &route.spec.rollback else { continue };
            let compared = match limits.mismatches {
                Some(_) => control.gate().parity(&route.spec),
                None => None,
            };
            let compared = compared.as_ref().map_or_else(Compared::default, Compared::of);
            let part = Part::of(route);
            let counts = sums.get(route.name());
            let counts = counts
                .map_or_else(Counts::default, |sums| Counts::of(sums, part.answerer(), part.stage, compared));
            self.routes.window(route.name(), part).add(Instant::now(), counts, limits);
        }
    }

    /// How many routes are hit by something that may be shared, and which are beyond their limits.
    fn judge<'r>(&self, watched: &[&'r Arc<Route>]) -> (usize, Vec<(&'r Arc<Route>, Beyond)>) {
        let (mut hit, mut all) = (0, Vec::new());
        for route in watched {
            let (Some(limits), Some((_, window))) = (&route.spec.rollback, self.routes.0.get(route.name()))
            else {
                continue;
            };
            let hint = || window.beyond(limits, limits.least / HINT);
            hit += usize::from(may_share(route) && hint().is_some_and(|beyond| beyond.may_be_shared));
            all.extend(window.beyond(limits, limits.least).map(|beyond| (*route, beyond)));
        }
        (hit, all)
    }

    fn take_back(&mut self, control: &Control, route: &Route, why: &str) {
        let to = route.spec.before(route.stage);
        tracing::error!(route = route.name(), from = %route.stage, %to, why, "taken back: it is beyond its limits");
        control.rollbacks.count(route.name());
        let set = StageOverride { stage: to, note: note("automatic rollback", why) };
        match control.take_back(route.name(), set) {
            Ok(None) => {}
            Ok(Some(unkept)) => {
                tracing::error!(
                    route = route.name(),
                    "a restart forgets it, since it cannot be kept on disk: {unkept}"
                );
            }
            Err(failed) => tracing::error!(route = route.name(), "it could not be taken back: {failed}"),
        }
        self.routes.0.remove(route.name());
        if let Some(url) = route.spec.rollback.as_ref().and_then(|limits| limits.webhook.clone()) {
            let told = Told { route: route.name().to_owned(), from: route.stage, to, why: why.to_owned() };
            self.side.spawn(webhook::tell(url, told));
        }
    }
}

/// Whether a route has limits, and native answers on it.
fn is_watched(route: &Route) -> bool {
    route.spec.rollback.is_some() && route.stage >= Stage::Canary
}

/// Whether what happens to a route may be a fault of what all routes share. A candidate has no part in that.
fn may_share(route: &Route) -> bool {
    route.spec.candidate.is_none()
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::*;

    const LIMITS: Limits = Limits {
        errors: Some(0.1),
        latency: None,
        mismatches: None,
        declines: None,
        over: Duration::from_secs(10),
        least: 20,
        webhook: None,
    };

    #[test]
    fn what_a_route_did_in_another_part_is_forgotten() {
        let part =
            |candidate: Option<&str>| Part { stage: Stage::Native, candidate: candidate.map(str::to_owned) };
        let (mut windows, began) = (Windows::default(), Instant::now());
        let mut look = |candidate, asked, failed| {
            let window = windows.window("a", part(candidate));
            window.add(began, Counts { asked, failed, ..Counts::default() }, &LIMITS);
            window.beyond(&LIMITS, LIMITS.least).is_some()
        };
        assert!(!look(Some("new"), 0, 0));
        assert!(look(Some("new"), 100, 50));
        assert!(!look(None, 200, 100), "it is native that answers now");
        assert!(!look(None, 300, 100));
        assert!(look(None, 400, 150));
    }
}
