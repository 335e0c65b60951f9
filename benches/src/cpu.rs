//! The CPU time and memory of a server: of all processes in its process groups, by `/proc`.

use std::collections::BTreeSet;
use std::fs;

/// The processes of a server: every process of these groups, whenever it was started.
#[derive(Clone, Debug)]
pub(crate) struct Processes(Vec<u32>);

impl Processes {
    /// The processes of these groups.
    pub(crate) fn of_groups(groups: impl IntoIterator<Item = u32>) -> Self {
        Self(groups.into_iter().collect())
    }

    /// The groups of those whom this process has started, and those by them, but for its own.
    pub(crate) fn started_by(parent: u32) -> Self {
        let stats = all();
        let own = stats.iter().find(|stat| stat.id == parent).map(|stat| stat.group);
        let (mut family, mut groups) = (vec![parent], BTreeSet::new());
        while let Some(one) = family.pop() {
            for stat in stats.iter().filter(|stat| stat.parent == one) {
                family.push(stat.id);
                groups.extend(Some(stat.group).filter(|group| Some(*group) != own));
            }
        }
        Self(groups.into_iter().collect())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// User and system time so far, in nanoseconds. The kernel scales both to what the scheduler counted, so that the
    /// sum is exact to a tick (10 ms) a process; threads that have ended are in it.
    pub(crate) fn cpu_ns(&self) -> u64 {
        let ticks: u64 = self.stats().iter().map(|stat| stat.ticks).sum();
        ticks * 1_000_000_000 / ticks_per_second()
    }

    /// Resident memory, in bytes. Pages that processes share are counted once for each.
    pub(crate) fn rss(&self) -> u64 {
        self.stats().iter().map(|stat| stat.rss_pages).sum::<u64>() * 4096
    }

    fn stats(&self) -> Vec<Stat> {
        all().into_iter().filter(|stat| self.0.contains(&stat.group)).collect()
    }
}

/// All processes.
fn all() -> Vec<Stat> {
    let processes = fs::read_dir("/proc").expect("/proc is mounted");
    let stats = processes.flatten().filter_map(|entry| {
        let text = fs::read_to_string(entry.path().join("stat")).ok()?;
        Stat::parse(&text)
    });
    stats.collect()
}

/// What is read of `/proc/PID/stat` (proc(5)).
struct Stat {
    id: u32,
    parent: u32,
    group: u32,
    ticks: u64,
    rss_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name stands in brackets and may hold anything, brackets too.
        let (before, after) = text.rsplit_once(')')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let number = |nth: usize| fields.get(nth - 3)?.parse::<u64>().ok();
        let id = |nth: usize| u32::try_from(number(nth)?).ok();
        Some(Self {
            id: before.split_whitespace().next()?.parse().ok()?,
            parent: id(4)?,
            group: id(5)?,
            ticks: number(14)? + number(15)?,
            rss_pages: number(24)?,
        })
    }
}

fn ticks_per_second() -> u64 {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten();
    ticks.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_shifts_nothing() {
        let line = "7 (a) b) (c) S 1 42 42 0 -1 0 0 0 0 0 30 12 0 0 20 0 1 0 5 1000 77 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.id, stat.parent, stat.group), (7, 1, 42));
        assert_eq!((stat.ticks, stat.rss_pages), (42, 77));
    }

    #[test]
    fn a_busy_group_uses_time() {
        let me = Processes::of_groups([nix::unistd::getpgrp().as_raw() as u32]);
        let before = me.cpu_ns();
        let began = std::time::Instant::now();
        while began.elapsed().as_millis() < 100 {
            std::hint::black_box(0);
        }
        assert!(me.cpu_ns() > before);
        assert!(me.rss() > 0);
    }
}
