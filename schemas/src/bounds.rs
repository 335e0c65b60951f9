//! Bounds on what comes from outside: how much is made of it, and that a fault that it finds in here is one value's.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many times its length a value may become, read or written: names of fields and defaults are in one form of it alone.
pub(crate) const FACTOR: usize = 64;

/// How many bytes may be made of that many.
pub(crate) fn room(length: usize) -> usize {
    length.saturating_mul(FACTOR).saturating_add(1 << 20)
}

/// A fault of ours.
pub(crate) const FAULT: &str = "a panic of ours, which the log of the process has";

/// Runs what deals with a schema or a value from outside. A panic in there must not end who reads or writes by schemas: it is
/// the error of this one.
pub(crate) fn guarded<T, E>(
    work: impl FnOnce() -> Result<T, E>,
    fault: impl FnOnce(&str) -> E,
) -> Result<T, E> {
    // What it has begun is thrown away with its error.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(fault(FAULT)))
}
