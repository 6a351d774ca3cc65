//! The internal authority: a root that people trust, and below it the one that issues. Made when it is first needed.

use jiff::{SignedDuration, Timestamp};
use pki::{Authority, Certificate, Issued, PrivateKeyPem, Request, Validity};
use platform::{db::Db, secrets::Vault};
use std::sync::Arc;

use crate::capsule::Signer;
use crate::store::{self, Stored};

/// Clocks of clients may be a little late.
const BEFORE: SignedDuration = SignedDuration::from_mins(5);
const ROOT: SignedDuration = SignedDuration::from_hours(24 * 3650);
const ISSUING: SignedDuration = SignedDuration::from_hours(24 * 1825);
/// Certificates of services are renewed after two thirds of it.
pub const LEAF: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The kind under which the capsules' signer is kept beside the authorities.
const CAPSULES: &str = "capsules";

/// Why the authority cannot do what it should.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error(transparent)]
    Pki(#[from] pki::Error),
    #[error(transparent)]
    Store(#[from] platform::db::Error),
    #[error("the key of {0} cannot be unsealed: it was sealed with another secret key")]
    Sealed(String),
    #[error("there is no randomness")]
    Random(#[from] getrandom::Error),
}

/// The two authorities.
pub struct Ca {
    root: Authority,
    issuing: Authority,
    vault: Arc<Vault>,
}

/// Reads the seed of whoever signs capsules from the store, or makes one.
///
/// # Errors
/// When it cannot be read, is sealed with another key, or cannot be made.
pub async fn capsule_signer(db: &Db, vault: &Vault) -> Result<Signer, CaError> {
    let name = || "the capsules' signer".to_owned();
    let stored = store::authorities(db).await?;
    let seed = match stored.iter().find(|(kind, _, _)| kind == CAPSULES) {
        Some((_, _, sealed)) => {
            let hexed = vault.open(&aad(CAPSULES), sealed).map_err(|_| CaError::Sealed(name()))?;
            hex::decode(&*hexed).map_err(|_| CaError::Sealed(name()))?
        }
        None => {
            let mut seed = vec![0; 32];
            getrandom::fill(&mut seed)?;
            let signer = Signer::new(&seed).map_err(|_| CaError::Sealed(name()))?;
            let sealed = vault.seal(&aad(CAPSULES), &hex::encode(&seed))?;
            let mut tx = db.begin().await?;
            store::save_authority(&mut tx, CAPSULES, &signer.public_key(), &sealed).await?;
            tx.commit().await?;
            seed
        }
    };
    Signer::new(&seed).map_err(|_| CaError::Sealed(name()))
}

impl Ca {
    /// Reads the authority from the store, or makes one for the domain.
    ///
    /// # Errors
    /// When it cannot be read, is sealed with another key, or cannot be made.
    pub async fn open(db: &Db, vault: Arc<Vault>, domain: &str, now: Timestamp) -> Result<Self, CaError> {
        let stored = store::authorities(db).await?;
        let load = |kind: &str| -> Result<Option<Authority>, CaError> {
            let Some((_, cert, sealed)) = stored.iter().find(|(found, _, _)| found == kind) else { return Ok(None) };
            let key = vault.open(&aad(kind), sealed).map_err(|_| CaError::Sealed(format!("the {kind} authority")))?;
            Ok(Some(Authority::load(cert, &key)?))
        };
        if let (Some(root), Some(issuing)) = (load("root")?, load("issuing")?) {
            return Ok(Self { root, issuing, vault });
        }
        let from = now.checked_sub(BEFORE).unwrap_or(now);
        let until = |life| Validity { not_before: from, not_after: platform::clock::plus(from, life) };
        let root = Authority::root(&format!("Plenum root for {domain}"), domain, until(ROOT))?;
        let issuing = root.intermediate(&format!("Plenum issuing for {domain}"), domain, until(ISSUING))?;
        let mut tx = db.begin().await?;
        for (kind, authority) in [("root", &root), ("issuing", &issuing)] {
            let sealed = vault.seal(&aad(kind), authority.key_pem().reveal())?;
            store::save_authority(&mut tx, kind, &authority.cert_pem(), &sealed).await?;
        }
        tx.commit().await?;
        Ok(Self { root, issuing, vault })
    }

    /// The certificate that clients are to trust, in PEM.
    #[must_use]
    pub fn root_pem(&self) -> String {
        self.root.cert_pem()
    }

    /// The same as fields.
    ///
    /// # Errors
    /// When it cannot be read, which an authority that was loaded can.
    pub fn root(&self) -> Result<Certificate, CaError> {
        Ok(self.root.certificate()?)
    }

    /// Issues a certificate for one name, its key sealed.
    ///
    /// # Errors
    /// When the name is not below the domain, or the authority ends before the certificate would.
    pub fn issue(&self, service: &str, fqdn: &str, now: Timestamp) -> Result<Stored, CaError> {
        let from = now.checked_sub(BEFORE).unwrap_or(now);
        let valid = Validity { not_before: from, not_after: platform::clock::plus(now, LEAF) };
        let common_name = if fqdn.len() <= 64 { fqdn.to_owned() } else { String::new() };
        let request = Request { common_name, dns_names: vec![fqdn.to_owned()], valid };
        let Issued { chain_pem, key_pem, serial, not_before, not_after, .. } = self.issuing.issue(&request)?;
        let serial = serial.to_string();
        let sealed_key = self.vault.seal(&aad(&serial), key_pem.reveal())?;
        Ok(Stored { serial, service: service.to_owned(), chain: chain_pem, sealed_key, not_before, not_after })
    }

    /// Certifies the key of a signing request for names; nothing but the key is taken from it.
    ///
    /// # Errors
    /// When the request proves nothing, or a name is not below the domain.
    pub fn sign(&self, csr: &[u8], names: &[String], now: Timestamp) -> Result<pki::Signed, CaError> {
        let from = now.checked_sub(BEFORE).unwrap_or(now);
        let valid = Validity { not_before: from, not_after: platform::clock::plus(now, LEAF) };
        Ok(self.issuing.sign_csr(csr, names, valid)?)
    }

    /// The private key of a certificate.
    ///
    /// # Errors
    /// When it was sealed with another secret key.
    pub fn key(&self, certificate: &Stored) -> Result<PrivateKeyPem, CaError> {
        let key = self.vault.open(&aad(&certificate.serial), &certificate.sealed_key);
        let key = key.map_err(|_| CaError::Sealed(format!("the certificate of {}", certificate.service)))?;
        Ok(PrivateKeyPem::new(key.to_string()))
    }
}

fn aad(of: &str) -> String {
    format!("mesh.key:{of}")
}
