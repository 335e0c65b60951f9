//! What a former run that was killed has left behind: children whose master went with it.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::files::Plan;

/// Ends it.
pub(super) fn end_former(plan: &Plan) {
    let Ok(text) = fs::read_to_string(plan.pid_file()) else { return };
    let Ok(group) = text.trim().parse::<i32>() else { return };
    let left = members(group);
    if left.is_empty() {
        return;
    }
    tracing::warn!(legacy = plan.name, processes = left.len(), "ending php-fpm of a former run");
    for member in left {
        let _ = kill(Pid::from_raw(member), Signal::SIGKILL);
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
