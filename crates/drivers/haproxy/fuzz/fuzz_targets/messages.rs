//! What HAProxy prints for people: nothing panics, and no control character comes out.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for message in haproxy::messages::parse(text) {
        assert!(!message.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        assert!(message.subjects.iter().all(|(_, name)| !name.is_empty()));
    }
});
