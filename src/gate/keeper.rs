//! Puts what the file wants to the gates.
//!
//! For a route with a gate, a raise beyond shadow needs a grant. What is granted is kept, so that a restart does not
//! ask again; what is not granted stays where it was, and is asked again until it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use handover_shadow::{
    Asked, Assessment, ByState, Gate, OnChange, Parity, Reader, Rehearsed, Standing, Store,
};
use jiff::Timestamp;

use super::grants::{AskedFor, Grant, Grants, Requests};
use super::ledger::{Ledger, Move};
use crate::config::valid::{Config, RouteSpec};
use crate::native::identity::Identities;
use crate::observe::chain;
use crate::rehearse::kept;
use crate::route::generation::Generation;
use crate::route::legacy_only::LegacyOnly;
use crate::route::overrides::{Held, HeldBy, Overridden, StageOverride};
use crate::route::{Route, Stage};
use crate::serve::EVIDENCE;

/// How often a gate that is shut is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// What keeps routes from the file's stage, by name.
pub(crate) type Holds = BTreeMap<String, Held>;

/// Keeps the gates.
pub(crate) struct Gatekeeper {
    state: PathBuf,
    identities: Identities,
    last: Mutex<Last>,
}

/// What was said last.
#[derive(Default)]
struct Last {
    asked: Option<Question>,
    holds: Holds,
    /// Routes that had no gate, with their stages: a gate that is added does not move them.
    ungated: BTreeMap<String, Stage>,
}

/// What the gates were asked, and when.
struct Question {
    hash: String,
    /// Routes with an override, for which no raise is asked.
    overridden: Vec<String>,
    when: Instant,
}

/// What a route's gate says.
pub(crate) struct Said {
    /// Whether it is open, and why.
    pub assessment: Assessment,
    /// What the evidence comes to that this was said of; `None` where there is none.
    pub parity: Option<Parity<ByState>>,
}

/// What becomes of what the file wants of one route.
enum Ruling {
    /// It may be where the file wants it; the grant is a new one, and may be by what the gate said.
    Granted(Grant, Option<Assessment>),
    /// It may, and that is known already.
    Known,
    /// It stays.
    Held(Held, Assessment),
}

impl Gatekeeper {
    /// The gates of a process with that state folder.
    pub(crate) fn new(state: &Path, identities: Identities) -> Self {
        Self { state: state.to_owned(), identities, last: Mutex::default() }
    }

    /// The book of moves.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::in_folder(&self.state)
    }

    /// What keeps routes from the stage that this configuration gives them. Grants what can be granted, but no raise to a
    /// route with an override: it stays where it is, and the ledger would say that it had moved.
    pub(crate) fn hold(&self, config: &Config, overridden: &BTreeMap<String, StageOverride>) -> Holds {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |asked: &Question| {
            asked.hash == config.hash
                && asked.overridden.iter().eq(overridden.keys())
                && asked.when.elapsed() < AGAIN
        };
        if !last.asked.as_ref().is_some_and(is_known) {
            let overridden: Vec<String> = overridden.keys().cloned().collect();
            last.holds = self.ask_all(config, &overridden, &mut last);
            last.asked = Some(Question { hash: config.hash.clone(), overridden, when: Instant::now() });
        }
        last.holds.clone()
    }

    /// The same without granting anything, as another process may look at it.
    pub(crate) fn look(&self, config: &Config) -> Holds {
        let grants = Grants::in_folder(&self.state).load();
        let held = |route: &RouteSpec| match self
            .say(route, grants.get(&*route.name), || self.in_ledger(&route.name))
        {
            Ruling::Held(held, _) => Some((route.name.to_string(), held)),
            _ => None,
        };
        config.routes.iter().filter_map(|route| held(route)).collect()
    }

    /// Has the gates asked anew the next time: something has changed.
    pub(crate) fn forget(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).asked = None;
    }

    /// Notes who asks for a stage, so that the ledger can say it once the file is changed.
    pub(crate) fn asked(&self, route: &str, to: Stage, who: &str) -> std::io::Result<()> {
        let asked = AskedFor { to, who: who.to_owned(), when: Timestamp::now() };
        Requests::in_folder(&self.state).note(route, asked)
    }

    fn who(&self, route: &str, to: Stage) -> Option<String> {
        Requests::in_folder(&self.state).who(route, to)
    }

    /// A route that was taken back has to meet its gate again.
    pub(crate) fn taken_back(&self, route: &str, to: Stage) {
        let file = Grants::in_folder(&self.state);
        let mut grants = file.load();
        if let Some(grant) = grants.get_mut(route).filter(|grant| grant.stage > to) {
            (grant.stage, grant.by, grant.when) = (to, "rollback".to_owned(), Timestamp::now());
            if let Err(why) = file.keep(&grants) {
                tracing::error!(route, "the grant of a route that was taken back cannot be lowered: {why}");
            }
        }
        self.forget();
    }

    /// What a route's evidence comes to, as decisions stand.
    pub(crate) fn parity(&self, route: &RouteSpec) -> Option<Parity<ByState>> {
        self.standing(route).map(|standing| standing.parity)
    }

    /// What a route's gate says now; that of the profile `standard` where it has none.
    pub(crate) fn assess(&self, route: &RouteSpec) -> Assessment {
        self.say_of(route, self.standing(route)).assessment
    }

    /// What the gates of these routes say now, by one read of the evidence.
    pub(crate) fn assess_all<'r>(&self, routes: impl IntoIterator<Item = &'r RouteSpec>) -> Vec<Said> {
        let reader = self.reader();
        let standing = |route| self.standing_in(reader.as_ref()?, route);
        routes.into_iter().map(|route| self.say_of(route, standing(route))).collect()
    }

    fn say_of(&self, route: &RouteSpec, standing: Option<Standing>) -> Said {
        let standard = Gate::of(handover_shadow::Profile::Standard);
        let gate = route.gate.as_ref().unwrap_or(&standard);
        let topics = route.shadow.compared();
        let (name, now) = (&*route.name, Timestamp::now());
        let rehearsed = kept::rehearsed(&self.state, name, gate).unwrap_or_else(|why| {
            tracing::error!(route = name, "what a legacy of its own showed says nothing: {why:#}");
            Rehearsed::default()
        });
        let asked =
            Asked { route: name, topics: &topics, standing: standing.as_ref(), rehearsed: &rehearsed, now };
        Said { assessment: gate.assess(&asked), parity: standing.map(|standing| standing.parity) }
    }

    /// Which lines of legacy a route's compared requests reached; `None` where nobody looked.
    pub(crate) fn reached(&self, route: &str) -> anyhow::Result<Option<kept::Reached>> {
        kept::load(&self.state, route)
    }

    /// Writes into the ledger which routes are not where it last saw them, and why.
    pub(crate) fn record(&self, generation: &Generation) -> std::io::Result<()> {
        let entries = self.ledger().read()?.unwrap_or_else(|(entries, broken)| {
            tracing::error!("the ledger is not what was written: {broken}");
            entries
        });
        let moved = |route: &Arc<Route>| {
            let from = Ledger::last_stage(&entries, route.name());
            let is_news = from.unwrap_or(Stage::Legacy) != route.stage;
            let (who, why) = match &route.overridden {
                Some(Overridden::Stage(own)) => (own.note.who.clone(), own.note.why.clone()),
                Some(Overridden::LegacyOnly(LegacyOnly::Asked(note))) => (note.who.clone(), note.why.clone()),
                Some(other) => ("handover".to_owned(), other.to_string()),
                None => (
                    self.who(route.name(), route.stage).unwrap_or_else(|| "file".to_owned()),
                    format!("the file says so (hash {})", generation.config.hash),
                ),
            };
            let (name, to) = (route.name().to_owned(), route.stage);
            is_news.then_some(Move { route: name, from, to, who, why, evidence: None })
        };
        self.ledger().append(generation.routes().iter().filter_map(moved).collect())
    }

    /// The evidence of the native that there is now.
    fn standing(&self, route: &RouteSpec) -> Option<Standing> {
        self.standing_in(&self.reader()?, route)
    }

    /// All evidence. A store that cannot be read is none.
    fn reader(&self) -> Option<Reader> {
        let read = Store::read(&self.state.join(EVIDENCE));
        read.inspect_err(|why| {
            tracing::error!("the evidence cannot be read, so gates stay shut: {}", chain(why))
        })
        .ok()?
    }

    fn standing_in(&self, reader: &Reader, route: &RouteSpec) -> Option<Standing> {
        let (on_trial, now) = (self.identities.of(route), Timestamp::now());
        let read = match &route.candidate {
            Some(_) => reader.standing_of_legacy(&route.name, &on_trial, &route.shadow, now),
            None => reader.standing(&route.name, &on_trial, &route.shadow, now),
        };
        read.unwrap_or_else(|why| {
            tracing::error!(
                route = &*route.name,
                "the evidence cannot be read, so its gate stays shut: {}",
                chain(&why)
            );
            None
        })
    }

    /// Who has to prove itself: native, or the candidate in the version that answered last, as far as that is known.
    fn on_trial(&self, route: &RouteSpec, standing: Option<&Standing>) -> String {
        match standing.filter(|_| route.candidate.is_some()) {
            Some(standing) => standing.parity.evidence.on_trial.clone(),
            None => self.identities.of(route).to_string(),
        }
    }

    fn ask_all(&self, config: &Config, overridden: &[String], last: &mut Last) -> Holds {
        let file = Grants::in_folder(&self.state);
        let before = file.load();
        let (mut grants, mut holds, mut raised) = (before.clone(), Holds::new(), Vec::new());
        for route in &config.routes {
            let name = route.name.to_string();
            let was = || last.ungated.get(&name).copied().or_else(|| self.in_ledger(&name));
            match self.say(route, before.get(&name), was) {
                Ruling::Known => {}
                Ruling::Granted(_, Some(_)) if overridden.contains(&name) => {}
                Ruling::Granted(grant, said) => {
                    raised.extend(said.map(|said| (name.clone(), said, grant.clone())));
                    grants.insert(name.clone(), grant);
                }
                Ruling::Held(held, said) => {
                    if last.holds.get(&name) != Some(&held) {
                        held.log(&name, &said.missing());
                    }
                    holds.insert(name.clone(), held);
                }
            }
            if route.gate.is_none() {
                last.ungated.insert(name, route.stage);
            }
        }
        if grants != before
            && let Err(why) = self.keep(&file, &grants, &raised)
        {
            tracing::error!(
                "what gates granted cannot be kept in {}, so it is not granted: {why}",
                self.state.display()
            );
            holds.extend(raised.iter().map(|(name, _, _)| {
                let stage = before.get(name).map_or(Stage::Shadow, |grant| grant.stage);
                let asked = grants.get(name).map_or(stage, |grant| grant.stage);
                (name.clone(), Held { stage: stage.min(asked), asked, by: HeldBy::Gate })
            }));
        }
        holds
    }

    /// First into the ledger, with the evidence, then into effect.
    fn keep(
        &self,
        file: &Grants,
        grants: &BTreeMap<String, Grant>,
        raised: &[(String, Assessment, Grant)],
    ) -> std::io::Result<()> {
        let moved = |(name, said, grant): &(String, Assessment, Grant)| Move {
            route: name.clone(),
            from: self.in_ledger(name),
            to: grant.stage,
            who: self.who(name, grant.stage).unwrap_or_else(|| {
                if grant.reason.is_some() { "force in the file" } else { "gate" }.to_owned()
            }),
            why: match &grant.reason {
                Some(reason) => format!("forced: {reason}"),
                None => "the gate is open".to_owned(),
            },
            evidence: Some(said.clone()),
        };
        self.ledger().append(raised.iter().map(moved).collect())?;
        file.keep(grants)
    }

    /// Where the ledger last saw a route.
    fn in_ledger(&self, route: &str) -> Option<Stage> {
        let entries = self.ledger().read().ok()?.unwrap_or_else(|(entries, _)| entries);
        Ledger::last_stage(&entries, route)
    }

    /// `was`: where a route without a grant has been, as far as anybody knows.
    fn say(&self, route: &RouteSpec, grant: Option<&Grant>, was: impl Fn() -> Option<Stage>) -> Ruling {
        let Some(gate) = &route.gate else { return Ruling::Known };
        let to = route.stage;
        let new = |by: &str| Grant {
            stage: to,
            on_trial: self.on_trial(route, None),
            legacy: String::new(),
            by: by.to_owned(),
            reason: None,
            when: Timestamp::now(),
        };
        let Some(grant) = grant else {
            return match was() {
                Some(was) if to <= was => Ruling::Granted(new("it was there before it had a gate"), None),
                // A retired route may have no legacy any more to go back to.
                None if to == Stage::Retired => {
                    Ruling::Granted(new("it was retired when it was first seen"), None)
                }
                was => self.raise(route, was.unwrap_or(Stage::Shadow), new),
            };
        };
        if to <= Stage::Shadow || to < grant.stage {
            return if to == grant.stage {
                Ruling::Known
            } else {
                Ruling::Granted(new("it was lowered"), None)
            };
        }
        if to > grant.stage {
            return self.raise(route, grant.stage, new);
        }
        self.still(route, gate, grant, new)
    }

    /// The file wants more than was granted.
    fn raise(&self, route: &RouteSpec, was: Stage, new: impl Fn(&str) -> Grant) -> Ruling {
        if route.stage <= was.max(Stage::Shadow) {
            return Ruling::Granted(new("no gate is asked for that"), None);
        }
        let said = self.assess(route);
        let new = |by: &str| granted_on(new(by), &said);
        match &route.force {
            _ if said.open => Ruling::Granted(new("gate"), Some(said)),
            Some(reason) => {
                Ruling::Granted(Grant { reason: Some(reason.clone()), ..new("force") }, Some(said))
            }
            None => Ruling::Held(Held { stage: was, asked: route.stage, by: HeldBy::Gate }, said),
        }
    }

    /// What was granted was granted to a native and a legacy; are they still these?
    fn still(&self, route: &RouteSpec, gate: &Gate, grant: &Grant, new: impl Fn(&str) -> Grant) -> Ruling {
        let standing = if route.stage == Stage::Retired { None } else { self.standing(route) };
        // A candidate's version may not have been known when it was granted.
        let whichever = grant.on_trial == *self.identities.of(route);
        let same_native = whichever || grant.on_trial == self.on_trial(route, standing.as_ref());
        let legacy = standing.as_ref().map(|standing| standing.parity.evidence.legacy.as_str());
        let same_legacy = grant.legacy.is_empty() || legacy.is_none_or(|legacy| legacy == grant.legacy);
        if route.stage == Stage::Retired || (same_native && same_legacy) {
            return Ruling::Known;
        }
        let said = self.assess(route);
        if said.open {
            return Ruling::Granted(granted_on(new("gate"), &said), Some(said));
        }
        let stage = match gate.on_change {
            OnChange::Keep => route.stage,
            OnChange::Canary if route.canary.share.get() > 0.0 => Stage::Canary,
            OnChange::Canary | OnChange::Shadow => Stage::Shadow,
        };
        Ruling::Held(Held { stage: stage.min(route.stage), asked: route.stage, by: HeldBy::Change }, said)
    }
}

/// A grant belongs to the two sides that the evidence is of.
fn granted_on(grant: Grant, said: &Assessment) -> Grant {
    match &said.evidence {
        Some(evidence) => {
            let (on_trial, legacy) = (evidence.on_trial.clone(), evidence.legacy.clone());
            Grant { on_trial, legacy, ..grant }
        }
        None => grant,
    }
}
