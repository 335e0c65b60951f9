//! One thread for each pool: starts php-fpm, waits for its end, starts it again.

use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::watch;

use super::files::Plan;
use super::log::{self, Last};
use super::{StartError, ping, process};

/// The first pause before a pool that ended is started again; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(10);

/// A pool that ran for so long has recovered: its next pause is the first one again.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// How long the log of a pool that ended is waited for: a program that PHP left running may hold it open for ever.
const LOG_ENDS_WITHIN: Duration = Duration::from_millis(200);

/// How often a pool that starts is asked whether it answers.
const PING_EVERY: Duration = Duration::from_millis(20);

/// How a pool is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Health {
    Starting,
    Ready,
    /// It ended; what it said last.
    Down(String),
}

/// A pool and the thread that looks after it. Dropping it stops the pool.
#[derive(Debug)]
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    health: watch::Receiver<Health>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    health: watch::Sender<Health>,
}

#[derive(Debug)]
struct State {
    plan: Plan,
    /// The master, until its number may be someone else's.
    master: Option<Pid>,
    stopping: bool,
}

impl Supervisor {
    /// Starts the thread, which starts the pool.
    pub(super) fn start(plan: Plan) -> Self {
        let (sender, health) = watch::channel(Health::Starting);
        let state = Mutex::new(State { plan, master: None, stopping: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new(), health: sender });
        let runs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("php-fpm".to_owned()).spawn(move || runs.run());
        if let Err(error) = &thread {
            shared.health.send_replace(Health::Down(format!("no thread could be started: {error}")));
        }
        Self { shared, health, thread: thread.ok() }
    }

    pub(super) fn plan(&self) -> Plan {
        self.shared.lock().plan.clone()
    }

    pub(super) fn is_ready(&self) -> bool {
        *self.health.borrow() == Health::Ready
    }

    /// Waits until the pool answers.
    pub(super) async fn ready(&self, within: Duration) -> Result<(), StartError> {
        let mut health = self.health.clone();
        let settled = health.wait_for(|health| *health != Health::Starting);
        let why = match tokio::time::timeout(within, settled).await.map(|health| health.map(|h| h.clone())) {
            Ok(Ok(Health::Ready)) => return Ok(()),
            Ok(Ok(Health::Down(why))) => why,
            _ => format!("it did not answer within {within:?}"),
        };
        Err(StartError::NotReady { legacy: self.plan().name, why })
    }

    /// Lets the running pool take over a plan that it can become.
    pub(super) fn change(&self, plan: Plan) -> Result<(), StartError> {
        plan.write()?;
        self.shared.lock().plan = plan;
        self.reload();
        Ok(())
    }

    /// Asks php-fpm to execute itself anew; requests that run go on. False where nothing runs.
    pub(super) fn reload(&self) -> bool {
        self.shared.lock().master.is_some_and(|master| kill(master, Signal::SIGUSR2).is_ok())
    }

    /// Stops the pool and waits for the end of all its processes.
    pub(super) async fn stop(mut self) {
        let thread = self.thread.take();
        let shared = Arc::clone(&self.shared);
        let stopped = tokio::task::spawn_blocking(move || {
            shared.stop();
            thread.map(JoinHandle::join)
        });
        let _ = stopped.await;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.shared.stop();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut pause = PAUSE_FIRST;
        let last = Last::default();
        loop {
            let plan = self.lock().plan.clone();
            let started = Instant::now();
            let why = match process::start(&plan) {
                Ok(child) => self.watch(&plan, child, &last),
                Err(error) => format!("{} could not be started: {error}", plan.binary.display()),
            };
            if started.elapsed() > HEALTHY_AFTER {
                pause = PAUSE_FIRST;
            }
            if self.pause(pause, why, &plan) {
                return;
            }
            pause = (pause * 2).min(PAUSE_LONGEST);
        }
    }

    /// Looks after one run of the master, to its end; what it said last.
    fn watch(&self, plan: &Plan, mut child: Child, last: &Last) -> String {
        let master = Pid::from_raw(child.id() as i32);
        {
            let mut state = self.lock();
            state.master = Some(master);
            if state.stopping {
                process::sweep(master);
            }
        }
        let log = child.stderr.take().map(|log| log::follow(plan.name.clone(), log, last.clone()));
        thread::scope(|scope| {
            scope.spawn(|| self.announce(plan, master));
            process::wait(master);
            process::sweep(master);
            self.lock().master = None;
            self.changed.notify_all();
        });
        let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        if let Some(log) = log {
            let _ = log.recv_timeout(LOG_ENDS_WITHIN);
        }
        format!("it ended ({status}); it said last: {}", last.text())
    }

    /// Says that the pool is ready once it answers, unless it ends before.
    fn announce(&self, plan: &Plan, master: Pid) {
        loop {
            if ping::ping(&plan.socket).is_ok() {
                break;
            }
            let state = self.lock();
            let (state, _) =
                self.changed.wait_timeout(state, PING_EVERY).unwrap_or_else(PoisonError::into_inner);
            if state.master != Some(master) || state.stopping {
                return;
            }
        }
        let state = self.lock();
        if state.master == Some(master) {
            self.health.send_replace(Health::Ready);
        }
    }

    /// Waits before the next start; true where there is to be none.
    fn pause(&self, pause: Duration, why: String, plan: &Plan) -> bool {
        let state = self.lock();
        if !state.stopping {
            tracing::error!(legacy = plan.name, again_in = ?pause, "php-fpm: {why}");
        }
        self.health.send_replace(Health::Down(why));
        let waited = self.changed.wait_timeout_while(state, pause, |state| !state.stopping);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !state.stopping {
            self.health.send_replace(Health::Starting);
        }
        state.stopping
    }

    /// Asks for the end, and sees to it that the master ends.
    fn stop(&self) {
        let master = {
            let mut state = self.lock();
            state.stopping = true;
            state.master
        };
        self.changed.notify_all();
        if let Some(master) = master {
            process::end(master, |within| {
                let waited = self
                    .changed
                    .wait_timeout_while(self.lock(), within, |state| state.master == Some(master));
                waited.is_ok_and(|(_, waited)| !waited.timed_out())
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
