//! Nothing acknowledged is lost, whatever disk and process do; and the start always succeeds.

mod crashes;
mod faults;
mod kills;
mod simulated;
mod untrusted;
