//! A running pool as we hold it: the ends of its keeper's lifeline, report and log. See [`keeper`](super::keeper).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::files::Plan;
use super::former::end_former;
use super::keeper::{END_WITHIN, ENDED, FAILED, Launch, RELOAD, STARTED};

/// The program that keeps a pool: ourselves.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    program: OsString,
    args: Vec<OsString>,
}

impl Keeper {
    /// This very program, even where its file has been replaced.
    pub(crate) fn ourselves(args: &[&str]) -> Self {
        Self { program: "/proc/self/exe".into(), args: args.iter().map(OsString::from).collect() }
    }
}

/// Our ends of a pool, as they are handed over.
#[derive(Debug)]
pub(crate) struct Ends {
    /// The pool runs as long as anybody holds it.
    pub lifeline: OwnedFd,
    /// What the keeper says.
    pub report: OwnedFd,
    /// What php-fpm says.
    pub log: OwnedFd,
}

/// A running pool. Dropping it ends the pool, unless somebody else holds its lifeline, too.
#[derive(Debug)]
pub(super) struct Kept {
    lifeline: Sender,
    report: Lines<BufReader<Receiver>>,
    /// Taken by whoever follows it.
    log: Option<Receiver>,
    log_end: OwnedFd,
    /// Where we started it; an adopted one is no child of ours.
    child: Option<Child>,
}

impl Kept {
    /// Starts a pool. What a former run that was killed has left behind is ended first.
    pub(super) async fn start(keeper: &Keeper, plan: &Plan) -> io::Result<Self> {
        end_former(plan);
        let (stdin, lifeline) = io::pipe()?;
        let (report, stdout) = io::pipe()?;
        let (log, stderr) = io::pipe()?;
        let mut command = std::process::Command::new(&keeper.program);
        // A signal for our group (Ctrl-C) is none for the pool: we drain first.
        command.arg0("handover-keeper").args(&keeper.args).process_group(0);
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        let child = Command::from(command).spawn()?;
        let ends = Ends { lifeline: lifeline.into(), report: report.into(), log: log.into() };
        let mut kept = Self { child: Some(child), ..Self::adopt(ends)? };
        let mut launch = serde_json::to_vec(&launch(plan))?;
        launch.push(b'\n');
        kept.lifeline.write_all(&launch).await?;
        let master = kept.started().await?;
        // Without it a pool of a killed run would be found by nobody; with a full disk it still serves.
        if let Err(error) = fs::write(plan.pid_file(), master) {
            tracing::warn!(legacy = plan.name, %error, "{} could not be written", plan.pid_file().display());
        }
        Ok(kept)
    }

    /// Takes a pool over.
    pub(super) fn adopt(ends: Ends) -> io::Result<Self> {
        let log_end = ends.log.try_clone()?;
        Ok(Self {
            lifeline: Sender::from_owned_fd(ends.lifeline)?,
            report: BufReader::new(Receiver::from_owned_fd(ends.report)?).lines(),
            log: Some(Receiver::from_owned_fd(ends.log)?),
            log_end,
            child: None,
        })
    }

    /// Doubles of our ends, for a successor.
    pub(super) fn ends(&mut self) -> io::Result<Ends> {
        Ok(Ends {
            lifeline: self.lifeline.as_fd().try_clone_to_owned()?,
            report: self.report.get_ref().get_ref().as_fd().try_clone_to_owned()?,
            log: self.log_end.try_clone()?,
        })
    }

    /// What php-fpm says, once.
    pub(super) fn take_log(&mut self) -> Option<Receiver> {
        self.log.take()
    }

    /// Asks php-fpm to execute itself anew; requests that run go on.
    pub(super) async fn reload(&mut self) {
        // A keeper that is gone has nothing to reload, which is seen by its report.
        let _ = self.lifeline.write_all(&[RELOAD]).await;
    }

    /// Waits for the pool's end; how it ended. May be dropped and called again.
    pub(super) async fn ended(&mut self) -> String {
        loop {
            match self.report.next_line().await {
                Ok(Some(line)) => {
                    if let Some(status) = line.strip_prefix(ENDED) {
                        return status.to_owned();
                    }
                }
                _ => return "its keeper has ended".to_owned(),
            }
        }
    }

    /// Ends the pool and waits for it.
    pub(super) async fn end(self) {
        let Self { lifeline, mut report, child, .. } = self;
        drop(lifeline);
        let over = async {
            while let Ok(Some(_)) = report.next_line().await {}
            if let Some(mut child) = child {
                let _ = child.wait().await;
            }
        };
        // The keeper kills what does not end in time; so this is late only where the machine is.
        if timeout(END_WITHIN * 2, over).await.is_err() {
            tracing::warn!("a php-fpm that was told to end has not said that it did");
        }
    }

    /// The number of the master.
    async fn started(&mut self) -> io::Result<String> {
        while let Some(line) = self.report.next_line().await? {
            if let Some(number) = line.strip_prefix(STARTED) {
                return Ok(number.to_owned());
            }
            if let Some(why) = line.strip_prefix(FAILED) {
                return Err(io::Error::other(why.to_owned()));
            }
        }
        Err(io::Error::other("its keeper could not be started"))
    }
}

fn launch(plan: &Plan) -> Launch {
    let mut args: Vec<OsString> = ["--nodaemonize", "--force-stderr", "--fpm-config"].map(Into::into).into();
    args.push(plan.config().into());
    if plan.as_root {
        tracing::warn!(legacy = plan.name, "its children run as root: nobody else can read the application");
        args.push("--allow-to-run-as-root".into());
    }
    let pair = |(name, value): &(String, String)| (name.into(), value.into());
    let mut env: Vec<(OsString, OsString)> = plan.env.iter().map(pair).collect();
    // An empty element stands for the folder that PHP was built with.
    let mut scanned = OsString::from(":");
    scanned.push(plan.ini_folder());
    env.push(("PHP_INI_SCAN_DIR".into(), scanned));
    let own = |path: &OsStr| path.to_owned();
    Launch { program: own(plan.binary.as_os_str()), args, env, folder: own(plan.root.as_os_str()) }
}
