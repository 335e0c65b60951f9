//! `kill -9` on a real process and a real disk, again and again.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use handover_spool::{Disk, Limits, Opened, RealDisk};

/// Where the process that is to be killed has its spool.
const ROOT: &str = "HANDOVER_KILLED_SPOOL";

fn open(root: &Path) -> Opened {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let limits = Limits::new(1 << 20).unwrap();
    handover_spool::open(&disk, root, limits, Arc::new(|| {}), &mut |_| {}).unwrap()
}

/// Not a test by itself: what the test below starts and kills. It appends, tells what was acknowledged, and settles half.
#[test]
fn appends_until_it_is_killed() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let Opened { own, adopted } = open(Path::new(&root));
    assert!(adopted.is_empty(), "one process leaves one folder");
    let mut reader = own.reader();
    loop {
        let (tell, told) = mpsc::channel();
        for length in [20, 300, 5000] {
            let Ok(room) = own.reserve(length) else { continue };
            let tell = tell.clone();
            own.append(room, Bytes::from(vec![b'x'; length]), move |done| tell.send(done).unwrap());
        }
        drop(tell);
        told.into_iter().flatten().for_each(|number| println!("\nacknowledged {number}"));
        for _ in 0..3 {
            let Ok(Some(frame)) = reader.read() else { break };
            let number = frame.unwrap().number;
            println!("\nsettled {number}");
            own.settle(number);
        }
    }
}

#[test]
fn killed_again_and_again_nothing_acknowledged_is_lost() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("spool");
    let (mut acknowledged, mut settled) = (BTreeSet::new(), 0);
    let kills = std::env::var("HANDOVER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(25);
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kills::appends_until_it_is_killed", "--nocapture"])
            .env(ROOT, &root)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut until = Instant::now() + Duration::from_micros(fastrand::u64(1_000..60_000));
        // Some die while they start, most at work.
        let mut at_work = kill % 4 == 0;
        let (mut line, mut killed) = (String::new(), false);
        // What the process said before it was killed counts, also when it is read later.
        while out.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some((what, number)) = line.trim_end().split_once(' ')
                && let Ok(number) = number.parse::<u64>()
                && line.ends_with('\n')
            {
                match what {
                    "acknowledged" => {
                        assert!(acknowledged.insert(number), "{number} twice, at kill {kill}");
                        if !std::mem::replace(&mut at_work, true) {
                            until = Instant::now() + Duration::from_micros(fastrand::u64(0..30_000));
                        }
                    }
                    "settled" => settled = settled.max(number),
                    _ => {}
                }
            }
            line.clear();
            if !killed && Instant::now() > until && at_work {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
    }
    let Opened { own, .. } = open(&root);
    let (mut reader, mut found) = (own.reader(), BTreeSet::new());
    while let Some(read) = reader.read().unwrap() {
        found.insert(read.unwrap().number);
    }
    let owed: BTreeSet<_> = acknowledged.iter().copied().filter(|number| *number > settled).collect();
    assert!(acknowledged.len() > kills, "too few appends to say anything: {}", acknowledged.len());
    assert_eq!(owed.difference(&found).count(), 0, "lost");
    println!(
        "{kills} kills, {} frames acknowledged, {} owed at the end, none lost",
        acknowledged.len(),
        owed.len()
    );
}
