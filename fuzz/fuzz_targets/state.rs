//! A body is a document or a list of issues; a document that was read is a fixed point.
#![no_main]

use edge::state::{Layout, ReadError, Secrets, read, to_json};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    match read(body, None) {
        Ok(document) => {
            let text = to_json(&document, Layout::Nested, Secrets::Clear);
            let again = read(&text, None).expect("what was written can be read");
            assert_eq!(to_json(&again, Layout::Nested, Secrets::Clear), text);
        }
        Err(ReadError::Issues(issues)) => assert!(!issues.is_empty(), "refused without a reason"),
        Err(ReadError::Malformed(message)) => assert!(!message.is_empty()),
        Err(ReadError::Sealed) => panic!("nothing is sealed in a request"),
    }
});
