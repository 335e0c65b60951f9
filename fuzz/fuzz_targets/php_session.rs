//! A stored session of anything, in each form: a session or none, and what is stored anew means the same.

#![no_main]

use legacy_compat::session::{Format, SessionId, decode, encode};
use legacy_compat::{Php, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = SessionId::from_client(input);
    for version in [Version::V5_6, Version::V7_4, Version::V8_4] {
        let php = Php::new(version);
        for format in [Format::Php, Format::PhpSerialize, Format::PhpBinary] {
            let Ok(session) = decode(&php, format, input) else { continue };
            let Ok(stored) = encode(&php, format, &session) else { continue };
            let again = decode(&php, format, &stored).expect("what was encoded");
            assert!(encode(&php, format, &again).is_ok_and(|twice| twice == stored), "{input:?} in {format}");
        }
    }
});
