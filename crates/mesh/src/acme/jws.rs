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
