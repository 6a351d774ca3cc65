//! The audit log as a chain of capsules (Capsule Protocol Specification 1.0): records that anybody with the public key can verify
//! without Plenum. Each export is a chain of its own, from the oldest entry that is kept to the newest that is completed.
//!
//! The content's SHA3-256 is signed with Ed25519: the 64 characters of its hex form, as the specification says, not its bytes.

pub mod canonical;
mod entry;
mod verify;

use aws_lc_rs::{
    digest::{self, SHA3_256},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub use entry::content;
pub use verify::{Broken, verify};

/// The parts of the content, which are what is hashed.
pub const CONTENT: [&str; 13] = [
    "id",
    "type",
    "domain",
    "parent_id",
    "sequence",
    "previous_hash",
    "spec_version",
    "trigger",
    "context",
    "reasoning",
    "authority",
    "execution",
    "outcome",
];

/// Whoever signs capsules.
pub struct Signer {
    key: Ed25519KeyPair,
}

impl Signer {
    /// The signer with this seed (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// When the seed does not have 32 bytes.
    pub fn new(seed: &[u8]) -> Result<Self, aws_lc_rs::error::KeyRejected> {
        Ok(Self { key: Ed25519KeyPair::from_seed_unchecked(seed)? })
    }

    /// The public key in hex.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex::encode(self.key.public_key())
    }

    /// The short name of the key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.public_key())
    }

    /// Seals a capsule's content; its place in the chain is in it already.
    #[must_use]
    pub fn seal(&self, mut content: Value, now: Timestamp) -> Value {
        let hash = hash(&content);
        content["signature"] = json!(hex::encode(self.key.sign(hash.as_bytes())));
        content["signature_pq"] = json!("");
        content["signed_at"] = json!(time(now));
        content["signed_by"] = json!(self.fingerprint());
        content["hash"] = json!(hash);
        content
    }
}

/// The short name of a public key in hex.
fn fingerprint(public_key: &str) -> String {
    format!("qp_key_{}", public_key.get(..4).unwrap_or_default())
}

/// The hash of a capsule's content, in hex; of a sealed one too.
#[must_use]
pub fn hash(capsule: &Value) -> String {
    let content: serde_json::Map<_, _> =
        CONTENT.iter().filter_map(|part| Some(((*part).to_owned(), capsule.get(part)?.clone()))).collect();
    hex::encode(digest::digest(&SHA3_256, canonical::text(&Value::Object(content)).as_bytes()))
}

/// The form of times: `+00:00`, never `Z`.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
