//! Power cuts and kills at any point, again and again on the same disk: nothing acknowledged is ever lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use crate::simulated::SimulatedDisk;
use bytes::Bytes;
use fastrand::Rng;
use handover_spool::{Barrier, Disk, Limits, Opened, Spool};

/// What must hold, whatever happened.
#[derive(Default)]
struct Ledger {
    /// Acknowledged and not settled, by number.
    owed: BTreeMap<u64, Bytes>,
    /// Every acknowledged frame that ever was.
    all: BTreeMap<u64, Bytes>,
    bodies: u64,
}

fn open(disk: &SimulatedDisk) -> Result<Spool, String> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let limits = Limits::new(Limits::SIZE_MIN).unwrap();
    let opened = handover_spool::open(&disk, Path::new("/state/spool"), limits, Arc::new(|| {}), &mut |_| {});
    let Opened { own, adopted } = opened.map_err(|error| format!("no start: {error:?}"))?;
    if adopted.is_empty() { Ok(own) } else { Err("one process leaves one folder".into()) }
}

impl Ledger {
    /// Appends some frames at once and waits for all of them.
    fn append(&mut self, spool: &Spool, rng: &mut Rng) -> Result<(), String> {
        let (tell, told) = mpsc::channel();
        for _ in 0..rng.u64(1..5) {
            self.bodies += 1;
            let mut body = self.bodies.to_le_bytes().to_vec();
            body.resize(rng.usize(8..2500), self.bodies as u8);
            let body = Bytes::from(body);
            let Ok(room) = spool.reserve(body.len()) else { continue };
            let tell = tell.clone();
            spool.append(room, body.clone(), move |done| {
                let _ = tell.send((done, body));
            });
        }
        drop(tell);
        for (done, body) in told {
            let Ok(number) = done else { continue };
            if self.all.insert(number, body.clone()).is_some() {
                return Err(format!("number {number} came twice"));
            }
            self.owed.insert(number, body);
        }
        Ok(())
    }

    /// Reads some frames, and settles them.
    fn settle(&mut self, spool: &Spool, most: usize) -> Result<(), String> {
        let mut reader = spool.reader();
        for _ in 0..most {
            match reader.read() {
                Ok(Some(Ok(frame))) => {
                    if self.all.get(&frame.number).is_some_and(|body| *body != frame.body) {
                        return Err(format!("frame {} is not the one that was acknowledged", frame.number));
                    }
                    // From here on it may be forgotten, but need not be.
                    self.owed.remove(&frame.number);
                    spool.settle(frame.number);
                }
                Ok(Some(Err(damage))) if damage.acknowledged => return Err(format!("{damage:?}")),
                Ok(Some(Err(damage))) => spool.settle(damage.through()),
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }

    /// Reads everything and sees whether all that is owed is there, in order.
    fn check(&self, spool: &Spool) -> Result<(), String> {
        let (mut reader, mut last, mut found) = (spool.reader(), 0, BTreeMap::new());
        while let Some(read) = reader.read().map_err(|error| error.to_string())? {
            let frame = match read {
                Ok(frame) => frame,
                Err(damage) if damage.acknowledged => return Err(format!("{damage:?}")),
                Err(damage) => {
                    last = damage.through();
                    continue;
                }
            };
            if last != 0 && frame.number != last + 1 {
                return Err(format!("{} follows {last}", frame.number));
            }
            last = frame.number;
            found.insert(frame.number, frame.body);
        }
        for (number, body) in &self.owed {
            if found.get(number) != Some(body) {
                return Err(format!("frame {number} is lost"));
            }
        }
        Ok(())
    }
}

/// Lives of one process after the other on one disk, each ended by a kill or a power cut.
fn scenario(seed: u64, skipped: Option<Barrier>) -> Result<(), String> {
    let mut rng = Rng::with_seed(seed);
    let disk = SimulatedDisk::new();
    disk.skip(skipped);
    let mut ledger = Ledger::default();
    for _ in 0..rng.u8(2..6) {
        if rng.u8(..3) > 0 {
            disk.die_after(rng.u64(..60));
        }
        if let Ok(spool) = open(&disk) {
            for _ in 0..rng.u8(1..8) {
                ledger.append(&spool, &mut rng)?;
                if rng.bool() {
                    ledger.settle(&spool, rng.usize(1..12))?;
                }
            }
            drop(spool);
        }
        if rng.u8(..3) == 0 {
            disk.kill()
        } else {
            disk.cut(&mut rng)
        }
        let spool = open(&disk)?;
        ledger.check(&spool)?;
        drop(spool);
        if rng.bool() { disk.kill() } else { disk.cut(&mut rng) }
    }
    let spool = open(&disk)?;
    ledger.check(&spool)
}

#[test]
fn nothing_acknowledged_is_lost_at_any_crash_point() {
    for seed in 0..scenarios() {
        scenario(seed, None).unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
    }
}

#[test]
fn each_sync_is_needed() {
    for barrier in Barrier::ALL {
        let found =
            (0..20_000).find_map(|seed| scenario(seed, Some(barrier)).err().map(|fault| (seed, fault)));
        let (seed, fault) = found.unwrap_or_else(|| panic!("nothing is lost without {barrier:?}"));
        println!("without {barrier:?}: seed {seed}: {fault}");
    }
}

/// `HANDOVER_CRASHES` for a long run.
fn scenarios() -> u64 {
    std::env::var("HANDOVER_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}
