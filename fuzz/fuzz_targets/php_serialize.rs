//! `unserialize` of anything: a value or false, and a value is written in one way only.

#![no_main]

use legacy_compat::families::serialize::{serialize, unserialize, var_export};
use legacy_compat::{Php, Version, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for version in [Version::V5_6, Version::V7_0, Version::V7_4, Version::V8_4] {
        let php = Php::new(version);
        let Some(value) = unserialize(&php, input, true) else { continue };
        let written = serialize(&php, &value);
        let again = unserialize(&php, &written, true).expect("what was written");
        assert!(serialize(&php, &again) == written, "{input:?} in {version}");
        let _ = (var_export(&php, &value), json::encode(&php, &value, json::PARTIAL_OUTPUT_ON_ERROR));
    }
});
