//! Signed requests of ACME clients and their keys: read or refused; a key that is taken is the same when it is read again,
//! and verifies nothing that was made up.
#![no_main]

#[path = "../../src/acme/base64.rs"]
mod base64;
#[allow(dead_code, reason = "the area uses more of it")]
#[path = "../../src/acme/jwk.rs"]
mod jwk;
#[allow(dead_code, reason = "the area uses more of it")]
#[path = "../../src/acme/jws.rs"]
mod jws;
/// In the place of the area's answers: only that there is one.
mod problem {
    #[derive(Debug)]
    pub struct Problem;

    impl Problem {
        pub fn malformed(_: impl Into<String>) -> Self {
            Self
        }
        pub fn bad_key(_: impl Into<String>) -> Self {
            Self
        }
        pub fn bad_algorithm(_: impl Into<String>) -> Self {
            Self
        }
        pub fn unauthorized(_: impl Into<String>) -> Self {
            Self
        }
    }
}

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fn check_key(key: &jwk::Key) {
    assert_eq!(jwk::Key::parse(&key.jwk()).as_ref(), Some(key));
    assert_eq!(key.thumbprint().len(), 43);
    assert_eq!(key.in_certificate()[0], 0x30);
}

fn check(body: &[u8]) {
    let Ok(jws) = jws::Jws::read(body) else { return };
    let _ = jws.meant_for("https://localhost/acme/new-order");
    if let Ok(jws::Signer::Key(key)) = jws.signer() {
        check_key(&key);
        // Nobody makes up a signature; but an RSA key can be made up so that it takes one.
        assert!(jws.verify(&key).is_err() || matches!(key, jwk::Key::Rsa { .. }));
    }
}

fuzz_target!(|input: (&[u8], &str)| {
    let (body, header) = input;
    check(body);
    // The envelope is given, so that the header and the key are reached.
    let protected = base64::encode(header);
    check(json!({ "protected": protected, "payload": "", "signature": "AAAA" }).to_string().as_bytes());
    if let Ok(Value::Object(key)) = serde_json::from_str(header) {
        if let Ok(key) = jwk::Key::read(&key) {
            check_key(&key);
        }
    }
});
