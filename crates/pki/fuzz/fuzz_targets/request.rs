//! Signing requests: nothing but plain DNS names comes out, and no signed request gets more than it asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::SigningRequest;

fuzz_target!(|der: &[u8]| {
    let Ok(request) = SigningRequest::parse(der) else { return };
    assert!(!request.dns_names.is_empty() && !request.public_key.is_empty());
    for name in &request.dns_names {
        let plain = name.strip_prefix("*.").unwrap_or(name);
        assert!(name.len() <= 253 && !plain.is_empty());
        assert!(plain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b)), "{name:?}");
    }
});
