//! Any bytes as a segment: the walk ends, finds no more frames than fit, and never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: (u32, u64, &[u8])| {
    let (salt, first, bytes) = input;
    let (frames, lost) = handover_spool::scan_untrusted(bytes, salt, first);
    assert!((frames + lost) as usize <= bytes.len() / 32 + 1);
});
