//! The way back by itself: a route whose native side errs, is slow, differs or declines beyond the route's limits goes
//! back one stage, at once, by an override.
//!
//! [`window`] is the judgement, pure; [`watch`] looks each second and acts; [`webhook`] tells others.

pub(crate) mod watch;
pub(crate) mod webhook;
pub(crate) mod window;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A route's limits. What has none is not watched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limits {
    /// The largest share of native's requests that fail.
    pub errors: Option<f64>,
    /// How many times as long native may take as legacy, on average.
    pub latency: Option<f64>,
    /// The largest share of compared requests that mismatch.
    pub mismatches: Option<f64>,
    /// The largest share of native's requests that it leaves to legacy.
    pub declines: Option<f64>,
    /// The time that is looked at.
    pub over: Duration,
    /// How many requests it takes to say anything.
    pub least: u64,
    /// Where it is told, beside log and metrics.
    pub webhook: Option<String>,
}

/// How often routes were taken back, by route.
#[derive(Default)]
pub(crate) struct Rollbacks(Mutex<BTreeMap<String, u64>>);

impl Rollbacks {
    /// Counts one.
    pub(crate) fn count(&self, route: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(route.to_owned()).or_default() += 1;
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
