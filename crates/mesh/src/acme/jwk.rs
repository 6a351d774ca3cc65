//! Public keys of accounts (RFC 7517, RFC 7518 section 6, RFC 8037): read strictly, named by their thumbprint (RFC 7638),
//! and what they can verify.
//!
//! One key has one form here: values of other lengths than the standard's, leading zeros, and private parts are refused. So
//! the thumbprint is the same that the client computes.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::base64;
use super::problem::Problem;

/// The signature algorithms that are taken, by their names (RFC 7518 section 3.1, RFC 8037 section 3.1).
pub(super) const ALGORITHMS: [&str; 4] = ["ES256", "ES384", "RS256", "EdDSA"];

/// Heads of a SubjectPublicKeyInfo (RFC 5480, RFC 8410), up to the key itself.
const P256: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
const P384: &[u8] = b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00";
const ED25519_HEAD: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
const RSA_ALGORITHM: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The point, uncompressed.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl Key {
    /// Reads a JWK.
    pub(super) fn read(jwk: &Map<String, Value>) -> Result<Self, Problem> {
        if jwk.contains_key("d") || jwk.contains_key("k") {
            return Err(Problem::bad_key("this is a private key; do not use it any more"));
        }
        let text = |name: &str| {
            jwk.get(name).and_then(Value::as_str).ok_or_else(|| Problem::bad_key(format!("the key has no \"{name}\"")))
        };
        let bytes = |name: &str| {
            base64::decode(text(name)?)
                .ok_or_else(|| Problem::bad_key(format!("\"{name}\" of the key is not base64url")))
        };
        let exact = |name: &str, length: usize| match bytes(name)? {
            value if value.len() == length => Ok(value),
            _ => Err(Problem::bad_key(format!("\"{name}\" of the key must have {length} octets"))),
        };
        let point = |length| {
            let (x, y) = (exact("x", length)?, exact("y", length)?);
            Ok::<_, Problem>([&[4], x.as_slice(), y.as_slice()].concat())
        };
        match text("kty")? {
            "EC" => match text("crv")? {
                "P-256" => point(32).map(Self::P256),
                "P-384" => point(48).map(Self::P384),
                _ => Err(Problem::bad_key("the curve of the key must be P-256 or P-384")),
            },
            "OKP" if text("crv")? == "Ed25519" => exact("x", 32).map(Self::Ed25519),
            "RSA" => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                if [&n, &e].iter().any(|value| value.first().is_none_or(|first| *first == 0)) {
                    return Err(Problem::bad_key("a number of the key is empty or begins with a zero octet"));
                }
                let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
                if !(2048..=8192).contains(&bits) {
                    return Err(Problem::bad_key("an RSA key must have between 2048 and 8192 bits"));
                }
                if e.len() > 4 || e == [1] || e.last().is_none_or(|last| last % 2 == 0) {
                    return Err(Problem::bad_key("the exponent of the RSA key cannot be used; 65537 is usual"));
                }
                Ok(Self::Rsa { n, e })
            }
            _ => Err(Problem::bad_key("the key must be one of P-256, P-384, Ed25519, or RSA")),
        }
    }

    /// Reads a key that was stored as [`Key::jwk`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let Ok(Value::Object(jwk)) = serde_json::from_str(text) else { return None };
        Self::read(&jwk).ok()
    }

    /// The required members in the order of their names, without spaces: what the thumbprint is made of.
    pub(super) fn jwk(&self) -> String {
        let half = |point: &[u8], second: bool| {
            let coordinates = point.get(1..).unwrap_or_default();
            let (x, y) = coordinates.split_at(coordinates.len() / 2);
            base64::encode(if second { y } else { x })
        };
        let value = match self {
            Self::P256(point) => {
                json!({ "crv": "P-256", "kty": "EC", "x": half(point, false), "y": half(point, true) })
            }
            Self::P384(point) => {
                json!({ "crv": "P-384", "kty": "EC", "x": half(point, false), "y": half(point, true) })
            }
            Self::Ed25519(x) => json!({ "crv": "Ed25519", "kty": "OKP", "x": base64::encode(x) }),
            Self::Rsa { n, e } => json!({ "e": base64::encode(e), "kty": "RSA", "n": base64::encode(n) }),
        };
        // `json!` keeps no order of its own, or that of insertion: both are this one.
        value.to_string()
    }

    /// Its name: base64url of the SHA-256 digest of the members.
    pub(super) fn thumbprint(&self) -> String {
        base64::encode(Sha256::digest(self.jwk()))
    }

    /// The algorithm that it signs with.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256",
            Self::P384(_) => "ES384",
            Self::Ed25519(_) => "EdDSA",
            Self::Rsa { .. } => "RS256",
        }
    }

    /// Whether the signature is this key's.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Self::P384(point) => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature),
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verified.is_ok()
    }

    /// The key as it stands in a certificate: a SubjectPublicKeyInfo in DER.
    pub(super) fn in_certificate(&self) -> Vec<u8> {
        match self {
            Self::P256(point) => [P256, point].concat(),
            Self::P384(point) => [P384, point].concat(),
            Self::Ed25519(key) => [ED25519_HEAD, key].concat(),
            Self::Rsa { n, e } => {
                let pair = der(0x30, &[unsigned(n), unsigned(e)].concat());
                let bits = der(0x03, &[&[0], pair.as_slice()].concat());
                der(0x30, &[RSA_ALGORITHM, &bits].concat())
            }
        }
    }
}

/// A positive INTEGER: a zero octet keeps one that begins with a high bit from being negative.
fn unsigned(number: &[u8]) -> Vec<u8> {
    match number.first() {
        Some(first) if first & 0x80 != 0 => der(0x02, &[&[0], number].concat()),
        _ => der(0x02, number),
    }
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Result<Key, Problem> {
        Key::read(value.as_object().unwrap())
    }

    /// The example of RFC 7638 section 3.1.
    const RSA: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    #[test]
    fn thumbprints_are_those_of_the_standards() {
        let key = read(json!({ "kty": "RSA", "n": RSA, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" })).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(Key::parse(&key.jwk()), Some(key));
        // RFC 8037 appendix A.3.
        let key = read(json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }));
        assert_eq!(key.unwrap().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn v19_keys_in_other_forms_and_weak_keys_are_refused() {
        let x = base64::encode([7; 32]);
        let short = base64::encode([7; 31]);
        let zero = base64::encode([&[0], [7; 256].as_slice()].concat());
        let small = base64::encode([0xff; 128]);
        for jwk in [
            json!({}),
            json!({ "kty": "oct", "k": "AAAA" }),
            json!({ "kty": "EC", "crv": "P-256", "x": x }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": short }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": format!("{x}=") }),
            json!({ "kty": "EC", "crv": "secp256k1", "x": x, "y": x }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x, "d": x }),
            json!({ "kty": "OKP", "crv": "X25519", "x": x }),
            json!({ "kty": "RSA", "n": RSA, "e": "AQ" }),
            json!({ "kty": "RSA", "n": RSA, "e": "Ag" }),
            json!({ "kty": "RSA", "n": zero, "e": "AQAB" }),
            json!({ "kty": "RSA", "n": small, "e": "AQAB" }),
            json!({ "kty": "RSA", "n": "", "e": "AQAB" }),
            json!({ "kty": ["EC"] }),
        ] {
            assert!(read(jwk.clone()).is_err(), "{jwk}");
        }
        // A point that is not on the curve verifies nothing.
        let off = read(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x })).unwrap();
        assert!(!off.verifies(b"", &[1; 64]));
    }
}
