//! The predecessor, as its successor sees it.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::channel::Channel;
use super::inheritance::Inheritance;
use super::{Holds, Ready};
use crate::observe::chain;
use crate::process::Process;

/// The process that we take over from.
#[derive(Debug)]
pub(crate) struct Predecessor {
    channel: Channel,
}

/// Says when the predecessor has ended. One that never was has.
#[derive(Clone, Debug)]
pub(crate) struct Gone(watch::Receiver<bool>);

impl Gone {
    /// There was none.
    pub(crate) fn already() -> Self {
        Self(watch::channel(true).1)
    }

    /// Whether it has ended.
    pub(crate) fn is_so(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for its end.
    pub(crate) async fn wait(&mut self) {
        // The thread that would say so has panicked otherwise, and will not say it.
        let _ = self.0.wait_for(|gone| *gone).await;
    }
}

impl Predecessor {
    /// What the process that started us has for us, on our standard input.
    pub(crate) fn inherit() -> io::Result<(Self, Inheritance)> {
        let mut channel = Channel::of(io::stdin().as_fd().try_clone_to_owned()?);
        let inheritance = Inheritance::receive(&mut channel)?;
        Ok((Self { channel }, inheritance))
    }

    /// Tells it that we serve, and follows it to its end: what it lets go of is ours. `side` is where that is done.
    pub(crate) fn take_over(mut self, process: Arc<Process>, side: Handle) -> io::Result<Gone> {
        self.channel.send(&Ready {}, &[])?;
        let (tell, gone) = watch::channel(false);
        thread::Builder::new().name("predecessor".to_owned()).spawn(move || {
            self.follow(&process, &side);
            tell.send_replace(true);
        })?;
        Ok(Gone(gone))
    }

    fn follow(&mut self, process: &Process, side: &Handle) {
        let mut begun = false;
        loop {
            let holds = self.channel.receive::<Holds>();
            let ended = !matches!(holds, Ok(Some(_)));
            if !std::mem::replace(&mut begun, true) {
                side.block_on(begin(process));
            }
            let holds = holds.ok().flatten().map(|(holds, _)| holds).unwrap_or_default();
            process.legacies.lend(holds.connections);
            if ended {
                break;
            }
        }
        tracing::info!("the former process has ended");
        if let Some(spooler) = process.producers.spooler() {
            spooler.look_for_left_overs();
        }
    }
}

/// Looks after the pools from now on, and makes them what the configuration says.
async fn begin(process: &Process) {
    let config = Arc::clone(&process.generations.load().config);
    let mut pools = process.managed.lock().await;
    pools.begin().await;
    if let Err(error) = pools.apply(&config.legacies).await {
        tracing::error!(error = chain(&error), "a pool that was taken over does not run as configured");
    }
}
