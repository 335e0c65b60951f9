//! One task for each pool: starts php-fpm, waits for its end, starts it again.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::files::Plan;
use super::kept::{Ends, Keeper, Kept};
use super::log::{self, Last};
use super::{StartError, ping};

/// The first pause before a pool that ended is started again; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(10);

/// A pool that ran for so long has recovered: its next pause is the first one again.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// How long the log of a pool that ended is waited for: a program that PHP left running may hold it open for ever.
const LOG_ENDS_WITHIN: Duration = Duration::from_millis(200);

/// Orders that may wait for the task; it is never busy for long.
const ORDERS_MAX: usize = 16;

/// How a pool is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Health {
    Starting,
    Ready,
    /// It ended; what it said last.
    Down(String),
}

/// What the task is told.
enum Order {
    Reload,
    /// To show what a successor needs.
    Show(oneshot::Sender<Ends>),
    /// To look after what it has adopted.
    Begin,
    /// To leave the pool to the successor.
    Release,
    Stop,
}

/// A pool and the task that looks after it. Dropping it stops the pool.
#[derive(Debug)]
pub(super) struct Supervisor {
    plan: Arc<Mutex<Plan>>,
    health: watch::Receiver<Health>,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

struct Task {
    plan: Arc<Mutex<Plan>>,
    keeper: Keeper,
    health: watch::Sender<Health>,
    orders: mpsc::Receiver<Order>,
    last: Last,
}

impl Supervisor {
    /// Starts the task, which starts the pool.
    pub(super) fn start(keeper: Keeper, plan: Plan) -> Self {
        Self::spawn(keeper, plan, Health::Starting, Task::run)
    }

    /// Starts the task for a pool of our predecessor's. It leaves it alone until [`begin`](Self::begin).
    pub(super) fn adopt(keeper: Keeper, plan: Plan, ends: Ends) -> Self {
        Self::spawn(keeper, plan, Health::Ready, |task| task.run_adopted(ends))
    }

    fn spawn<F>(keeper: Keeper, plan: Plan, health: Health, run: impl FnOnce(Task) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let plan = Arc::new(Mutex::new(plan));
        let (sender, health) = watch::channel(health);
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        let task =
            Task { plan: Arc::clone(&plan), keeper, health: sender, orders: inbox, last: Last::default() };
        Self { plan, health, orders, task: tokio::spawn(run(task)) }
    }

    pub(super) fn plan(&self) -> Plan {
        lock(&self.plan).clone()
    }

    pub(super) fn is_ready(&self) -> bool {
        *self.health.borrow() == Health::Ready
    }

    /// Waits until the pool answers.
    pub(super) async fn ready(&self, within: Duration) -> Result<(), StartError> {
        let mut health = self.health.clone();
        let settled = health.wait_for(|health| *health != Health::Starting);
        let why = match timeout(within, settled).await.map(|health| health.map(|h| h.clone())) {
            Ok(Ok(Health::Ready)) => return Ok(()),
            Ok(Ok(Health::Down(why))) => why,
            _ => format!("it did not answer within {within:?}"),
        };
        Err(StartError::NotReady { legacy: self.plan().name, why })
    }

    /// Lets the running pool take over a plan that it can become.
    pub(super) async fn change(&self, plan: Plan) -> Result<(), StartError> {
        plan.write()?;
        *lock(&self.plan) = plan;
        self.reload().await;
        Ok(())
    }

    /// Asks php-fpm to execute itself anew; requests that run go on. False where nothing runs.
    pub(super) async fn reload(&self) -> bool {
        let runs = !matches!(*self.health.borrow(), Health::Down(_));
        runs && self.orders.send(Order::Reload).await.is_ok()
    }

    /// What a successor needs to take the pool over; `None` where nothing runs.
    pub(super) async fn ends(&self) -> Option<Ends> {
        let (tell, told) = oneshot::channel();
        self.orders.send(Order::Show(tell)).await.ok()?;
        told.await.ok()
    }

    /// Begins to look after an adopted pool: its former owner does no longer.
    pub(super) async fn begin(&self) {
        let _ = self.orders.send(Order::Begin).await;
    }

    /// Leaves the pool to the successor, which holds its lifeline.
    pub(super) async fn release(self) {
        let _ = self.orders.send(Order::Release).await;
        let _ = self.task.await;
    }

    /// Stops the pool and waits for the end of all its processes.
    pub(super) async fn stop(self) {
        let _ = self.orders.send(Order::Stop).await;
        let _ = self.task.await;
    }
}

impl Task {
    async fn run(self) {
        self.look_after(None).await;
    }

    async fn run_adopted(mut self, ends: Ends) {
        loop {
            match self.orders.recv().await {
                Some(Order::Begin) => break,
                // Not ours to do yet; whoever asked to see it sees nothing.
                Some(Order::Reload | Order::Show(_)) => {}
                // Our predecessor goes on with it, or has ended it.
                Some(Order::Release | Order::Stop) | None => return,
            }
        }
        match Kept::adopt(ends) {
            Ok(kept) => self.look_after(Some(kept)).await,
            Err(error) => {
                tracing::error!(%error, "a php-fpm could not be taken over; it is started anew");
                self.look_after(None).await;
            }
        }
    }

    async fn look_after(mut self, mut adopted: Option<Kept>) {
        let mut pause = PAUSE_FIRST;
        loop {
            let plan = lock(&self.plan).clone();
            let started = Instant::now();
            let kept = match adopted.take() {
                Some(kept) => Ok(kept),
                None => Kept::start(&self.keeper, &plan).await,
            };
            let why = match kept {
                Ok(kept) => match self.watch(&plan, kept).await {
                    ControlFlow::Continue(why) => why,
                    ControlFlow::Break(()) => return,
                },
                Err(error) => format!("{} could not be started: {error}", plan.binary.display()),
            };
            if started.elapsed() > HEALTHY_AFTER {
                pause = PAUSE_FIRST;
            }
            if self.pause(&plan, pause, why).await.is_break() {
                return;
            }
            pause = (pause * 2).min(PAUSE_LONGEST);
        }
    }

    /// Looks after one run of the master, to its end; what it said last.
    async fn watch(&mut self, plan: &Plan, mut kept: Kept) -> ControlFlow<(), String> {
        let log = kept.take_log().map(|log| log::follow(plan.name.clone(), log, self.last.clone()));
        let mut answers = std::pin::pin!(ping::answers(plan.socket.clone()));
        loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::Reload) => kept.reload().await,
                    Some(Order::Show(tell)) => match kept.ends() {
                        Ok(ends) => drop(tell.send(ends)),
                        Err(error) => tracing::error!(legacy = plan.name, %error, "php-fpm cannot be handed over"),
                    },
                    Some(Order::Begin) => {}
                    Some(Order::Release) => {
                        log.inspect(JoinHandle::abort);
                        return ControlFlow::Break(());
                    }
                    Some(Order::Stop) | None => {
                        kept.end().await;
                        return ControlFlow::Break(());
                    }
                },
                status = kept.ended() => {
                    if let Some(log) = log {
                        let _ = timeout(LOG_ENDS_WITHIN, log).await;
                    }
                    let last = self.last.text();
                    return ControlFlow::Continue(format!("it ended ({status}); it said last: {last}"));
                }
                () = &mut answers, if *self.health.borrow() == Health::Starting => {
                    self.health.send_replace(Health::Ready);
                }
            }
        }
    }

    /// Waits before the next start, which a break says is not wanted.
    async fn pause(&mut self, plan: &Plan, pause: Duration, why: String) -> ControlFlow<()> {
        tracing::error!(legacy = plan.name, again_in = ?pause, "php-fpm: {why}");
        self.health.send_replace(Health::Down(why));
        let mut over = std::pin::pin!(sleep(pause));
        loop {
            tokio::select! {
                () = &mut over => break,
                order = self.orders.recv() => match order {
                    // Whoever asked to see it sees that there is nothing.
                    Some(Order::Reload | Order::Show(_) | Order::Begin) => {}
                    Some(Order::Stop | Order::Release) | None => return ControlFlow::Break(()),
                },
            }
        }
        self.health.send_replace(Health::Starting);
        ControlFlow::Continue(())
    }
}

/// Nothing that could panic runs under this lock.
fn lock(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}
