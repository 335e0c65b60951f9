//! Renewing beside the clients' path what comes from elsewhere, as tables and schemas do: how long to wait in between, and where to do what blocks.

use std::time::Duration;

/// How long to wait until the next look, after so many failures in a row: the interval, or after a failure `first`, twice
/// that after another one, and so on up to the interval. It is up to that share `jitter` longer or shorter, so that not all
/// processes look at once.
pub(crate) fn pause(failures: u32, first: Duration, interval: Duration, jitter: f64) -> Duration {
    let pause = match failures {
        0 => interval,
        n => first.saturating_mul(1 << (n - 1).min(16)).min(interval),
    };
    pause.mul_f64(1.0 + jitter * (2.0 * fastrand::f64() - 1.0))
}

/// Runs something that takes long off the runtime's threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let ended = match tokio::task::spawn_blocking(work).await {
        Ok(done) => return done,
        Err(ended) => ended,
    };
    match ended.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // The runtime is ending before it began, and with it who waits here.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_the_interval() {
        let (first, interval) = (Duration::from_secs(1), Duration::from_secs(60));
        let pauses = [0, 1, 2, 6, 7, 1000].map(|failures| pause(failures, first, interval, 0.0).as_secs());
        assert_eq!(pauses, [60, 1, 2, 32, 60, 60]);
        for _ in 0..100 {
            let pause = pause(0, first, interval, 0.1).as_secs_f64();
            assert!((54.0..=66.0).contains(&pause), "{pause}");
        }
    }
}
