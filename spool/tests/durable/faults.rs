//! Disks that fail, fill up and rot: what the spool says, and that it goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use crate::simulated::SimulatedDisk;
use bytes::Bytes;
use handover_spool::{AppendError, Barrier, Damage, Disk, Limits, Opened, Refused, Spool};

const ROOT: &str = "/state/spool";

fn open(disk: &SimulatedDisk) -> Opened {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let limits = Limits::new(Limits::SIZE_MIN).unwrap();
    handover_spool::open(&disk, Path::new(ROOT), limits, Arc::new(|| {}), &mut |_| {}).unwrap()
}

fn append(spool: &Spool, body: &[u8]) -> Result<u64, AppendError> {
    let room = spool.reserve(body.len())?;
    let (tell, told) = mpsc::channel();
    spool.append(room, Bytes::copy_from_slice(body), move |done| tell.send(done).unwrap());
    told.recv().unwrap()
}

/// Frames of 40 bytes with head and padding.
fn append_many(spool: &Spool, count: u32) {
    for n in 0..count {
        append(spool, format!("frame {n:6}").as_bytes()).unwrap();
    }
}

fn read_all(spool: &Spool) -> (Vec<Bytes>, Vec<Damage>) {
    let mut reader = spool.reader();
    let (mut frames, mut damages) = (Vec::new(), Vec::new());
    while let Some(read) = reader.read().unwrap() {
        match read {
            Ok(frame) => frames.push(frame.body),
            Err(damage) => damages.push(damage),
        }
    }
    (frames, damages)
}

#[test]
fn a_failed_sync_leaves_the_frame_unknown_and_poisons_until_the_next_start() {
    let disk = SimulatedDisk::new();
    let spool = open(&disk).own;
    append(&spool, b"before").unwrap();
    disk.fail(Some(Barrier::Frames));
    assert!(matches!(append(&spool, b"during"), Err(AppendError::Unknown(why)) if why.contains("EIO")));
    disk.fail(None);
    let refused = append(&spool, b"after").unwrap_err();
    assert!(matches!(refused, AppendError::Refused(Refused::Poisoned(_))), "for good: {refused:?}");
    assert_eq!(read_all(&spool).0, ["before"], "what is there can be read");
    assert!(spool.stats().poisoned.is_some());
    drop(spool);
    let spool = open(&disk).own;
    assert_eq!(append(&spool, b"again"), Ok(3), "the frame of which nobody knew had a number, too");
}

#[test]
fn a_failed_cursor_poisons_since_no_segment_may_go_any_more() {
    let disk = SimulatedDisk::new();
    let spool = open(&disk).own;
    append(&spool, b"one").unwrap();
    disk.fail(Some(Barrier::Cursor));
    spool.settle(1);
    while spool.stats().poisoned.is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(matches!(append(&spool, b"two"), Err(AppendError::Refused(Refused::Poisoned(_)))));
}

#[test]
fn a_full_disk_refuses_before_anything_is_written_and_takes_again_once_there_is_room() {
    let disk = SimulatedDisk::new();
    let spool = open(&disk).own;
    disk.room(Some(100));
    let refused = append(&spool, b"frame").unwrap_err();
    assert!(matches!(refused, AppendError::Refused(Refused::NoSegment(_))), "{refused:?}");
    disk.room(None);
    while append(&spool, b"frame").is_err() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(read_all(&spool), (vec![Bytes::from("frame")], Vec::new()));
}

#[test]
fn starts_while_nobody_takes_the_frames_leave_no_empty_room_behind() {
    let disk = SimulatedDisk::new();
    let (mut before, starts) = (0, 40);
    for start in 0..starts {
        let spool = open(&disk).own;
        let found = spool.stats().disk_bytes;
        assert!(found < before + 100, "{found} bytes after {start} starts, of which the last left {before}");
        append(&spool, format!("frame {start}").as_bytes()).unwrap();
        before = found;
    }
    assert_eq!(read_all(&open(&disk).own).0.len() as u64, starts);
}

#[test]
fn a_full_spool_refuses_throws_nothing_away_and_never_exceeds_its_size() {
    let disk = SimulatedDisk::new();
    let spool = open(&disk).own;
    let body = vec![7; 3000];
    let mut taken = 0;
    let refused = loop {
        match append(&spool, &body) {
            Ok(_) => taken += 1,
            Err(refused) => break refused,
        }
        assert!(spool.stats().disk_bytes <= Limits::SIZE_MIN);
    };
    assert_eq!(refused, AppendError::Refused(Refused::Full { size_max: Limits::SIZE_MIN }));
    assert!(taken >= 12, "it should take most of its size: {taken}");
    assert_eq!(read_all(&spool).0.len(), taken);
    spool.settle(taken as u64);
    while append(&spool, &body).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(spool.stats().refused > 0);
}

#[test]
fn what_can_never_be_taken_is_refused() {
    let spool = open(&SimulatedDisk::new()).own;
    assert_eq!(spool.reserve(0).unwrap_err(), Refused::Empty);
    let frame_max = spool.limits().frame_max();
    assert_eq!(
        spool.reserve(frame_max + 1).unwrap_err(),
        Refused::TooLarge { bytes: frame_max + 1, frame_max }
    );
    let rooms: Vec<_> = std::iter::from_fn(|| spool.reserve(1000).ok()).collect();
    assert!(matches!(spool.reserve(1000), Err(Refused::Busy { .. } | Refused::Full { .. })));
    drop(rooms);
    assert_eq!(spool.stats().waiting_bytes, 0);
}

#[test]
fn a_flipped_bit_costs_one_frame_is_reported_and_never_stops_the_rest() {
    let disk = SimulatedDisk::new();
    let spool = open(&disk).own;
    append_many(&spool, 20);
    // Each frame takes 40 bytes; this is within the fourth.
    disk.flip(".seg", 130);
    let (frames, damages) = read_all(&spool);
    assert_eq!(frames.len(), 19);
    let [damage] = &damages[..] else { panic!("{damages:?}") };
    assert_eq!((damage.first, damage.frames, damage.acknowledged), (4, 1, true));
    assert_eq!(spool.stats().lost, 1);
    spool.settle(20);
    assert!(spool.is_drained());
    drop(spool);
    assert_eq!(read_all(&open(&disk).own).0.len(), 0);
}

#[test]
fn a_damaged_cursor_or_segment_never_keeps_it_from_starting() {
    let disk = SimulatedDisk::new();
    let spool = open(&disk).own;
    append_many(&spool, 3);
    drop(spool);
    disk.flip("cursor", 3);
    disk.flip("cursor", 515);
    disk.flip(".seg", 2);
    let spool = open(&disk).own;
    let (frames, damages) = read_all(&spool);
    assert_eq!((frames.len(), damages.len()), (2, 1));
    assert_eq!(append(&spool, b"more"), Ok(4));
}

#[test]
fn a_part_of_the_disk_that_gives_eio_costs_what_lies_in_it() {
    let disk = SimulatedDisk::new();
    let spool = open(&disk).own;
    append_many(&spool, 300);
    drop(spool);
    disk.unreadable(true);
    let spool = open(&disk).own;
    let (frames, damages) = read_all(&spool);
    let lost: u64 = damages.iter().map(|damage| damage.frames).sum();
    assert_eq!(frames.len() as u64 + lost, 300);
    assert!((80..=103).contains(&lost), "a block of 4096 bytes of the first segment: {lost}");
}

#[test]
fn what_a_process_leaves_is_adopted_by_one_that_runs_and_by_no_other() {
    let disk = SimulatedDisk::new();
    let adopt = || {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut shown = 0;
        let limits = Limits::new(Limits::SIZE_MIN).unwrap();
        let adopted =
            handover_spool::adopt(&disk, Path::new(ROOT), limits, Arc::new(|| {}), &mut |_| shown += 1);
        (adopted.unwrap(), shown)
    };
    let (first, second) = (open(&disk), open(&disk));
    append(&first.own, b"of the first").unwrap();
    append(&second.own, b"of the second").unwrap();
    assert_eq!(adopt().0.len(), 0, "both live");
    drop(first);
    let (adopted, shown) = adopt();
    assert_eq!((adopted.len(), shown), (1, 1));
    assert_eq!(read_all(&adopted[0]).0, ["of the first"]);
    assert_eq!(adopt().0.len(), 0, "it is held again");
    assert_eq!(read_all(&second.own).0, ["of the second"], "and nothing has touched the other one");
}

#[test]
fn what_a_dead_process_left_is_adopted_once_and_its_folder_goes() {
    let disk = SimulatedDisk::new();
    let (first, second) = (open(&disk), open(&disk));
    assert!(first.adopted.is_empty() && second.adopted.is_empty(), "both live");
    append(&first.own, b"of the first").unwrap();
    append(&second.own, b"of the second").unwrap();
    disk.kill();
    let third = open(&disk);
    assert_eq!(third.adopted.len(), 1);
    assert_eq!(open(&disk).adopted.len(), 0, "the third holds them");
    let all = |opened: &Opened| {
        let spools = opened.adopted.iter().chain([&opened.own]);
        spools.flat_map(|spool| read_all(spool).0).collect::<Vec<_>>()
    };
    let mut found = all(&third);
    found.sort();
    assert_eq!(found, ["of the first", "of the second"]);
    for spool in third.adopted {
        let folder = spool.folder().to_owned();
        spool.settle(1);
        spool.remove().unwrap();
        assert!(!disk.is_folder(&folder));
    }
}
