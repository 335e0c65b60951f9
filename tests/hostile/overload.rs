//! Three times what legacy can do: it goes on doing what it can, and the rest is told at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use handover_parts::http;

use super::legacy::{Protocol, Recorder};
use super::world::World;

/// Legacy answers four requests at a time in 100 ms, and eight may wait.
const LIMITS: &str = "connections_max = 4\nqueue_max = 8\n";
const TAKES: Duration = Duration::from_millis(100);

/// How long each load lasts.
const LASTS: Duration = Duration::from_secs(5);

#[test]
fn goodput_under_three_times_the_load_is_nine_tenths_of_the_peak() {
    for protocol in [Protocol::Http, Protocol::FastCgi] {
        let world = World::around(Recorder::start(protocol, TAKES), LIMITS, "");
        let (peak, refused) = load(&world, 8);
        assert_eq!(refused, 0, "all of them have a place");
        let (under_load, refused) = load(&world, 36);
        assert!(refused > 0, "{protocol:?}: nobody was turned away");
        assert!(under_load * 10 >= peak * 9, "{protocol:?}: {under_load} answers of {peak} at the peak");
    }
}

/// So many clients, each with one request at a time. How many were answered, and how many turned away.
fn load(world: &World, clients: usize) -> (usize, usize) {
    let (answered, refused, over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut client = http::Client::connect(world.proxy.http()).unwrap();
                while !over.load(Ordering::Relaxed) {
                    let answer = client.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
                    match answer.status {
                        200 => answered.fetch_add(1, Ordering::Relaxed),
                        503 => {
                            assert!(answer.field("Retry-After").is_some());
                            std::thread::sleep(TAKES * 2);
                            refused.fetch_add(1, Ordering::Relaxed)
                        }
                        status => panic!("{status}"),
                    };
                }
            });
        }
        let began = Instant::now();
        std::thread::sleep(LASTS.saturating_sub(began.elapsed()));
        over.store(true, Ordering::Relaxed);
    });
    (answered.into_inner(), refused.into_inner())
}
