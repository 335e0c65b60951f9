//! What the tests here have in common.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use handover_parts::load::{Outcome, drive};
use handover_parts::{Handover, http};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// How long what should happen at once may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Requests over `connections` kept connections, with a pause before each, while `story` is told; gives what became of
/// them.
pub(crate) fn under_load(
    proxy: &mut Handover,
    connections: usize,
    pause: Duration,
    request: impl Fn(usize) -> Vec<u8> + Sync,
    story: impl FnOnce(&mut Handover),
) -> Vec<Outcome> {
    /// Ends the load also where the story ends in a panic.
    struct End<'a>(&'a AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let (done, address) = (AtomicBool::new(false), proxy.http());
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            drive(address, connections, |index| {
                std::thread::sleep(pause);
                (!done.load(Ordering::Relaxed)).then(|| request(index))
            })
        });
        let end = End(&done);
        story(proxy);
        drop(end);
        load.join().expect("the load ends")
    })
}

/// A request to `shop.example`.
pub(crate) fn request(method: &str, target: &str, body: &str) -> Vec<u8> {
    http::request(method, target, &[("Host", "shop.example")], body.as_bytes())
}
