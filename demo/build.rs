//! Tells the binary what it is made of: evidence belongs to that.

fn main() -> Result<(), handover_fingerprint::Error> {
    handover_fingerprint::emit()
}
