//! The proxy: the optimised binary that stands beside the bench's own.

use std::path::PathBuf;

use handover_parts::Handover;

/// Starts the proxy with `routes`, a routes.toml without its `[listen]`.
pub(crate) fn handover(routes: &str) -> Handover {
    Handover::start(served(), routes)
}

/// The proxy's binary.
pub(crate) fn served() -> PathBuf {
    let me = std::env::current_exe().expect("a running program has a file");
    let served = me.with_file_name("handover-served");
    assert!(served.exists(), "{} is not built: run `make bench`", served.display());
    served
}
