//! The processes of a pool: a master and its children, in a process group of their own.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::files::Plan;

/// How long children that were asked to end may take.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Starts the master. The calling thread must live as long as the pool is to: when it ends, however it ends, the kernel
/// asks the master to end.
pub(super) fn start(plan: &Plan) -> io::Result<Child> {
    end_former(plan);
    let mut command = Command::new(&plan.binary);
    command.arg("--nodaemonize").arg("--force-stderr").arg("--fpm-config").arg(plan.config());
    if plan.as_root {
        tracing::warn!(legacy = plan.name, "its children run as root: nobody else can read the application");
        command.arg("--allow-to-run-as-root");
    }
    command.env_clear().envs(plan.env.iter().map(|(name, value)| (name, value)));
    // An empty element stands for the folder that PHP was built with.
    let mut scanned = std::ffi::OsString::from(":");
    scanned.push(plan.ini_folder());
    command.env("PHP_INI_SCAN_DIR", scanned);
    command.current_dir(&plan.root);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    end_with_us(&mut command);
    let child = command.spawn()?;
    // Without it a pool of a killed run would be found by nobody; with a full disk it still serves.
    if let Err(error) = fs::write(plan.pid_file(), child.id().to_string()) {
        tracing::warn!(legacy = plan.name, %error, "{} could not be written", plan.pid_file().display());
    }
    Ok(child)
}

/// SIGTERM for the master when our thread ends, even by SIGKILL. It survives php-fpm's own re-execution on reload.
#[allow(unsafe_code)] // there is no safe way to run code between fork and exec
fn end_with_us(command: &mut Command) {
    let us = Pid::this();
    // SAFETY: prctl and getppid are async-signal-safe, and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            prctl::set_pdeathsig(Signal::SIGTERM)?;
            // We may have gone before the line above.
            if nix::unistd::getppid() == us { Ok(()) } else { Err(Errno::ESRCH.into()) }
        });
    }
}

/// Waits until the master has ended, without taking its exit status: as long as nobody has, its number is not given to
/// another process.
pub(super) fn wait(master: Pid) {
    while waitid(Id::Pid(master), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
}

/// Ends whatever is left of a pool whose master has ended.
pub(super) fn sweep(master: Pid) {
    let _ = killpg(master, Signal::SIGKILL);
}

/// Asks a whole pool to end, and makes it.
pub(super) fn end(master: Pid, is_over: impl Fn(Duration) -> bool) {
    // The master's own SIGTERM handler ends the children at once; they have nothing left to do: we have drained.
    let _ = nix::sys::signal::kill(master, Signal::SIGTERM);
    if !is_over(END_WITHIN) {
        let _ = killpg(master, Signal::SIGKILL);
    }
}

/// Ends what a former run that was killed left behind: children whose master went with us.
fn end_former(plan: &Plan) {
    let Ok(text) = fs::read_to_string(plan.pid_file()) else { return };
    let Ok(group) = text.trim().parse::<i32>() else { return };
    let left = members(group);
    if left.is_empty() {
        return;
    }
    tracing::warn!(legacy = plan.name, processes = left.len(), "ending php-fpm of a former run");
    for member in left {
        let _ = nix::sys::signal::kill(Pid::from_raw(member), Signal::SIGKILL);
    }
}

/// The php-fpm processes of a process group. The number may be someone else's by now, hence the name.
fn members(group: i32) -> Vec<i32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|number| group_of(*number) == Some(group) && is_php_fpm(*number)).collect()
}

fn group_of(process: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // `pid (name) state ppid pgrp …`; the name may hold anything.
    stat.rsplit_once(") ")?.1.split(' ').nth(2)?.parse().ok()
}

fn is_php_fpm(process: i32) -> bool {
    fs::read(Path::new("/proc").join(process.to_string()).join("cmdline"))
        .is_ok_and(|line| memchr::memmem::find(&line, b"php-fpm").is_some())
}
