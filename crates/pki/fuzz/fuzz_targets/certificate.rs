//! Certificates of strangers, in DER and in PEM: they are read or refused, and what is shown of them stays in its line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::{Certificate, Serial, text};

fuzz_target!(|input: &[u8]| {
    if let Ok(certificate) = Certificate::parse_der(input) {
        for line in [&certificate.subject, &certificate.issuer, &certificate.key_algorithm] {
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
        assert_eq!(certificate.fingerprint_sha256.len(), 64);
        // One below zero or too long is shown, but none that anybody can mean.
        if let Ok(serial) = certificate.serial.to_string().parse::<Serial>() {
            assert_eq!(serial, certificate.serial);
        }
    }
    let Ok(pem) = std::str::from_utf8(input) else { return };
    let _ = Certificate::parse_pem_all(pem);
    if let Ok(shown) = text::dump(pem) {
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    }
});
