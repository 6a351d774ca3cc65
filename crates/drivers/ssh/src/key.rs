//! Keys: ours, and what is kept of theirs.

use std::fmt;
use std::sync::Arc;

use russh::keys::{
    self, HashAlg,
    ssh_key::{self, LineEnding, private::Ed25519Keypair},
};
use zeroize::Zeroizing;

use crate::Error;

/// What a private key may have in bits where it is an RSA key: less is broken, and more only takes time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// A PEM text is never longer.
const PEM_BYTES: usize = 16 * 1024;

/// What a host key is known by: `SHA256:` and 43 characters, as `ssh-keygen -l` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads one.
    ///
    /// # Errors
    /// When it does not have that form.
    pub fn new(text: &str) -> Result<Self, Error> {
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        match text.strip_prefix("SHA256:") {
            Some(digest) if digest.len() == 43 && digest.bytes().all(is_base64) => Ok(Self(text.to_owned())),
            _ => Err(Error::Invalid(
                "the fingerprint must be SHA256: and 43 characters, as `ssh-keygen -l` shows it".to_owned(),
            )),
        }
    }

    /// As `ssh-keygen -l` shows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of(key: &keys::PublicKey) -> Self {
        Self(key.fingerprint(HashAlg::Sha256).to_string())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key to log in with: Ed25519, ECDSA or RSA.
#[derive(Clone)]
pub struct PrivateKey(Arc<keys::PrivateKey>);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

impl PrivateKey {
    /// Reads a key as `ssh-keygen` writes it.
    ///
    /// # Errors
    /// When it is none, has a passphrase, or is of a kind that is not used here. The text never repeats any of it.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let invalid = |why: &str| Error::Invalid(format!("the private key {why}"));
        if pem.len() > PEM_BYTES {
            return Err(invalid("is too long"));
        }
        let key = ssh_key::PrivateKey::from_openssh(pem.trim())
            .map_err(|_| invalid("is not in the form that ssh-keygen writes (BEGIN OPENSSH PRIVATE KEY)"))?;
        if key.is_encrypted() {
            return Err(invalid("has a passphrase; give one without"));
        }
        match key.algorithm() {
            ssh_key::Algorithm::Ed25519 | ssh_key::Algorithm::Ecdsa { .. } => {}
            ssh_key::Algorithm::Rsa { .. } => {
                let bits = key.public_key().key_data().rsa().map_or(0, |rsa| rsa.key_size() as usize);
                if !RSA_BITS.contains(&bits) {
                    return Err(invalid("is an RSA key of less than 2048 or more than 8192 bits"));
                }
            }
            _ => return Err(invalid("is neither Ed25519 nor ECDSA nor RSA")),
        }
        Ok(Self(Arc::new(key)))
    }

    /// Makes an Ed25519 key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate() -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice())
            .map_err(|error| Error::Invalid(format!("the operating system gave no random bytes: {error}")))?;
        Ok(Self(Arc::new(keys::PrivateKey::from(Ed25519Keypair::from_seed(&seed)))))
    }

    /// As `ssh-keygen` writes it. This is the secret itself.
    ///
    /// # Errors
    /// When it cannot be written down, which a key that was read or made here can.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, Error> {
        self.0.to_openssh(LineEnding::LF).map_err(|error| Error::Invalid(format!("the key cannot be written: {error}")))
    }

    /// A line for `authorized_keys`; the comment tells whose key it is.
    ///
    /// # Errors
    /// When it cannot be written down, which a key that was read or made here can.
    pub fn public_line(&self, comment: &str) -> Result<String, Error> {
        let public = self.0.public_key().to_openssh();
        let public = public.map_err(|error| Error::Invalid(format!("the key cannot be written: {error}")))?;
        // The key may have a comment of its own; only its kind and its data are of use.
        let mut words = public.split_whitespace();
        let (kind, data) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Ok(format!("{kind} {data} {comment}"))
    }

    pub(crate) fn inner(&self) -> Arc<keys::PrivateKey> {
        Arc::clone(&self.0)
    }

    pub(crate) fn is_rsa(&self) -> bool {
        matches!(self.0.algorithm(), ssh_key::Algorithm::Rsa { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_reads_back_and_is_never_printed() {
        let key = PrivateKey::generate().unwrap();
        let pem = key.to_pem().unwrap();
        assert!(pem.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
        let again = PrivateKey::from_pem(&pem).unwrap();
        let line = key.public_line("plenum").unwrap();
        assert_eq!(again.public_line("plenum").unwrap(), line);
        assert!(line.starts_with("ssh-ed25519 AAAA") && line.ends_with(" plenum"), "{line}");
        assert_ne!(PrivateKey::generate().unwrap().public_line("plenum").unwrap(), line);
        assert_eq!(format!("{key:?}"), "PrivateKey(***)");
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        for bad in ["", "hunter2", "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n"]
        {
            let text = PrivateKey::from_pem(bad).unwrap_err().to_string();
            assert!(text.contains("ssh-keygen") && !text.contains("hunter2"), "{text}");
        }
        assert!(PrivateKey::from_pem(&"x".repeat(20_000)).is_err());
    }

    #[test]
    fn fingerprints_have_one_form() {
        let good = format!("SHA256:{}", "a".repeat(43));
        assert_eq!(Fingerprint::new(&good).unwrap().as_str(), good);
        for bad in ["", "SHA256:abc", &"a".repeat(50), &format!("MD5:{}", "a".repeat(43)), &format!("{good}=")] {
            assert!(Fingerprint::new(bad).is_err(), "{bad}");
        }
    }
}
