//! php-fpm pools that run under us: started, watched, restarted, reloaded, stopped with us.
//!
//! ```text
//! Pools ── one Supervisor (a task) a pool ── keeper (a process) ── php-fpm master ── children
//!            files: its configuration           ends the pool       own process group; ends when its keeper
//!            kept: our ends of the keeper       once nobody holds   does (PDEATHSIG)
//!            ping: ready when it answers        its lifeline
//! ```

mod binary;
mod files;
mod former;
pub(crate) mod keeper;
mod kept;
mod log;
mod ping;
mod supervisor;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::files::Plan;
pub(crate) use self::kept::{Ends, Keeper};
use self::supervisor::Supervisor;
use super::Legacies;
use super::spec::{Address, Kind, Spec};

/// How long a pool may take to answer after its start.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// When connections to a pool that reloads are let go of: at once, and again after so many milliseconds each.
const LET_GO_AFTER: [u64; 4] = [0, 20, 80, 400];

/// A pool could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// There is no php-fpm.
    #[error(
        "legacy {legacy:?}: no php-fpm was found ({looked}); install it (Debian: apt-get install php-fpm) or name it: managed.binary"
    )]
    NoBinary {
        /// `[legacy.NAME]`.
        legacy: String,
        /// Where it was looked for.
        looked: String,
    },
    /// The front controller is not there.
    #[error("legacy {legacy:?}: {} cannot be read", script.display())]
    NoScript {
        /// `[legacy.NAME]`.
        legacy: String,
        /// The front controller.
        script: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A value cannot be written into php-fpm's configuration.
    #[error("legacy {legacy:?}: php-fpm's configuration cannot hold {what}")]
    Unwritable {
        /// `[legacy.NAME]`.
        legacy: String,
        /// Which value.
        what: String,
    },
    /// The configuration could not be written.
    #[error("legacy {legacy:?}: {} could not be written", path.display())]
    Files {
        /// `[legacy.NAME]`.
        legacy: String,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ran, but did not come to answer.
    #[error("legacy {legacy:?}: php-fpm did not get ready: {why}")]
    NotReady {
        /// `[legacy.NAME]`.
        legacy: String,
        /// What it last said.
        why: String,
    },
}

/// The pools of the process. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Pools {
    legacies: Legacies,
    keeper: Keeper,
    running: HashMap<String, Supervisor>,
    /// Whether a predecessor still looks after what was adopted.
    waits: bool,
}

impl Pools {
    /// No pool yet. `legacies` is how they are reached, `keeper` keeps them.
    pub(crate) fn new(legacies: Legacies, keeper: Keeper) -> Self {
        Self { legacies, keeper, running: HashMap::new(), waits: false }
    }

    /// Takes pools over that a predecessor still looks after. Until [`begin`](Self::begin) they stay as they are.
    pub(crate) fn adopt(&mut self, pools: Vec<(Plan, Ends)>) {
        self.waits = true;
        for (plan, ends) in pools {
            let name = plan.name.clone();
            self.running.insert(name, Supervisor::adopt(self.keeper.clone(), plan, ends));
        }
    }

    /// Begins to look after what was adopted. What differs from the configuration is brought into line by the next
    /// [`apply`](Self::apply).
    pub(crate) async fn begin(&mut self) {
        self.waits = false;
        for supervisor in self.running.values() {
            supervisor.begin().await;
        }
    }

    /// All that run, as a successor needs them.
    pub(crate) async fn ends(&self) -> Vec<(Plan, Ends)> {
        let mut all = Vec::new();
        for supervisor in self.running.values() {
            all.extend(supervisor.ends().await.map(|ends| (supervisor.plan(), ends)));
        }
        all
    }

    /// Leaves all pools to the successor that holds their ends.
    pub(crate) async fn release(&mut self) {
        for (_, supervisor) in self.running.drain() {
            supervisor.release().await;
        }
    }

    /// Makes the running pools those that `legacies` want: new ones are started, changed ones reloaded (or, where
    /// their environment or binary changed, restarted), others stopped. Returns when all of them answer. What could not be
    /// started goes on being tried.
    pub(crate) async fn apply(&mut self, legacies: &[Arc<Spec>]) -> Result<(), StartError> {
        let plans = legacies.iter().filter_map(|spec| match &spec.kind {
            Kind::FastCgi(fastcgi) => Some(Plan::new(&spec.name, fastcgi, fastcgi.managed.as_ref()?)),
            Kind::Http(_) => None,
        });
        let plans = plans.collect::<Result<Vec<_>, _>>()?;
        let gone: Vec<_> =
            self.running.keys().filter(|name| !plans.iter().any(|p| &p.name == *name)).cloned().collect();
        for name in gone.into_iter().filter(|_| !self.waits) {
            if let Some(supervisor) = self.running.remove(&name) {
                supervisor.stop().await;
            }
        }
        for plan in plans {
            self.apply_one(plan).await?;
        }
        for supervisor in self.running.values() {
            supervisor.ready(READY_WITHIN).await?;
        }
        Ok(())
    }

    async fn apply_one(&mut self, plan: Plan) -> Result<(), StartError> {
        match self.running.get_mut(&plan.name) {
            Some(_) if self.waits => return Ok(()),
            Some(running) if running.plan() == plan => return Ok(()),
            Some(running) if running.plan().can_become(&plan) => {
                ask_ahead(&self.legacies, running).await;
                running.change(plan).await?;
                let_go(&self.legacies, running);
                return Ok(());
            }
            _ => {}
        }
        if let Some(old) = self.running.remove(&plan.name) {
            old.stop().await;
        }
        plan.write()?;
        self.running.insert(plan.name.clone(), Supervisor::start(self.keeper.clone(), plan));
        Ok(())
    }

    /// Asks a pool to read its configuration and its code anew; requests that run go on. False where it does not run.
    pub(crate) async fn reload(&self, legacy: &str) -> bool {
        let Some(running) = self.running.get(legacy) else { return false };
        ask_ahead(&self.legacies, running).await;
        let asked = running.reload().await;
        let_go(&self.legacies, running);
        asked
    }

    /// Whether each pool answers, by name.
    pub(crate) fn health(&self) -> Vec<(&str, bool)> {
        self.running.iter().map(|(name, supervisor)| (name.as_str(), supervisor.is_ready())).collect()
    }

    /// Stops all pools and waits for their end.
    pub(crate) async fn stop(&mut self) {
        for (_, supervisor) in self.running.drain() {
            supervisor.stop().await;
        }
    }
}

/// No child may be told to end while a request lies before it unread.
async fn ask_ahead(legacies: &Legacies, pool: &Supervisor) {
    legacies.ask_ahead(&Address::Unix(pool.plan().socket)).await;
}

/// Lets go of a pool that reloads: php-fpm starts new children when the old ones have ended, and these serve
/// connections until we close them. It takes a while until all of them know, and until then they may take another one.
fn let_go(legacies: &Legacies, pool: &Supervisor) {
    let (legacies, address) = (legacies.clone(), Address::Unix(pool.plan().socket));
    tokio::spawn(async move {
        for pause in LET_GO_AFTER {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            legacies.let_go(&address);
        }
    });
}
