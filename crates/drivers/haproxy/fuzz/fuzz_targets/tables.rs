//! The tables and lists that HAProxy answers with, and the addresses that a configuration holds.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = haproxy::Processes::parse(text);
    let _ = haproxy::admin::parse_servers_state(text);
    let _ = haproxy::Features::parse(text);
    let _ = haproxy::Version::parse(text);
    // A range of ports may be long; a text is short.
    if text.len() < 64 {
        assert!(haproxy::bind::parse(text).len() <= 65_536 * 8);
    }
    if let Ok(word) = haproxy::admin::Word::new(text) {
        assert!(!word.to_string().contains([' ', ';', '\n', '\\']));
    }
    if let Ok(text) = haproxy::admin::Text::new(text) {
        // Every blank and every semicolon that comes out has a backslash of its own in front.
        let mut escaped = false;
        for c in text.to_string().chars() {
            assert!(!c.is_control());
            assert!(escaped || !matches!(c, ' ' | ';'));
            escaped = !escaped && c == '\\';
        }
        assert!(!escaped);
    }
});
