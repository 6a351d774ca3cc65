//! The internal authority: a root that people trust, and below it the one that issues. Made when it is first needed.

use jiff::{SignedDuration, Timestamp};
use pki::{Authority, Certificate, Issued, PrivateKeyPem, Request, Revoked, Validity};
use platform::{
    db::{Db, Tx},
    secrets::Vault,
};
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

/// How long a list of revoked certificates may be used.
const CRL: SignedDuration = SignedDuration::from_hours(24);

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
    /// The root before this one, in PEM, and this one certified by it: who trusts only the old one can follow.
    previous: Option<(String, String)>,
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
            let cert = |kind: &str| stored.iter().find(|(found, ..)| found == kind).map(|(_, cert, _)| cert.clone());
            return Ok(Self { root, issuing, previous: cert("root.old").zip(cert("cross")), vault });
        }
        let root = Authority::root(&format!("Plenum root for {domain}"), domain, valid(now, ROOT))?;
        let issuing = root.intermediate(&format!("Plenum issuing for {domain}"), domain, valid(now, ISSUING))?;
        let made = Self { root, issuing, previous: None, vault };
        let mut tx = db.begin().await?;
        made.save(&mut tx).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// A successor that takes over from this authority.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn successor(&self, now: Timestamp) -> Result<Self, CaError> {
        let domain = self.root.domain();
        // Clients tell authorities apart by their names too.
        let day = now.strftime("%Y-%m-%d");
        let root = Authority::root(&format!("Plenum root {day} for {domain}"), domain, valid(now, ROOT))?;
        let issuing = root.intermediate(&format!("Plenum issuing {day} for {domain}"), domain, valid(now, ISSUING))?;
        // No longer than the old root itself.
        let overlap = Validity { not_after: self.root.valid().not_after, ..valid(now, ROOT) };
        let cross = self.root.cross_sign(&root, overlap)?;
        Ok(Self { root, issuing, previous: Some((self.root.cert_pem(), cross)), vault: Arc::clone(&self.vault) })
    }

    /// The same root with another authority that issues.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn reissued(&self, now: Timestamp) -> Result<Self, CaError> {
        let (domain, day) = (self.root.domain(), now.strftime("%Y-%m-%d"));
        let issuing =
            self.root.intermediate(&format!("Plenum issuing {day} for {domain}"), domain, valid(now, ISSUING))?;
        let root = Authority::load(&self.root.cert_pem(), self.root.key_pem().reveal())?;
        Ok(Self { root, issuing, previous: self.previous.clone(), vault: Arc::clone(&self.vault) })
    }

    /// Whether the authority that issues has lived two thirds of its life.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        pki::renew_at(&self.issuing.valid(), 0.0) <= now
    }

    /// Makes this the authority that the store has.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn save(&self, tx: &mut Tx) -> Result<(), CaError> {
        for (kind, authority) in [("root", &self.root), ("issuing", &self.issuing)] {
            let sealed = self.vault.seal(&aad(kind), authority.key_pem().reveal())?;
            store::save_authority(tx, kind, &authority.cert_pem(), &sealed).await?;
        }
        if let Some((root, cross)) = &self.previous {
            // Without its key: it signs nothing any more.
            store::save_authority(tx, "root.old", root, "").await?;
            store::save_authority(tx, "cross", cross, "").await?;
        }
        Ok(())
    }

    /// The root before this one, in PEM.
    #[must_use]
    pub fn previous_pem(&self) -> Option<&str> {
        self.previous.as_ref().map(|(root, _)| root.as_str())
    }

    /// The list of revoked certificates of the authority that issues, in PEM.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn crl(&self, revoked: &[Revoked], now: Timestamp) -> Result<String, CaError> {
        // Its number grows with time, and so does not need to be kept.
        let number = u64::try_from(now.as_second()).unwrap_or_default();
        Ok(self.issuing.crl(revoked, number, now, platform::clock::plus(now, CRL))?)
    }

    /// With what leads from the old root to this one.
    fn whole(&self, chain_pem: String) -> String {
        match &self.previous {
            Some((_, cross)) => format!("{}\n{}", chain_pem.trim_end(), cross),
            None => chain_pem,
        }
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
        let common_name = if fqdn.len() <= 64 { fqdn.to_owned() } else { String::new() };
        let request = Request { common_name, dns_names: vec![fqdn.to_owned()], valid: valid(now, LEAF) };
        let Issued { chain_pem, key_pem, serial, not_before, not_after, .. } = self.issuing.issue(&request)?;
        let serial = serial.to_string();
        let sealed_key = self.vault.seal(&aad(&serial), key_pem.reveal())?;
        let chain = self.whole(chain_pem);
        Ok(Stored { serial, service: service.to_owned(), chain, sealed_key, not_before, not_after })
    }

    /// Certifies the key of a signing request for names; nothing but the key is taken from it.
    ///
    /// # Errors
    /// When the request proves nothing, or a name is not below the domain.
    pub fn sign(&self, csr: &[u8], names: &[String], now: Timestamp) -> Result<pki::Signed, CaError> {
        let signed = self.issuing.sign_csr(csr, names, valid(now, LEAF))?;
        Ok(pki::Signed { chain_pem: self.whole(signed.chain_pem), ..signed })
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

fn valid(now: Timestamp, life: SignedDuration) -> Validity {
    Validity { not_before: now.checked_sub(BEFORE).unwrap_or(now), not_after: platform::clock::plus(now, life) }
}

fn aad(of: &str) -> String {
    format!("mesh.key:{of}")
}

#[cfg(test)]
mod tests {
    use platform::{clock::Manual, db::Location};

    use super::*;

    #[tokio::test]
    async fn v20_an_authority_that_cannot_be_opened_issues_nothing_and_is_not_replaced() {
        let (directory, now) = (tempfile::tempdir().unwrap(), Timestamp::from_second(1_800_000_000).unwrap());
        let db = Db::open(&Location::Sqlite(directory.path().join("db")), Manual::new(now)).await.unwrap();
        let open = async |key: u8| Ca::open(&db, Arc::new(Vault::from_key(&[key; 32])), "qp.local", now).await;
        let made = open(1).await.unwrap();
        assert!(matches!(open(2).await, Err(CaError::Sealed(_))));
        assert_eq!(open(1).await.unwrap().root_pem(), made.root_pem());
        // The same for a certificate's key.
        let stored = made.issue("core", "core.qp.local", now).unwrap();
        let other = Ca { vault: Arc::new(Vault::from_key(&[2; 32])), ..made.reissued(now).unwrap() };
        assert!(matches!(other.key(&stored), Err(CaError::Sealed(_))));
        assert!(made.key(&stored).unwrap().reveal().contains("PRIVATE KEY"));
        assert!(made.issue("x", "x.example.com", now).is_err());
    }
}
