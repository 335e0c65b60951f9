//! Bytes that are no segment, or one that was changed anywhere: the walk ends, and finds no frame that was never there.

use std::path::Path;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use handover_spool::{Disk, Limits, scan_untrusted};
use proptest::prelude::*;

use crate::simulated::SimulatedDisk;

/// A segment as the spool writes it: 60 frames of different sizes, and its salt.
fn segment() -> (Vec<u8>, u32) {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let limits = Limits::new(Limits::SIZE_MIN).unwrap();
    let opened =
        handover_spool::open(&disk, Path::new("/spool"), limits, Arc::new(|| {}), &mut |_| {}).unwrap();
    for length in 1..=60 {
        let (tell, told) = mpsc::channel();
        let room = opened.own.reserve(length).unwrap();
        opened
            .own
            .append(room, Bytes::from(vec![length as u8; length]), move |done| tell.send(done).unwrap());
        told.recv().unwrap().unwrap();
    }
    let folder = opened.own.folder();
    let name = disk.list(folder).unwrap().into_iter().find(|name| name.ends_with(".seg")).unwrap();
    let file = disk.open(&folder.join(&name)).unwrap();
    let mut bytes = vec![0; file.length().unwrap() as usize];
    file.read_at(&mut bytes, 0).unwrap();
    (bytes, u32::from_str_radix(&name[21..29], 16).unwrap())
}

proptest! {
    #[test]
    fn any_bytes_are_walked_through(bytes in proptest::collection::vec(any::<u8>(), 0..5000), first: u64) {
        let (frames, _) = scan_untrusted(&bytes, 0, first);
        prop_assert_eq!(frames, 0);
    }

    #[test]
    fn damage_anywhere_costs_no_more_than_it_hit(at in 0usize..3000, length in 1usize..200, fill: u8) {
        let (mut bytes, salt) = segment();
        bytes[at..at + length].fill(fill);
        let (frames, _) = scan_untrusted(&bytes, salt, 1);
        // A frame takes 32 bytes at least.
        prop_assert!(frames >= 60 - (length as u64 / 32 + 2), "{} of 60", frames);
    }
}
