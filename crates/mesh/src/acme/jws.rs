//! Signed requests (RFC 8555 section 6.2): the flattened JSON form with a protected header, and nothing that another reader
//! could understand otherwise.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::base64;
use super::jwk::{ALGORITHMS, Key};
use super::problem::Problem;

/// A request as it came; nothing of it is believed yet.
#[derive(Debug)]
pub(super) struct Jws {
    pub(super) header: Header,
    pub(super) payload: Vec<u8>,
    signature: Vec<u8>,
    /// What is signed.
    message: String,
}

/// The protected header.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    alg: String,
    pub(super) nonce: Option<String>,
    pub(super) url: Option<String>,
    jwk: Option<Map<String, Value>>,
    kid: Option<String>,
    crit: Option<Value>,
    b64: Option<Value>,
}

/// Who says to have signed.
#[derive(Debug, PartialEq)]
pub(super) enum Signer {
    /// The key itself.
    Key(Key),
    /// The address of an account.
    Account(String),
}

#[derive(Deserialize)]
struct Flattened {
    protected: String,
    payload: String,
    signature: String,
    header: Option<Value>,
    signatures: Option<Value>,
}

impl Jws {
    /// Takes a request apart.
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let wrong = |detail: &str| Problem::malformed(detail);
        let parsed: Flattened = serde_json::from_slice(body).map_err(|_| {
            wrong("the body must be a JWS: an object with \"protected\", \"payload\" and \"signature\"")
        })?;
        if parsed.header.is_some() || parsed.signatures.is_some() {
            return Err(wrong("the JWS must have one signature, and nothing that is not protected by it"));
        }
        let decode = |text: &str, what: &str| {
            base64::decode(text).ok_or_else(|| wrong(&format!("\"{what}\" of the JWS is not base64url")))
        };
        let header: Header = serde_json::from_slice(&decode(&parsed.protected, "protected")?)
            .map_err(|_| wrong("the protected header of the JWS cannot be read"))?;
        if header.crit.is_some() || header.b64.is_some() {
            return Err(wrong("the JWS demands extensions (\"crit\", \"b64\"); none is known here"));
        }
        Ok(Self {
            payload: decode(&parsed.payload, "payload")?,
            signature: decode(&parsed.signature, "signature")?,
            message: format!("{}.{}", parsed.protected, parsed.payload),
            header,
        })
    }

    /// Who says to have signed it.
    pub(super) fn signer(&self) -> Result<Signer, Problem> {
        // First of all: "none" and shared secrets must not even be looked at.
        if !ALGORITHMS.contains(&self.header.alg.as_str()) {
            let alg = self.header.alg.chars().take(40).collect::<String>();
            return Err(Problem::bad_algorithm(format!("the algorithm \"{}\" is not taken", alg.escape_debug())));
        }
        match (&self.header.jwk, &self.header.kid) {
            (Some(jwk), None) => Key::read(jwk).map(Signer::Key),
            (None, Some(kid)) => Ok(Signer::Account(kid.clone())),
            _ => Err(Problem::malformed("the protected header must have either \"jwk\" or \"kid\"")),
        }
    }

    /// Believes that this key has signed it, if it has.
    pub(super) fn verify(&self, key: &Key) -> Result<(), Problem> {
        if self.header.alg != key.algorithm() {
            let detail = format!("a key of this kind signs with {}", key.algorithm());
            return Err(Problem::bad_algorithm(detail));
        }
        if !key.verifies(self.message.as_bytes(), &self.signature) {
            return Err(Problem::malformed("the signature of the JWS is not that of the key"));
        }
        Ok(())
    }

    /// Whether it was meant for this address.
    pub(super) fn meant_for(&self, url: &str) -> Result<(), Problem> {
        match self.header.url.as_deref() {
            Some(meant) if meant == url => Ok(()),
            Some(_) => Err(Problem::unauthorized(format!("\"url\" of the JWS is not that of the request, {url}"))),
            None => Err(Problem::malformed("the protected header has no \"url\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256,
    };
    use serde_json::json;

    use super::*;

    fn kind(problem: &Problem) -> String {
        problem.document()["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    fn body(header: &Value, payload: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) -> Value {
        let (header, payload) = (base64::encode(header.to_string()), base64::encode(payload));
        let signature = base64::encode(sign(format!("{header}.{payload}").as_bytes()));
        json!({ "protected": header, "payload": payload, "signature": signature })
    }

    fn ec_jwk(key: &EcdsaKeyPair, crv: &str) -> Value {
        let point = &key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        json!({ "kty": "EC", "crv": crv, "x": base64::encode(x), "y": base64::encode(y) })
    }

    /// Reads, finds the key, and verifies.
    fn accept(body: &Value) -> Result<Vec<u8>, Problem> {
        let jws = Jws::read(body.to_string().as_bytes())?;
        let Signer::Key(key) = jws.signer()? else { panic!("this is signed by a key") };
        jws.verify(&key)?;
        Ok(jws.payload)
    }

    #[test]
    fn every_algorithm_that_is_offered_is_verified() {
        let random = SystemRandom::new();
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let ed_jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64::encode(ed.public_key()) });
        let public = rsa.public_key();
        let (n, e) = (public.modulus().big_endian_without_leading_zero(), public.exponent());
        let rsa_jwk =
            json!({ "kty": "RSA", "n": base64::encode(n), "e": base64::encode(e.big_endian_without_leading_zero()) });
        let by_rsa = |message: &[u8]| {
            let mut signature = vec![0; rsa.public_modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
            signature
        };
        type Sign<'a> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>;
        let all: [(&str, Value, Sign<'_>); 4] = [
            ("ES256", ec_jwk(&p256, "P-256"), Box::new(|m| p256.sign(&random, m).unwrap().as_ref().to_vec())),
            ("ES384", ec_jwk(&p384, "P-384"), Box::new(|m| p384.sign(&random, m).unwrap().as_ref().to_vec())),
            ("EdDSA", ed_jwk, Box::new(|m| ed.sign(m).as_ref().to_vec())),
            ("RS256", rsa_jwk, Box::new(by_rsa)),
        ];
        for (alg, jwk, sign) in &all {
            let good = body(&json!({ "alg": alg, "jwk": jwk }), b"{}", sign);
            assert_eq!(accept(&good).unwrap(), b"{}", "{alg}");
            // Somebody else's payload, or header, under the same signature.
            let mut other = good.clone();
            other["payload"] = json!(base64::encode("{ }"));
            assert_eq!(kind(&accept(&other).unwrap_err()), "malformed", "{alg}");
            let mut other = good.clone();
            other["protected"] = json!(base64::encode(json!({ "alg": alg, "jwk": jwk, "url": "x" }).to_string()));
            assert_eq!(kind(&accept(&other).unwrap_err()), "malformed", "{alg}");
            // The key of one algorithm under the name of another.
            for (wrong, _, _) in all.iter().filter(|(other, _, _)| other != alg) {
                let confused = body(&json!({ "alg": wrong, "jwk": jwk }), b"{}", sign);
                assert_eq!(kind(&accept(&confused).unwrap_err()), "badSignatureAlgorithm", "{alg} as {wrong}");
            }
        }
    }

    #[test]
    fn v19_what_is_not_signed_by_a_key_is_refused() {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let jwk = ec_jwk(&key, "P-256");
        let sign = |message: &[u8]| key.sign(&random, message).unwrap().as_ref().to_vec();
        let nothing = |_: &[u8]| Vec::new();
        for (alg, refused) in [
            ("none", "badSignatureAlgorithm"),
            ("None", "badSignatureAlgorithm"),
            ("", "badSignatureAlgorithm"),
            ("HS256", "badSignatureAlgorithm"),
            ("PS256", "badSignatureAlgorithm"),
            ("ES256", "malformed"),
        ] {
            let header = json!({ "alg": alg, "jwk": jwk });
            assert_eq!(kind(&accept(&body(&header, b"", nothing)).unwrap_err()), refused, "{alg}");
        }
        let problem = accept(&body(&json!({ "alg": "none", "jwk": jwk }), b"", nothing)).unwrap_err().document();
        assert_eq!(problem["algorithms"], json!(ALGORITHMS));
        let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let forged =
            body(&json!({ "alg": "ES256", "jwk": jwk }), b"", |m| other.sign(&random, m).unwrap().as_ref().to_vec());
        assert_eq!(kind(&accept(&forged).unwrap_err()), "malformed");
        // Who signed must be said once.
        for header in [
            json!({ "alg": "ES256" }),
            json!({ "alg": "ES256", "jwk": jwk, "kid": "https://a/acme/account/1" }),
            json!({ "alg": "ES256", "jwk": jwk, "crit": ["exp"], "exp": 1 }),
            json!({ "alg": "ES256", "jwk": jwk, "b64": false }),
            json!({ "jwk": jwk }),
            json!({ "alg": "ES256", "jwk": "x" }),
        ] {
            assert_eq!(kind(&accept(&body(&header, b"", sign)).unwrap_err()), "malformed", "{header}");
        }
    }

    #[test]
    fn v23_other_forms_are_refused() {
        let good = json!({ "protected": base64::encode("{\"alg\":\"ES256\"}"), "payload": "", "signature": "AAAA" });
        assert!(Jws::read(good.to_string().as_bytes()).is_ok());
        let mut unprotected = good.clone();
        unprotected["header"] = json!({ "jwk": {} });
        let mut several = good.clone();
        several["signatures"] = json!([]);
        let mut padded = good.clone();
        padded["signature"] = json!("AAA=");
        let mut plain = good.clone();
        plain["payload"] = json!({});
        let twice = good.to_string().replacen('{', "{\"payload\":\"\",", 1);
        let deep = "[".repeat(100_000);
        let compact = "e30.e30.AAAA";
        for bad in [unprotected, several, padded, plain].map(|bad| bad.to_string()).iter().map(String::as_str).chain([
            twice.as_str(),
            deep.as_str(),
            compact,
            "",
            "null",
            "[]",
            "\u{0}",
        ]) {
            let refused = Jws::read(bad.as_bytes()).unwrap_err();
            assert_eq!(kind(&refused), "malformed", "{}", bad.chars().take(80).collect::<String>());
        }
        assert!(Jws::read(&[0xff; 64]).is_err());
    }

    mod mangled {
        use proptest::prelude::*;

        use super::*;

        fn check(body: &[u8]) -> Result<(), TestCaseError> {
            let Ok(jws) = Jws::read(body) else { return Ok(()) };
            let _ = jws.meant_for("https://localhost/acme/new-order");
            if let Ok(Signer::Key(key)) = jws.signer() {
                // A key that is taken has one form, and nobody makes up its signature.
                prop_assert_eq!(Key::parse(&key.jwk()), Some(key.clone()));
                prop_assert_eq!(key.thumbprint().len(), 43);
                let is_rsa = matches!(key, Key::Rsa { .. });
                prop_assert!(is_rsa || jws.verify(&key).is_err());
            }
            Ok(())
        }

        proptest! {
            #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

            #[test]
            fn v23_whatever_is_sent_is_read_or_refused(
                edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
                which in 0..3usize,
                is_inside: bool,
            ) {
                let x = base64::encode([7; 32]);
                let jwk = [
                    json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x }),
                    json!({ "kty": "OKP", "crv": "Ed25519", "x": x }),
                    json!({ "kty": "RSA", "n": base64::encode([0xc3; 256]), "e": "AQAB" }),
                ];
                let alg = ["ES256", "EdDSA", "RS256"][which];
                let header = json!({ "alg": alg, "jwk": jwk[which], "nonce": "x", "url": "https://localhost" });
                let mangle = |text: String| {
                    let mut bytes = text.into_bytes();
                    for (at, byte) in &edits {
                        let at = at.index(bytes.len());
                        bytes[at] = *byte;
                    }
                    bytes
                };
                if is_inside {
                    let protected = base64::encode(mangle(header.to_string()));
                    check(json!({ "protected": protected, "payload": "", "signature": "AAAA" }).to_string().as_bytes())?;
                } else {
                    check(&mangle(body(&header, b"{}", |_| vec![0; 64]).to_string()))?;
                }
            }
        }
    }
}
