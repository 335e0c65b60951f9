//! The stock binary: the proxy without handlers of one's own.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    handover::Proxy::builder().run()
}
