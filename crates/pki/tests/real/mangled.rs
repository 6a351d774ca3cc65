//! Certificates that are broken on purpose: reading them must end in an answer or an error, never in a panic.

use plenum_pki::{Authority, Certificate, SigningRequest, text};

use crate::openssl::Openssl;
use crate::{authorities, days, leaf, now, request};

/// A PEM text around any octets.
fn pem(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for group in der.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &octet| bits << 8 | u32::from(octet)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            let shown = digit <= group.len();
            let digit = DIGITS[(bits >> (18 - 6 * digit) & 63) as usize];
            text.push(if shown { char::from(digit) } else { '=' });
        }
    }
    text + "\n-----END CERTIFICATE-----\n"
}

fn read(der: &[u8]) -> bool {
    let text = pem(der);
    let fields = Certificate::parse_pem(&text).is_ok();
    let dump = text::dump(&text).is_ok();
    fields || dump
}

/// Every octet flipped in several ways, every length cut off, and random wounds, several at once.
fn mangle(der: &[u8]) {
    assert!(read(der));
    let mut readable = 0;
    for at in 0..der.len() {
        // A long certificate is wounded in one way at each place, which way changes from place to place.
        let masks = [0x01, 0x20, 0xff];
        let masks = if der.len() < 1000 { &masks[..] } else { &masks[at % 3..=at % 3] };
        for mask in masks {
            let mut bad = der.to_vec();
            bad[at] ^= mask;
            readable += usize::from(read(&bad));
        }
        assert!(!read(&der[..at]));
    }
    // Most wounds are in keys, names and signatures: that they can be read is what makes the test reach the printers.
    assert!(readable > der.len() / 4, "only {readable} could be read");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..1000 {
        let mut bad = der.to_vec();
        for _ in 0..=random(4) {
            let at = random(bad.len());
            match random(3) {
                0 => bad[at] = random(256) as u8,
                1 => drop(bad.remove(at)),
                _ => bad.insert(at, random(256) as u8),
            }
        }
        read(&bad);
    }
}

fn der(openssl: &Openssl, pem: &str) -> Vec<u8> {
    openssl.write("c.pem", pem);
    openssl.run("x509 -in c.pem -outform DER -out c.der");
    std::fs::read(openssl.path("c.der")).unwrap()
}

#[test]
fn our_own_certificates_never_panic_the_reader() {
    let openssl = Openssl::new();
    let (root, intermediate) = authorities();
    mangle(&der(&openssl, &root.cert_pem()));
    mangle(&der(&openssl, &leaf(&intermediate.with_crl_url("http://a/").unwrap(), "core.qp.local").cert_pem));
}

#[test]
fn a_mangled_authority_is_refused_or_works() {
    let openssl = Openssl::new();
    let (root, intermediate) = authorities();
    let key = intermediate.key_pem();
    let der = der(&openssl, &intermediate.cert_pem());
    let mut loaded = 0;
    for at in 0..der.len() {
        for mask in [0x01, 0x02, 0x04, 0x10, 0x20, 0x80] {
            let mut bad = der.clone();
            bad[at] ^= mask;
            // What is signed is not verified here: whoever keeps the authority keeps it safe. It must only not panic.
            let Ok(authority) = Authority::load(&pem(&bad), key.reveal()) else { continue };
            let name = format!("core.{}", authority.domain());
            let _ = authority.issue(&request(&[&name]));
            let _ = authority.crl(&[], 1, now(), days(1).not_after);
            let _ = root.cross_sign(&authority, days(1));
            loaded += 1;
        }
    }
    assert!(loaded > 100, "only {loaded} could be loaded");
}

#[test]
fn a_certificate_with_every_extension_never_panics_the_reader() {
    let openssl = Openssl::new();
    let all = crate::text::every_extension(&openssl);
    mangle(&der(&openssl, &all));
}

#[test]
fn v23_mangled_requests_ask_for_dns_names_or_for_nothing() {
    let openssl = Openssl::new();
    openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -subj /CN=a.qp.local -addext subjectAltName=DNS:a.qp.local,DNS:*.b.qp.local -addext keyUsage=digitalSignature -outform DER -out r.der");
    let der = std::fs::read(openssl.path("r.der")).unwrap();
    assert_eq!(SigningRequest::parse(&der).unwrap().dns_names.len(), 2);
    let mut readable = 0;
    for at in 0..der.len() {
        assert!(SigningRequest::parse(&der[..at]).is_err());
        for mask in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
            let mut bad = der.clone();
            bad[at] ^= mask;
            let Ok(request) = SigningRequest::parse(&bad) else { continue };
            readable += 1;
            let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"*-_.".contains(&b);
            assert!(!request.dns_names.is_empty());
            assert!(request.dns_names.iter().all(|name| name.bytes().all(is_plain)), "{:?}", request.dns_names);
        }
    }
    assert!(readable > der.len(), "only {readable} could be read");
}

#[test]
fn v25_what_cannot_be_read_does_not_move_the_cursor() {
    let openssl = Openssl::new();
    // A list of distribution points that is none, with a carriage return in it.
    openssl.run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -subj /CN=a -addext crlDistributionPoints=DER:0403410d42 -out c.pem");
    let pem = std::fs::read_to_string(openssl.path("c.pem")).unwrap();
    let shown = text::dump(&pem).unwrap();
    assert!(shown.contains("A.B"), "{shown}");
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}
