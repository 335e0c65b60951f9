//! Whether each core moves, and which route's handler it is in. A core that stands still serves nobody, and tells nobody
//! of itself: a watchdog beside the cores does.
//!
//! On a request's way that is two stores. A [`beat`] of each core says that it moves, and who looks at it once a second
//! sees that it has not.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::route::Route;
use crate::route::generation::Generation;

/// How often a core that moves says so: some times between two looks.
const BEAT: Duration = Duration::from_millis(200);

/// The bits of a place in a generation; above them stands the generation's number.
const PLACE_BITS: u32 = 20;

/// One core's.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    beats: AtomicU64,
    /// The route whose handler it is in; 0 for none.
    within: AtomicU64,
}

impl Pulse {
    /// Polls what is that route's, so that a core which stands still in it can be told by the route.
    pub(crate) async fn within<F: Future>(
        &self,
        generation: &Generation,
        route: &Arc<Route>,
        of: F,
    ) -> F::Output {
        let mark = mark(generation.number, route.place);
        let mut of = pin!(of);
        std::future::poll_fn(|cx| {
            self.within.store(mark, Relaxed);
            let polled = of.as_mut().poll(cx);
            self.within.store(0, Relaxed);
            polled
        })
        .await
    }
}

/// Says that a core moves, as long as it does.
pub(super) async fn beat(process: Arc<Process>, core: usize) {
    loop {
        process.pulses[core].beats.fetch_add(1, Relaxed);
        tokio::time::sleep(BEAT).await;
    }
}

fn mark(generation: u64, place: usize) -> u64 {
    (generation << PLACE_BITS) + place as u64 + 1
}

/// Looks at all cores.
#[derive(Default)]
pub(crate) struct Watchdog(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// What it saw of each core at the last look.
    cores: Vec<Core>,
    /// How often a core was seen standing still, by the route that it was in.
    stalls: BTreeMap<String, u64>,
}

#[derive(Clone, Default)]
struct Core {
    beats: u64,
    /// Since when it does not move, and in which route; once that was told.
    still: Option<(Instant, String)>,
}

/// What a core in no handler is in.
const ELSEWHERE: &str = "none";

impl Watchdog {
    /// Looks once, and tells of each core that has not moved since the last look, and of each that moves again.
    pub(crate) fn look(&self, pulses: &[Pulse], generation: &Generation) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { cores, stalls } = &mut *seen;
        // A core that has not begun yet is at 0, and is not looked at.
        cores.resize(pulses.len(), Core::default());
        for (index, (pulse, core)) in pulses.iter().zip(cores).enumerate() {
            let beats = pulse.beats.load(Relaxed);
            if beats != core.beats {
                core.beats = beats;
                if let Some((since, route)) = core.still.take() {
                    tracing::warn!(core = index, route, stood_still = ?since.elapsed(), "a core moves again");
                }
            } else if beats > 0 && core.still.is_none() {
                let route = route_of(pulse, generation);
                *stalls.entry(route.clone()).or_default() += 1;
                tracing::error!(
                    core = index,
                    route,
                    "a core stands still, and nobody on it is served: does the route's handler compute for long, or block? \
                     Then it has to say so (`Handler::BLOCKING`)"
                );
                core.still = Some((Instant::now(), route));
            }
        }
    }

    /// How often a core was seen standing still, by route.
    pub(crate) fn stalls(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stalls.clone()
    }
}

fn route_of(pulse: &Pulse, generation: &Generation) -> String {
    let within = pulse.within.load(Relaxed);
    let found = (0..generation.routes().len()).find(|place| mark(generation.number, *place) == within);
    match found.and_then(|place| generation.routes().get(place)) {
        Some(route) => route.name().to_owned(),
        None if within == 0 => ELSEWHERE.to_owned(),
        None => "one of an earlier configuration".to_owned(),
    }
}
