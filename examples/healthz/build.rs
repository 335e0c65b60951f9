//! Tells the program which sources it is made of: evidence belongs to these, not to a build.

fn main() -> Result<(), handover_fingerprint::Error> {
    handover_fingerprint::emit()
}
