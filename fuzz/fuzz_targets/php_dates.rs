//! `strtotime` and `date` of anything: a time or false, a text.

#![no_main]

use legacy_compat::call::Ctx;
use legacy_compat::date::{date, strtotime};
use legacy_compat::{Php, Value, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for (version, zone) in [(Version::V5_6, "UTC"), (Version::V7_4, "America/New_York"), (Version::V8_4, "Asia/Kolkata")] {
        let php = Php::new(version).in_zone(zone).at(1_700_000_000);
        let at = strtotime(&php, input, 1_700_000_000).unwrap_or(i64::MAX);
        let _ = date(&php, input, at);
        for name in ["date_parse", "checkdate"] {
            let _ = Ctx::new(&php).call(name, &mut vec![Value::string(input)]);
        }
        // The text is its own format.
        let _ = Ctx::new(&php).call("date_parse_from_format", &mut vec![Value::string(input), Value::string(input)]);
    }
});
