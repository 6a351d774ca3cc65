//! The internal authority over time: a successor with an overlap, and what it revoked.
//!
//! After a rotation every certificate is one of the new root's. What is sent with it holds also the new root certified by the
//! old one, so that clients that know only the old root go on; they have until that one ends to learn the new one.

use std::sync::Arc;

use pki::{Reason, Revoked, Serial};
use platform::{
    audit::{self, Entry, Outcome},
    events,
};
use serde_json::json;

use crate::ca::{Ca, CaError};
use crate::publish::What;
use crate::registry::{CATEGORY, Mesh, Refusal};
use crate::store;

/// What takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Successor {
    /// A new root, and below it a new authority that issues.
    Root,
    /// Below the same root, a new authority that issues.
    Issuing,
}

impl Mesh {
    /// The internal authority; it is made when it is first asked for.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub async fn ca(&self) -> Result<Arc<Ca>, CaError> {
        if let Some(ca) = &*self.ca.read().await {
            return Ok(Arc::clone(ca));
        }
        let mut place = self.ca.write().await;
        if let Some(ca) = &*place {
            return Ok(Arc::clone(ca));
        }
        let ca = Ca::open(&self.db, Arc::clone(&self.vault), &self.config.domain, self.clock.now()).await?;
        Ok(Arc::clone(place.insert(Arc::new(ca))))
    }

    /// Replaces the authority and every certificate of a service; how many those were. Clients that trust the old root go on
    /// working.
    ///
    /// # Errors
    /// When something cannot be made, stored or served. What is stored by then is served as soon as it can be.
    pub async fn rotate_ca(&self, actor: &str, successor: Successor) -> Result<usize, Refusal> {
        let actor = actor.to_owned();
        self.to_the_end(async move |mesh| mesh.rotate_ca_now(&actor, successor).await).await
    }

    async fn rotate_ca_now(&self, actor: &str, successor: Successor) -> Result<usize, Refusal> {
        // What is registered or rotated from here on has a certificate of the successor.
        let turn = self.changes.lock().await;
        let (old, now) = (self.ca().await?, self.clock.now());
        let ca = Arc::new(match successor {
            Successor::Root => old.successor(now)?,
            Successor::Issuing => old.reissued(now)?,
        });
        let services = store::live(&self.db).await?.into_iter().map(|certificate| certificate.service);
        let certificates = self.issue_with(Arc::clone(&ca), services.map(Some).collect()).await?;
        let certificates: Vec<_> = certificates.into_iter().flatten().collect();

        let mut tx = self.db.begin().await?;
        tx.serialize().await?;
        let entry = Entry::new(actor, CATEGORY, "ca_rotate");
        let details = json!({ "fingerprint": ca.root()?.fingerprint_sha256, "certificates": certificates.len() });
        let audit = audit::open(&mut tx, entry.details(details)).await?;
        ca.save(&mut tx).await?;
        for certificate in &certificates {
            store::insert(&mut tx, certificate).await?;
        }
        tx.commit().await?;
        *self.ca.write().await = Some(Arc::clone(&ca));
        drop(turn);
        platform::failpoint!("mesh.after_ca");

        let published = self.publisher.publish(&ca, What::All).await;
        let mut tx = self.db.begin().await?;
        match &published {
            Ok(()) => {
                for certificate in &certificates {
                    store::revoke(&mut tx, &certificate.service, Some(&certificate.serial)).await?;
                }
                // One that was removed meanwhile has none.
                store::revoke_gone(&mut tx).await?;
                audit::complete(&mut tx, audit, Outcome::Ok, json!({})).await?;
                events::append(&mut tx, "mesh.certificates", &json!({})).await?;
            }
            Err(error) => {
                audit::complete(&mut tx, audit, Outcome::Error, json!({ "error": error.to_string() })).await?;
            }
        }
        tx.commit().await?;
        published?;
        Ok(certificates.len())
    }

    /// What the authority that issues has revoked, signed by it (RFC 5280 section 5), in PEM.
    ///
    /// # Errors
    /// When it cannot be read or signed.
    pub async fn crl(&self) -> Result<String, CaError> {
        let now = self.clock.now();
        let entry = |serial: String, at, reason| -> Option<Revoked> {
            let serial: Serial = serial.parse().ok()?;
            Some(Revoked { serial, at, reason })
        };
        let ours = store::revoked(&self.db, now).await?;
        let others = store::acme::revoked(&self.db).await?;
        let ours = ours.into_iter().filter_map(|(serial, at)| entry(serial, at, Reason::Superseded));
        let others = others.into_iter().filter_map(|(serial, at, reason)| entry(serial, at, reason_of(reason)));
        self.ca().await?.crl(&ours.chain(others).collect::<Vec<_>>(), now)
    }
}

/// The reason of a number (RFC 5280 section 5.3.1).
fn reason_of(number: u8) -> Reason {
    match number {
        1 => Reason::KeyCompromise,
        2 => Reason::CaCompromise,
        3 => Reason::AffiliationChanged,
        4 => Reason::Superseded,
        5 => Reason::CessationOfOperation,
        9 => Reason::PrivilegeWithdrawn,
        _ => Reason::Unspecified,
    }
}
