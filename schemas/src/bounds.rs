//! Bounds on what comes from outside: a fault that it finds in here is one value's.

use std::panic::{AssertUnwindSafe, catch_unwind};

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
