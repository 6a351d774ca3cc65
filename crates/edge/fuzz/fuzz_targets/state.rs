//! The state parser: no bytes make it panic, and what it accepts is a fixed point of writing and reading.
#![no_main]

use edge::state::{Layout, Secrets, read, to_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(document) = read(body, None) else { return };
    let written = to_json(&document, Layout::Nested, Secrets::Clear);
    let Ok(again) = read(&written, None) else { panic!("what was written is refused") };
    assert_eq!(written, to_json(&again, Layout::Nested, Secrets::Clear));
    let flat = to_json(&document, Layout::Flat, Secrets::Clear);
    let Ok(again) = read(&flat, None) else { panic!("the flat layout is refused") };
    assert_eq!(written, to_json(&again, Layout::Nested, Secrets::Clear));
});
