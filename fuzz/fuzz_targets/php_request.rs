//! A request of anything: superglobals, within PHP's limits. The input is the content type, the query and the cookies, a line each,
//! and the body.

#![no_main]

use legacy_compat::request::{Incoming, Superglobals};
use legacy_compat::{Array, Php, Value, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (content_type, query, cookie, body) = (line(), line(), line(), line());
    let multipart = b"multipart/form-data; boundary=x";
    for content_type in [content_type, multipart, b"application/x-www-form-urlencoded"] {
        let request = Incoming { method: b"POST", query, cookie, content_type, body };
        for version in [Version::V5_6, Version::V7_4, Version::V8_4] {
            let php = Php::new(version);
            let seen = Superglobals::of(&php, &request);
            assert!(leaves(&seen.get) <= php.max_input_vars && leaves(&seen.post) <= php.max_input_vars);
            assert!(seen.uploads.len() as u64 <= php.input.max_file_uploads);
            assert!(seen.uploads.iter().map(|upload| upload.contents.len()).sum::<usize>() <= body.len());
        }
    }
});

fn leaves(array: &Array) -> usize {
    let of = |value: &Value| value.as_array().map_or(1, leaves);
    array.iter().map(|(_, value)| of(value)).sum()
}
