//! Nobody is forgotten, nothing is counted twice, and a core keeps what is its own.

use super::*;
use crate::legacy::spec::Kind;
use crate::legacy::testing::{http, spec};

#[tokio::test]
async fn fewer_or_more_permits_apply_to_those_that_are_out_too() {
    let legacy = spec(Kind::Http(http(["a:1"])));
    let permits = Arc::new(Permits::new(3));
    let mut out = Vec::new();
    for _ in 0..3 {
        out.push(permits.acquire(&legacy, false).await.unwrap());
    }
    permits.resize(1);
    assert_eq!(permits.counts(), (1, 3, 0));
    out.truncate(1);
    assert!(!permits.is_in_excess());
    assert_eq!(permits.counts(), (1, 1, 0));
    permits.resize(2);
    out.push(permits.acquire(&legacy, false).await.unwrap());
    assert_eq!(permits.counts(), (2, 2, 0));
    permits.resize(1);
    permits.resize(4);
    assert_eq!(permits.counts(), (4, 2, 0));
    out.clear();
    assert_eq!(permits.counts(), (4, 0, 0));
}

/// Two cores, each a runtime of its own, and the legacy whose permits they share.
fn two_cores() -> ([runtime::Runtime; 2], Spec, Arc<Permits>) {
    let core = || runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let legacy = spec(Kind::Http(http(["a:1"])));
    ([core(), core()], legacy, Arc::new(Permits::new(1)))
}

/// A request that waits on `core`, begun there.
fn waiting(
    core: &runtime::Runtime,
    permits: &Arc<Permits>,
    legacy: &Spec,
) -> tokio::task::JoinHandle<Permit> {
    let (permits, legacy, before) = (Arc::clone(permits), legacy.clone(), permits.counts().2);
    let counted = Arc::clone(&permits);
    let waiting = core.spawn(async move { permits.acquire(&legacy, false).await.unwrap() });
    core.block_on(async {
        while counted.counts().2 == before {
            tokio::task::yield_now().await;
        }
    });
    waiting
}

#[test]
fn a_permit_stays_on_its_core_unless_another_has_waited_long() {
    for (other_waits_before, stays) in [(Duration::ZERO, true), (4 * AHEAD, false)] {
        let ([here, there], legacy, permits) = two_cores();
        let held = here.block_on(permits.acquire(&legacy, false)).unwrap();
        let elsewhere = waiting(&there, &permits, &legacy);
        std::thread::sleep(other_waits_before);
        let same = waiting(&here, &permits, &legacy);
        here.block_on(async { drop(held) });
        let (first, second) =
            if stays { ((&here, same), (&there, elsewhere)) } else { ((&there, elsewhere), (&here, same)) };
        let granted = first.0.block_on(first.1).unwrap();
        assert_eq!(permits.counts(), (1, 1, 1), "the other still waits");
        first.0.block_on(async { drop(granted) });
        drop(second.0.block_on(second.1).unwrap());
        assert_eq!(permits.counts(), (1, 0, 0));
    }
}

#[test]
fn who_leaves_the_queue_leaves_nothing_behind() {
    let ([here, _], legacy, permits) = two_cores();
    let held = here.block_on(permits.acquire(&legacy, false)).unwrap();
    let (left, stays) = (waiting(&here, &permits, &legacy), waiting(&here, &permits, &legacy));
    left.abort();
    assert!(here.block_on(left).is_err());
    assert_eq!(permits.counts(), (1, 1, 1));
    here.block_on(async { drop(held) });
    // Granted, but aborted before it has taken it.
    stays.abort();
    assert!(here.block_on(stays).is_err());
    assert_eq!(permits.counts(), (1, 0, 0));
}

#[test]
fn no_permit_is_lost_or_doubled_between_threads() {
    let (_, legacy, permits) = two_cores();
    permits.resize(3);
    let out = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (permits, legacy, out) = (&permits, &legacy, &out);
            scope.spawn(move || {
                let core = runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let request = async |turn: usize| {
                    let acquired = permits.acquire(legacy, false);
                    // Some leave before it is their turn.
                    let limit =
                        if turn % 7 == 3 { Duration::from_micros(50) } else { Duration::from_secs(60) };
                    let Ok(permit) = tokio::time::timeout(limit, acquired).await else { return };
                    let permit = permit.unwrap();
                    assert!(out.fetch_add(1, Ordering::SeqCst) < 3);
                    tokio::task::yield_now().await;
                    out.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                };
                core.block_on(async {
                    for turn in 0..2_000 {
                        tokio::join!(request(turn), request(turn + thread), request(turn + 3));
                    }
                });
            });
        }
    });
    assert_eq!(permits.counts(), (3, 0, 0));
}

#[tokio::test]
async fn whoever_no_client_waits_for_takes_nothing_from_those_who_wait() {
    let legacy = Arc::new(Spec { queue_max: 2, ..spec(Kind::Http(http(["a:1"]))) });
    let permits = Arc::new(Permits::new(1));
    let aside = permits.acquire(&legacy, true).await.unwrap();
    let soon = Duration::from_millis(50);
    let has_to_wait = async || tokio::time::timeout(soon, permits.acquire(&legacy, true)).await.is_err();
    assert!(has_to_wait().await, "there is but one");
    let wait = || {
        let (permits, legacy) = (Arc::clone(&permits), Arc::clone(&legacy));
        tokio::spawn(async move { permits.acquire(&legacy, false).await })
    };
    let first = wait();
    tokio::task::yield_now().await;
    assert!(!permits.is_strained(&legacy), "one of two");
    let second = wait();
    tokio::task::yield_now().await;
    assert!(permits.is_strained(&legacy));
    assert!(permits.acquire(&legacy, false).await.is_err(), "the queue is full");
    drop(aside);
    assert!(has_to_wait().await, "it is the first one's");
    drop(first.await.unwrap().unwrap());
    drop(second.await.unwrap().unwrap());
    assert!(permits.acquire(&legacy, true).await.is_ok());
}
