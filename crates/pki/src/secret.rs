//! Private keys: as text that cannot be printed by accident, and as the thing that signs.
//!
//! Both are wiped when dropped. The signing key inside of the cryptographic library is wiped by that library.

use std::fmt;

use rcgen::{KeyPair, PublicKeyData, SignatureAlgorithm, SigningKey};
use zeroize::{Zeroize, Zeroizing};

use crate::{Error, Result, pem};

/// A private key in PEM (PKCS #8, RFC 5958), shown only to who asks for it by name.
#[derive(Clone)]
pub struct PrivateKeyPem(Zeroizing<String>);

impl PrivateKeyPem {
    /// Takes over the text of a private key, for example out of a vault.
    pub fn new(pem: String) -> Self {
        Self(Zeroizing::new(pem))
    }

    /// The key itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKeyPem(***)")
    }
}

/// A key that signs; it can be neither printed nor copied.
pub(crate) struct Signer(KeyPair);

impl Signer {
    /// Makes a new ECDSA key on P-256.
    pub(crate) fn generate() -> Result<Self> {
        Ok(Self(KeyPair::generate()?))
    }

    /// Reads a key in any of the three PEM forms that are in use (PKCS #8, SEC 1, PKCS #1).
    pub(crate) fn from_pem(text: &str) -> Result<Self> {
        let der = pem::decode(text, pem::PRIVATE_KEY)?;
        KeyPair::try_from(der.as_slice()).map(Self).map_err(|_| Error::PrivateKey)
    }

    /// The key as it was generated or read.
    pub(crate) fn to_pem(&self) -> PrivateKeyPem {
        let der = self.0.serialized_der();
        PrivateKeyPem(pem::encode(form(der), der))
    }
}

/// Which of the PEM forms the key is in: a PKCS #8 key has an AlgorithmIdentifier after its version, a SEC 1 key an
/// OCTET STRING, a PKCS #1 key an INTEGER.
fn form(der: &[u8]) -> &'static str {
    use crate::der;
    let second = der::first(der).and_then(|key| der::items(key.content)).and_then(|items| items.get(1).map(|i| i.tag));
    match second {
        Some(der::OCTET_STRING) => "EC PRIVATE KEY",
        Some(der::INTEGER) => "RSA PRIVATE KEY",
        _ => "PRIVATE KEY",
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_not_printed() {
        let key = Signer::generate().unwrap().to_pem();
        assert!(key.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert_eq!(format!("{key:?} {:#?}", key.clone()), "PrivateKeyPem(***) PrivateKeyPem(***)");
    }

    #[test]
    fn a_private_key_survives_its_text() {
        let key = Signer::generate().unwrap();
        let again = Signer::from_pem(key.to_pem().reveal()).unwrap();
        assert_eq!(key.subject_public_key_info(), again.subject_public_key_info());
        assert_eq!(key.to_pem().reveal(), again.to_pem().reveal());
        assert_eq!(
            Signer::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").err(),
            Some(Error::PrivateKey)
        );
    }
}
