//! The stage flips under load: no failed request, no lost or doubled record.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use handover_parts::load::drive;

use crate::compare::{effects, id};
use crate::world::{CONNECTIONS, World, bytes, demo, requests};

/// Flips there and back.
const FLIPS: usize = 5;

/// Between two flips: the file must be seen within two seconds.
const BETWEEN: Duration = Duration::from_millis(2_000);

#[test]
fn stages_flip_under_load_without_a_failed_request_or_a_lost_or_doubled_record() {
    let world = World::start();
    let proxy = world.proxy(&demo(), "legacy");
    let requests: Vec<_> = requests(2_000).iter().map(bytes).collect();
    let done = AtomicBool::new(false);
    let outcomes = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            drive(proxy.http(), CONNECTIONS, |index| {
                (!done.load(Ordering::Relaxed)).then(|| requests[index % requests.len()].clone())
            })
        });
        for stage in ["native", "legacy"].into_iter().cycle().take(2 * FLIPS) {
            std::thread::sleep(BETWEEN);
            proxy.replace_routes(&world.routes(stage, "create_flight"));
        }
        std::thread::sleep(BETWEEN);
        done.store(true, Ordering::Relaxed);
        load.join().expect("the load ends")
    });

    let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.response().status >= 500).collect();
    assert!(
        failed.is_empty(),
        "{} of {} failed; the first: {:?}",
        failed.len(),
        outcomes.len(),
        failed.first()
    );
    // Panics on a record without request, a request without record, and two of one.
    let effects = effects(&outcomes, &world.records());
    assert_eq!(effects.len(), outcomes.iter().filter(|outcome| id(outcome.response()).is_some()).count());

    let origins = world.records().iter().filter(|record| is_native(record)).count();
    assert!(
        origins > 0 && origins < effects.len(),
        "{origins} of {} are native's: both answered",
        effects.len()
    );
}

fn is_native(record: &handover_parts::Record) -> bool {
    record
        .headers
        .iter()
        .any(|(name, value)| name == "handover-origin" && value.as_deref() == Some(b"native"))
}
