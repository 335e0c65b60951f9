//! Room for walks of values that nest deep.

/// What a level needs at most, in bytes.
const LEVEL: usize = 64 * 1024;

/// What is added where a stack ends, in bytes.
const MORE: usize = 1024 * 1024;

/// Goes a level deeper, on more stack where this thread's ends. A stranger's text may nest 4,096 deep, which takes more than
/// the 2 MiB that threads commonly have, and what overflows a stack ends the process.
pub(crate) fn deeper<T>(walk: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(LEVEL, MORE, walk)
}
