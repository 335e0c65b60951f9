//! `json_decode` of anything, at any depth: a value or an error, and a value becomes JSON that means the same.

#![no_main]

use legacy_compat::json::{self, Decode};
use legacy_compat::{Php, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for version in [Version::V5_6, Version::V7_0, Version::V7_4, Version::V8_4] {
        let php = Php::new(version);
        for options in [Decode::assoc(), Decode::objects(), Decode { depth: usize::MAX, ..Decode::assoc() }] {
            let Ok(value) = json::decode(&php, input, options) else { continue };
            let Ok(text) = json::encode(&php, &value, json::PRESERVE_ZERO_FRACTION) else { continue };
            let again = json::decode(&php, &text, options).expect("what was encoded");
            let encoded = json::encode(&php, &again, json::PRESERVE_ZERO_FRACTION);
            assert!(encoded.as_ref() == Ok(&text), "{input:?} in {version}");
        }
    }
});
