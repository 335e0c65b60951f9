//! Which PHP each legacy runs: what native handlers are to do as it does, and a part of what evidence belongs to.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use handover_api::Fields;
use handover_shadow::Who;
use legacy_compat::Php;
use tokio::sync::watch;

use super::Legacies;
use super::probe::{self, Facts};
use super::spec::Spec;

/// The PHP of each legacy, by its name in `[legacy.NAME]`.
pub(crate) struct Phps {
    known: ArcSwap<HashMap<String, Known>>,
    probed: watch::Sender<Vec<Arc<Spec>>>,
    /// What each candidate said last that it is.
    last: Mutex<HashMap<String, String>>,
}

#[derive(Clone)]
struct Known {
    php: Arc<Php>,
    /// What a probe said, and of which legacy: another address is another pool.
    probed: Option<(Arc<Facts>, Arc<Spec>)>,
    /// Whether the last question was answered. Whoever does not answer may be another one next time.
    current: bool,
}

impl Default for Phps {
    fn default() -> Self {
        let (known, last) = (ArcSwap::default(), Mutex::default());
        Self { known, probed: watch::Sender::new(Vec::new()), last }
    }
}

impl Phps {
    /// What a configuration says of its legacies, without asking any.
    pub(crate) fn said(legacies: &[Arc<Spec>]) -> Arc<Self> {
        let phps = Self::default();
        phps.apply(legacies);
        Arc::new(phps)
    }

    /// Begins to ask those legacies that are to be asked.
    pub(crate) fn start(self: &Arc<Self>, legacies: Legacies) -> io::Result<()> {
        // Weak: the thread ends with the process that it asks for.
        let phps = Arc::downgrade(self);
        probe::start(legacies, self.probed.subscribe(), move |spec, facts| {
            if let Some(phps) = phps.upgrade() {
                phps.tell(spec, facts);
            }
        })
    }

    /// Takes over what a configuration says. What a probe has said stays, until it says something else.
    pub(crate) fn apply(&self, legacies: &[Arc<Spec>]) {
        let before = self.known.load();
        let known = |spec: &Arc<Spec>| {
            let same = |known: &&Known| known.probed.as_ref().is_some_and(|(_, of)| of.kind == spec.kind);
            let probed = before.get(&spec.name).filter(same).filter(|_| spec.probe.is_some()).cloned();
            let said = || Some(Known { php: Arc::new(Php::new(spec.php?)), probed: None, current: false });
            Some((spec.name.clone(), probed.or_else(said)?))
        };
        self.known.store(Arc::new(legacies.iter().filter_map(known).collect()));
        let probed = legacies.iter().filter(|spec| spec.probe.is_some());
        self.probed.send_replace(probed.cloned().collect());
    }

    /// A probe has answered, or not. What was known of PHP stays until it says something else: native handlers go on while
    /// legacy is down.
    fn tell(&self, spec: &Spec, facts: Option<Facts>) {
        let known = self.known.load().get(&spec.name).cloned();
        let next = match (facts, known) {
            (None, Some(known)) => Known { current: false, ..known },
            (None, None) => return,
            (Some(facts), Some(known)) if known.hash() == Some(&facts.hash) => {
                Known { current: true, ..known }
            }
            (Some(facts), _) => news(spec, facts),
        };
        self.known.rcu(|all| {
            let mut all = HashMap::clone(all);
            all.insert(spec.name.clone(), next.clone());
            all
        });
    }

    /// The PHP of that legacy, where it is known.
    pub(crate) fn of(&self, spec: &Spec) -> Option<Arc<Php>> {
        self.known.load().get(&spec.name).map(|known| Arc::clone(&known.php))
    }

    /// The version that gave an answer with these fields: the application's, and where it is asked for PHP's own. Another PHP,
    /// or another setting of it, is another legacy.
    pub(crate) fn version(&self, spec: &Spec, answer: &Fields) -> Option<String> {
        let own = spec.version.of(answer)?;
        if spec.probe.is_none() {
            return Some(own);
        }
        let all = self.known.load();
        let known = all.get(&spec.name).filter(|known| known.current)?;
        let (facts, _) = known.probed.as_ref()?;
        Some(format!("{own} on PHP {} {}", facts.version, facts.hash))
    }

    /// Who a candidate is that gave an answer with these fields, or none: its name with the version, since two legacies may
    /// well say the same of themselves. Where it says none, as error pages may, it is the one that it last said it is, so that
    /// what it does badly counts against that.
    pub(crate) fn candidate(&self, spec: &Spec, answer: Option<&Fields>) -> Who {
        let version =
            answer.map_or_else(|| self.version(spec, &Fields::new()), |answer| self.version(spec, answer));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(version) = version.map(|version| format!("{} {version}", spec.name)) else {
            return match last.get(&spec.name) {
                Some(known) => Who::Legacy { version: Some(known.clone()) },
                None => Who::unknown_candidate(&spec.name),
            };
        };
        match last.get_mut(&spec.name) {
            Some(known) => known.clone_from(&version),
            None => _ = last.insert(spec.name.clone(), version.clone()),
        }
        Who::Legacy { version: Some(version) }
    }
}

impl Known {
    fn hash(&self) -> Option<&String> {
        self.probed.as_ref().map(|(facts, _)| &facts.hash)
    }
}

/// A probe says something new.
fn news(spec: &Spec, facts: Facts) -> Known {
    let (legacy, php, settings) = (&spec.name, &facts.version, &facts.hash);
    tracing::info!(legacy, php, settings, "a legacy says which PHP it runs");
    for difference in spec.session.iter().flat_map(|session| session.differences(&facts)) {
        tracing::warn!(legacy, "its sessions are not as the file says: {difference}");
    }
    let php = Arc::new(facts.php());
    Known { php, probed: Some((Arc::new(facts), Arc::new(spec.clone()))), current: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::spec::{Kind, Version};
    use crate::legacy::testing::{http, spec};

    #[test]
    fn a_candidate_that_says_no_version_is_the_one_that_it_last_said_it_is() {
        let version = Version::Field("x-app".to_owned());
        let mut spec = Spec { name: "new".to_owned(), version, ..spec(Kind::Http(http(["new:80"]))) };
        let (phps, mut answer) = (Phps::default(), Fields::new());
        let who = |text: &str| Who::Legacy { version: Some(text.to_owned()) };
        for silent in [None, Some(&Fields::new())] {
            assert_eq!(phps.candidate(&spec, silent), Who::unknown_candidate("new"));
        }
        answer.append("X-App", "2").unwrap();
        assert_eq!(phps.candidate(&spec, Some(&answer)), who("new 2"));
        for silent in [None, Some(&Fields::new())] {
            assert_eq!(phps.candidate(&spec, silent), who("new 2"));
        }
        spec.version = Version::Said("3".to_owned());
        assert_eq!(phps.candidate(&spec, None), who("new 3"), "nobody has to answer for that");
    }
}
